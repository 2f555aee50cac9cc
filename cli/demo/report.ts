/** The report folder: report.json with the result and the points of the time line, timeline.svg with its picture. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Corpus } from "./corpus.ts";
import type { JobOutcome } from "./job.ts";
import type { DemoResult } from "./result.ts";
import { ratesOf, type TimelinePoint } from "./timeline.ts";
import { timelineSvg } from "./timeline-svg.ts";

export interface ReportOptions {
  readonly folder: string;
  readonly seed: number;
  readonly corpus: Corpus;
  readonly result: DemoResult;
  readonly outcome: JobOutcome;
  readonly points: readonly TimelinePoint[];
}

/** Writes both files, and makes the folder where there is none. Returns its absolute path. */
export function writeReport({ folder, seed, corpus, result, outcome, points }: ReportOptions): string {
  const path = resolve(folder);
  const rates = ratesOf(points);
  const faults = outcome.closing.faults.map(({ kind, atMs }) => ({
    kind,
    atMs: Math.round(atMs - outcome.startedAtMs),
  }));
  const report = {
    writtenAt: new Date().toISOString(),
    node: process.version,
    seed,
    folder: corpus.folder,
    unreadable: corpus.unreadable,
    ...result,
    faultsAt: faults,
    timeline: points.map((point, at) => ({ ...point, tasksPerSecond: Math.round(rates[at] ?? 0) })),
  };
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "report.json"), `${JSON.stringify(report, undefined, 2)}\n`);
  writeFileSync(join(path, "timeline.svg"), timelineSvg(result, points, faults));
  return path;
}
