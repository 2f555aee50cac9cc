/** Two revisions beside each other: what each has measured in turn, and what became of it. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Estimate, estimate } from "./confidence.ts";
import { aligned, figure } from "./report.ts";

export interface Compared {
  readonly benchmark: string;
  readonly unit: string;
  /** Medians of the rounds' medians. */
  readonly former: number;
  readonly now: number;
  /** Above 1: it is faster now. */
  readonly ratio: Estimate;
  readonly isLost: boolean;
}

/** What one side has measured of a question: one median for each round. */
export interface Series {
  readonly unit: string;
  readonly medians: number[];
}

/** Runs a file of a revision, and adds what its runtime has reached. @throws Error where a result was wrong. */
export async function measure(
  folder: string,
  into: Map<string, Series>,
  file: string,
  filter: string,
  signal: AbortSignal,
): Promise<void> {
  const args = [
    ...process.execArgv,
    join(folder, `dist/benchmarks/${file}.js`),
    "--alone",
    "--json",
    "--filter",
    filter,
  ];
  const { stdout } = await promisify(execFile)(process.execPath, args, { signal, maxBuffer: 2 ** 26 });
  for (const { benchmark, unit, ours } of (JSON.parse(stdout) as { results: Result[] }).results) {
    const entry = into.get(benchmark) ?? { unit, medians: [] };
    entry.medians.push(ours.median);
    into.set(benchmark, entry);
  }
}

interface Result {
  readonly benchmark: string;
  readonly unit: string;
  readonly ours: { readonly median: number };
}

/** Of those that both sides have. */
export function comparedOf(
  former: ReadonlyMap<string, Series>,
  now: ReadonlyMap<string, Series>,
  loss: number,
): Compared[] {
  return [...now].flatMap(([benchmark, { unit, medians }]) => {
    const before = former.get(benchmark)?.medians;
    if (before === undefined) return [];
    const ratio = estimate(medians.map((median, round) => (before[round] as number) / median));
    return [{ benchmark, unit, former: middle(before), now: middle(medians), ratio, isLost: ratio.high < 1 - loss }];
  });
}

const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] as number;

export function comparisonTable(compared: readonly Compared[], revision: string, loss: number): string {
  const rows = compared.map(({ benchmark, unit, former, now, ratio, isLost }) => [
    benchmark,
    unit,
    figure(former),
    figure(now),
    `${ratio.mean.toFixed(3)}x`,
    `${ratio.low.toFixed(3)}-${ratio.high.toFixed(3)}`,
    isLost ? `LOST more than ${loss}` : ratio.low > 1 ? "faster" : ratio.high < 1 ? "slower" : "the same",
  ]);
  return aligned([["question", "unit", revision, "now", "ratio", "95 %", ""], ...rows]).join("\n");
}
