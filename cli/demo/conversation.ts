/** All that the demo's actors say to one another, and the names they find one another by. */
import type { Ref } from "../../index.ts";
import type { Slice } from "./corpus.ts";
import type { DrawnFault } from "./fault-draw.ts";
import type { TextCount } from "./text-count.ts";
import type { ProcessFault } from "./work-plan.ts";

export const coordinatorName = "demo.coordinator";

export function aggregatorName(aggregator: number): string {
  return `demo.aggregator.${aggregator}`;
}

/** Coordinator to agent: count this. */
export interface TaskMessage {
  readonly type: "task";
  readonly task: number;
  /** Counts the times that the task was handed out, from 1. */
  readonly attempt: number;
  readonly sliceNumber: number;
  readonly slice: Slice;
  /** Who gets the counts. */
  readonly aggregator: Ref;
  readonly fault?: TaskFault;
}

/** An injected fault. A throw comes before the work or after its result was sent, all others before. */
export type TaskFault =
  | "throwBefore"
  | "throwAfter"
  | Exclude<DrawnFault, "throw" | "endThread" | "poison">
  | ProcessFault;

/** Coordinator to agent: a message that no agent can read. `task` is the one it comes before. */
export interface PoisonMessage {
  readonly type: "poison";
  readonly task: number;
  readonly attempt: number;
  /** JSON, they say. */
  readonly text: string;
}

export type AgentMessage = TaskMessage | PoisonMessage;

/** Agent to aggregator: what was counted. */
export interface ResultMessage {
  readonly task: number;
  readonly attempt: number;
  readonly sliceNumber: number;
  readonly count: TextCount;
  /** SHA-1 of the slice's bytes. */
  readonly hash: string;
}

/** Agent to coordinator: I am up. */
export interface ReadyMessage {
  readonly agent: number;
  readonly ref: Ref;
}

/** Agent to coordinator, with its last breath: I am failing at this. */
export interface CrashingMessage {
  readonly agent: number;
  readonly type: AgentMessage["type"];
  readonly task: number;
  readonly attempt: number;
  /** On the system's clock. */
  readonly atMs: number;
  readonly error: string;
}

/** Aggregator to coordinator: the task's effect is counted, now or already. */
export interface DoneMessage {
  readonly task: number;
  readonly attempt: number;
}
