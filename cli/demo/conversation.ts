/** All that the demo's actors say to one another, and what they find one another by: names, capabilities, topics. */
import type { Ref } from "../../index.ts";
import type { Slice } from "./corpus.ts";
import type { DrawnFault } from "./fault-draw.ts";
import type { TextCount } from "./text-count.ts";
import type { ProcessFault } from "./work-plan.ts";

export const injectorName = "demo.injector";
export const rosterName = "demo.roster";

/** The agents' behaviour, as events name it. */
export const agentName = "agent";

/** What agents declare that they can do. In a process of its own an agent survives what no thread would. */
export const capabilities = { onThread: "demo.count", inProcess: "demo.count.apart" } as const;

export function aggregatorName(aggregator: number): string {
  return `demo.aggregator.${aggregator}`;
}

/** What is counted is published under it. */
export function resultTopic(aggregator: number): string {
  return `demo.results.${aggregator}`;
}

/** An injected fault. A throw comes before the work or after its result was published, all others before. */
export type TaskFault = "throwBefore" | "throwAfter" | Exclude<DrawnFault, "throw" | "poison"> | ProcessFault;

/** A task, to an agent: the call `count`. */
export interface CountRequest {
  readonly task: number;
  readonly sliceNumber: number;
  readonly slice: Slice;
  /** Who gets the counts. */
  readonly aggregator: number;
  readonly fault?: TaskFault;
}

/** Its answer, once the counts are published. */
export interface CountAnswer {
  /** The agent's number. */
  readonly agent: number;
  /** It is the first task that this agent has done since it was started. */
  readonly isFirst: boolean;
}

/** Agent to aggregators: what was counted. */
export interface CountedMessage {
  readonly task: number;
  readonly sliceNumber: number;
  readonly count: TextCount;
  /** SHA-1 of the slice's bytes. */
  readonly hash: string;
}

/** Agent to injector: my task has this fault. */
export interface FaultQuestion {
  readonly task: number;
  readonly fault: TaskFault;
  readonly agent: Ref;
}

/** Injector to agent: the fault strikes, or it has already and the task is to be done. */
export interface FaultAnswer {
  readonly task: number;
  readonly strikes: boolean;
}
