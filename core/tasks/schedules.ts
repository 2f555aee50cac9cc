/** Tasks that are submitted again and again, at times of the day: what main's table knows of them, and what is due. */
import type { CheckedTask } from "./task-request.ts";

/** What becomes of times that have passed while nobody could look. */
export type MissedRuns = "skip" | "once" | "all";

export interface ScheduleOptions {
  /** An IANA name such as `Europe/Berlin`. Default: the process's own. */
  readonly timeZone?: string;
  /**
   * What becomes of times that have passed while main was held, or the machine asleep: `skip` (default): nothing, but for
   * the last of them if it is less than a minute old; `once`: one task for all of them; `all`: one for each, at most
   * 1,000.
   */
  readonly missed?: MissedRuns;
}

/** A schedule of the program's. It ends with `cancel`, or with the system. */
export interface Schedule {
  /** When it is due next, in milliseconds since the epoch; undefined: never again. */
  nextMs(): number | undefined;
  /** Nothing more is submitted by it. False: it has been cancelled already. */
  cancel(): boolean;
}

/** Where the times come from. */
export interface ScheduleTimes {
  nextAfter(wallMs: number): number | undefined;
}

/** A clock that is set back by more than this was wrong: schedules go on from where it stands now. (Vixie cron's rule) */
const setBackMs = 3 * 3_600_000;
/** A time that is older than this was missed. */
const lateMs = 60_000;
/** For one look at one schedule. */
const runsMax = 1_000;

interface ScheduleEntry {
  readonly times: ScheduleTimes;
  readonly request: CheckedTask;
  readonly missed: MissedRuns;
  nextMs: number | undefined;
}

export class Schedules {
  readonly #entries = new Set<ScheduleEntry>();
  /** The latest time of day at which somebody has looked. */
  #latestMs = Number.NEGATIVE_INFINITY;
  /** When the first of them is due; undefined: it is to be looked for, which is not done with each look of the scheduler. */
  #soonestMs: number | undefined;

  add(times: ScheduleTimes, request: CheckedTask, missed: MissedRuns, wallMs: number): Schedule {
    const entry: ScheduleEntry = { times, request, missed, nextMs: times.nextAfter(wallMs) };
    this.#entries.add(entry);
    this.#soonestMs = undefined;
    return {
      nextMs: () => (this.#entries.has(entry) ? entry.nextMs : undefined),
      cancel: () => {
        this.#soonestMs = undefined;
        return this.#entries.delete(entry);
      },
    };
  }

  /** Infinity: none is. */
  get nextMs(): number {
    if (this.#soonestMs === undefined) {
      this.#soonestMs = Number.POSITIVE_INFINITY;
      for (const { nextMs = Number.POSITIVE_INFINITY } of this.#entries)
        if (nextMs < this.#soonestMs) this.#soonestMs = nextMs;
    }
    return this.#soonestMs;
  }

  /** What is to be submitted now, once for each time. */
  takeDue(wallMs: number): CheckedTask[] {
    const due: CheckedTask[] = [];
    if (wallMs < this.#latestMs - setBackMs) {
      this.#latestMs = wallMs;
      this.#soonestMs = undefined;
      for (const entry of this.#entries) entry.nextMs = entry.times.nextAfter(wallMs);
    } else this.#latestMs = Math.max(this.#latestMs, wallMs);
    if (this.nextMs > wallMs) return due;
    this.#soonestMs = undefined;
    for (const entry of this.#entries) {
      const runs = runsOf(entry, wallMs);
      for (let run = 0; run < runs; run++) due.push(entry.request);
    }
    return due;
  }
}

/** How many tasks are due by one schedule; its next time is set. */
function runsOf(entry: ScheduleEntry, wallMs: number): number {
  const { missed, nextMs, times } = entry;
  if (nextMs === undefined || nextMs > wallMs) return 0;
  entry.nextMs = times.nextAfter(wallMs);
  if (missed === "once") return 1;
  if (missed === "skip") {
    const recentMs = times.nextAfter(wallMs - lateMs);
    return recentMs !== undefined && recentMs <= wallMs ? 1 : 0;
  }
  let runs = 1;
  let next = times.nextAfter(nextMs);
  for (; next !== undefined && next <= wallMs && runs < runsMax; next = times.nextAfter(next)) runs++;
  return runs;
}
