/** What `submit` is given, and what of it is refused. */
import { isTaskCount } from "../actor/behaviour.ts";
import type { Target } from "../actor/context.ts";
import { type Ref, refKey } from "../actor/ref.ts";
import { describe, RuntimeError } from "../errors.ts";
import { assertAddress, assertTrace } from "../kernel/verb-arguments.ts";
import { assertKeys } from "../known-keys.ts";
import { priorityDefault, priorityMax } from "./task-queue.ts";

/** How long a task that failed rests before its next attempt: `minMs` after the first, then `factor` times as long, at most `maxMs`. */
export interface TaskBackoff {
  /** Default 100. */
  readonly minMs?: number;
  /** Default 30,000. */
  readonly maxMs?: number;
  /** From 1. Default 2. */
  readonly factor?: number;
}

export const taskBackoffDefault: Required<TaskBackoff> = { minMs: 100, maxMs: 30_000, factor: 2 };

/** So often a task makes way for others before it is left to come to its end. */
export const preemptionsMax = 3;

/** Work for an actor: a call that waits for its turn. */
export interface TaskRequest {
  /** Who does it: one actor, or whoever has the name when its turn comes. This or `capability`. */
  readonly to?: Target;
  /**
   * Who does it: of the actors that declare this (`ctx.declare`) when its turn comes the one with the fewest tasks in hand;
   * of several the first that `find` gives.
   */
  readonly capability?: string;
  /** The call handler that does it; its answer is the task's result. */
  readonly call: string;
  readonly argument?: unknown;
  /** 0 to 9, 9 is the most urgent. Default 5. */
  readonly priority?: number;
  /** Whose work it is: tasks of one priority take turns by their keys. Default: those without one share a key. */
  readonly key?: string;
  /** So long after its submit it is given up with code `deadline`, unless it has ended. Default: never. */
  readonly deadlineMs?: number;
  /** How often it is tried before it has failed. Default 1. */
  readonly attempts?: number;
  /** Rest before the next attempt. Default: 100 ms, doubled each time, at most 30,000. */
  readonly backoff?: TaskBackoff;
  /** How many tasks the agent may have in hand; of what waits for one agent the last one that says so counts, and what the agent's behaviour says (`taskConcurrency`) goes before that. Default 1. */
  readonly concurrency?: number;
  /**
   * While it runs it may make way for a task with a higher priority, when no agent has room for that: its turn is
   * interrupted, and it is put back in its place. At most three times. It is also interrupted when it is cancelled, or its
   * deadline has passed. Default false.
   */
  readonly preemptible?: boolean;
  /**
   * What becomes of it when nobody has the name, or declares the capability, at its submit. `queue` (default): it is accepted,
   * and waits for somebody. `wait`: it is accepted when somebody does it, and until then it goes with its submitter. `refuse`:
   * it fails with `noproc`.
   */
  readonly whenNobody?: "queue" | "wait" | "refuse";
  /**
   * It is accepted when the scheduler's store has it, and done in the next run of the program if this one ends before. For a
   * name or a capability alone, since no actor outlives its run; the argument holds no ref. Default: whether the scheduler has
   * a store (`startSystem`).
   */
  readonly durable?: boolean;
  /** Its trace context, as of a call (`CallOptions.trace`): each attempt is an operation below it. Default: that of the call in hand. */
  readonly trace?: string | undefined;
}

/** An actor, a name, or whoever declares something. */
export type Recipient = Ref | string | { readonly capability: string };

/** One text for each. */
export function recipientKey(to: Recipient): string {
  if (typeof to === "string") return `name ${to}`;
  return "capability" in to ? `capability ${to.capability}` : refKey(to);
}

/** A request that was checked, with its defaults: plain data that crosses to main. */
export interface CheckedTask {
  readonly to: Recipient;
  readonly call: string;
  readonly argument: unknown;
  readonly priority: number;
  readonly key: string | undefined;
  readonly deadlineMs: number;
  readonly attempts: number;
  readonly backoff: Required<TaskBackoff>;
  readonly concurrency: number | undefined;
  readonly isPreemptible: boolean;
  readonly whenNobody: "queue" | "wait" | "refuse";
  /** Undefined: as the scheduler does it. */
  readonly durable: boolean | undefined;
  readonly trace: string | undefined;
}

const requestKeys = [
  "to",
  "capability",
  "call",
  "argument",
  "priority",
  "key",
  "deadlineMs",
  "attempts",
  "backoff",
  "concurrency",
  "preemptible",
  "whenNobody",
  "durable",
  "trace",
] as const satisfies readonly (keyof TaskRequest)[];

/** @throws RuntimeError `bad_argument`. */
export function checkTask(request: TaskRequest, creation: number): CheckedTask {
  assertKeys("submit", request, requestKeys);
  const { call, argument, key, deadlineMs, backoff, concurrency, durable, trace, whenNobody = "queue" } = request;
  const { priority = priorityDefault, attempts = 1, preemptible = false } = request;
  const to = recipientOf(request, creation);
  if (typeof call !== "string" || call === "") throw wrong("call is the name of a handler", call);
  if (!(Number.isInteger(priority) && priority >= 0 && priority <= priorityMax))
    throw wrong(`priority is a whole number from 0 to ${priorityMax}`, priority);
  if (key !== undefined && typeof key !== "string") throw wrong("key is a text", key);
  if (deadlineMs !== undefined && !isTime(deadlineMs)) throw wrong("deadlineMs is a time from 0", deadlineMs);
  if (!isTaskCount(attempts)) throw wrong("attempts is a whole number from 1", attempts);
  if (concurrency !== undefined && !isTaskCount(concurrency))
    throw wrong("concurrency is a whole number from 1", concurrency);
  if (typeof preemptible !== "boolean") throw wrong("preemptible is true or false", preemptible);
  if (whenNobody !== "queue" && whenNobody !== "wait" && whenNobody !== "refuse")
    throw wrong('whenNobody is "queue", "wait" or "refuse"', whenNobody);
  if (durable !== undefined && typeof durable !== "boolean") throw wrong("durable is true or false", durable);
  assertTrace(trace, "submit");
  return {
    to,
    call,
    argument,
    priority,
    key,
    deadlineMs: deadlineMs ?? Number.POSITIVE_INFINITY,
    attempts,
    backoff: backoff === undefined ? taskBackoffDefault : checkBackoff("submit", backoff),
    concurrency,
    isPreemptible: preemptible,
    whenNobody,
    durable,
    trace,
  };
}

function recipientOf({ to, capability }: TaskRequest, creation: number): Recipient {
  if (capability !== undefined) {
    if (to !== undefined) throw wrong("to or capability says who does it, and not both", { to, capability });
    if (typeof capability !== "string" || capability === "") throw wrong("capability is a name", capability);
    return { capability };
  }
  if (to === undefined) throw wrong("to (a ref or a registered name) or capability says who does it", to);
  if (typeof to !== "string" || to === "") assertAddress(to, "submit", creation);
  return to as Ref | string; // an address becomes a ref where it is read
}

/** @throws RuntimeError `bad_argument`. */
export function checkBackoff(verb: string, backoff: TaskBackoff): Required<TaskBackoff> {
  assertKeys(`${verb}: backoff`, backoff, ["minMs", "maxMs", "factor"]);
  const { minMs, maxMs, factor } = { ...taskBackoffDefault, ...backoff };
  if (
    isTime(minMs) &&
    minMs < Number.POSITIVE_INFINITY &&
    isTime(maxMs) &&
    Number.isFinite(factor) &&
    factor >= 1 &&
    minMs <= maxMs
  )
    return { minMs, maxMs, factor };
  throw new RuntimeError(
    "bad_argument",
    `${verb}: backoff has minMs and maxMs, times of which the second is not the shorter, and a factor from 1, got ${describe(backoff)}`,
  );
}

/** How long a task rests after so many attempts. */
export function restMs({ minMs, maxMs, factor }: Required<TaskBackoff>, attempts: number): number {
  const grownMs = minMs * factor ** (attempts - 1);
  return Number.isNaN(grownMs) ? 0 : Math.min(maxMs, grownMs); // 0 * Infinity
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && value >= 0;
}

function wrong(wanted: string, value: unknown): RuntimeError {
  return new RuntimeError("bad_argument", `submit: ${wanted}, got ${describe(value)}`);
}
