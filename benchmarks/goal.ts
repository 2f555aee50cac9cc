/**
 * What is wanted of a contender, most often the first of its question, and what was reached: said of each, met or not. Each side
 * counts with the best median of its three runs (`Summary.best`).
 */
import type { Figures } from "./harness.ts";

export interface Goal {
  /** As it stands in a table of goals. */
  readonly text: string;
  /** The contender that is judged. Default: the first. */
  readonly who?: string;
  /** The contender that it is measured by; undefined: its own best median, or 99th percentile, in the question's unit. */
  readonly against?: string;
  /** So many times as fast, or faster: 0.8 is a fifth slower at most. Without `against` the most that it may take. */
  readonly wanted: number;
  /** Without `against`. Default `best`. */
  readonly of?: "best" | "p99";
}

/** @param times below 1: no more than so much slower @param who default: the first contender */
export function asFastAs(against: string, times: number, who?: string): Goal {
  const text = `${times.toPrecision(3)} times as fast as ${against}`;
  return {
    text: who === undefined ? text : `${who}: ${text}`,
    against,
    wanted: times,
    ...(who !== undefined && { who }),
  };
}

export interface GoalResult {
  readonly text: string;
  /** Null: itself. */
  readonly against: string | null;
  readonly wanted: number;
  /** A ratio, or its own figure where there is nobody beside it. Null: that contender was not there. */
  readonly reached: number | null;
  readonly met: boolean;
}

/** @param figures of all that ran, in the order of the question; empty: nothing was verified, and no goal is met */
export function judged(goals: readonly Goal[], figures: readonly Figures[]): GoalResult[] {
  const named = (name: string) => figures.find((one) => one.name === name);
  return goals.map(({ text, who, against, wanted, of = "best" }) => {
    const result = { text, against: against ?? null, wanted };
    const own = who === undefined ? figures[0] : named(who);
    if (against === undefined)
      return own === undefined
        ? { ...result, reached: null, met: false }
        : { ...result, reached: own[of], met: own[of] <= wanted };
    const other = named(against);
    const reached = own === undefined || other === undefined ? null : other.best / own.best;
    return { ...result, reached, met: reached !== null && reached >= wanted };
  });
}
