/**
 * What a system does, from one reading to the next: the busiest actors, and each thread. It is counted from the first
 * reading on, and for as long as there are readings: nothing is counted when nobody looks.
 */
import type { RefData } from "../actor/ref.ts";
import { stopwatchMs } from "../clock.ts";
import { describe, RuntimeError } from "../errors.ts";
import {
  type ActivityAnswer,
  type ActivityColumn,
  type ActivityQuestion,
  type ActorActivity,
  activityColumns,
} from "../kernel/activity-counts.ts";
import { Counter } from "../kernel/counters.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { assertKeys } from "../known-keys.ts";
import { type RunningTurn, remaining } from "./remaining.ts";

export interface ActivityOptions {
  /** By which column the busiest are found, the most first. Default `busyMs`. */
  readonly sort?: ActivityColumn;
  /** So many actors at most. Default 20. */
  readonly limit?: number;
  /** These actors, as far as they live, in place of the busiest. */
  readonly of?: readonly RefData[];
  /** Time for each thread to answer. Default 1,000. */
  readonly timeoutMs?: number;
}

export interface ThreadActivity {
  readonly thread: number;
  /** Its place among the schedulers: 0 is main; -1 a dedicated thread. */
  readonly position: number;
  readonly actors: number;
  /** Messages in mailboxes and stashes of its actors. */
  readonly messages: number;
  /** Turns since the last reading. */
  readonly turns: number;
  /** How much of the time since then its event loop was at work, from 0 to 1; undefined: not known, or it did not answer. */
  readonly load: number | undefined;
  /** Bytes of its heap that are in use; undefined: it did not answer. */
  readonly heapBytes: number | undefined;
  /** Whose turn holds it, where it did not answer; undefined: nobody's, as far as can be seen. */
  readonly heldBy: RunningTurn | undefined;
}

export interface ActivityReading {
  /** Time since the last reading; 0: this is the first, and nothing was counted before it. */
  readonly forMs: number;
  readonly threads: readonly ThreadActivity[];
  readonly actors: readonly ActorActivity[];
}

/** Asks one thread; undefined: it did not answer in time. */
export type AskActivity = (
  thread: number,
  looker: number,
  question: ActivityQuestion,
  timeoutMs: number,
) => Promise<ActivityAnswer | undefined>;

interface Seen {
  readonly turns: number;
  readonly workedMs: number | undefined;
  readonly atMs: number;
}

let lookers = 0;

export class Activity {
  readonly #kernel: Kernel;
  readonly #ask: AskActivity;
  readonly #looker = ++lookers;
  /** What each thread had come to at the last reading. */
  #seen: ReadonlyMap<number, Seen> = new Map();
  #readMs: number | undefined;

  constructor(kernel: Kernel, ask: AskActivity) {
    this.#kernel = kernel;
    this.#ask = ask;
  }

  /** What there was since the last reading. A thread that does not answer in time is told as far as shared memory tells of it. @throws RuntimeError `bad_argument`, `not_started`. */
  async read(options: ActivityOptions = {}): Promise<ActivityReading> {
    const { timeoutMs = 1_000, ...question } = checked(options);
    const kernel = this.#kernel;
    const [beganMs, lastMs] = [stopwatchMs(), this.#readMs];
    this.#readMs = beganMs;
    const answers = await Promise.all(
      kernel.memory.threadsUp().map(async (thread) => {
        const answer = await this.#ask(thread, this.#looker, question, timeoutMs);
        // At once: another thread may not answer for a second, and turns of that time are none of this reading's.
        const turns = kernel.memory.countersOf(thread).get(Counter.turns);
        return { thread, answer, now: { turns, workedMs: answer?.workedMs, atMs: stopwatchMs() } };
      }),
    );
    const last = this.#seen;
    const seen = new Map<number, Seen>();
    const threads = answers.map(({ thread, answer, now }) => {
      seen.set(thread, now);
      return this.#threadOf(thread, answer, now, last.get(thread));
    });
    this.#seen = seen;
    const actors = answers.flatMap(({ answer }) => answer?.actors ?? []);
    if (question.of === undefined) actors.sort((a, b) => b[question.sort] - a[question.sort]);
    return { forMs: lastMs === undefined ? 0 : beganMs - lastMs, threads, actors: actors.slice(0, question.limit) };
  }

  #threadOf(thread: number, answer: ActivityAnswer | undefined, now: Seen, last: Seen | undefined): ThreadActivity {
    const { memory } = this.#kernel;
    const isKnown = last?.workedMs !== undefined && now.workedMs !== undefined && now.atMs > last.atMs;
    const turn = answer === undefined ? remaining(this.#kernel).turns.find((one) => one.thread === thread) : undefined;
    return {
      thread,
      position: memory.position(thread),
      actors: memory.actors(thread),
      messages: memory.countersOf(thread).unread,
      turns: last === undefined ? 0 : now.turns - last.turns,
      load: isKnown
        ? Math.min(1, ((now.workedMs as number) - (last.workedMs as number)) / (now.atMs - last.atMs))
        : undefined,
      heapBytes: answer?.heapBytes,
      heldBy: turn,
    };
  }
}

function checked(options: ActivityOptions): ActivityQuestion & { readonly timeoutMs: number | undefined } {
  assertKeys("activity", options, ["sort", "limit", "of", "timeoutMs"] satisfies (keyof ActivityOptions)[]);
  const { sort = "busyMs", limit = 20, of, timeoutMs } = options;
  if (!activityColumns.includes(sort))
    throw new RuntimeError(
      "bad_argument",
      `activity: sort is one of ${activityColumns.join(", ")}, got ${describe(sort)}`,
    );
  if (!(Number.isInteger(limit) && limit >= 0))
    throw new RuntimeError("bad_argument", `activity: limit is a whole number from 0, got ${describe(limit)}`);
  if (of !== undefined && !Array.isArray(of))
    throw new RuntimeError("bad_argument", `activity: of is a list of refs, got ${describe(of)}`);
  if (timeoutMs !== undefined && !(typeof timeoutMs === "number" && timeoutMs > 0))
    throw new RuntimeError("bad_argument", `activity: timeoutMs is above 0, got ${describe(timeoutMs)}`);
  return { sort, limit, of, timeoutMs };
}
