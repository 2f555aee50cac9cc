/**
 * A program that is started again when its sources change: a process of its own, since modules that are loaded, here and on
 * every thread, stay as they are.
 *
 * Watched are the module's folder and the folders below it, hidden ones, node_modules and dist left out; and in them files
 * that code is made of. The running program is told to end (SIGTERM: its trees stop in order) before the next one starts.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { type FSWatcher, readdirSync, watch } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** One saving of a file makes several events; several files are saved at a time. */
const settleMs = 100;
/** Time for a program to stop in order before it is killed. */
const stopTimeoutMs = 10_000;
/** Folders watched at most: the operating system has a limit, too. */
const foldersMax = 1_000;
const watchedFiles = /\.(?:[cm]?[jt]s|json)$/;
const passedOver = /^(?:\.|node_modules$|dist$)/;

/** From the built file: dist/cli/run/. */
const entry = fileURLToPath(new URL("../../../cli/mofa.cjs", import.meta.url));

export interface WatchedProgramOptions {
  readonly module: string;
  readonly args: readonly string[];
  /** Options of `mofa run` for it. */
  readonly options: readonly string[];
  /** Where it says what it does. */
  readonly err: NodeJS.WritableStream;
}

/** Runs the program again and again until `signal` is aborted; resolves when the last one has ended. */
export async function runWatched(options: WatchedProgramOptions, signal: AbortSignal): Promise<void> {
  const { module, err } = options;
  const folder = dirname(resolve(module));
  while (!signal.aborted) {
    using change = new Change(folder, signal);
    err.write(`mofa run: watching ${folder}${change.folders > 1 ? ` and ${change.folders - 1} below it` : ""}\n`);
    const child = start(options);
    const ended = endOf(child);
    const first = await Promise.race([change.happened, ended]);
    if (first !== undefined) {
      err.write(`mofa run: ${module} ended (${first}), waiting for a change\n`);
      await change.happened;
    }
    if (!signal.aborted) err.write(`mofa run: ${change.file} has changed, starting ${module} again\n`);
    await stop(child, ended);
  }
}

function start({ module, args, options }: WatchedProgramOptions): ChildProcess {
  const command = [...process.execArgv, entry, "run", ...options, module, "--", ...args];
  return spawn(process.execPath, command, { stdio: "inherit" });
}

/** How it ended, in words. */
async function endOf(child: ChildProcess): Promise<string> {
  const { promise, resolve: resolveEnd } = Promise.withResolvers<string>();
  child.once("exit", (code, by) => resolveEnd(by === null ? `exit code ${code}` : by));
  child.once("error", (error) => resolveEnd(error.message));
  return await promise;
}

async function stop(child: ChildProcess, ended: Promise<string>): Promise<void> {
  child.kill("SIGTERM"); // one that has ended already does not mind
  const timer = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
  await ended;
  clearTimeout(timer);
}

/** The next change below a folder. */
class Change implements Disposable {
  readonly folders: number;
  /** Resolves once files have changed and a moment has passed, or when `signal` is aborted. */
  readonly happened: Promise<undefined>;
  /** What changed first. */
  file: string | undefined;
  readonly #watchers: FSWatcher[];
  #timer: NodeJS.Timeout | undefined;

  constructor(folder: string, signal: AbortSignal) {
    const { promise, resolve: resolveChange } = Promise.withResolvers<undefined>();
    this.happened = promise;
    const happened = () => resolveChange(undefined);
    if (signal.aborted) happened();
    signal.addEventListener("abort", happened, { once: true });
    this.#watchers = foldersBelow(folder).map((path) =>
      watch(path, (_, name) => {
        if (name === null || !watchedFiles.test(name)) return;
        this.file ??= join(path, name);
        clearTimeout(this.#timer);
        this.#timer = setTimeout(happened, settleMs);
      }),
    );
    this.folders = this.#watchers.length;
    // A folder that is removed is a change as well; the next program watches what is there then.
    for (const watcher of this.#watchers) watcher.on("error", happened);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers) watcher.close();
  }
}

/** The folder and those below it, breadth first, at most `foldersMax`. */
function foldersBelow(folder: string): string[] {
  const found = [folder];
  for (let at = 0; at < found.length && found.length < foldersMax; at++) {
    const path = found[at] as string;
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isDirectory() && !passedOver.test(entry.name)) found.push(join(path, entry.name));
    }
  }
  return found.slice(0, foldersMax);
}
