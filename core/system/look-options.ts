/** How the threads of a system are asked about themselves. */
import { describe, RuntimeError } from "../errors.ts";
import { assertKeys } from "../known-keys.ts";

export interface LookOptions {
  /** Time for each thread to answer. Default 15,000. */
  readonly timeoutMs?: number;
  /**
   * Is told of each thread with actors that has not answered in time, by its id and its position, which is -1 of a dedicated
   * one. Without, such a thread fails the whole.
   */
  readonly unanswered?: (thread: number, position: number) => void;
}

/** More than the ten limits that a turn may take at the most. */
export const lookTimeoutMs = 15_000;

/** @throws RuntimeError `bad_argument`. */
export function lookOptions(verb: string, options: LookOptions): LookOptions {
  assertKeys(verb, options, ["timeoutMs", "unanswered"] satisfies (keyof LookOptions)[]);
  const { timeoutMs, unanswered } = options;
  if (timeoutMs !== undefined && !(typeof timeoutMs === "number" && timeoutMs > 0))
    throw new RuntimeError("bad_argument", `${verb} wants timeoutMs above 0, got ${describe(timeoutMs)}`);
  if (unanswered !== undefined && typeof unanswered !== "function")
    throw new RuntimeError("bad_argument", `${verb} wants unanswered to be a function, got ${describe(unanswered)}`);
  return options;
}

export interface StateOptions {
  /** What the actor's configuration marks as a secret is not in the copy. Default false. */
  readonly hideSecrets?: boolean;
}

/** @throws RuntimeError `bad_argument`. */
export function stateOptions(verb: string, options: StateOptions): StateOptions {
  assertKeys(verb, options, ["hideSecrets"] satisfies (keyof StateOptions)[]);
  const { hideSecrets } = options;
  if (hideSecrets !== undefined && typeof hideSecrets !== "boolean")
    throw new RuntimeError("bad_argument", `${verb}: hideSecrets is true or false, got ${describe(hideSecrets)}`);
  return options;
}
