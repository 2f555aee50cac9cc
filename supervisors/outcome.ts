/**
 * What a supervisor answers to its callers: outcomes that callers plan for, as values, with OTP's words as codes.
 *
 * OTP's `{ok, Pid, Info}` has no counterpart: a child is started by the kernel, which has nothing to add to its ref.
 */
import type { ExitReason, Ref } from "../core/index.ts";
import type { ChildId, ChildType, FullChildSpec } from "./child-spec.ts";
import type { SpecError } from "./spec-error.ts";

export type Outcome<T extends object, E> = ({ readonly ok: true } & T) | { readonly ok: false; readonly error: E };

/** The child's start failed: its `init` threw, stopped or took too long, or it could not be spawned. */
export interface StartFailed {
  readonly code: "start_failed";
  readonly reason: ExitReason;
}

/** An actor holds the id, or the name, of that child. */
export interface AlreadyStarted {
  readonly code: "already_started";
  readonly ref: Ref;
}

interface Code<C extends string> {
  readonly code: C;
}

/** `ref` is undefined when the child's `init` answered ignore. */
export type StartChildOutcome = Outcome<
  { readonly ref: Ref | undefined },
  StartFailed | AlreadyStarted | Code<"already_present" | "max_children"> | SpecError
>;

export type TerminateChildOutcome = Outcome<object, Code<"not_found" | "simple_one_for_one">>;

export type RestartChildOutcome = Outcome<
  { readonly ref: Ref | undefined },
  StartFailed | AlreadyStarted | Code<"running" | "restarting" | "not_found" | "simple_one_for_one">
>;

export type DeleteChildOutcome = Outcome<object, Code<"running" | "restarting" | "not_found" | "simple_one_for_one">>;

export type GetChildSpecOutcome = Outcome<{ readonly spec: FullChildSpec }, Code<"not_found">>;

export type WhichChildOutcome = Outcome<{ readonly child: ChildEntry }, Code<"not_found" | "simple_one_for_one">>;

export type ChangeCodeOutcome = Outcome<object, SpecError | (Code<"bad_return"> & { readonly value?: unknown })>;

export interface ChildEntry {
  /** Undefined under `simple_one_for_one`. */
  readonly id: ChildId | undefined;
  /** `restarting`: its restart failed or waits. Undefined: it has no actor. */
  readonly ref: Ref | "restarting" | undefined;
  readonly type: ChildType;
}

export interface ChildCounts {
  /** Child specs; 1 under `simple_one_for_one`. */
  readonly specs: number;
  /** Children whose actor lives. */
  readonly active: number;
  /** Children of type supervisor, alive or not. */
  readonly supervisors: number;
  /** Children of type worker, alive or not. */
  readonly workers: number;
}

export function failed<C extends string>(code: C): { readonly ok: false; readonly error: Code<C> } {
  return { ok: false, error: { code } };
}

/** A failed start as an answer. */
export function startFailed(outcome: { readonly reason: ExitReason; readonly running?: Ref }): {
  readonly ok: false;
  readonly error: StartFailed | AlreadyStarted;
} {
  const { reason, running } = outcome;
  return running === undefined
    ? { ok: false, error: { code: "start_failed", reason } }
    : { ok: false, error: { code: "already_started", ref: running } };
}
