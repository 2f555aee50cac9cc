/** What a contender has reached, made up: around a median. */
import type { Figures } from "../../benchmarks/harness.ts";

export const figures = (name: string, median: number, ratio: number, best = median): Figures => ({
  name,
  median,
  best,
  p99: median * 3,
  min: median,
  max: median * 3,
  samples: 15,
  allocatedBytes: 96,
  gcNs: 1.5,
  heapBytes: 12 * 2 ** 20,
  rssBytes: null,
  size: 20,
  ratio,
});
