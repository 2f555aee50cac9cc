/**
 * A worker thread that runs already, from before anybody listens to it: what it says until then is kept.
 */
import type { ResourceLimits, Worker } from "node:worker_threads";
import type { ThreadData } from "./protocol.ts";
import { startWorker } from "./worker-flags.ts";

/** Floods of messages are bound by the garbage collector: a large young generation halves their cost. */
export const schedulerLimits: ResourceLimits = { maxYoungGenerationSizeMb: 192 };

export interface WorkerListener {
  message(said: unknown): void;
  error(error: unknown): void;
  exit(code: number): void;
}

export class StartedWorker {
  readonly worker: Worker;
  #listener: WorkerListener | undefined;
  readonly #kept: ((listener: WorkerListener) => void)[] = [];

  /** @param data undefined: it is told by `begin`. @throws what Node says where there can be no such worker. */
  constructor(name: string, resourceLimits: ResourceLimits, data?: ThreadData) {
    const entry = new URL("./thread-entry.js", import.meta.url);
    this.worker = startWorker(entry, { workerData: data ?? null, resourceLimits, name: `mofa ${name}` });
    this.worker.on("message", (said: unknown) => this.#tell((listener) => listener.message(said)));
    this.worker.on("error", (error: unknown) => this.#tell((listener) => listener.error(error)));
    this.worker.on("exit", (code) => this.#tell((listener) => listener.exit(code)));
  }

  /** Whoever has it from now on. */
  listen(listener: WorkerListener): void {
    this.#listener = listener;
    for (const tell of this.#kept.splice(0)) tell(listener);
  }

  #tell(tell: (listener: WorkerListener) => void): void {
    if (this.#listener === undefined) this.#kept.push(tell);
    else tell(this.#listener);
  }
}

/**
 * The scheduler threads of a system that is about to start. They begin before main has loaded what it consists of, since
 * either takes as long as the other.
 */
export class FirstThreads {
  readonly #waiting: StartedWorker[] = [];

  constructor(count: number) {
    try {
      for (let thread = 1; thread <= count; thread++)
        this.#waiting.push(new StartedWorker(`scheduler thread ${thread}`, schedulerLimits));
    } catch {
      // The pool has no better luck with it, and says so.
    }
  }

  /** In the order of their names. Undefined: all are taken. */
  take(): StartedWorker | undefined {
    return this.#waiting.shift();
  }

  /** Ends those that nobody has taken. */
  async end(): Promise<void> {
    await Promise.all(this.#waiting.splice(0).map(({ worker }) => worker.terminate()));
  }
}
