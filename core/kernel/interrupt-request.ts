/** What an interrupt is asked for with, and what of it is refused. */
import type { InterruptOptions } from "../actor/context.ts";
import { Meta, MetaKind } from "../actor/mailbox.ts";
import { describe, RuntimeError } from "../errors.ts";
import { assertKeys } from "../known-keys.ts";

/** How long an interrupted turn may take to its end, unless told otherwise. */
export const interruptGraceMs = 1_000;
/** Characters of a reason: it is written into what is evaluated on top of the turn. */
const reasonLengthMax = 1_000;
const reasonDefault = "on request";

/** What is asked of an actor's kernel. */
export interface InterruptRequest {
  readonly reason: string;
  readonly graceMs: number;
  /** The synchronous turn that was under way when it was asked for; 0: none was seen. */
  readonly turn: number;
  /** A call of the asker's: its turn alone is meant, and it is taken out of the mailbox where none has begun. 0: any turn. */
  readonly call: number;
}

/** What the watchdog is asked for: to cut a turn down that stands where it stood, when `graceMs` are over. */
export interface CutRequest extends InterruptRequest {
  readonly thread: number;
  readonly slot: number;
  readonly generation: number;
  /** Of the thread, when it was asked for. -1: wherever it stands then, if the interrupt is still under way. */
  readonly drains: number;
  /** Who asks, and by which question. */
  readonly by: number;
  readonly question: number;
}

/** An open turn that was interrupted. */
export interface Interrupt {
  readonly reason: string;
  /** What its signal was aborted with. */
  readonly error: RuntimeError;
  readonly dueMs: number;
}

/** How the hook of a turn that was cut down stands in the mailbox. */
export const interruptedHook = new Meta(MetaKind.inspect, "interrupted", 0, undefined);

/** @throws RuntimeError `bad_argument`. */
export function interruptOptions(options: InterruptOptions | undefined): { reason: string; graceMs: number } {
  if (options !== undefined) assertKeys("interrupt: options", options, ["reason", "graceMs"]);
  const { reason = reasonDefault, graceMs = interruptGraceMs } = options ?? {};
  if (typeof reason !== "string" || reason === "" || reason.length > reasonLengthMax)
    throw new RuntimeError(
      "bad_argument",
      `interrupt: reason is a text of 1 to ${reasonLengthMax} characters, got ${describe(reason)}`,
    );
  if (typeof graceMs !== "number" || !(graceMs >= 0))
    throw new RuntimeError(
      "bad_argument",
      `interrupt: graceMs is a time in milliseconds from 0, or Infinity, got ${describe(graceMs)}`,
    );
  return { reason, graceMs };
}
