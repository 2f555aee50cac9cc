/**
 * The watchdog as main sees it: one for all systems of the process, started with the first and ended behind the last.
 */
import { Worker } from "node:worker_threads";
import { stopwatchMs } from "../clock.ts";
import { errorData } from "../errors.ts";
import type { SystemBuffers } from "../kernel/system-memory.ts";
import { interruptLoopsSoon } from "./loop-interrupts.ts";
import { type FromWatchdog, inspectorRefused, type Suspect, type ToWatchdog } from "./watchdog-protocol.ts";

/** Main was held for so long by one piece of code: that is told. */
const mainBlockedMs = 1_000;

/** What the watchdog has to say to a system. */
export interface WatchedSystem {
  readonly buffers: SystemBuffers;
  warning(thread: number, suspect: Suspect, ms: number): void;
  stuck(thread: number, suspect: Suspect | undefined, why: string): void;
  tainted(thread: number): void;
  mainBlocked(ms: number): void;
  /** Turns cannot be cut down in this process. */
  limited(why: string): void;
}

/** Whether turns of this process can be cut down at all. */
export function isInspectorAllowed(): boolean {
  return process.permission?.has("inspector") !== false;
}

/** How long an exiting process waits for the watchdog to let go of the inspector. */
const letGoMs = 200;

class Watchdog {
  readonly #worker: Worker;
  readonly #systems = new Map<number, WatchedSystem>();
  readonly ready: Promise<void>;
  readonly #exited: Promise<void>;
  #limitedBy: string | undefined;
  /** 1: the process exits; 2: the watchdog has let go. */
  readonly #exiting = new Int32Array(new SharedArrayBuffer(4));
  /** Else Node says that it waits for the debugger to disconnect. */
  readonly #letGo = () => {
    Atomics.store(this.#exiting, 0, 1);
    Atomics.notify(this.#exiting, 0);
    Atomics.wait(this.#exiting, 0, 1, letGoMs);
  };
  #pingedMs = 0;
  #nextSystem = 1;

  constructor() {
    // No flags of the program: nothing of it is loaded there.
    const worker = new Worker(new URL("./watchdog-entry.js", import.meta.url), {
      name: "mofa watchdog",
      execArgv: [],
      workerData: { exiting: this.#exiting, refused: isInspectorAllowed() ? undefined : inspectorRefused },
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 },
    });
    worker.unref();
    this.#worker = worker;
    process.once("exit", this.#letGo);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ready = promise;
    worker.on("message", (word: FromWatchdog) => {
      if (word.type === "ready") {
        this.#pingedMs = stopwatchMs();
        if (word.limitedBy !== undefined) this.#failed(word.limitedBy);
        resolve();
      } else this.#take(word);
    });
    worker.on("error", (error: unknown) => this.#failed(errorData(error).message));
    const { promise: exited, resolve: setExited } = Promise.withResolvers<void>();
    this.#exited = exited;
    worker.on("exit", () => {
      setExited();
      process.off("exit", this.#letGo);
      this.#failed("its thread has ended");
      resolve();
    });
  }

  get isEmpty(): boolean {
    return this.#systems.size === 0;
  }

  add(system: WatchedSystem): number {
    const id = this.#nextSystem++;
    this.#systems.set(id, system);
    this.say({ type: "system", system: id, buffers: system.buffers });
    if (this.#limitedBy !== undefined) system.limited(this.#limitedBy);
    return id;
  }

  remove(system: number): void {
    this.#systems.delete(system);
    this.say({ type: "systemEnded", system });
  }

  say(word: ToWatchdog): void {
    this.#worker.postMessage(word);
  }

  async close(): Promise<void> {
    // Whoever awaits a system's stop is alive until it has happened.
    this.#worker.ref();
    this.say({ type: "close" });
    await this.#exited;
  }

  #failed(why: string): void {
    if (this.#limitedBy !== undefined) return;
    this.#limitedBy = why;
    for (const system of this.#systems.values()) system.limited(why);
  }

  #take(word: Exclude<FromWatchdog, { type: "ready" }>): void {
    if (word.type === "ping") {
      this.#ping();
      return;
    }
    const system = this.#systems.get(word.system);
    if (word.type === "warning") system?.warning(word.thread, word.suspect, word.ms);
    else if (word.type === "stuck") system?.stuck(word.thread, word.suspect, word.why);
    else system?.tainted(word.thread);
  }

  /** Pings come every 250 ms, and wait while main is held. */
  #ping(): void {
    const nowMs = stopwatchMs();
    const blockedMs = nowMs - this.#pingedMs;
    this.#pingedMs = nowMs;
    this.say({ type: "pong" });
    if (blockedMs < mainBlockedMs) return;
    for (const system of this.#systems.values()) system.mainBlocked(Math.round(blockedMs));
  }
}

let watchdog: Watchdog | undefined;

/** One system's place with the watchdog. */
export class Watching {
  readonly #watchdog: Watchdog;
  readonly #system: number;

  private constructor(dog: Watchdog, system: WatchedSystem) {
    this.#watchdog = dog;
    this.#system = dog.add(system);
  }

  /** Resolves when the watchdog is there. */
  static async begin(system: WatchedSystem): Promise<Watching> {
    interruptLoopsSoon();
    watchdog ??= new Watchdog();
    const dog = watchdog;
    const watching = new Watching(dog, system);
    await dog.ready;
    return watching;
  }

  watch(thread: number, workerId: number): void {
    this.#watchdog.say({ type: "watch", system: this.#system, thread, workerId });
  }

  forget(thread: number): void {
    this.#watchdog.say({ type: "forget", system: this.#system, thread });
  }

  /** The system has stopped; with the last one the watchdog ends. */
  async end(): Promise<void> {
    this.#watchdog.remove(this.#system);
    if (!this.#watchdog.isEmpty || watchdog !== this.#watchdog) return;
    watchdog = undefined;
    await this.#watchdog.close();
  }
}
