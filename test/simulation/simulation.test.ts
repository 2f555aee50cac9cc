/** Simulated threads: every clause of `core/SEMANTICS.md` that a schedule can break, held against seeded programs. See README.md. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { expect, test } from "@jest/globals";
import { keptSeeds } from "./kept-seeds.ts";
import type { RangeOutcome, SeedRange } from "./seed-worker.ts";
import { simulate } from "./simulate.ts";

const seeds = 10_000;
const limitMs = 150_000;

test.each(keptSeeds)("seed $seed holds: $was", async ({ seed }) => {
  expect((await simulate(seed)).breaches).toEqual([]);
});

test("the same seed gives the same run", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const once = await simulate(seed);
    const again = await simulate(seed);
    expect(again).toEqual(once);
  }
});

test(
  `${seeds} seeds hold every clause`,
  async () => {
    const workers = Math.min(4, Math.max(2, availableParallelism()));
    const outcomes = await Promise.all(
      Array.from({ length: workers }, (_, at) => run({ from: 1 + at, to: 1 + seeds, by: workers })),
    );
    // A seed that stands here fails alone, too: node dist/test/simulation/run.js --seeds 1 --from SEED --tell
    expect(outcomes.flatMap(({ failed }) => failed)).toEqual([]);
    expect(outcomes.reduce((sum, { ran }) => sum + ran, 0)).toBe(seeds);
  },
  limitMs,
);

function run(range: SeedRange): Promise<RangeOutcome> {
  const { promise, resolve, reject } = Promise.withResolvers<RangeOutcome>();
  const worker = new Worker(new URL("./seed-worker.js", import.meta.url), { workerData: range, execArgv: [] });
  worker.once("message", resolve);
  worker.once("error", reject);
  worker.once("exit", () => reject(new Error("a worker ended without a word")));
  return promise;
}
