/** What a system counts of its tasks. */
import type { TaskEntry } from "./task-entry.ts";

/** Destinations that are listed, those with the most tasks first. */
const destinationsMax = 100;

/** Tasks for one destination. */
export interface TaskDestination {
  /** A ref's key, or `name …`, or `capability …`. */
  readonly to: string;
  /** For their turn, or for their next attempt. */
  readonly waiting: number;
  readonly running: number;
  /** Those that wait, by priority from 0 to 9. */
  readonly byPriority: readonly number[];
}

export interface TaskStats {
  /** That were accepted, or wait for that, since the system's start; so are the next six. */
  readonly submitted: number;
  readonly done: number;
  /** For good: their last attempt did, or their deadline has passed, or there is nobody any more to schedule them. */
  readonly failed: number;
  readonly cancelled: number;
  /** Attempts after the first. */
  readonly retried: number;
  /** How often a running task has made way for one with a higher priority. */
  readonly preempted: number;
  /** Entries that a scheduler found to be wrong: tasks, of those that failed, and schedules. */
  readonly discarded: number;
  /** Now: for the store to have them, for their turn, or for their next attempt. */
  readonly waiting: number;
  /** Now: in an agent's hands. */
  readonly running: number;
  /** The 100 destinations with the most tasks, those first. */
  readonly destinations: readonly TaskDestination[];
}

export class TaskTotals {
  submitted = 0;
  done = 0;
  failed = 0;
  cancelled = 0;
  retried = 0;
  preempted = 0;
  discarded = 0;

  /** With what there is now. Looks at each entry, so that nothing is to be counted where tasks come and go. */
  stats(entries: Iterable<TaskEntry>): TaskStats {
    const destinations = new Map<string, { to: string; waiting: number; running: number; byPriority: number[] }>();
    let waiting = 0;
    let running = 0;
    for (const { priority, recipient: to, state } of entries) {
      let destination = destinations.get(to);
      if (destination === undefined)
        destinations.set(to, (destination = { to, waiting: 0, running: 0, byPriority: new Array(10).fill(0) }));
      if (state === "running") {
        running++;
        destination.running++;
      } else {
        waiting++;
        destination.waiting++;
        destination.byPriority[priority] = (destination.byPriority[priority] ?? 0) + 1;
      }
    }
    const { submitted, done, failed, cancelled, retried, preempted, discarded } = this;
    const longest = [...destinations.values()].sort((a, b) => b.waiting + b.running - a.waiting - a.running);
    return {
      submitted,
      done,
      failed,
      cancelled,
      retried,
      preempted,
      discarded,
      waiting,
      running,
      destinations: longest.slice(0, destinationsMax),
    };
  }
}
