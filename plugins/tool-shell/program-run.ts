/** One run of a program: its start, what it says, and an end that leaves nothing of it. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { byDeadline, errorData, ToolError } from "../../core/index.ts";
import type { ShellConfig } from "./config.ts";
import { markName, ProcessFamily } from "./process-family.ts";
import { ProgramOutput, type ProgramTexts } from "./program-output.ts";
import type { Program, RunArguments } from "./programs.ts";
import type { Watcher } from "./watcher.ts";

export interface RunAnswer extends ProgramTexts {
  /** Null: a signal has ended it. */
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** For pipes that somebody still holds open who could not be found. */
const closeMs = 1_000;

/** @throws ToolError `tool_failed`, by rejection: it could not be started, or be ended; the signal's reason, when nothing is left. */
export async function runProgram(
  program: Program,
  given: RunArguments,
  config: ShellConfig,
  watcher: Watcher,
  signal: AbortSignal,
): Promise<RunAnswer> {
  signal.throwIfAborted();
  const mark = randomUUID();
  // Before there is a process, so that there is no moment in which nobody would end it.
  watcher.begun(mark);
  let isOver = true;
  try {
    const child = start(program, given, config, mark);
    const exited = exitOf(child, program);
    if (child.pid === undefined) {
      return await exited.then(() => Promise.reject(new TypeError("what was never started has ended")));
    }
    isOver = false;
    watcher.begun(mark, child.pid);
    const family = new ProcessFamily(child.pid, mark);
    const end = async () => {
      isOver = await family.end(config.graceMs);
      if (!isOver)
        throw new ToolError("tool_failed", `run_program: ${program.name} has left processes that cannot be ended`);
    };
    const { promise: stuck, reject } = Promise.withResolvers<never>();
    let isStopping = false;
    const stop = () => {
      if (isStopping) return;
      isStopping = true;
      // The program's own exit says that it has worked.
      end().catch(reject);
    };
    const closed = once(child, "close");
    const heard = new ProgramOutput(child, config, stop);
    // It need not read all that it is given.
    child.stdin?.on("error", () => {});
    child.stdin?.end(given.stdin);
    signal.addEventListener("abort", stop, { once: true });
    try {
      const [exitCode, signalName] = await Promise.race([exited, stuck]);
      await end();
      await closedWithin(child, closed);
      signal.throwIfAborted();
      return { exitCode, signal: signalName, ...heard.texts };
    } finally {
      signal.removeEventListener("abort", stop);
    }
  } finally {
    // What could not be ended stays watched.
    if (isOver) watcher.ended(mark);
  }
}

function start(
  { name, path, before = [] }: Program,
  { arguments: given = [], stdin }: RunArguments,
  config: ShellConfig,
  mark: string,
): ChildProcess {
  const args = [path, ...before, ...given];
  const limits = limitsOf(config);
  // The script of numbers alone; what is run, and with what, are its arguments, which it hands on as they are.
  const [file, ...rest] = limits === "" ? args : ["/bin/sh", "-c", `${limits}exec "$@"`, "sh", ...args];
  try {
    return spawn(file as string, rest, {
      cwd: config.cwd,
      env: { ...config.env, [markName]: mark },
      shell: false,
      detached: true,
      stdio: [stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
  } catch (error) {
    // What the system refuses at once: arguments that are more than it takes, for one.
    throw notStarted(name, error);
  }
}

function notStarted(name: string, error: unknown): ToolError {
  return new ToolError("tool_failed", `run_program: ${name} could not be started: ${errorData(error).message}`, error);
}

/** Commands of `sh`; empty: there are none. */
function limitsOf({ maxCpuS, maxMemoryBytes, maxFileBytes, maxOpenFiles }: ShellConfig): string {
  const limits = [
    ["t", maxCpuS],
    ["v", Math.ceil(maxMemoryBytes / 1_024)],
    ["f", Math.ceil(maxFileBytes / 512)],
    ["n", maxOpenFiles],
  ] as const;
  return limits.map(([letter, most]) => (most === 0 ? "" : `ulimit -${letter} ${most} && `)).join("");
}

function exitOf(child: ChildProcess, { name }: Program): Promise<[code: number | null, signal: NodeJS.Signals | null]> {
  const { promise, resolve, reject } = Promise.withResolvers<[number | null, NodeJS.Signals | null]>();
  child.once("exit", (code, signal) => resolve([code, signal]));
  child.once("error", (error) => reject(notStarted(name, error)));
  return promise;
}

async function closedWithin({ stdout, stderr }: ChildProcess, closed: Promise<unknown>): Promise<void> {
  const cancel = byDeadline(closeMs, () => {
    stdout?.destroy();
    stderr?.destroy();
  });
  await closed;
  cancel();
}
