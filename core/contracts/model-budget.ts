/** What may be spent on models, by whoever a key stands for: an agent, a tree of them, a tenant. The calls of who keeps that, and their checks. */
import { assertKeys } from "../known-keys.ts";
import { checkedName, wrong } from "./checked-values.ts";

/** In the life of the budget. */
export interface BudgetLimits {
  /** Of input and output. Default: no limit. */
  readonly tokens?: number | undefined;
  /** In the currency of who keeps it. Default: no limit. */
  readonly money?: number | undefined;
}

export interface BudgetSetting extends BudgetLimits {
  readonly key: string;
}

export interface BudgetNeed {
  /** Keys, one at least. */
  readonly budgets: readonly string[];
  /** Left in each. Default 1. */
  readonly tokens?: number | undefined;
}

export interface BudgetAmounts {
  readonly tokens: number;
  /** Of what had a price. */
  readonly money: number;
}

export interface ModelBudget {
  readonly key: string;
  readonly limits: BudgetLimits;
  readonly spent: BudgetAmounts;
  /** For what is being asked now, and for what was when its router ended. */
  readonly reserved: BudgetAmounts;
  readonly currency: string;
}

/** Who keeps budgets. What it is given is checked. */
export interface ModelBudgets {
  budget(key: string): Promise<ModelBudget | undefined>;
  setBudget(setting: BudgetSetting): Promise<ModelBudget>;
  /** @throws ModelError `model_budget`; RuntimeError `bad_argument`: nobody has set one of them. */
  assertBudget(need: BudgetNeed): Promise<undefined>;
}

const keyLengthMax = 256;
const keysMax = 16;
/** More would not be counted exactly. */
export const moneyMax = 1e6;

export function checkedBudgetKey(key: unknown, where: string): string {
  return checkedName(key, `${where}: the key of a budget`, keyLengthMax);
}

/** Each once. */
export function checkedBudgetKeys(keys: unknown, where: string): string[] {
  if (!Array.isArray(keys)) throw wrong(where, `budgets is a list of at most ${keysMax} keys`, keys);
  const all = [...new Set(Array.from(keys, (key: unknown) => checkedBudgetKey(key, where)))];
  if (all.length > keysMax) throw wrong(where, `budgets is a list of at most ${keysMax} keys`, keys);
  return all;
}

export function checkedSetting(given: unknown): BudgetSetting {
  assertKeys("setBudget", given, ["key", "tokens", "money"]);
  const { key, ...limits } = given as BudgetSetting;
  checkedBudgetKey(key, "setBudget");
  const fault = limitsFault(limits);
  if (fault !== undefined) throw wrong("setBudget", fault, limits);
  return given as BudgetSetting;
}

/** What is wrong with limits, as a claim that they should fulfil; undefined: nothing. */
export function limitsFault({ tokens, money }: Readonly<Record<string, unknown>>): string | undefined {
  if (tokens !== undefined && !(Number.isSafeInteger(tokens) && (tokens as number) >= 0))
    return "tokens is a whole number from 0";
  if (money !== undefined && !(typeof money === "number" && money >= 0 && money <= moneyMax))
    return `money is a number from 0 to ${moneyMax}`;
  return undefined;
}

export function checkedNeed(given: unknown): BudgetNeed {
  assertKeys("assertBudget", given, ["budgets", "tokens"]);
  const { budgets, tokens } = given as BudgetNeed;
  const keys = checkedBudgetKeys(budgets, "assertBudget");
  if (keys.length === 0) throw wrong("assertBudget", "it wants keys: modelOf(asker, model, { budgets })", budgets);
  if (tokens !== undefined && !(Number.isSafeInteger(tokens) && tokens >= 1))
    throw wrong("assertBudget", "tokens is a whole number from 1", tokens);
  return { budgets: keys, tokens };
}
