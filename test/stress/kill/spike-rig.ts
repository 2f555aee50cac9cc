/**
 * EXPERIMENT, not the product: starts the watchdog and the threads under test, and stops them all.
 *
 * The flag `--no-force-async-hooks-checks` goes into each worker's `execArgv` (which replaces what the worker would
 * inherit from the process, so nothing else is in it).
 */
import { once } from "node:events";
import { type MessagePort, Worker } from "node:worker_threads";
import type { FromWatchdog, ToWatchdog, WatchReport } from "./spike-watchdog.ts";
import { openWords, type SharedWords } from "./spike-words.ts";

export const workerFlags: readonly string[] = ["--no-force-async-hooks-checks"];

/** Thrown when a thread does not say what is expected of it in time. */
export class RigTimeout extends Error {}

export class RigThread {
  readonly name: string;
  readonly worker: Worker;
  readonly words: SharedWords;
  /** Set when the thread ended by itself. */
  ended: string | undefined = undefined;
  readonly #inbox: unknown[] = [];
  #wake: (() => void) | undefined = undefined;

  constructor(name: string, worker: Worker, words: SharedWords) {
    this.name = name;
    this.worker = worker;
    this.words = words;
    worker.on("message", (message: unknown) => {
      this.#inbox.push(message);
      this.#wake?.();
    });
    worker.on("error", (error: unknown) => {
      this.ended = String(error);
      this.#wake?.();
    });
    worker.on("exit", (code) => {
      this.ended ??= `exit ${code}`;
      this.#wake?.();
    });
  }

  /** The next message of the thread. @throws RigTimeout when none comes in time or the thread has ended. */
  async next<T>(timeoutMs: number): Promise<T> {
    if (this.#inbox.length === 0 && this.ended === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake = resolve;
      await promise;
      this.#wake = undefined;
      clearTimeout(timer);
    }
    if (this.#inbox.length === 0) throw new RigTimeout(this.ended ?? `${this.name}: nothing in ${timeoutMs} ms`);
    // The two sides of an experiment share the type of what they say.
    return this.#inbox.shift() as T;
  }
}

export class Rig implements AsyncDisposable {
  readonly #watchdog: Worker;
  readonly #threads = new Map<string, RigThread>();
  readonly #waiting = new Map<string, (message: FromWatchdog) => void>();
  #isUnwatched = false;
  #nextName = 1;
  #nextId = 1;

  private constructor(watchdog: Worker) {
    this.#watchdog = watchdog;
    watchdog.on("message", (message: FromWatchdog) => {
      const key =
        message.type === "answer"
          ? `answer ${message.id}`
          : message.type === "ready"
            ? "ready"
            : `${message.type} ${message.name}`;
      this.#waiting.get(key)?.(message);
      this.#waiting.delete(key);
    });
  }

  static async open(): Promise<Rig> {
    const rig = new Rig(
      new Worker(new URL("./spike-watchdog.js", import.meta.url), { name: "watchdog", execArgv: [] }),
    );
    await rig.#reply("ready");
    return rig;
  }

  /** Starts a thread from a module of this folder and waits until the watchdog is attached to it. */
  async start(
    module: string,
    data: object,
    options: {
      readonly warmUps?: number;
      readonly flags?: readonly string[];
      readonly words?: SharedWords;
      readonly transfer?: readonly MessagePort[];
    } = {},
  ): Promise<RigThread> {
    const name = `spike-${this.#nextName++}`;
    const words = options.words ?? openWords();
    const worker = new Worker(new URL(module, import.meta.url), {
      name,
      execArgv: [...(options.flags ?? workerFlags)],
      workerData: { ...data, words: words.buffer },
      transferList: [...(options.transfer ?? [])],
    });
    const thread = new RigThread(name, worker, words);
    this.#threads.set(name, thread);
    await thread.next(10_000);
    const watching = this.#reply(`watching ${name}`);
    this.#say({ type: "watch", name, buffer: words.buffer, warmUps: options.warmUps ?? 5 });
    await watching;
    return thread;
  }

  async report(thread: RigThread): Promise<WatchReport> {
    const reply = this.#reply(`report ${thread.name}`);
    this.#say({ type: "report", name: thread.name });
    const message = await reply;
    if (message.type !== "report") throw new Error(`unexpected ${message.type}`);
    return message;
  }

  /** Evaluates in a thread; undefined when there is no answer in time (native code, a blocked thread). */
  async evaluate(
    thread: RigThread,
    expression: string,
    timeoutMs: number,
  ): Promise<{ readonly value: string; readonly tookMs: number } | undefined> {
    const id = this.#nextId++;
    const reply = this.#reply(`answer ${id}`);
    this.#say({ type: "evaluate", id, name: thread.name, expression });
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    const message = await Promise.race([reply, late]);
    clearTimeout(timer);
    return typeof message === "object" && message.type === "answer" ? message : undefined;
  }

  async stop(thread: RigThread): Promise<void> {
    this.#say({ type: "forget", name: thread.name });
    this.#threads.delete(thread.name);
    await thread.worker.terminate();
  }

  /**
   * Ends the watchdog, and with it every session. Before a thread that may have been asked something ends: the process aborts
   * if main passes that on in the instant in which the thread takes down its inspector.
   */
  async unwatch(): Promise<void> {
    if (this.#isUnwatched) return;
    this.#isUnwatched = true;
    const exit = once(this.#watchdog, "exit");
    this.#say({ type: "close" });
    await exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unwatch();
    for (const thread of this.#threads.values()) await thread.worker.terminate();
  }

  #say(message: ToWatchdog): void {
    this.#watchdog.postMessage(message);
  }

  #reply(key: string): Promise<FromWatchdog> {
    const { promise, resolve } = Promise.withResolvers<FromWatchdog>();
    this.#waiting.set(key, resolve);
    return promise;
  }
}
