/**
 * What actors have done for somebody, with its beginning and its end: a chat, a call of a tool, a task. Told as one event when it
 * is over; who wants spans and metrics makes them of it. Attributes have the names of OpenTelemetry's semantic conventions.
 */
import { describe, RuntimeError } from "../errors.ts";
import { assertKeys } from "../known-keys.ts";
import { assertTrace } from "./verb-arguments.ts";

export type OperationAttribute = string | number | boolean | readonly string[];

/** What is told of an operation that has ended. */
export interface OperationReport {
  /** `chat`, `embeddings`, `execute_tool`: small letters and `_`, at most 64. */
  readonly operation: string;
  /** What it was asked of, such as the name of a model or a tool; at most 256 characters. Undefined: nothing has a name. */
  readonly subject: string | undefined;
  /** When it began, by `ctx.wallMs()`, and how long it took. */
  readonly beganMs: number;
  readonly tookMs: number;
  /** Its own trace context, which it has handed on; undefined: who asked had none. */
  readonly trace: string | undefined;
  /** That of whoever asked. */
  readonly parent: string | undefined;
  /** At most 32, and nothing of what was said. */
  readonly attributes: Readonly<Record<string, OperationAttribute>>;
  /** The code of the error that it has failed with; undefined: it has not. */
  readonly failure: string | undefined;
}

/** What was said in it, as JSON, each cut off at 65,536 characters. Told to those alone who ask for this very type. */
export interface OperationContent {
  /** Of the operation. */
  readonly trace: string | undefined;
  readonly input: string;
  readonly output: string | undefined;
}

/** Every context has these, and they are no verbs of `Context`: `beginOperation` tells by them. */
export interface OperationVerbs {
  tellOperation(report: OperationReport): void;
  tellContent(content: OperationContent): void;
}

export const contentCharsMax = 65_536;
const attributesMax = 32;
export const attributeCharsMax = 1_024;
export const attributeListMax = 16;
/** Also of the code of a failure. */
export const subjectCharsMax = 256;

/** It may come from another process. @throws RuntimeError `bad_argument`. */
export function checkedOperation(given: OperationReport): OperationReport {
  const keys = ["operation", "subject", "beganMs", "tookMs", "trace", "parent", "attributes", "failure"] as const;
  assertKeys("an operation", given, keys);
  const { operation, subject, beganMs, tookMs, trace, parent, attributes, failure } = given;
  if (typeof operation !== "string" || !/^[a-z_]{1,64}$/.test(operation))
    throw wrong("operation as a word of small letters", operation);
  if (subject !== undefined && !isText(subject, subjectCharsMax)) throw wrong("subject as a text", subject);
  if (!Number.isFinite(beganMs) || !Number.isFinite(tookMs) || tookMs < 0) throw wrong("times", [beganMs, tookMs]);
  if (failure !== undefined && !isText(failure, subjectCharsMax)) throw wrong("failure as a code", failure);
  assertTrace(trace, "an operation");
  assertTrace(parent, "an operation");
  if (typeof attributes !== "object" || attributes === null) throw wrong("attributes", attributes);
  const entries = Object.entries(attributes);
  if (entries.length > attributesMax) throw wrong(`at most ${attributesMax} attributes`, entries.length);
  for (const [name, value] of entries)
    if (!isText(name, 128) || !isAttribute(value)) throw wrong(`attribute ${describe(name)} as plain data`, value);
  return given;
}

/** @throws RuntimeError `bad_argument`. */
export function checkedContent(given: OperationContent): OperationContent {
  assertKeys("an operation's content", given, ["trace", "input", "output"]);
  const { trace, input, output } = given;
  assertTrace(trace, "an operation's content");
  if (!isText(input, contentCharsMax)) throw wrong("input as a text", input);
  if (output !== undefined && !isText(output, contentCharsMax)) throw wrong("output as a text", output);
  return given;
}

function isAttribute(value: unknown): boolean {
  if (Array.isArray(value))
    return value.length <= attributeListMax && value.every((one) => isText(one, attributeCharsMax));
  return isText(value, attributeCharsMax) || Number.isFinite(value) || typeof value === "boolean";
}

function isText(value: unknown, max: number): value is string {
  return typeof value === "string" && value.length <= max;
}

function wrong(what: string, got: unknown): RuntimeError {
  return new RuntimeError("bad_argument", `an operation has ${what}, got ${describe(got)}`);
}
