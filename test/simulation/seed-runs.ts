/** Many seeds at once, on as many threads as there are cores. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { RangeOutcome, SeedRange } from "./seed-worker.ts";

const threadsMax = 4;

/** Runs that many seeds from 1 on; of each thread the first that failed are told. */
export async function runSeeds(seeds: number): Promise<RangeOutcome> {
  const threads = Math.min(threadsMax, Math.max(2, availableParallelism()));
  const outcomes = await Promise.all(
    Array.from({ length: threads }, (_, at) => run({ from: 1 + at, to: 1 + seeds, by: threads })),
  );
  const sum = (of: (outcome: RangeOutcome) => number) => outcomes.reduce((total, outcome) => total + of(outcome), 0);
  return {
    ran: sum(({ ran }) => ran),
    steps: sum(({ steps }) => steps),
    failed: outcomes.flatMap(({ failed }) => failed),
  };
}

function run(range: SeedRange): Promise<RangeOutcome> {
  const { promise, resolve, reject } = Promise.withResolvers<RangeOutcome>();
  const worker = new Worker(new URL("./seed-worker.js", import.meta.url), { workerData: range, execArgv: [] });
  worker.once("message", resolve);
  worker.once("error", reject);
  worker.once("exit", () => reject(new Error("a worker ended without a word")));
  return promise;
}
