/**
 * A program that is started again when its sources change: a process of its own, since modules that are loaded, here and on
 * every thread, stay as they are.
 *
 * Watched are the module's folder and the folders below it, hidden ones, node_modules and dist left out; and in them files
 * that code is made of. The running program is told to end (SIGTERM: its trees stop in order) before the next one starts.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { type Dirent, type FSWatcher, readdirSync, statSync, watch } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { RuntimeError } from "../../index.ts";

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
  if (!isFolder(folder)) {
    throw new RuntimeError("bad_argument", `there is no folder ${folder}: give the path of a .js or .ts module`);
  }
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

/** The next change below a folder, also in folders that are made meanwhile. */
class Change implements Disposable {
  /** Resolves once files have changed and a moment has passed, or when `signal` is aborted. */
  readonly happened: Promise<undefined>;
  /** What changed first. */
  file: string | undefined;
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #happened: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(folder: string, signal: AbortSignal) {
    const { promise, resolve: resolveChange } = Promise.withResolvers<undefined>();
    this.happened = promise;
    this.#happened = () => resolveChange(undefined);
    if (signal.aborted) this.#happened();
    signal.addEventListener("abort", this.#happened, { once: true });
    for (const path of foldersBelow(folder)) this.#watch(path);
  }

  get folders(): number {
    return this.#watchers.size;
  }

  #watch(path: string): void {
    if (this.#watchers.has(path) || this.#watchers.size >= foldersMax) return;
    const watcher = watch(path, (_, name) => {
      if (name === null) return;
      if (watchedFiles.test(name)) this.#changed(join(path, name));
      else this.#seen(join(path, name), name);
    });
    // A folder that is removed is a change as well; the next program watches what is there then.
    watcher.on("error", this.#happened);
    this.#watchers.set(path, watcher);
  }

  #changed(file: string): void {
    this.file ??= file;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#happened, settleMs);
  }

  /** If it is a folder that was made just now, it is watched, and sources that stand in it already are a change. */
  #seen(path: string, name: string): void {
    if (passedOver.test(name) || this.#watchers.has(path) || !isFolder(path)) return;
    for (const below of foldersBelow(path)) {
      this.#watch(below);
      const source = entriesOf(below).find((entry) => entry.isFile() && watchedFiles.test(entry.name));
      if (source !== undefined) this.#changed(join(below, source.name));
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
  }
}

/** The folder and those below it, breadth first, at most `foldersMax`. */
function foldersBelow(folder: string): string[] {
  const found = [folder];
  for (let at = 0; at < found.length && found.length < foldersMax; at++) {
    const path = found[at] as string;
    for (const entry of entriesOf(path)) {
      if (entry.isDirectory() && !passedOver.test(entry.name)) found.push(join(path, entry.name));
    }
  }
  return found.slice(0, foldersMax);
}

/** Of a folder that may be gone again: then there is nothing in it. */
function entriesOf(path: string): Dirent[] {
  return isFolder(path) ? readdirSync(path, { withFileTypes: true }) : [];
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
