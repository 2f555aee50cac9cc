/** What verbs are given beside refs and messages, checked in the caller's own frame. Each throws RuntimeError `bad_argument`. */
import { types } from "node:util";
import type { From, IntervalOptions, LogLevel } from "../actor/context.ts";
import { type CallOptions, type RefData, refKey, type SendOptions } from "../actor/ref.ts";
import { describe, RuntimeError } from "../errors.ts";
import { assertKeys } from "../known-keys.ts";
import { assertStreamListener } from "../streams/streamed-call.ts";
import type { MissedRuns } from "../tasks/schedules.ts";

/** The objects that move with a message; undefined: none. */
export function transferOf(options: SendOptions, verb: string): readonly unknown[] | undefined {
  assertKeys(`${verb}: options`, options, ["transfer"]);
  const { transfer } = options;
  if (transfer === undefined) return undefined;
  if (!Array.isArray(transfer) || !transfer.every(isTransferable)) {
    throw new RuntimeError(
      "bad_argument",
      `${verb}: transfer is a list of ArrayBuffers, MessagePorts and the like (of a view its buffer), got ${shown(transfer)}`,
    );
  }
  return transfer;
}

/** Coarse: what is neither a buffer nor an object of Node's own cannot be one. */
function isTransferable(value: unknown): boolean {
  if (types.isArrayBuffer(value)) return true;
  if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype !== null && Object.getPrototypeOf(prototype) !== null && !types.isSharedArrayBuffer(value);
}

function shown(transfer: unknown): string {
  if (!Array.isArray(transfer)) return describe(transfer);
  const wrong = transfer.findIndex((value) => !isTransferable(value));
  const value: unknown = transfer[wrong];
  return `${ArrayBuffer.isView(value) ? value.constructor.name : describe(value)} at ${wrong}`;
}

/** What a call or a cast asks for. */
export function assertHandlerName(verb: string, name: unknown): void {
  if (typeof name !== "string")
    throw new RuntimeError("bad_argument", `${verb} wants the name of a handler, got ${describe(name)}`);
}

const callKeys = ["timeoutMs", "trace", "stream"] as const satisfies readonly (keyof CallOptions)[];

/** @throws RuntimeError `bad_argument`. */
export function assertCallOptions(options: CallOptions, verb: string): void {
  assertKeys(`${verb}: options`, options, callKeys);
  assertTrace(options.trace, verb);
  if (options.stream !== undefined) assertStreamListener(options.stream, verb);
}

/** A context is carried along as it is: a text, and no long one. */
const traceCharsMax = 512;

/** @throws RuntimeError `bad_argument`. */
export function assertTrace(trace: unknown, verb: string): void {
  if (trace === undefined || (typeof trace === "string" && trace.length <= traceCharsMax)) return;
  throw new RuntimeError(
    "bad_argument",
    `${verb} wants trace as a text of at most ${traceCharsMax} characters, got ${describe(trace)}`,
  );
}

const logLevels: readonly unknown[] = ["debug", "info", "warning", "error"] satisfies LogLevel[];

export function assertLog(level: unknown, message: unknown): void {
  if (!logLevels.includes(level))
    throw new RuntimeError("bad_argument", `log: level is ${logLevels.join(", ")}, got ${describe(level)}`);
  if (typeof message !== "string")
    throw new RuntimeError(
      "bad_argument",
      `log: message is a text, and data comes behind it, got ${describe(message)}`,
    );
}

/** What becomes of ticks that were missed. */
export function missedOf(options: IntervalOptions | undefined, verb: string): MissedRuns {
  if (options === undefined) return "all";
  assertKeys(`${verb}: options`, options, ["missed"]);
  const { missed = "all" } = options;
  if (missed !== "all" && missed !== "once" && missed !== "skip")
    throw new RuntimeError("bad_argument", `${verb}: missed is "all", "once" or "skip", got ${describe(missed)}`);
  return missed;
}

/** The parts of a call's token. */
export function partsOf(from: From, verb: string, creation: number): { readonly caller: RefData; readonly id: number } {
  const { caller, id } = ((from as unknown) ?? {}) as { readonly [K in keyof From]?: unknown };
  if (!isRefData(caller) || typeof id !== "number")
    throw new RuntimeError("bad_argument", `${verb} wants the token of a call (ctx.from), got ${describe(from)}`);
  assertAddress(caller, verb, creation);
  return { caller, id };
}

/** Whether it is a call's token that can be replied to in this run of the system. */
export function isToken(value: unknown, creation: number): value is From {
  const { caller, id } = ((value as unknown) ?? {}) as { readonly [K in keyof From]?: unknown };
  return (
    isRefData(caller) && caller.node === "" && (caller.creation ?? creation) === creation && typeof id === "number"
  );
}

/** What a call, or a stream, is to fail with. */
export function assertReplyError(error: unknown, verb: string): { readonly code: string; readonly message: string } {
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  if (typeof code === "string" && typeof message === "string") return { code, message };
  throw new RuntimeError(
    "bad_argument",
    `${verb} wants an error with the texts code and message, got ${describe(error)}`,
  );
}

/** @throws RuntimeError `bad_argument` unless it is an address of this system, in this run of it. */
export function assertAddress(value: unknown, verb: string, creation: number): asserts value is RefData {
  if (!isRefData(value))
    throw new RuntimeError("bad_argument", `${verb} wants a ref or a registered name, got ${describe(value)}`);
  if (value.node !== "") {
    throw new RuntimeError(
      "bad_argument",
      `${verb}: <${refKey(value)}> is an actor of node ${describe(value.node)}, and this system has no other nodes`,
    );
  }
  if ((value.creation ?? creation) !== creation) {
    throw new RuntimeError(
      "bad_argument",
      `${verb}: <${refKey(value)}> is an actor of another system, or of an earlier run of this one (its creation is ${value.creation}, here it is ${creation}): find the actor by its name`,
    );
  }
}

/** Whether it is an address at all, of whatever system. */
export function isRefData(value: unknown): value is RefData {
  if (typeof value !== "object" || value === null) return false;
  const { node, thread, slot, generation, creation } = value as { readonly [K in keyof RefData]?: unknown };
  return (
    Number.isInteger(thread) &&
    Number.isInteger(slot) &&
    Number.isInteger(generation) &&
    typeof node === "string" &&
    (creation === undefined || Number.isInteger(creation))
  );
}
