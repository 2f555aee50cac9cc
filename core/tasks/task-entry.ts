/** One task as main keeps it, from its submit to its end. */
import type { Ref, RefData } from "../actor/ref.ts";
import type { Operation } from "../contracts/operation.ts";
import type { ErrorData } from "../errors.ts";
import { priorityMax, type QueuedTask } from "./task-queue.ts";
import { type CheckedTask, preemptionsMax } from "./task-request.ts";

/**
 * `keeping`: for the store to have it, before it is accepted. `waiting`: for its turn. `running`: an agent has it in hand. `failed`: an attempt has, and the scheduler has not yet
 * decided what follows. `resting`: until its next attempt. `ended`: it stands in the table no more.
 */
export type TaskState = "keeping" | "waiting" | "running" | "failed" | "resting" | "ended";

export interface TaskEntry extends QueuedTask {
  readonly id: string;
  readonly request: CheckedTask;
  /** One text for whom it is for: `recipientKey`. */
  readonly recipient: string;
  /** Who gets the result, as the answer of which question. */
  readonly caller: RefData;
  readonly resultId: number;
  /** Whom to tell when it is accepted, while it is not: it waits for somebody who can do it. */
  acceptance: Acceptance | undefined;
  /** On the system's clock. */
  readonly deadlineMs: number;
  state: TaskState;
  /** Since when it waits; until when it rests. */
  atMs: number;
  /** Attempts that have begun, but for those that were interrupted for another task. */
  attempts: number;
  /** In the order of all submits. */
  readonly order: number;
  /** The priority that it counted as when it began: what has a higher one may take its place. */
  urgency: number;
  /** Its call, while an agent has it in hand, also when it is given up meanwhile. */
  inHand: InHand | undefined;
  /** How often it has made way for another. */
  preemptions: number;
  /** It has made way, and has not begun again. */
  isBack: boolean;
  /** What the last attempt failed with. */
  error: ErrorData | undefined;
  /** The store has it. */
  isStored: boolean;
  /** It was ended before the store had it: to be called when that has it no more, or has refused it. */
  forgotten: (() => void) | undefined;
  /** The store has the number of its attempts. */
  isTried: boolean;
}

/** Who is told that a task is accepted, or that it never will be. */
export interface Acceptance {
  accepted(id: string): void;
  failed(error: ErrorData): void;
}

/** One attempt. */
export interface InHand {
  readonly agent: Agent;
  /** Of a task with a trace context. */
  operation: Operation | undefined;
  /** The call's id; 0 until it is made. */
  call: number;
  /** In that of all beginnings. */
  readonly order: number;
  /**
   * `asked`: its agent was asked to make way for another task. `refused`: that came to nothing, since it is at no turn that
   * can be interrupted; it is not asked again. `overdue`: it was asked, and has not made way in time; it still may.
   */
  way: "free" | "asked" | "refused" | "overdue";
  /** Until when another is not asked in its place. */
  wayUntilMs: number;
}

/** Whether its agent may be asked to make way. */
export function canMakeWay({ state, request, preemptions, inHand }: TaskEntry): boolean {
  return state === "running" && request.isPreemptible && preemptions < preemptionsMax && inHand?.way === "free";
}

/** An actor with tasks in hand. */
export interface Agent {
  readonly key: string;
  readonly ref: Ref;
  /** What it has not answered yet, also what is given up meanwhile. */
  inHand: number;
}

/** What is wrong with an entry that a new scheduler finds; undefined: nothing. */
export function faultOf(entry: TaskEntry): string | undefined {
  const { attempts, priority, request, state } = entry;
  const isInHand = entry.inHand !== undefined;
  if (!Number.isInteger(priority) || priority < 0 || priority > priorityMax) return `its priority is ${priority}`;
  if (!(attempts <= request.attempts)) return `it has begun ${attempts} attempts of ${request.attempts}`;
  switch (state) {
    case "running":
      return isInHand ? undefined : "it is running, and no agent has it in hand";
    case "keeping":
    case "waiting":
    case "failed":
    case "resting":
      return isInHand ? `it is ${state}, and an agent has it in hand` : undefined;
    default:
      return `it is ${String(state)}`;
  }
}
