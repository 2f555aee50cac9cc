/** Tasks that are submitted again and again, at times of the day: what main's table knows of them, and what is due. */
import { isTaskCount } from "../actor/behaviour.ts";
import { describe } from "../errors.ts";
import { priorityMax } from "./task-queue.ts";
import { type CheckedTask, recipientKey } from "./task-request.ts";

const missedRuns = ["skip", "once", "all"] as const;

/** What becomes of times that have passed while nobody could look. */
export type MissedRuns = (typeof missedRuns)[number];

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

/** A schedule of the program's. It ends with `cancel`, with the system, or when the scheduler throws it out (S16.7). */
export interface Schedule {
  /** When it is due next, in milliseconds since the epoch; undefined: never again. */
  nextMs(): number | undefined;
  /** Nothing more is submitted by it. False: it has ended already. */
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
/**
 * At so many crashes of the scheduler over one schedule, in a row, it is thrown out. Not at the first, as a task is: all its runs to come go with it, and
 * what it owes is submitted by the next scheduler.
 */
const crashesMax = 2;

/** Whose task it is and what is called: for whoever is told of a schedule. */
export interface ScheduleName {
  readonly to: string;
  readonly call: string;
}

/** @param stands to be called when the task stands in the table, or was refused: it is never submitted again */
type SubmitRun = (request: CheckedTask, stands: () => void) => void;

interface ScheduleEntry {
  readonly times: ScheduleTimes;
  readonly request: CheckedTask;
  readonly missed: MissedRuns;
  readonly name: ScheduleName;
  nextMs: number | undefined;
  /** Tasks of times that have come, which do not stand in the table yet. */
  owed: number;
  /** Of the scheduler over it, in a row. */
  crashes: number;
}

export class Schedules {
  readonly #entries = new Set<ScheduleEntry>();
  /** The latest time of day at which somebody has looked. */
  #latestMs = Number.NEGATIVE_INFINITY;
  /** When the first of them is due; undefined: it is to be looked for, which is not done with each look of the scheduler. */
  #soonestMs: number | undefined;
  /** Which one the scheduler handles right now: where it crashes at that, the next one counts it. */
  #deciding: ScheduleEntry | undefined;

  add(times: ScheduleTimes, request: CheckedTask, missed: MissedRuns, wallMs: number): Schedule {
    const name = { to: recipientKey(request.to), call: request.call };
    const entry = { times, request, missed, name, nextMs: times.nextAfter(wallMs), owed: 0, crashes: 0 };
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

  /** When something is to be submitted next; Infinity: never. */
  get nextMs(): number {
    if (this.#soonestMs === undefined) {
      let soonestMs = Number.POSITIVE_INFINITY;
      for (const { nextMs = Number.POSITIVE_INFINITY, owed } of this.#entries)
        soonestMs = Math.min(soonestMs, owed > 0 ? Number.NEGATIVE_INFINITY : nextMs);
      this.#soonestMs = soonestMs;
    }
    return this.#soonestMs;
  }

  /** A scheduler begins, which looks at everything anew. What is wrong is thrown out. */
  adopt(report: (name: ScheduleName, fault: string) => void): void {
    const deciding = this.#deciding;
    this.#soonestMs = undefined;
    for (const entry of this.#entries) {
      this.#deciding = entry;
      if (entry === deciding) entry.crashes++;
      const fault = entry.crashes >= crashesMax ? "the scheduler crashed over it" : faultOf(entry);
      if (fault === undefined) continue;
      this.#entries.delete(entry);
      report(entry.name, fault);
    }
    this.#deciding = undefined;
  }

  /**
   * Submits what is due now, once for each time: what a time owes is noted before, and crossed off as the task stands in the
   * table. So a crash in between loses none and doubles none.
   */
  submitDue(wallMs: number, submit: SubmitRun): void {
    if (wallMs < this.#latestMs - setBackMs) {
      this.#each((entry) => (entry.nextMs = entry.times.nextAfter(wallMs)));
      this.#soonestMs = undefined;
      // Behind them: after a crash the next scheduler does it again.
      this.#latestMs = wallMs;
    } else this.#latestMs = Math.max(this.#latestMs, wallMs);
    if (this.nextMs > wallMs) return;
    this.#soonestMs = undefined;
    this.#each((entry) => {
      comeDue(entry, wallMs);
      for (let left = entry.owed; left > 0; left--) submit(entry.request, () => entry.owed--);
    });
  }

  #each(handle: (entry: ScheduleEntry) => void): void {
    for (const entry of this.#entries) {
      this.#deciding = entry;
      handle(entry);
      entry.crashes = 0;
    }
    this.#deciding = undefined;
  }
}

/** What is wrong with a schedule that a new scheduler finds; undefined: nothing. */
function faultOf({ missed, name, nextMs, owed, request, times }: ScheduleEntry): string | undefined {
  const { attempts, call, priority, to } = request;
  if (nextMs !== undefined && !Number.isFinite(nextMs)) return `its next time is ${describe(nextMs)}`;
  if (!Number.isInteger(owed) || owed < 0) return `it owes ${describe(owed)} tasks`;
  if (!missedRuns.includes(missed)) return `its rule for missed times is ${describe(missed)}`;
  if (typeof times.nextAfter !== "function") return "it has no times";
  if (call !== name.call || recipientKey(to) !== name.to) return "its task is another";
  if (!Number.isInteger(priority) || priority < 0 || priority > priorityMax)
    return `its priority is ${describe(priority)}`;
  return isTaskCount(attempts) ? undefined : `its tasks have ${describe(attempts)} attempts`;
}

/** Where its time has come, its next one is set, and what it owes for those that have passed: at once, so that no crash comes between. */
function comeDue(entry: ScheduleEntry, wallMs: number): void {
  const { nextMs, times } = entry;
  if (nextMs === undefined || nextMs > wallMs) return;
  const runs = runsOf(entry, nextMs, wallMs);
  const laterMs = times.nextAfter(wallMs);
  entry.owed += runs;
  entry.nextMs = laterMs;
}

/** How many tasks are due by one schedule. */
function runsOf({ missed, times }: ScheduleEntry, nextMs: number, wallMs: number): number {
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
