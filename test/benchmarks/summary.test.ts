import { expect, test } from "@jest/globals";
import { summarize } from "../../benchmarks/summary.ts";

test.each([
  { samples: [7], median: 7, best: 7, p99: 7, min: 7, max: 7 },
  { samples: [4, 1, 3, 2], median: 2.5, best: 2, p99: 4, min: 1, max: 4 },
  { samples: Array.from({ length: 100 }, (_, n) => 100 - n), median: 50.5, best: 17, p99: 99, min: 1, max: 100 },
  { samples: Array.from({ length: 1_000 }, (_, n) => n + 1), median: 500.5, best: 167, p99: 990, min: 1, max: 1_000 },
])("$samples.length samples have median $median and p99 $p99", ({ samples, ...figures }) => {
  expect(summarize(samples)).toEqual({ ...figures, samples: samples.length });
});

test("the best median is that of the first, the second or the last third of the samples as they came", () => {
  const slow = [9, 9, 1, 9, 9];
  expect(summarize([...slow, 6, 1, 6, 5, 6, ...slow])).toMatchObject({ median: 9, best: 6 });
  expect(summarize([...slow, ...slow, 5, 1, 4, 9, 9])).toMatchObject({ median: 9, best: 5 });
});

test("there is no summary of nothing", () => {
  expect(() => summarize([])).toThrow(RangeError);
});
