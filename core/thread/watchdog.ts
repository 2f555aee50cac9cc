/**
 * The watchdog as main sees it: one for all systems of the process, started with the first and ended a moment behind the last.
 */
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { byDeadline, stopwatchMs } from "../clock.ts";
import { errorData } from "../errors.ts";
import type { CutRequest } from "../kernel/interrupt-request.ts";
import type { SystemBuffers } from "../kernel/system-memory.ts";
import { interruptLoopsSoon } from "./loop-interrupts.ts";
import type { ToThread } from "./protocol.ts";
import { type FromWatchdog, Hold, inspectorRefused, type Suspect, type ToWatchdog } from "./watchdog-protocol.ts";

/** Main was held for so long by one piece of code: that is told. */
const mainBlockedMs = 1_000;

/** What the watchdog has to say to a system. */
export interface WatchedSystem {
  readonly buffers: SystemBuffers;
  warning(thread: number, suspect: Suspect, ms: number): void;
  stuck(thread: number, suspect: Suspect | undefined, why: string): void;
  mainBlocked(ms: number): void;
  /** Turns cannot be cut down in this process. */
  limited(why: string): void;
}

/** Whether turns of this process can be cut down at all. */
export function isInspectorAllowed(): boolean {
  return process.permission?.has("inspector") !== false;
}

let hasWarned = false;

/** Says once in a process, to whoever reads its warnings, that turns cannot be cut down. */
export function warnOnce(why: string): void {
  if (hasWarned) return;
  hasWarned = true;
  process.emitWarning(
    `mofa cannot cut down turns that do not end: ${why}. A thread that one of them holds is ended as a whole, with all its actors`,
    { code: "MOFA_WATCHDOG_LIMITED" },
  );
}

/** How long an exiting process waits for the watchdog to let go of the inspector. */
const letGoMs = 200;
/** How long a thread that is to end waits for the watchdog to forget it; it takes a millisecond, unless main is held. */
const forgetMs = 1_000;

class Watchdog {
  readonly #worker: Worker;
  readonly #systems = new Map<number, WatchedSystem>();
  /** Who waits until a thread is forgotten, by system and thread. */
  readonly #forgetting = new Map<string, PromiseWithResolvers<void>>();
  readonly #hold = new Int32Array(new SharedArrayBuffer(4));
  #isGone = false;
  #limitedBy: string | undefined;
  /** Else Node says that it waits for the debugger to disconnect. */
  readonly #letGo = () => {
    const hold = this.#hold;
    if (Atomics.compareExchange(hold, 0, Hold.none, Hold.over) === Hold.none) return;
    if (Atomics.compareExchange(hold, 0, Hold.held, Hold.exiting) !== Hold.held) return;
    Atomics.notify(hold, 0);
    Atomics.wait(hold, 0, Hold.exiting, letGoMs);
  };
  #pingedMs = 0;
  #nextSystem = 1;

  constructor() {
    // No flags of the program: nothing of it is loaded there.
    const worker = new Worker(new URL("./watchdog-entry.js", import.meta.url), {
      name: "mofa watchdog",
      execArgv: [],
      workerData: { hold: this.#hold, refused: isInspectorAllowed() ? undefined : inspectorRefused },
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 },
    });
    this.#worker = worker;
    process.once("exit", this.#letGo);
    worker.on("message", (word: FromWatchdog) => this.#take(word));
    worker.on("error", (error: unknown) => this.#failed(errorData(error).message));
    worker.on("exit", () => {
      this.#isGone = true;
      process.off("exit", this.#letGo);
      this.#failed("its thread has ended");
      for (const { resolve } of this.#forgetting.values()) resolve();
    });
    // Behind the listeners, which would hold the process again.
    worker.unref();
  }

  add(system: WatchedSystem): number {
    // While it has nothing to watch it sends no pings.
    if (this.#systems.size === 0) this.#pingedMs = stopwatchMs();
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

  say(word: ToWatchdog, ports: readonly MessagePort[] = []): void {
    this.#worker.postMessage(word, ports);
  }

  /** Resolves when nothing of the watchdog's comes to that thread any more. */
  async forget(system: number, thread: number, workerId: number): Promise<void> {
    if (this.#isGone) return;
    const key = `${system} ${thread}`;
    const forgetting = this.#forgetting.get(key) ?? Promise.withResolvers<void>();
    this.#forgetting.set(key, forgetting);
    this.say({ type: "forget", system, thread, workerId });
    const cancel = byDeadline(forgetMs, () => forgetting.resolve());
    await forgetting.promise;
    cancel();
    this.#forgetting.delete(key);
  }

  #failed(why: string): void {
    if (this.#limitedBy !== undefined) return;
    this.#limitedBy = why;
    for (const system of this.#systems.values()) system.limited(why);
  }

  #take(word: FromWatchdog): void {
    switch (word.type) {
      case "ready":
        this.#pingedMs = stopwatchMs();
        if (word.limitedBy !== undefined) this.#failed(word.limitedBy);
        return;
      case "warning":
        this.#systems.get(word.system)?.warning(word.thread, word.suspect, word.ms);
        return;
      case "stuck":
        this.#systems.get(word.system)?.stuck(word.thread, word.suspect, word.why);
        return;
      case "forgotten":
        this.#forgetting.get(`${word.system} ${word.thread}`)?.resolve();
        return;
      case "ping":
        this.#ping();
        return;
      case "idle":
        if (this.#systems.size > 0) return;
        // The next system has one of its own.
        if (watchdog === this) watchdog = undefined;
        this.say({ type: "close" });
        return;
      case "closed":
        // Before any code of main runs it takes up what the inspector has for it: so this comes behind the disconnection.
        this.say({ type: "leave" });
        return;
    }
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
  /** `Worker.threadId` by thread: a worker that has ended has none any more. */
  readonly #workers = new Map<number, number>();

  constructor(system: WatchedSystem) {
    interruptLoopsSoon();
    watchdog ??= new Watchdog();
    this.#watchdog = watchdog;
    this.#system = watchdog.add(system);
  }

  watch(thread: number, worker: Worker): void {
    const workerId = worker.threadId;
    this.#workers.set(thread, workerId);
    const { port1: theirs, port2: pulse } = new MessageChannel();
    worker.postMessage({ type: "pulse", port: theirs } satisfies ToThread, [theirs]);
    this.#watchdog.say({ type: "watch", system: this.#system, thread, workerId, pulse }, [pulse]);
  }

  cut(request: CutRequest): void {
    this.#watchdog.say({ type: "cut", system: this.#system, request });
  }

  /** Resolves when the thread may be ended, or has had its time. */
  async forget(thread: number): Promise<void> {
    const workerId = this.#workers.get(thread);
    if (workerId !== undefined) await this.#watchdog.forget(this.#system, thread, workerId);
  }

  ended(thread: number): void {
    const workerId = this.#workers.get(thread);
    if (workerId === undefined) return;
    this.#workers.delete(thread);
    this.#watchdog.say({ type: "ended", system: this.#system, thread, workerId });
  }

  /** The system has stopped. A moment after the last one the watchdog ends. */
  end(): void {
    this.#watchdog.remove(this.#system);
  }
}
