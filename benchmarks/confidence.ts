/** How sure a ratio is that was taken several times: its geometric mean, and the interval that has the true one 95 times of 100. */

export interface Estimate {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Student's t, two-sided, 95 %, by degrees of freedom from 1. */
const t95 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045,
] as const;
const tOfMany = 2.042;

/** @param ratios above 0, each of a round of its own; they are taken to be log-normal. @throws RangeError for fewer than two. */
export function estimate(ratios: readonly number[]): Estimate {
  const count = ratios.length;
  if (count < 2) throw new RangeError(`an interval needs two ratios at least, got ${count}`);
  const logs = ratios.map(Math.log);
  const mean = logs.reduce((sum, log) => sum + log, 0) / count;
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (count - 1);
  const half = (t95[count - 2] ?? tOfMany) * Math.sqrt(variance / count);
  return { mean: Math.exp(mean), low: Math.exp(mean - half), high: Math.exp(mean + half) };
}
