/** What is left of a contender's samples: order statistics, never a mean, since a shared machine has outliers. */

/** Samples in the order in which they were taken make so many runs, each as long as the others. */
const runsMax = 3;

export interface Summary {
  readonly median: number;
  /** The least median of three runs: of the first, the second and the last third of the samples. By it goals are judged. */
  readonly best: number;
  readonly p99: number;
  readonly min: number;
  readonly max: number;
  /** How many samples these were taken from; below 100 the p99 is the maximum. */
  readonly samples: number;
}

/** @param samples in the order in which they were taken @throws RangeError if there is no sample. */
export function summarize(samples: ArrayLike<number>): Summary {
  const sorted = Float64Array.from(samples).sort();
  const count = sorted.length;
  return {
    median: medianOf(sorted),
    best: Math.min(...runsOf(Float64Array.from(samples)).map((run) => medianOf(run.sort()))),
    // Nearest rank: the smallest sample that 99 of 100 do not exceed.
    p99: at(sorted, Math.ceil(0.99 * count) - 1),
    min: at(sorted, 0),
    max: at(sorted, count - 1),
    samples: count,
  };
}

function runsOf(samples: Float64Array): Float64Array[] {
  const runs = Math.min(runsMax, samples.length);
  const start = (run: number) => Math.round((run * samples.length) / runs);
  return Array.from({ length: runs }, (_, run) => samples.slice(start(run), start(run + 1)));
}

function medianOf(sorted: Float64Array): number {
  const count = sorted.length;
  return (at(sorted, Math.floor((count - 1) / 2)) + at(sorted, Math.floor(count / 2))) / 2;
}

function at(sorted: Float64Array, position: number): number {
  const sample = sorted[position];
  if (sample === undefined) throw new RangeError("a summary needs at least one sample");
  return sample;
}
