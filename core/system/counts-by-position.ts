/** What the threads count, by their places: a thread that takes the place of a lost one goes on under its label, and dedicated ones share one. */
import type { ThreadStats } from "../kernel/kernel.ts";

export interface PositionCounts {
  readonly actors: number;
  readonly turns: number;
  readonly unread: number;
}

/** By the scheduler's position, from `"0"` for main, and `"dedicated"`: as many labels as there are schedulers, and one. */
export function countsByPosition(threads: readonly ThreadStats[]): ReadonlyMap<string, PositionCounts> {
  const counts = new Map<string, PositionCounts>();
  for (const { position, actors, turns, unread } of threads) {
    const label = position < 0 ? "dedicated" : String(position);
    const { actors: a = 0, turns: t = 0, unread: u = 0 } = counts.get(label) ?? {};
    counts.set(label, { actors: a + actors, turns: t + turns, unread: u + unread });
  }
  return counts;
}
