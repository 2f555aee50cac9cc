/** What an agent is made of, checked where it is defined. */
import {
  assertKeys,
  type BehaviourOptions,
  type BudgetLimits,
  type ChatRequest,
  checkedBudgetKey,
  describe,
  isToolSchema,
  limitsFault,
  RuntimeError,
  type ToolSchema,
  toolSchemaText,
} from "../../core/index.ts";

/** Whom it thinks with. */
export interface AgentModel extends Pick<ChatRequest, "model" | "maxOutputTokens" | "temperature" | "topP" | "seed"> {
  /** The name of a plugin, as `llm-openai`. */
  readonly plugin: string;
}

/** Whom it may hand a conversation to. */
export interface HandOff {
  /** The registered name of an agent: 1 to 51 of `a-z A-Z 0-9 _ -`. */
  readonly to: string;
  /** For the model: when to. */
  readonly description: string;
}

export interface AgentMemory {
  /** Tokens of a conversation that the model is sent at most; what is older is left out, or summed up. Default 100,000. */
  readonly contextTokens?: number;
  /** What is left out is summed up by the model before. Default true. */
  readonly summarises?: boolean;
}

export interface AgentBudget extends BudgetLimits {
  /** Whose it is. Default `agent:<name>`, and behind it `/<session>` where it has one. */
  readonly key?: string;
}

export interface AgentLimits {
  /** Answers of the model in a turn. Default 20. */
  readonly maxSteps?: number;
  /** Calls of tools in a turn. Default 100. */
  readonly maxToolCalls?: number;
  /** Calls of tools that run at a time. Default 8. */
  readonly maxParallelTools?: number;
  /** The same call, by name and arguments, in a turn. Default 3. */
  readonly maxSameCalls?: number;
  /** How often the model is told that its answer is not of the schema. Default 2. */
  readonly maxCorrections?: number;
  /** For a turn, without what lies between a wait and its decision. Default 600,000; `Infinity`: none. */
  readonly turnTimeoutMs?: number;
}

export interface AgentDefinition<O = unknown>
  extends Pick<BehaviourOptions, "module" | "mailboxCapacity" | "mailboxPolicy" | "turnLimitMs"> {
  /** 1 to 64 of `a-z A-Z 0-9 _ -`: what it is found by, as a capability, and its sessions stand under. */
  readonly name: string;
  /** For others: what it can do. */
  readonly description?: string;
  readonly model: string | AgentModel;
  /** What the model is told first. */
  readonly instructions?: string;
  /** Names of plugins, all of whose tools it may call. */
  readonly tools?: readonly string[];
  readonly handOffs?: readonly HandOff[];
  readonly memory?: AgentMemory;
  /** Of a model that keeps budgets (`llm-router`). */
  readonly budget?: AgentBudget;
  /** Its answers are of that schema. */
  readonly output?: ToolSchema<O>;
  readonly limits?: AgentLimits;
}

/** The same with every default in its place. */
export interface CheckedAgent {
  readonly name: string;
  readonly model: AgentModel;
  readonly instructions: string | undefined;
  readonly tools: readonly string[];
  readonly handOffs: readonly HandOff[];
  readonly memory: Required<AgentMemory>;
  readonly budget: AgentBudget | undefined;
  readonly output: ToolSchema<unknown> | undefined;
  readonly limits: Required<AgentLimits>;
}

export const handOffPrefix = "hand_off_to_";

const nameForm = /^[a-zA-Z0-9_-]{1,64}$/;
const handOffForm = /^[a-zA-Z0-9_-]{1,51}$/;
const memoryDefaults: Required<AgentMemory> = { contextTokens: 100_000, summarises: true };
const limitDefaults: Required<AgentLimits> = {
  maxSteps: 20,
  maxToolCalls: 100,
  maxParallelTools: 8,
  maxSameCalls: 3,
  maxCorrections: 2,
  turnTimeoutMs: 600_000,
};
const keys = [
  "name",
  "description",
  "model",
  "instructions",
  "tools",
  "handOffs",
  "memory",
  "budget",
  "output",
  "limits",
  "module",
  "mailboxCapacity",
  "mailboxPolicy",
  "turnLimitMs",
] as const satisfies readonly (keyof AgentDefinition)[];
const modelKeys = [
  "plugin",
  "model",
  "maxOutputTokens",
  "temperature",
  "topP",
  "seed",
] as const satisfies readonly (keyof AgentModel)[];

/** @throws RuntimeError `bad_argument`, with what is wrong. */
export function checkedAgent(given: AgentDefinition): CheckedAgent {
  assertKeys("defineAgent", given, keys);
  const { name, description, model, instructions, tools = [], handOffs = [], output, budget } = given;
  if (typeof name !== "string" || !nameForm.test(name)) throw wrong("name is 1 to 64 of a-z, A-Z, 0-9, _ and -", name);
  for (const [key, text] of Object.entries({ description, instructions }))
    if (text !== undefined && typeof text !== "string") throw wrong(`${key} is a text`, text);
  if (!isNames(tools)) throw wrong('tools is a list of plugins\' names, as ["tool-fs"]', tools);
  if (output !== undefined && !isToolSchema(output)) throw wrong(`output is a ${toolSchemaText}`, output);
  return {
    name,
    model: checkedModel(model),
    instructions,
    tools: [...tools],
    handOffs: checkedHandOffs(handOffs),
    memory: checkedCounts("memory", given.memory, memoryDefaults),
    budget: budget === undefined ? undefined : checkedBudget(budget),
    output,
    limits: checkedCounts("limits", given.limits, limitDefaults),
  };
}

function checkedModel(model: string | AgentModel): AgentModel {
  if (isText(model)) return { plugin: model };
  if (typeof model !== "object" || model === null)
    throw wrong('model is the name of a plugin, as "llm-openai", or { plugin, ... }', model);
  assertKeys("defineAgent: model", model, modelKeys);
  if (!isText(model.plugin)) throw wrong('model.plugin is the name of a plugin, as "llm-openai"', model.plugin);
  return { ...model };
}

function checkedHandOffs(handOffs: readonly HandOff[]): readonly HandOff[] {
  if (!Array.isArray(handOffs)) throw wrong("handOffs is a list of { to, description }", handOffs);
  const names = new Set<string>();
  for (const [place, one] of handOffs.entries()) {
    assertKeys(`defineAgent: handOffs[${place}]`, one, ["to", "description"]);
    const { to, description } = one as HandOff;
    if (typeof to !== "string" || !handOffForm.test(to))
      throw wrong(`handOffs[${place}].to is the name of an agent, 1 to 51 of a-z, A-Z, 0-9, _ and -`, to);
    if (names.has(to)) throw wrong(`handOffs[${place}].to is another than those before it`, to);
    if (!isText(description)) throw wrong(`handOffs[${place}].description is a text`, description);
    names.add(to);
  }
  return [...handOffs];
}

function checkedBudget(budget: AgentBudget): AgentBudget {
  assertKeys("defineAgent: budget", budget, ["key", "tokens", "money"]);
  const { key, ...limits } = budget;
  if (key !== undefined) checkedBudgetKey(key, "defineAgent");
  const fault = limitsFault(limits);
  if (fault !== undefined) throw wrong(`budget: ${fault}`, budget);
  return { ...budget };
}

/** Whole numbers from 0, flags as flags, and times that may be `Infinity`. */
function checkedCounts<T extends object>(what: string, given: Partial<T> | undefined, defaults: T): T {
  if (given === undefined) return defaults;
  assertKeys(`defineAgent: ${what}`, given, Object.keys(defaults));
  for (const [key, value] of Object.entries(given) as [string, unknown][]) {
    if (value === undefined) continue;
    if (typeof defaults[key as keyof T] === "boolean") {
      if (typeof value !== "boolean") throw wrong(`${what}.${key} is true or false`, value);
    } else if (!isCount(value, key.endsWith("Ms"), key === "maxCorrections" ? 0 : 1))
      throw wrong(`${what}.${key} is a whole number from ${key === "maxCorrections" ? 0 : 1}`, value);
  }
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(set) };
}

function isCount(value: unknown, isTime: boolean, min: number): boolean {
  return (Number.isSafeInteger(value) && (value as number) >= min) || (isTime && value === Number.POSITIVE_INFINITY);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText) && new Set(value).size === value.length;
}

function wrong(what: string, got: unknown): RuntimeError {
  return new RuntimeError("bad_argument", `defineAgent: ${what}, got ${describe(got)}`);
}
