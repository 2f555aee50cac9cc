/** What a plugin of tools is made of: each with its schemas, checked where it is defined. */
import { describe, RuntimeError } from "../errors.ts";
import { assertKeys } from "../known-keys.ts";
import type { PluginHealth } from "../plugin.ts";
import { type ConfigKey, choiceKey, configSchema, countKey } from "./config-schema.ts";
import { isToolSchema, type ToolSchema, toolSchemaText } from "./tool-schema.ts";

/** A call of a tool that runs. */
export interface ToolRun {
  /** Aborted when the call is to end, or has failed: whoever asked is gone, its time is over, the plugin ends. A tool that goes on nonetheless is heard no more. */
  readonly signal: AbortSignal;
  /** The call's own trace context, for what the tool asks others: see `Context.trace`. */
  readonly trace: string | undefined;
  /** What the caller calls it, where it may come once more: hand it to what does nothing twice by it. */
  readonly key: string | undefined;
  /** Says how far it is, when its reader has room. Nothing where the caller does not read it. */
  progress(data: unknown): Promise<void>;
}

export interface ToolDefinition<I, O> {
  /** 1 to 64 of `a-z A-Z 0-9 _ -`. */
  readonly name: string;
  /** For the model: what it does, and when to use it. */
  readonly description?: string;
  /** Of an object. Checked before it runs, and before anybody is asked to approve. */
  readonly input: ToolSchema<I>;
  /** What it gives is checked by it. Default: any JSON. */
  readonly output?: ToolSchema<O>;
  /** Nothing is done before somebody has approved of the call. Default false. */
  readonly needsApproval?: boolean;
  /** It changes nothing. Default false. */
  readonly isReadOnly?: boolean;
  /** Less than the plugin's `timeoutMs`. */
  readonly timeoutMs?: number;
  /** Calls of this one at a time, less than the plugin's `maxConcurrent`. */
  readonly maxConcurrent?: number;
  /**
   * Looks at arguments that fit the schema, before anybody is asked to approve: what the tool may not do at all.
   * @throws ToolError or another RuntimeError: the caller gets it as it is, and nobody is asked.
   */
  check?(input: I): void | Promise<void>;
  /**
   * Gives JSON: undefined counts as null.
   * @throws ToolError or another RuntimeError: the caller gets it as it is. Any other error is told as `tool_failed`.
   */
  run(input: I, call: ToolRun): O | Promise<O>;
}

declare const isMadeAsTool: unique symbol;

/** A tool that was checked. */
export interface Tool extends ToolDefinition<never, unknown> {
  readonly [isMadeAsTool]: true;
}

export interface ToolDriver {
  /** Asked at each call, and so cheap: what has not changed is the same list as before. */
  tools(): readonly Tool[];
  health?(): PluginHealth | Promise<PluginHealth>;
  close?(): unknown;
}

/** Bounds that every plugin of tools has in its configuration. */
export interface ToolLimits {
  /** For one call, from where it begins to run. Default 60,000. */
  readonly timeoutMs: number;
  /** Calls that run at a time: others wait, in their order. Default 16. */
  readonly maxConcurrent: number;
  /** Calls that wait; more are `queue_full`. Default 1,000. */
  readonly maxWaiting: number;
  /** Of what a call gives, as JSON; more is `tool_limit`. Default 1,048,576. */
  readonly maxResultBytes: number;
  /** Which calls somebody has to approve of: `none`, those of tools that say so (`flagged`), or `all`. Default `flagged`. */
  readonly approval: "none" | "flagged" | "all";
  /** Without a word within it a call is `tool_denied`. Default 600,000. */
  readonly approvalTimeoutMs: number;
}

export const toolLimits: { readonly [K in keyof ToolLimits]-?: ConfigKey<ToolLimits[K]> } = {
  timeoutMs: countKey(60_000, 1),
  maxConcurrent: countKey(16, 1),
  maxWaiting: countKey(1_000, 0),
  maxResultBytes: countKey(1_048_576, 1),
  approval: choiceKey("flagged", ["none", "flagged", "all"]),
  approvalTimeoutMs: countKey(600_000, 1),
};

/** Of tools that have no keys of their own. */
export const toolsConfig = configSchema<ToolLimits>(toolLimits);

const nameForm = /^[a-zA-Z0-9_-]{1,64}$/;
const keys = [
  "name",
  "description",
  "input",
  "output",
  "needsApproval",
  "isReadOnly",
  "timeoutMs",
  "maxConcurrent",
  "check",
  "run",
] as const satisfies readonly (keyof ToolDefinition<unknown, unknown>)[];

/** @throws RuntimeError `bad_argument`, with what is wrong. */
export function defineTool<I, O>(definition: ToolDefinition<I, O>): Tool {
  assertKeys("defineTool", definition, keys);
  const { name, description, input, output, needsApproval, isReadOnly, timeoutMs, maxConcurrent, check, run } =
    definition;
  if (!isToolName(name)) throw wrong("name is 1 to 64 letters, digits, _ and -", name);
  const of = (what: string) => `${name}: ${what}`;
  if (description !== undefined && typeof description !== "string")
    throw wrong(of("description is a text"), description);
  if (!isToolSchema(input)) throw wrong(of(`input is a ${toolSchemaText}`), input);
  if (output !== undefined && !isToolSchema(output)) throw wrong(of(`output is a ${toolSchemaText}`), output);
  for (const [key, value] of Object.entries({ needsApproval, isReadOnly }))
    if (value !== undefined && typeof value !== "boolean") throw wrong(of(`${key} is true or false`), value);
  for (const [key, value] of Object.entries({ timeoutMs, maxConcurrent }))
    if (value !== undefined && !(Number.isInteger(value) && value >= 1))
      throw wrong(of(`${key} is a whole number from 1`), value);
  if (check !== undefined && typeof check !== "function") throw wrong(of("check is a function"), check);
  if (typeof run !== "function") throw wrong(of("run is a function"), run);
  const tool = {
    name,
    ...(description !== undefined && { description }),
    input,
    ...(output !== undefined && { output }),
    ...(needsApproval !== undefined && { needsApproval }),
    ...(isReadOnly !== undefined && { isReadOnly }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(maxConcurrent !== undefined && { maxConcurrent }),
    // Of an object of a class they are not its own.
    ...(check !== undefined && { check: check.bind(definition) }),
    run: run.bind(definition),
  };
  return Object.freeze(tool) as unknown as Tool; // the mark is for the compiler alone
}

export function isToolName(name: unknown): name is string {
  return typeof name === "string" && nameForm.test(name);
}

function wrong(what: string, got: unknown): RuntimeError {
  return new RuntimeError("bad_argument", `defineTool: ${what}, got ${describe(got)}`);
}
