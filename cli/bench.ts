/** `mofa bench [file...]`: the runtime and what stands beside it, measured on this machine. */
import type { Command } from "commander";
import { type BenchmarksEnd, benchmarkFiles, defaultSeed, runBenchmarks, seedMax } from "../benchmarks/index.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";
import { wholeNumber } from "./whole-number.ts";

interface BenchOptions {
  readonly quick?: boolean;
  readonly filter?: string;
  readonly seed?: number;
  readonly report?: string;
  readonly json?: boolean;
}

const codeOf: Readonly<Record<BenchmarksEnd, ExitCode>> = {
  verified: exitCodes.ok,
  unverified: exitCodes.failed,
  unasked: exitCodes.usage,
  stopped: exitCodes.interrupted,
};

export function describe(command: Command): void {
  const files = command.createArgument("[file...]", "what to ask; default: all of them");
  command
    .addArgument(files.choices(benchmarkFiles))
    .option("--quick", "small sizes, one repetition, one peer: shows that it runs; not for comparison")
    .option("--filter <text>", "only questions with the text in their name")
    .option("--seed <n>", `of all that is drawn by chance (default: ${defaultSeed})`, wholeNumber(0, seedMax))
    .option(
      "--report <dir>",
      "write index.html there, with pictures of the ratios; the folder is made if it is not there",
    )
    .option("--json", "print all results as one line, and nothing else on stdout")
    .addHelpText(
      "after",
      "\nA peer that is not installed is named as absent. The exit code is 0 where all was verified, whatever goals were met,\nand 1 where something was not.",
    );
}

/** Fails where a result was wrong. */
export async function run(
  operands: readonly string[],
  options: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<ExitCode> {
  // `describe` above declares these options, so commander has made them this.
  const { quick = false, filter = "", seed = defaultSeed, report, json = false } = options as BenchOptions;
  const asked = { files: operands, isQuick: quick, filter, seed, reportFolder: report, isJson: json };
  return codeOf[await runBenchmarks(asked, context)];
}
