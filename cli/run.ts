/** `mofa run <module> [args…]`: starts a program that exports a root supervisor or a `main(system, args)`, and stops it in order. */
import type { Command } from "commander";
import { isOrderly } from "../core/index.ts";
import { type MofaSystem, type RefData, reasonText, startSystem } from "../index.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";
import { Journal } from "./run/journal.ts";
import { loadProgram, type Program } from "./run/program.ts";
import { runWatched } from "./run/watched-program.ts";
import { wholeNumber } from "./whole-number.ts";

const threadsMax = 64;

interface RunOptions {
  readonly threads?: number;
  readonly watch?: boolean;
}

export function describe(command: Command): void {
  command
    .argument(
      "<module>",
      "a .js or .ts file that exports `main(system, args)`, `supervisor`, or a supervisor by default",
    )
    .argument("[args...]", "for the program; those that begin with - come after --")
    .option(
      "--threads <n>",
      "scheduler threads beside main (default: one per core less one)",
      wholeNumber(1, threadsMax),
    )
    .option("--watch", "start it again when a source in its folder, or below it, changes");
}

export async function run(
  operands: readonly string[],
  options: Readonly<Record<string, unknown>>,
  { err, signal }: CommandContext,
): Promise<ExitCode> {
  const [module = "", ...args] = operands;
  // `describe` above declares these options, so commander has made them this.
  const { threads, watch } = options as RunOptions;
  if (watch) {
    const passedOn = threads === undefined ? [] : ["--threads", String(threads)];
    await runWatched({ module, args, options: passedOn, err }, signal);
    return exitCodes.ok;
  }
  const program = await loadProgram(module);
  const system = await startSystem(threads === undefined ? {} : { threads });
  using journal = new Journal(system, err);
  const { promise: stopped, resolve, reject } = Promise.withResolvers<undefined>();
  const stop = () => void system.stop().then(() => resolve(undefined), reject);
  signal.addEventListener("abort", stop, { once: true });
  try {
    if (signal.aborted) return exitCodes.interrupted;
    // A `main` that goes on waiting after the stop is not waited for.
    const failure = await Promise.race([runProgram(system, program, args, journal), stopped]);
    if (failure === undefined || signal.aborted) return exitCodes.ok;
    err.write(`mofa run: ${module}: ${failure}\n`);
    return exitCodes.failed;
  } finally {
    signal.removeEventListener("abort", stop);
    await system.stop();
  }
}

/** Runs it to its end. What went wrong, as a sentence, or undefined; what `main` throws is thrown. */
async function runProgram(
  system: MofaSystem,
  program: Program,
  args: readonly string[],
  journal: Journal,
): Promise<string | undefined> {
  if (program.kind === "main") {
    const { main } = program;
    await main(system, args);
    return undefined;
  }
  const root = await startRoot(system, program, args);
  const { reason } = await (await system.monitor(root)).down;
  if (journal.hasGivenUp(root)) return "the root supervisor gave up: its children failed too often";
  return isOrderly(reason) ? undefined : `the root supervisor ended: ${reasonText(reason)}`;
}

async function startRoot(
  system: MofaSystem,
  program: Exclude<Program, { kind: "main" }>,
  args: readonly string[],
): Promise<RefData> {
  if (program.kind === "setup") return (await system.supervise(program.setup)).ref;
  return await system.spawn(program.behaviour, args, {
    placement: { thread: 0 },
    startTimeoutMs: Number.POSITIVE_INFINITY, // its children may take their time
  });
}
