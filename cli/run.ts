/** `mofa run <module> [args…]`: starts a program that exports a root supervisor or a `main(system, args)`, and stops it in order. */
import { parse } from "node:path";
import type { Command } from "commander";
import { errorData, isOrderly } from "../core/index.ts";
import { type MofaSystem, type RefData, reasonText, startSystem } from "../index.ts";
import { type InjectedFaults, injectFaults } from "../testing/index.ts";
import { AttachServer } from "./attach/attach-server.ts";
import { paragraph } from "./attach/table.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";
import { programStack } from "./program-frames.ts";
import { type ChaosReport, chaosReport, chaosText, readPlan } from "./run/chaos.ts";
import { Journal } from "./run/journal.ts";
import { KnownActors } from "./run/known-actors.ts";
import { loadProgram, type Program } from "./run/program.ts";
import { sayWhatHolds } from "./run/stopping.ts";
import { runWatched } from "./run/watched-program.ts";
import { wholeNumber } from "./whole-number.ts";

const threadsMax = 64;
const seedMax = 0xffff_ffff;

interface RunOptions {
  readonly threads?: number;
  readonly watch?: boolean;
  readonly chaos?: string;
  readonly seed?: number;
  readonly json?: boolean;
}

/** How a run ended, as `--json` prints it. */
interface RunResult {
  readonly module: string;
  /** `done`: the program ended by itself. `stopped`: it was told to. */
  readonly ended: "done" | "failed" | "stopped";
  /** Why it failed, or null. */
  readonly failure: string | null;
  /** What `--chaos` did, or null. */
  readonly chaos: ChaosReport | null;
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
    .option("--watch", "start it again when a source in its folder, or below it, changes")
    .option(
      "--chaos <plan.json>",
      "inject faults into it: { seed, faults: [{ kind, actor, ... }] }, see testing/README.md; times count from the plan's start, before the program's",
    )
    .option("--seed <n>", "in place of the plan's seed", wholeNumber(0, seedMax))
    .option("--json", "print how it ended, and what was injected, as the last line of stdout");
}

export async function run(
  operands: readonly string[],
  options: Readonly<Record<string, unknown>>,
  { out, err, signal }: CommandContext,
): Promise<ExitCode> {
  const [module = "", ...args] = operands;
  // `describe` above declares these options, so commander has made them this.
  const given = options as RunOptions;
  const { threads, watch, chaos, seed, json } = given;
  if (seed !== undefined && chaos === undefined) {
    err.write("mofa run: --seed is the seed of a plan of faults: give it with --chaos plan.json\n");
    return exitCodes.usage;
  }
  const plan = chaos === undefined ? undefined : readPlan(chaos, seed);
  if (watch) {
    await runWatched({ module, args, options: passedOn(given), err }, signal);
    return exitCodes.ok;
  }
  const program = await loadProgram(module);
  const system = await startSystem(threads === undefined ? {} : { threads });
  using journal = new Journal(system, err);
  using _attach = AttachServer.open(system, programName(module), (line) => void err.write(`mofa run: ${line}\n`));
  using known = plan === undefined ? undefined : new KnownActors(system);
  const { promise: stopped, resolve, reject } = Promise.withResolvers<undefined>();
  let faults: InjectedFaults | undefined;
  let result: Pick<RunResult, "ended" | "failure"> = { ended: "stopped", failure: null };
  let unsay = () => {};
  const stop = () => {
    known?.look();
    unsay = sayWhatHolds(system, err);
    void system.stop().then(() => resolve(undefined), reject);
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    if (signal.aborted) return exitCodes.interrupted;
    if (plan !== undefined) faults = await injectFaults(system, plan);
    // A `main` that goes on waiting after the stop, or after the end of the system, is not waited for.
    const ended = system.ended.then(() => undefined);
    const failure =
      (await Promise.race([runProgram(system, program, args, journal), stopped, ended])) ?? journal.systemFailure;
    if (!signal.aborted) result = { ended: failure === undefined ? "done" : "failed", failure: failure ?? null };
    if (result.ended !== "failed") return exitCodes.ok;
    err.write(`mofa run: ${module}: ${paragraph(`${failure}`)}\n`);
    return exitCodes.failed;
  } catch (error) {
    if (!signal.aborted) result = { ended: "failed", failure: errorData(error).message };
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
    try {
      known?.look();
      await system.stop();
    } finally {
      unsay();
      const report = faults && known ? chaosReport(faults.plan, faults.injected(), known) : null;
      if (report !== null) err.write(`mofa run: ${chaosText(report)}\n`);
      if (json) out.write(`${JSON.stringify({ module, ...result, chaos: report } satisfies RunResult)}\n`);
    }
  }
}

/** By which `--system` finds it: the file's name without its ending. */
function programName(module: string): string {
  return parse(module).name;
}

/** What the process under --watch is told. */
function passedOn({ threads, chaos, seed, json }: RunOptions): string[] {
  return [
    ...(threads === undefined ? [] : ["--threads", String(threads)]),
    ...(chaos === undefined ? [] : ["--chaos", chaos]),
    ...(seed === undefined ? [] : ["--seed", String(seed)]),
    ...(json === true ? ["--json"] : []),
  ];
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
    try {
      await main(system, args);
    } catch (error) {
      throw ownError(error);
    }
    return undefined;
  }
  const root = await startRoot(system, program, args);
  const { reason } = await (await system.monitor(root)).down;
  if (journal.hasGivenUp(root)) return "the root supervisor gave up: its children failed too often";
  return isOrderly(reason) ? undefined : `the root supervisor ended: ${reasonText(reason)}`;
}

/** What `main` threw is the program's error, whatever its code: it is told with the program's own frames. */
function ownError(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return thrown;
  const stack = programStack(thrown.stack ?? thrown.message);
  return Object.assign(new Error(thrown.message, { cause: thrown }), { stack });
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
