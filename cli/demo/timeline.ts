/**
 * How the job went over time: a bounded list of points, made of the snapshots.
 *
 * When the list is full every second point goes and points are kept half as often, so that a run of hours is drawn as
 * finely over its whole length as a short one.
 */
import type { Snapshot } from "./job.ts";

/** Points kept at most. */
const pointsMax = 1_200;

export interface TimelinePoint {
  /** Since the job began. */
  readonly atMs: number;
  /** Tasks done so far. */
  readonly done: number;
  /** Agents started again so far. */
  readonly restarts: number;
  readonly agentsUp: number;
  readonly queued: number;
}

export class Timeline {
  #points: TimelinePoint[] = [{ atMs: 0, done: 0, restarts: 0, agentsUp: 0, queued: 0 }];
  #stride = 1;
  #skipped = 0;

  add({ atMs, progress, queued }: Snapshot): void {
    this.#skipped++;
    if (this.#skipped < this.#stride) return;
    this.#skipped = 0;
    const { done, restarts, agentsUp } = progress;
    this.#points.push({ atMs: Math.round(atMs), done, restarts, agentsUp, queued });
    if (this.#points.length < pointsMax) return;
    this.#points = this.#points.filter((_, at) => at % 2 === 0);
    this.#stride *= 2;
  }

  get points(): readonly TimelinePoint[] {
    return this.#points;
  }
}

/** Tasks a second between each point and the one before; the first has none before it and gets 0. */
export function ratesOf(points: readonly TimelinePoint[]): number[] {
  return points.map(({ atMs, done }, at) => {
    const before = points[at - 1];
    return before === undefined || atMs <= before.atMs ? 0 : ((done - before.done) * 1_000) / (atMs - before.atMs);
  });
}
