/** The report folder: report.json with the result and the points of the time line, timeline.svg with its picture. */
import { accessSync, constants, mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { RuntimeError } from "../../index.ts";
import type { Corpus } from "./corpus.ts";
import type { JobOutcome } from "./job.ts";
import type { DemoResult } from "./result.ts";
import { ratesOf, type TimelinePoint } from "./timeline.ts";
import { timelineSvg } from "./timeline-svg.ts";

export interface ReportOptions {
  /** Absolute. */
  readonly path: string;
  readonly seed: number;
  readonly corpus: Corpus;
  readonly result: DemoResult;
  readonly outcome: JobOutcome;
  readonly points: readonly TimelinePoint[];
}

/**
 * Makes the folder where there is none, and makes sure that files can be written there: before the work and not after it.
 * Returns its absolute path. @throws RuntimeError `bad_argument`.
 */
export function makeReportFolder(folder: string): string {
  const path = resolve(folder);
  try {
    makeFolder(path);
    accessSync(path, constants.W_OK);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new RuntimeError("bad_argument", `--report ${path}: give a folder that can be written to, or made (${why})`);
  }
  return path;
}

/** By hand: mkdirSync with `recursive` never returns where a file system refuses with ENOENT, as /proc does. */
function makeFolder(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) return;
  if (found !== undefined) throw new Error("it is no folder");
  makeFolder(dirname(path));
  mkdirSync(path);
}

/** Writes both files into a folder that is there. */
export function writeReport({ path, seed, corpus, result, outcome, points }: ReportOptions): void {
  const rates = ratesOf(points);
  const faults = outcome.faults.map(({ kind, atMs }) => ({
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
  writeFileSync(join(path, "report.json"), `${JSON.stringify(report, undefined, 2)}\n`);
  writeFileSync(join(path, "timeline.svg"), timelineSvg(result, points, faults));
}
