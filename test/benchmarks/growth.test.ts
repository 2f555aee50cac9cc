/** Crowds and loads of `growth.ts` at small sizes: all come through each phase, and what they hold is counted. */
import { afterEach, expect, test } from "@jest/globals";
import type { Contender } from "../../benchmarks/harness.ts";
import { crowd, load, weighedCrowd } from "../../benchmarks/peers/growing.ts";

let contender: Contender | undefined;
afterEach(async () => {
  await contender?.close();
  contender = undefined;
});

test.each(["spawn", "message", "stop"] as const)("all of several crowds come through %s, twice", async (timed) => {
  contender = crowd({ actors: 100, timed, dividedBy: 1 });
  for (let time = 0; time < 2; time++) {
    const { result, elapsedMs } = await contender.run(250); // the last crowd is smaller
    expect(result).toBe(250);
    expect(elapsedMs).toBeGreaterThan(0);
  }
});

test("what a crowd holds is more than nothing, and less than a kilobyte each; twice, since each has a new system", async () => {
  contender = weighedCrowd({ actors: 5_000, dividedBy: 1 });
  for (let time = 0; time < 2; time++) {
    const { result, bytes = 0 } = await contender.run(5_000);
    expect(result).toBe(5_000);
    expect(bytes / result).toBeGreaterThan(50);
    expect(bytes / result).toBeLessThan(1_000);
  }
});

test.each([
  [1, 0],
  [3, 0],
  [1, 100],
  [3, 100],
])("a load on %i threads, %i pairs of it between two, makes all trips, twice", async (threads, between) => {
  contender = load(threads, between);
  for (let time = 0; time < 2; time++) expect(await contender.run(950)).toMatchObject({ result: 950 });
});
