/** Limits of budgets in a router's configuration. */
import { type BudgetLimits, type ConfigKey, checkedBudgetKey, limitsFault } from "../../core/index.ts";
import { isRecord } from "./prices.ts";

/** By keys. */
export type BudgetTable = Readonly<Record<string, BudgetLimits>>;

export const budgetsKey: ConfigKey<BudgetTable> = {
  initial: {},
  isRight: (value) => isRecord(value) && Object.entries(value).every(([key, limits]) => isKey(key) && isLimits(limits)),
  what: 'is limits by keys, as { "tenant:a": { "tokens": 1000000, "money": 5 } }',
};

function isKey(key: string): boolean {
  try {
    checkedBudgetKey(key, "budgets");
    return true;
  } catch {
    return false;
  }
}

function isLimits(limits: unknown): boolean {
  if (!isRecord(limits)) return false;
  return Object.keys(limits).every((key) => key === "tokens" || key === "money") && limitsFault(limits) === undefined;
}
