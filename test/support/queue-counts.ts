/** What a system counts of an acknowledged queue, without whose it is. */
import type { QueueStats } from "../../index.ts";

export type QueueCounts = Omit<QueueStats, "pattern" | "queue" | "members">;

export const noneCounted: QueueCounts = {
  delivered: 0,
  dropped: 0,
  deadLettered: 0,
  waiting: 0,
  resting: 0,
  inHand: 0,
  redelivered: 0,
  discarded: 0,
};

/** Of the queue of that pattern. @throws Error there is none. */
export function queueCountsOf(queues: readonly QueueStats[], of: string): QueueCounts {
  const stats = queues.find(({ pattern }) => pattern === of);
  if (stats === undefined) throw new Error(`there is no queue of ${of}`);
  const { pattern: _, queue: __, members: ___, ...counts } = stats;
  return counts;
}
