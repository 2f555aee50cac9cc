/**
 * `mofa demo [folder]`: ten thousand agents under a supervision tree at real work, while faults are thrown at them.
 *
 * They count lines, words and bytes of every text file below the folder, and the sums are those of `wc` in a UTF-8 locale, faults or not.
 */
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import type { Screen } from "./block.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";
import { readCorpus, slicesOf } from "./demo/corpus.ts";
import { type JobOptions, type JobOutcome, runJob, type Snapshot } from "./demo/job.ts";
import { LiveView } from "./demo/live-view.ts";
import { makeReportFolder, writeReport } from "./demo/report.ts";
import { demoResult, shortcomings } from "./demo/result.ts";
import { summaryText } from "./demo/summary.ts";
import { Timeline } from "./demo/timeline.ts";
import { WorkPlan } from "./demo/work-plan.ts";
import { folderName } from "./folder-name.ts";
import { wholeNumber } from "./whole-number.ts";

/** Upper bound of agents: each has a slot on a thread. */
const agentsMax = 100_000;
const threadsMax = 64;

type DemoOptions = {
  readonly seed: number;
  readonly agents: number;
  readonly threads: number;
  readonly seconds: number;
  readonly faults: boolean;
  readonly report?: string;
  readonly json?: boolean;
  readonly list?: boolean;
};

/** Also on one core there are two, or there would be nobody left to take over. */
const threadsDefault = Math.max(2, availableParallelism() - 1);

export function describe(command: Command): void {
  command
    .argument("[folder]", "where the text files are", folderName, packageFolder())
    .option("--seed <n>", "seed of the plan of tasks and faults", wholeNumber(0, 2 ** 32 - 1), 1)
    .option("--agents <n>", "how many agents", wholeNumber(1, agentsMax), 10_000)
    .option("--threads <n>", "scheduler threads beside main", wholeNumber(1, threadsMax), threadsDefault)
    .option("--seconds <n>", "go on for so long; 0: until the plan is done", wholeNumber(0, 86_400), 0)
    .option("--no-faults", "inject none")
    .option("--report <folder>", "write report.json and timeline.svg there", folderName)
    .option("--json", "print the result as JSON, and nothing else")
    .option("--list", "print the files that would be counted, and end");
}

export async function run(
  operands: readonly string[],
  options: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<ExitCode> {
  // `describe` above declares these options, so commander has made them this.
  const { seed, agents, threads, seconds, faults, report, json, list } = options as DemoOptions;
  const corpus = readCorpus(operands[0] ?? packageFolder());
  if (list) {
    context.out.write(corpus.files.map(({ path }) => `${path}\n`).join(""));
    return exitCodes.ok;
  }
  const reportPath = report === undefined ? undefined : makeReportFolder(report);
  for (const reason of corpus.unreadable) context.err.write(`mofa demo: left out: ${reason}\n`);
  const job: JobOptions = { corpus, plan: { seed, agents, hasFaults: faults }, threads, seconds };
  const timeline = new Timeline();
  const outcome = await watched(job, json === true, timeline, context);
  if (outcome === undefined) {
    context.err.write("mofa demo: interrupted, and stopped in order\n");
    return exitCodes.interrupted;
  }
  const result = demoResult(job, outcome);
  context.out.write(json ? `${JSON.stringify(result, undefined, 2)}\n` : summaryText(result));
  if (reportPath !== undefined) {
    writeReport({ path: reportPath, seed, corpus, result, outcome, points: timeline.points });
    if (!json) context.out.write(`  report    ${reportPath}\n`);
  }
  const found = shortcomings(result, corpus, outcome);
  for (const sentence of found) context.err.write(`mofa demo: ${sentence}\n`);
  return found.length === 0 ? exitCodes.ok : exitCodes.failed;
}

/** With `--json` there is nothing to see, unless somebody sits at a terminal. */
async function watched(
  job: JobOptions,
  isQuiet: boolean,
  timeline: Timeline,
  { err, signal }: CommandContext,
): Promise<JobOutcome | undefined> {
  const screen: Screen = err;
  const { corpus, plan } = job;
  const slices = slicesOf(corpus.files).length;
  const facts = {
    agents: plan.agents,
    files: corpus.files.length,
    slices,
    tasks: Math.max(slices, new WorkPlan(plan).tasks),
  };
  using view = isQuiet && !screen.isTTY ? undefined : new LiveView(screen, facts);
  const show = (snapshot: Snapshot) => {
    timeline.add(snapshot);
    view?.show(snapshot);
  };
  return await runJob(job, signal, show, (line) => void err.write(`mofa demo: ${line}\n`));
}

/** Two folders above the built file. */
function packageFolder(): string {
  return fileURLToPath(new URL("../../", import.meta.url));
}
