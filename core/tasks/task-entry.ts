/** One task as main keeps it, from its submit to its end. */
import type { Ref, RefData } from "../actor/ref.ts";
import type { ErrorData } from "../errors.ts";
import { priorityMax, type QueuedTask } from "./task-queue.ts";
import type { CheckedTask } from "./task-request.ts";

/**
 * `waiting`: for its turn. `running`: an agent has it in hand. `failed`: an attempt has, and the scheduler has not yet
 * decided what follows. `resting`: until its next attempt. `ended`: it stands in the table no more.
 */
export type TaskState = "waiting" | "running" | "failed" | "resting" | "ended";

export interface TaskEntry extends QueuedTask {
  readonly id: string;
  readonly request: CheckedTask;
  /** Who gets the result, as the answer of which question. */
  readonly caller: RefData;
  readonly resultId: number;
  /** On the system's clock. */
  readonly deadlineMs: number;
  state: TaskState;
  /** Since when it waits; until when it rests. */
  atMs: number;
  /** Attempts that have begun. */
  attempts: number;
  /** What the last attempt failed with. */
  error: ErrorData | undefined;
}

/** An actor with tasks in hand. */
export interface Agent {
  readonly key: string;
  readonly ref: Ref;
  /** What it has not answered yet, also what is given up meanwhile. */
  readonly tasks: Set<TaskEntry>;
}

/** What is wrong with an entry that a new scheduler finds; undefined: nothing. */
export function faultOf(entry: TaskEntry, isInHand: boolean): string | undefined {
  const { attempts, priority, request, state } = entry;
  if (!Number.isInteger(priority) || priority < 0 || priority > priorityMax) return `its priority is ${priority}`;
  if (!(attempts <= request.attempts)) return `it has begun ${attempts} attempts of ${request.attempts}`;
  switch (state) {
    case "running":
      return isInHand ? undefined : "it is running, and no agent has it in hand";
    case "waiting":
    case "failed":
    case "resting":
      return isInHand ? `it is ${state}, and an agent has it in hand` : undefined;
    default:
      return `it is ${String(state)}`;
  }
}
