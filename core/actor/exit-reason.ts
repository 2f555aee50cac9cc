/**
 * Why an actor ended: always data, so that it means the same on every thread.
 *
 * Words are Erlang's (reference manual, Processes). Objects have exactly one telling key.
 */
import { describe, type ErrorData, errorData } from "../errors.ts";

/** Why a thread was lost. */
export type ThreadLossWhy = string;

/**
 * Why a dedicated thread ends whose actor has: no loss, since nobody lives there any more and all that they had to say
 * is said. What comes too late for them finds nobody.
 */
export const retiredWhy: ThreadLossWhy = "retired";

export type ExitReason =
  | "normal"
  | "shutdown"
  | "kill"
  | "killed"
  | "noproc"
  | "noconnection"
  | { readonly shutdown: unknown }
  | { readonly error: ErrorData }
  | { readonly threadLost: ThreadLossWhy }
  /** `{ signal }`, `{ silentMs }`, `{ outOfMemory }` or `{ breach }`. */
  | { readonly processLost: Readonly<Record<string, unknown>> }
  | { readonly turnLimit: number }
  | { readonly turnLost: unknown }
  | { readonly exitCalled: number }
  | { readonly budget: unknown }
  | { readonly [word: string]: unknown }
  | (string & {});

/** The actor whose turn a thread had to be ended for, and its own exit reason. */
export interface Blamed {
  readonly slot: number;
  readonly generation: number;
  readonly reason: ExitReason;
}

/** Why an actor of that thread ended, if the thread was lost by its doing. */
export function blamedReason(
  blame: Blamed | undefined,
  { slot, generation }: { readonly slot: number; readonly generation: number },
): ExitReason | undefined {
  return blame !== undefined && slot === blame.slot && generation === blame.generation ? blame.reason : undefined;
}

/** An uncaught error as an exit reason. @param hasStack false: its stack, which costs as much as all else of a crash, is left out */
export function errorReason(thrown: unknown, hasStack = true): { readonly error: ErrorData } {
  return { error: errorData(thrown, 0, hasStack) };
}

const kinds: readonly string[] = [
  ...["normal", "shutdown", "kill", "killed", "noproc", "noconnection", "error", "threadLost", "processLost"],
  ...["turnLimit", "turnLost", "exitCalled", "budget", "interrupted"],
];

/** Of which kind a reason is: the word, or the key that tells, where it is one of the runtime's own, and `other`. What is counted has few. */
export function reasonKind(reason: ExitReason): string {
  const [word = ""] = typeof reason === "string" ? [reason] : Object.keys(reason);
  return kinds.includes(word) ? word : "other";
}

/** What an actor ends with that lets an error pass: that, or the budget of models that it says is used up. */
export function thrownReason(error: ErrorData): { readonly error: ErrorData } | { readonly budget: unknown } {
  return error.code === "model_budget" ? { budget: { model: error.message } } : { error };
}

/** `normal`, `shutdown` and `{ shutdown }`: reasons that make no crash report and restart no transient child (OTP). */
export function isOrderly(reason: ExitReason): boolean {
  return reason === "normal" || reason === "shutdown" || (typeof reason === "object" && "shutdown" in reason);
}

/** A reason as one short line for people: `normal`, `error: disk full`, `threadLost: terminated`. */
export function reasonText(reason: ExitReason): string {
  if (typeof reason === "string") return reason;
  const key = Object.keys(reason)[0] ?? "unknown";
  const value = (reason as Record<string, unknown>)[key];
  if (key === "error") return `error: ${(value as ErrorData).message}`;
  return `${key}: ${typeof value === "string" ? value : describe(value)}`;
}

/** What the call `name` to an actor that ended with `reason` gets. */
export function reasonError(reason: ExitReason, who: string, name: string): ErrorData {
  const ended = `${who} ended before it answered "${name}"`;
  if (typeof reason === "string") return { name: "RuntimeError", code: reason, message: `${ended}: ${reason}` };
  const key = Object.keys(reason)[0] ?? "error";
  if (key === "error") return (reason as { error: ErrorData }).error;
  // threadLost: thread_lost
  const code = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return { name: "RuntimeError", code, message: `${ended}: ${reasonText(reason)}` };
}
