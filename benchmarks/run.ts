/**
 * Runs benchmark files one after the other, each as a process of its own, so that none inherits what another has left in its
 * threads and its memory. `mofa bench` is its command line.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type FileResults, stopWord } from "./command-line.ts";
import type { Answer } from "./harness.ts";
import { page } from "./page.ts";
import { goalsTable, jsonLine, type Machine } from "./report.ts";

export const benchmarkFiles = [
  "in-thread",
  "costs",
  "growth",
  "savina",
  "between-threads",
  "lookups",
  "codec",
  "bus",
  "events",
  "streams",
  "submit",
  "kept",
  "plugins",
  "tools",
  "models",
  "agents",
  "storage",
  "recovery",
  "wasm",
  "processes",
  "kills",
  "idle",
  "neighbours",
  "restarts",
  "starts",
] as const;

export interface BenchmarksRun {
  /** Of `benchmarkFiles`; none: all of them. */
  readonly files: readonly string[];
  /** Small sizes and one repetition: shows that all runs. */
  readonly isQuick: boolean;
  /** Only questions with this in their name. */
  readonly filter: string;
  /** Of all that is drawn by chance. */
  readonly seed: number;
  /** Where index.html is written; the folder is made if it is not there. */
  readonly reportFolder: string | undefined;
  /** One line of JSON on `out`, and nothing else there; else the files write their tables to the standard output of the process. */
  readonly isJson: boolean;
}

export interface Surroundings {
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream;
  /** Once it is aborted the file that runs stops in order, and no other is begun. */
  readonly signal: AbortSignal;
}

/**
 * `verified`: every result was right, whatever goals were met. `unverified`: one was not, or a file failed. `unasked`: no question
 * has the filter in its name.
 */
export type BenchmarksEnd = "verified" | "unverified" | "unasked" | "stopped";

export async function runBenchmarks(run: BenchmarksRun, { out, err, signal }: Surroundings): Promise<BenchmarksEnd> {
  const { files, isQuick, filter, seed, reportFolder, isJson } = run;
  const chosen = files.length === 0 ? benchmarkFiles : benchmarkFiles.filter((file) => files.includes(file));
  const args = [...(isQuick ? ["--quick"] : []), "--filter", filter, "--seed", String(seed)];
  // Before all the work, which would be lost.
  if (reportFolder !== undefined) await mkdir(reportFolder, { recursive: true });
  const answers: Answer[] = [];
  const questions: string[] = [];
  let machine: Machine | undefined;
  let isVerified = true;
  for (const file of chosen) {
    const { results, isRight, isStopped } = await runFile(file, args, isJson, signal);
    if (isStopped) return "stopped";
    if (!isRight) isVerified = false;
    if (results === undefined) continue;
    answers.push(...results.answers);
    questions.push(...results.questions);
    // Erlang is known to those who ask for it.
    machine = { ...results.machine, erlang: results.machine.erlang ?? machine?.erlang };
  }
  if (machine === undefined) return "unverified";
  if (answers.length === 0 && isVerified) {
    err.write(
      `mofa bench: no question of ${chosen.join(", ")} has ${JSON.stringify(filter)} in its name: ${questions.join(", ")}\n`,
    );
    return "unasked";
  }
  if (reportFolder !== undefined) {
    const file = join(reportFolder, "index.html");
    const date = new Date().toISOString().slice(0, 16).replace("T", " ");
    await writeFile(file, page(machine, answers, { date, isQuick }));
    err.write(`${file}\n`);
  }
  if (isJson) out.write(`${jsonLine(isQuick, machine, answers)}\n`);
  else if (!isQuick) out.write(`${goalsTable(answers)}\n`);
  return isVerified ? "verified" : "unverified";
}

interface FileEnd {
  /** Undefined: it was stopped, or failed before it could say. */
  readonly results: FileResults | undefined;
  readonly isRight: boolean;
  readonly isStopped: boolean;
}

async function runFile(file: string, args: readonly string[], isQuiet: boolean, signal: AbortSignal): Promise<FileEnd> {
  if (signal.aborted) return { results: undefined, isRight: true, isStopped: true };
  const path = fileURLToPath(new URL(`./${file}.js`, import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, path, ...args], {
    stdio: ["ignore", isQuiet ? "ignore" : "inherit", "inherit", "ipc"],
  });
  let results: FileResults | undefined;
  child.on("message", (message) => (results = message as FileResults));
  const stop = () => tellToStop(child);
  signal.addEventListener("abort", stop);
  try {
    const [code] = (await once(child, "exit")) as [number | null];
    // What it has said may be on its way still.
    if (child.connected) await once(child, "disconnect");
    return { results, isRight: code === 0, isStopped: signal.aborted || code === 130 };
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** By a word: it has heard Ctrl-C by itself, and a second signal would end it where it stands. */
function tellToStop(child: ChildProcess): void {
  // It may just have ended.
  if (child.connected) child.send(stopWord, () => undefined);
}
