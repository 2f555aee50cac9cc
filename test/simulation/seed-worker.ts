/** A worker that runs every so many-th seed of a range and says which failed: the suite keeps all cores busy with it. */
import { parentPort, workerData } from "node:worker_threads";
import { type Outcome, simulate } from "./simulate.ts";

/** Seeds `from`, `from + by`, ... below `to`. */
export interface SeedRange {
  readonly from: number;
  readonly to: number;
  readonly by: number;
}

/** What a range came to. */
export interface RangeOutcome {
  readonly ran: number;
  readonly steps: number;
  /** The first failures. */
  readonly failed: readonly Pick<Outcome, "seed" | "breaches">[];
}

/** Failures after which the rest of a range is not run: one is enough to be looked into. */
const failedMax = 5;

// Errors are part of what is simulated; nobody reads where they were made.
Error.stackTraceLimit = 0;
const { from, to, by } = workerData as SeedRange;
const failed: Pick<Outcome, "seed" | "breaches">[] = [];
let ran = 0;
let steps = 0;
for (let seed = from; seed < to && failed.length < failedMax; seed += by) {
  const outcome = await simulate(seed);
  ran++;
  steps += outcome.steps;
  if (outcome.breaches.length > 0) failed.push({ seed, breaches: outcome.breaches });
}
parentPort?.postMessage({ ran, steps, failed } satisfies RangeOutcome);
