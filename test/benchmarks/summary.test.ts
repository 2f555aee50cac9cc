import { expect, test } from "@jest/globals";
import { summarize } from "../../benchmarks/summary.ts";

test.each([
  { samples: [7], median: 7, p99: 7, min: 7, max: 7 },
  { samples: [4, 1, 3, 2], median: 2.5, p99: 4, min: 1, max: 4 },
  { samples: Array.from({ length: 100 }, (_, n) => 100 - n), median: 50.5, p99: 99, min: 1, max: 100 },
  { samples: Array.from({ length: 1_000 }, (_, n) => n + 1), median: 500.5, p99: 990, min: 1, max: 1_000 },
])("$samples.length samples have median $median and p99 $p99", ({ samples, ...figures }) => {
  expect(summarize(samples)).toEqual({ ...figures, samples: samples.length });
});

test("there is no summary of nothing", () => {
  expect(() => summarize([])).toThrow(RangeError);
});
