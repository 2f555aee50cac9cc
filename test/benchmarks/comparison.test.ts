import { expect, test } from "@jest/globals";
import { comparedOf, comparisonTable, type Series } from "../../benchmarks/comparison.ts";
import { estimate } from "../../benchmarks/confidence.ts";
import { SeededRandom } from "../../core/index.ts";

test("ratios that are all the same are sure", () => {
  expect(estimate([1.5, 1.5, 1.5])).toEqual({ mean: 1.5, low: expect.closeTo(1.5), high: expect.closeTo(1.5) });
});

test("the interval is that of Student's t of the logarithms", () => {
  // By hand: logarithms of mean 0 and deviation ln 2, of three; t is 4.303.
  const half = (4.303 * Math.log(2)) / Math.sqrt(3);
  expect(estimate([0.5, 1, 2])).toEqual({
    mean: expect.closeTo(1),
    low: expect.closeTo(Math.exp(-half)),
    high: expect.closeTo(Math.exp(half)),
  });
});

test("it has the true ratio 95 times of 100", () => {
  const seeded = new SeededRandom(7);
  const random = () => seeded.next();
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  let hits = 0;
  for (let run = 0; run < 2_000; run++) {
    const { low, high } = estimate(Array.from({ length: 5 }, () => 1.2 * Math.exp(0.1 * normal())));
    if (low <= 1.2 && 1.2 <= high) hits++;
  }
  expect(hits / 2_000).toBeGreaterThan(0.93);
  expect(hits / 2_000).toBeLessThan(0.97);
});

test.each([[[]], [[1]]])("there is none of %j", (ratios) => {
  expect(() => estimate(ratios)).toThrow(RangeError);
});

const series = (medians: readonly number[]): Series => ({ unit: "ns/hop", medians: [...medians] });

test.each<[string, readonly number[], boolean, string]>([
  ["twice as slow", [200, 202, 198], true, "LOST"],
  ["twice as fast", [50, 51, 49], false, "faster"],
  ["a little slower, which is borne", [105, 105.1, 104.9], false, "slower"],
  ["a tenth slower, as far as one can see", [100, 130, 100], false, "the same"],
])("%s", (_what, now, isLost, said) => {
  const compared = comparedOf(new Map([["ring", series([100, 100, 100])]]), new Map([["ring", series(now)]]), 0.1);
  expect(compared).toMatchObject([{ benchmark: "ring", unit: "ns/hop", former: 100, isLost }]);
  expect(comparisonTable(compared, "main", 0.1)).toContain(said);
});

test("rounds are compared one by one: what slows down both costs neither", () => {
  const former = new Map([["ring", series([100, 200, 400])]]);
  const [one] = comparedOf(former, new Map([["ring", series([101, 202, 404])]]), 0.1);
  expect(one?.ratio.high).toBeCloseTo(1 / 1.01);
});

test("a question that one side does not have is left out", () => {
  expect(comparedOf(new Map(), new Map([["ring", series([1, 2])]]), 0.1)).toEqual([]);
});
