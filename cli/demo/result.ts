/** What the job came to, as `--json` prints it and report.json holds it. */
import type { SystemStats } from "../../index.ts";
import { sumOf, type Totals } from "./aggregator.ts";
import type { Corpus } from "./corpus.ts";
import type { Ends, JobOptions, JobOutcome } from "./job.ts";
import { poisonAttempts } from "./task-feed.ts";
import type { TextCount } from "./text-count.ts";
import type { ThinkersResult } from "./thinkers.ts";
import { WorkPlan } from "./work-plan.ts";

export interface DemoResult {
  readonly agents: number;
  readonly threads: number;
  readonly planHash: string;
  /** Of the first pass over the files: what `wc` says of them. */
  readonly result: { readonly files: number } & TextCount;
  /** `submitted`: tasks; `retried`: times that one was handed out again; `lost`: those whose effect is counted nowhere. */
  readonly tasks: {
    readonly submitted: number;
    readonly done: number;
    readonly retried: number;
    readonly lost: number;
  };
  /** Faults that struck. `poisoned`: poison messages in quarantine; they are no tasks. */
  readonly faults: {
    readonly thrown: number;
    /** Turns that did not end, and calls of `process.exit`. */
    readonly looped: number;
    readonly exited: number;
    readonly threadsLost: number;
    readonly processesLost: number;
    readonly poisoned: number;
  };
  /** What was published, and what became of it for the one subscription that each message is for. */
  readonly bus: SystemStats["bus"];
  /** Agents that think, beside those that count. */
  readonly models: ThinkersResult;
  /** Agents that were started again. */
  readonly restarts: number;
  /** Runaway turns that were killed. */
  readonly kills: number;
  /** How processes were lost: by which signal or exit code, and the actor's exit reason. */
  readonly processEnds: Ends["processes"];
  /** The stack of one runaway turn, where it was cut down; null if there was none. */
  readonly runaway: string | null;
  /** From a fault to the first task that the failed agent's successor finished; null without a fault. */
  readonly recoveryMs: { readonly p50: number | null; readonly p99: number | null };
  readonly memory: { readonly rssMb: number; readonly peakRssMb: number };
  readonly durationMs: number;
}

export function demoResult({ corpus, plan, threads }: JobOptions, outcome: JobOutcome): DemoResult {
  const { feed, totals, struck, closing, stats, ends, durationMs } = outcome;
  const { submitted, poisoned } = feed;
  const { thrown, looped, exited } = struck;
  const { threadsLost, processesLost, bus, cuts } = stats;
  const done = totals.reduce((sum, { tasks }) => sum + tasks, 0);
  const firstPass = totals.map((total) => total.firstPass).reduce(sumOf);
  const recoveries = [...closing.recoveriesMs].sort((a, b) => a - b);
  // Poison messages are no tasks.
  const retried = stats.tasks.retried - poisoned * (poisonAttempts - 1);
  return {
    agents: plan.agents,
    threads,
    planHash: new WorkPlan(plan).planHash,
    result: { files: corpus.files.length, ...firstPass },
    tasks: { submitted, done, retried, lost: submitted - done },
    bus,
    faults: { thrown, looped, exited, threadsLost, processesLost, poisoned },
    models: outcome.models,
    restarts: closing.restarts,
    kills: cuts,
    processEnds: ends.processes,
    runaway: ends.runaway ?? null,
    recoveryMs: { p50: quantile(recoveries, 0.5), p99: quantile(recoveries, 0.99) },
    memory: { rssMb: inMb(process.memoryUsage.rss()), peakRssMb: inMb(process.resourceUsage().maxRSS * 1_024) },
    durationMs: Math.round(durationMs),
  };
}

/** Why the result cannot be trusted, one sentence each; none if it can. */
export function shortcomings(result: DemoResult, corpus: Corpus, { givenUp, totals }: JobOutcome): string[] {
  const found: string[] = [];
  const mismatches = totals.reduce((sum, total: Totals) => sum + total.mismatches, 0);
  const bytes = corpus.files.reduce((sum, file) => sum + file.bytes, 0);
  if (result.tasks.lost > 0) {
    found.push(`${result.tasks.lost} tasks were lost${givenUp.map((text) => `\n  ${text}`).join("")}`);
  }
  if (mismatches > 0) found.push(`${mismatches} slices were not the same in every pass: files were changed meanwhile`);
  if (result.result.bytes !== bytes) found.push(`${result.result.bytes} bytes were counted, the files have ${bytes}`);
  return found;
}

/** The value below which that part of the sorted values lies (nearest rank), to a tenth; null if there are none. */
function quantile(sorted: readonly number[], part: number): number | null {
  const value = sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)];
  return value === undefined ? null : Math.round(value * 10) / 10;
}

function inMb(bytes: number): number {
  return Math.round(bytes / 1_048_576);
}
