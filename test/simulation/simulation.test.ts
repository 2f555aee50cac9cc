/** Simulated threads: every clause of `core/SEMANTICS.md` that a schedule can break, held against seeded programs. See README.md. */
import { expect, test } from "@jest/globals";
import { keptSeeds } from "./kept-seeds.ts";
import { runSeeds } from "./seed-runs.ts";
import { simulate } from "./simulate.ts";

/** The stress suite `simulation` runs five times as many. */
const seeds = 2_000;
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
    const { ran, failed } = await runSeeds(seeds);
    // A seed that stands here fails alone, too: node dist/test/simulation/run.js --seeds 1 --from SEED --tell
    expect(failed).toEqual([]);
    expect(ran).toBe(seeds);
  },
  limitMs,
);
