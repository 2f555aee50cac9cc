/** When faults that strike by the clock are due, each on the thread of its victim; a plan has few. */
import type { ThreadFault, TurnFault } from "./plan.ts";

type TimedFault = TurnFault | ThreadFault;

interface Moment {
  readonly fault: TimedFault;
  dueMs: number;
  /** Moments of the fault before. */
  count: number;
}

export class Moments {
  readonly #moments: readonly Moment[];

  /** @param beganMs what the faults' `atMs` count from. */
  constructor(faults: readonly TimedFault[], beganMs: number) {
    this.#moments = faults.map((fault) => ({ fault, dueMs: beganMs + fault.atMs, count: 0 }));
  }

  get nextMs(): number {
    return this.#moments.reduce((next, { dueMs }) => Math.min(next, dueMs), Number.POSITIVE_INFINITY);
  }

  /** The faults that are due, in the order of the plan, and the how-manieth time. A clock that went far is one moment. */
  takeDue(nowMs: number): { readonly fault: TimedFault; readonly count: number }[] {
    const due = this.#moments.filter(({ dueMs }) => dueMs <= nowMs);
    return due.map((moment) => {
      const { fault, dueMs, count } = moment;
      const periods = Math.floor((nowMs - dueMs) / fault.everyMs) + 1;
      moment.dueMs = fault.everyMs === Number.POSITIVE_INFINITY ? fault.everyMs : dueMs + periods * fault.everyMs;
      moment.count++;
      return { fault, count };
    });
  }
}
