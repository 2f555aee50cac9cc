/**
 * Runs a program to its end and says all that it left behind. For tests of what a person meets at a shell.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";

export interface ProgramResult {
  /** Null if a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Called with all of stdout so far, at each piece of it: a way to act once the program has said that it is up. */
  readonly onStdout?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
  /** Called once it has started. */
  readonly onSpawn?: (kill: (signal: NodeJS.Signals) => void) => void;
  /** The same with all of stderr so far. */
  readonly onStderr?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
}

/**
 * A program that takes longer than `timeoutMs` (30 s) is ended by SIGKILL, which then is its `signal`, and with it all that
 * it has started: a program has a process group of its own.
 */
export async function runProgram(
  file: string,
  args: readonly string[],
  options: ProgramOptions = {},
  timeoutMs = 30_000,
): Promise<ProgramResult> {
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  options.onSpawn?.((signal) => child.kill(signal));
  const deadline = AbortSignal.timeout(timeoutMs);
  const killGroup = () => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  };
  deadline.addEventListener("abort", killGroup);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    options.onStdout?.(stdout, (signal) => child.kill(signal));
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    options.onStderr?.(stderr, (signal) => child.kill(signal));
  });
  const [code, signal] = await once(child, "close");
  deadline.removeEventListener("abort", killGroup);
  return { code, signal, stdout, stderr };
}
