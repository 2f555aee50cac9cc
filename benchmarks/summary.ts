/** What is left of a contender's samples: order statistics, never a mean, since a shared machine has outliers. */

export interface Summary {
  readonly median: number;
  readonly p99: number;
  readonly min: number;
  readonly max: number;
  /** How many samples these were taken from; below 100 the p99 is the maximum. */
  readonly samples: number;
}

/** @throws RangeError if there is no sample. */
export function summarize(samples: ArrayLike<number>): Summary {
  const sorted = Float64Array.from(samples).sort();
  const count = sorted.length;
  return {
    median: (at(sorted, Math.floor((count - 1) / 2)) + at(sorted, Math.floor(count / 2))) / 2,
    // Nearest rank: the smallest sample that 99 of 100 do not exceed.
    p99: at(sorted, Math.ceil(0.99 * count) - 1),
    min: at(sorted, 0),
    max: at(sorted, count - 1),
    samples: count,
  };
}

function at(sorted: Float64Array, position: number): number {
  const sample = sorted[position];
  if (sample === undefined) throw new RangeError("a summary needs at least one sample");
  return sample;
}
