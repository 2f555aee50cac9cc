/**
 * Flags of the process that its worker threads get as well: `--import` and `--conditions` decide how a behaviour's
 * module loads, so they must be the same in every thread.
 *
 * V8's flags and those of the process as a whole make a worker's start fail. Node has no list of them, but its refusal
 * names them: they are left out, as they hold for the whole process anyway.
 */
import { Worker, type WorkerOptions } from "node:worker_threads";

/** Without it a termination inside a timer aborts the whole process. */
const always = ["--no-force-async-hooks-checks", "--disable-warning=ExperimentalWarning"];
/** Accepted by a worker, and wrong there: the program's own code, its debugger, its test runner. */
const programs = /^--(inspect|experimental-vm-modules|test|watch|eval|print|input-type|title)/;
/** Short forms that are about loading modules; all others are about the program. */
const shortForms = ["-r", "-C"];

/** Flags for a worker out of `process.execArgv`, each with its value. */
export function flagsForWorkers(execArgv: readonly string[]): readonly string[] {
  const flags: string[] = [];
  for (let i = 0; i < execArgv.length; i++) {
    const flag = execArgv[i] as string;
    const next = execArgv[i + 1];
    // What does not begin with a dash is the value of the flag before it.
    const value = next !== undefined && !next.startsWith("-") ? [next] : [];
    i += value.length;
    if (flag.startsWith("--") ? !programs.test(flag) : shortForms.includes(flag)) flags.push(flag, ...value);
  }
  return flags;
}

/** Starts a worker with the process's flags, as far as a worker takes them. */
export function startWorker(entry: URL, options: Omit<WorkerOptions, "execArgv">): Worker {
  let flags = flagsForWorkers(process.execArgv);
  for (;;) {
    try {
      return new Worker(entry, { ...options, execArgv: [...flags, ...always] });
    } catch (error) {
      const refused = refusedFlags(error);
      const left = flags.filter((flag) => !refused.includes(flag));
      if (left.length === flags.length) throw error;
      flags = left;
    }
  }
}

function refusedFlags(error: unknown): readonly string[] {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  if (code !== "ERR_WORKER_INVALID_EXEC_ARGV" || typeof message !== "string") return [];
  return message
    .slice(message.indexOf(":") + 1)
    .split(",")
    .map((flag) => flag.trim());
}
