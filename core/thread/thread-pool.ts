/**
 * The worker threads of a system, as main sees them: starting, connecting, losing and replacing them.
 *
 * Every pair of threads gets one channel from here when the younger of the two starts; after that they talk directly.
 * A lost scheduler thread is replaced by a warm spare that is up already, and the next spare is started behind it.
 */
import { MessageChannel, type ResourceLimits, type Worker } from "node:worker_threads";
import { type LimitKind, overTime } from "../actor/actor-budget.ts";
import { type Blamed, retiredWhy } from "../actor/exit-reason.ts";
import { byDeadline, nextLoop } from "../clock.ts";
import { describe, errorData, RuntimeError } from "../errors.ts";
import type { FaultWork } from "../faults/plan.ts";
import { Counter } from "../kernel/counters.ts";
import { eventBit } from "../kernel/events.ts";
import type { DedicatedStart } from "../kernel/host.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { type SystemMemory, slotsPerThread, ThreadState } from "../kernel/system-memory.ts";
import type { PortHost } from "./port-host.ts";
import { type ThreadData, type ToThread, wordOf } from "./protocol.ts";
import { isInspectorAllowed, Watching, warnOnce } from "./watchdog.ts";
import type { Suspect } from "./watchdog-protocol.ts";
import { endWorker } from "./worker-end.ts";
import { startWorker } from "./worker-flags.ts";

/** Floods of messages are bound by the garbage collector: a large young generation halves their cost. */
const youngGenerationMb = 192;
/** Threads that are started, and fail, in a row before no other is tried; the event stream has each failure. */
const startsMax = 5;
/** `position` of a thread that holds none. */
const noPosition = -1;
const closedWhy = "system stopped";
/** What a crash report says of what went with a thread. */
const notKnown = "not known: it went with its thread";

export interface ThreadPoolOptions {
  /** Scheduler threads beside main. */
  readonly threads: number;
  readonly checks: boolean;
  readonly isManualClock: boolean;
  readonly hasSpare: boolean;
  /** URL of what the modules of behaviours import: a spare has loaded it before they are. */
  readonly frontDoor: string | undefined;
  readonly seed: number;
  readonly loadTimeoutMs: number;
  /** Whether the watchdog ends turns that do not end. */
  readonly isWatched: boolean;
  /** How long a turn on a scheduler thread may take; 0: for ever. */
  readonly turnLimitMs: number;
  readonly asyncGraceMs: number;
  /** Time for a thread to say that it is ready. */
  readonly startTimeoutMs: number;
  /** Time for a thread that is ended to be gone. One in native code, or stuck at the limit of its heap, may never be. */
  readonly endTimeoutMs: number;
}

interface RunningThread {
  readonly thread: number;
  readonly worker: Worker;
  readonly base: number;
  readonly isDedicated: boolean;
  /** Of a dedicated thread: its actor. */
  readonly start: DedicatedStart | undefined;
  position: number;
  /** Why it ends, where main asked for it, or it has said so. */
  why: string | undefined;
  /** Whose doing that is, where it is an actor's. */
  blame: Blamed | undefined;
  /** It said that it is ready. */
  isReady: boolean;
  /** Its worker was asked to end. */
  isEnding: boolean;
  readonly exited: Promise<void>;
  /** Who waits for it to have taken a plan of faults, in the order in which it was told. */
  readonly faultsTaken: (() => void)[];
}

/** What is to be known of a thread that is gone. */
type LostThread = Pick<RunningThread, "thread" | "position" | "isDedicated" | "isReady"> & {
  readonly start?: DedicatedStart | undefined;
};

export class ThreadPool {
  readonly #kernel: Kernel;
  readonly #memory: SystemMemory;
  readonly #host: PortHost;
  readonly #options: ThreadPoolOptions;
  readonly #threads = new Map<number, RunningThread>();
  /** Threads that were told to end and are not gone. */
  readonly #stuck = new Set<RunningThread>();
  /** Slot regions of lost scheduler threads, for their successors. */
  readonly #regions: number[] = [];
  /** Starts since the last thread that came up. */
  #starts = 0;
  /** Positions whose thread is lost and that no other has taken yet. */
  readonly #vacant: number[] = [];
  #watching: Watching | undefined;
  #faults: FaultWork | undefined;
  #hasStarted = false;
  #isClosing = false;
  lost = 0;
  /** Why turns cannot be cut down; undefined: they can. */
  limitedBy: string | undefined;

  constructor(kernel: Kernel, host: PortHost, options: ThreadPoolOptions) {
    this.#kernel = kernel;
    this.#memory = kernel.memory;
    this.#host = host;
    this.#options = options;
  }

  /** Starts the scheduler threads. @throws RuntimeError `thread_failed`; then none is left running. */
  async start(): Promise<void> {
    const starts: Promise<RunningThread>[] = [];
    for (let position = 1; position <= this.#options.threads; position++) starts.push(this.#startScheduler(position));
    const results = await Promise.allSettled(starts);
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) {
      const stuck = await this.#endAll();
      if (stuck === undefined) throw failed.reason;
      throw new RuntimeError("thread_failed", `${errorData(failed.reason).message}; ${stuck}`, {
        cause: failed.reason,
      });
    }
    // Behind the threads, so that it holds up no start; and nobody waits for it.
    if (this.#options.isWatched) this.#watch();
    this.#hasStarted = true;
    this.#refill();
    const why = this.limitedBy;
    if (why === undefined) return;
    nextLoop(() => {
      if (!this.#isClosing) this.#kernel.emit({ type: "watchdogLimited", why });
    });
  }

  /**
   * Ends the thread at a scheduler position, and resolves when it is lost: gone, or stuck.
   * @throws RuntimeError `invalid_placement`.
   */
  async terminate(position: number, why: string): Promise<void> {
    const thread = this.#memory.threadAt(position);
    const running = thread === undefined ? undefined : this.#threads.get(thread);
    if (running === undefined) {
      const last = this.#memory.schedulers - 1;
      const what = this.#vacant.includes(position)
        ? "is lost already and not replaced yet"
        : `does not exist (1 to ${last} do)`;
      throw new RuntimeError("invalid_placement", `the worker thread at position ${position} ${what}`);
    }
    await this.#terminate(running, why);
  }

  /** Whether a worker thread runs at a scheduler position, and was not told to end. */
  isAt(position: number): boolean {
    const thread = this.#memory.threadAt(position);
    const running = thread === undefined ? undefined : this.#threads.get(thread);
    return running !== undefined && running.why === undefined;
  }

  /** Whether turns that do not end are ended. */
  get isWatched(): boolean {
    return this.#options.isWatched;
  }

  /**
   * Every thread takes a plan of faults, or none any more, and so does each that is started later. Resolves when they have.
   * @returns the threads that did not answer within `endTimeoutMs`, which take it when they come to it
   */
  async setFaults(work: FaultWork | undefined): Promise<readonly number[]> {
    this.#faults = work;
    const silent: number[] = [];
    await Promise.all(
      [...this.#threads.values()].map(async (running) => {
        const { promise: answered, resolve } = Promise.withResolvers<void>();
        running.faultsTaken.push(resolve);
        const cancel = byDeadline(this.#options.endTimeoutMs, () => {
          silent.push(running.thread);
          resolve();
        });
        running.worker.postMessage({ type: "faults", work } satisfies ToThread);
        await Promise.race([answered, running.exited]);
        cancel();
      }),
    );
    return silent;
  }

  /** Ends a thread by its id, if it is up. */
  async end(thread: number, why: string): Promise<void> {
    const running = this.#threads.get(thread);
    if (running !== undefined) await this.#terminate(running, why);
  }

  /** Resolves when the thread is gone or, where it does not go, when it is given up. */
  async #terminate(running: RunningThread, why: string): Promise<void> {
    running.why ??= why;
    const { promise: givenUp, resolve } = Promise.withResolvers<void>();
    const cancel = byDeadline(this.#options.endTimeoutMs, () => {
      this.#giveUp(running);
      resolve();
    });
    void this.#end(running);
    await Promise.race([running.exited, givenUp]);
    cancel();
  }

  /** Ends the worker when the watchdog has forgotten it: what is under way to an ending thread may abort the process. */
  async #end(running: RunningThread): Promise<void> {
    if (running.isReady) await this.#watching?.forget(running.thread);
    this.#endNow(running);
  }

  #endNow(running: RunningThread): void {
    if (running.isEnding) return;
    running.isEnding = true;
    endWorker(running.worker, running.exited, () => this.#stuck.has(running));
  }

  /**
   * It was told to end, and no code of JavaScript runs in it again, whatever it is stuck in: it is lost. Its slots are
   * not used again before it is gone.
   */
  #giveUp(running: RunningThread): void {
    if (!this.#threads.has(running.thread)) return;
    this.#stuck.add(running);
    running.worker.unref();
    const why = running.why as string;
    this.#lost(running, why === retiredWhy ? why : `${why}; did not end within ${this.#options.endTimeoutMs} ms`);
  }

  async #startScheduler(position: number): Promise<RunningThread> {
    const base = this.#regions.pop() ?? this.#memory.newRegion(slotsPerThread);
    const thread = base === undefined ? undefined : this.#memory.newThread(position, base, slotsPerThread);
    if (base === undefined || thread === undefined) {
      if (base !== undefined) this.#regions.push(base);
      throw new RuntimeError("system_limit", "this system has started as many threads as it can");
    }
    if (position !== noPosition) this.#memory.setThreadAt(position, thread);
    return await this.#launch(thread, base, position, undefined, { maxYoungGenerationSizeMb: youngGenerationMb });
  }

  /**
   * Places that lost their thread are taken within this call, by threads that stand by or, where there is none, by one
   * that is just starting: whoever restarts or spawns there after a loss waits for it rather than fail. And another
   * thread is started when one is missing.
   */
  #refill(): void {
    // A system that does not come up is not mended: its start fails.
    if (!this.#hasStarted || this.#isClosing) return;
    for (;;) {
      const position = this.#vacant[0];
      const spares = this.#spares();
      const spare = spares.find(({ isReady }) => isReady) ?? spares[0];
      if (position === undefined || spare === undefined) break;
      this.#vacant.shift();
      spare.position = position;
      this.#memory.setPosition(spare.thread, position);
      this.#memory.setThreadAt(position, spare.thread);
      if (spare.isReady) this.#kernel.emit({ type: "threadStarted", thread: spare.thread, position });
    }
    while (this.#vacant.length > 0 && this.#starts < startsMax) this.#startAnother(this.#vacant.shift() as number);
    if (this.#options.hasSpare && this.#spares().length === 0 && this.#starts < startsMax)
      this.#startAnother(noPosition);
  }

  /** Scheduler threads without a place that are up, or starting. */
  #spares(): readonly RunningThread[] {
    return [...this.#threads.values()].filter(
      ({ isDedicated, position, why }) => !isDedicated && position === noPosition && why === undefined,
    );
  }

  /** One that does not start is tried again, at most `startsMax` times in a row. */
  #startAnother(position: number): void {
    this.#starts++;
    this.#startScheduler(position).then(
      () => {
        this.#starts = 0;
        this.#refill();
      },
      (error: unknown) => {
        if (!this.#isClosing) this.#kernel.emit({ type: "unattributedError", thread: 0, error: errorData(error) });
      },
    );
  }

  /** A dedicated thread whose id was reserved by the spawner, maybe on another thread. */
  startDedicated(start: DedicatedStart): void {
    const { thread, heapMb } = start;
    if (this.#isClosing) {
      this.#lose({ thread, position: noPosition, isDedicated: true, isReady: false }, closedWhy);
      return;
    }
    const limits: ResourceLimits = heapMb === undefined ? {} : { maxOldGenerationSizeMb: heapMb };
    this.#launch(thread, this.#memory.base(thread), noPosition, start, limits).catch(() => {
      // Told already: the thread is lost, and its actor's spawner gets that reason.
    });
  }

  async #launch(
    thread: number,
    base: number,
    position: number,
    start: DedicatedStart | undefined,
    resourceLimits: ResourceLimits,
  ): Promise<RunningThread> {
    const options = this.#options;
    const isDedicated = start !== undefined;
    const workerData: ThreadData = {
      thread,
      buffers: this.#memory.buffers,
      checks: options.checks,
      isDedicated,
      isManualClock: options.isManualClock,
      seed: options.seed + thread,
      loadTimeoutMs: options.loadTimeoutMs,
      beforeInitMs: this.#kernel.beforeInitMs,
      isCuttable: options.isWatched && isInspectorAllowed(),
      isOwnerTold: options.isWatched && !isInspectorAllowed(),
      // A dedicated thread holds up nobody else: only its actor's own limit counts there.
      turnLimitMs: isDedicated ? 0 : options.turnLimitMs,
      asyncGraceMs: options.asyncGraceMs,
      frontDoor: position === noPosition && !isDedicated ? options.frontDoor : undefined,
      faults: this.#faults,
    };
    const who = isDedicated ? `dedicated thread ${thread}` : `scheduler thread ${thread}`;
    let worker: Worker;
    try {
      const entry = new URL("./thread-entry.js", import.meta.url);
      worker = startWorker(entry, { workerData, resourceLimits, name: `mofa ${who}` });
    } catch (error) {
      const { message } = errorData(error);
      if (!isDedicated) this.#regions.push(base);
      this.#lose({ thread, position, isDedicated, isReady: false }, message);
      throw new RuntimeError("thread_failed", `${who} could not be started: ${message}`, { cause: error });
    }
    const { promise: exited, resolve: setExited } = Promise.withResolvers<void>();
    const running: RunningThread = {
      thread,
      worker,
      base,
      isDedicated,
      start,
      position,
      why: undefined,
      blame: undefined,
      isReady: false,
      isEnding: false,
      exited,
      faultsTaken: [],
    };
    this.#connect(running);
    this.#threads.set(thread, running);
    const { promise: ready, resolve, reject } = Promise.withResolvers<RunningThread>();
    const cancel = byDeadline(options.startTimeoutMs, () => {
      reject(new RuntimeError("thread_failed", `${who} was not ready within ${options.startTimeoutMs} ms`));
      void this.#terminate(running, `not ready within ${options.startTimeoutMs} ms`);
    });
    worker.on("message", (said: unknown) => {
      const word = wordOf(said);
      if (word === undefined) {
        this.#kernel.emit({ type: "unattributedError", thread, error: errorData(toNobody(said)) });
        return;
      }
      switch (word.type) {
        case "ready":
          cancel();
          running.isReady = true;
          if (running.why === undefined) this.#watching?.watch(thread, worker);
          this.#memory.setState(thread, ThreadState.alive);
          // It may have got a place meanwhile.
          if (running.position !== noPosition || isDedicated)
            this.#kernel.emit({ type: "threadStarted", thread, position: running.position });
          resolve(running);
          return;
        case "failed":
          void this.#terminate(running, word.error.message);
          reject(
            new RuntimeError("thread_failed", `${who} failed to start: ${word.error.message}`, { cause: word.error }),
          );
          return;
        case "retired":
          void this.#terminate(running, retiredWhy);
          return;
        case "faultsTaken":
          running.faultsTaken.shift()?.();
          return;
        case "event":
          this.#kernel.emit(word.event);
          return;
        case "loseMe":
          void this.#terminate(running, word.why);
          return;
      }
    });
    worker.on("error", (error: unknown) => {
      if (running.why !== undefined) return;
      const { code, message } = errorData(error);
      running.why = message;
      if (code === "ERR_WORKER_OUT_OF_MEMORY") running.blame = heapBlame(start);
    });
    worker.on("exit", (code) => {
      cancel();
      this.#ended(running, running.why ?? `exit code ${code}`);
      reject(
        new RuntimeError("thread_failed", `${who} ended before it was ready: ${running.why ?? `exit code ${code}`}`),
      );
      setExited();
    });
    return await ready;
  }

  /** One channel between the new thread and each that is up, main included. */
  #connect(running: RunningThread): void {
    for (const other of this.#threads.values()) {
      const { port1, port2 } = new MessageChannel();
      other.worker.postMessage({ type: "peer", thread: running.thread, port: port1 } satisfies ToThread, [port1]);
      running.worker.postMessage({ type: "peer", thread: other.thread, port: port2 } satisfies ToThread, [port2]);
    }
    const { port1, port2 } = new MessageChannel();
    this.#host.addPeer(running.thread, port1);
    running.worker.postMessage({ type: "peer", thread: this.#kernel.thread, port: port2 } satisfies ToThread, [port2]);
    this.#kernel.names.introduce(running.thread);
  }

  /** A worker ended, whyever. */
  #ended(running: RunningThread, why: string): void {
    if (!running.isDedicated) this.#regions.push(running.base);
    // One that was given up is known to be lost.
    if (!this.#stuck.delete(running)) this.#lost(running, why, running.blame);
  }

  /** A turn holds a thread, and no cut frees it: its loss is told now, and it is ended, however long that may take. */
  #giveUpNow(running: RunningThread, why: string, blame: Blamed | undefined): void {
    running.why ??= why;
    this.#stuck.add(running);
    this.#lost(running, why, blame);
    this.#endNow(running);
  }

  /** A thread is lost: one store to its state word, then everybody is told. */
  #lost(running: RunningThread, why: string, blame?: Blamed): void {
    this.#threads.delete(running.thread);
    this.#watching?.ended(running.thread);
    // Other tries may fare better than those before it.
    if (running.isReady) this.#starts = 0;
    this.#lose(running, why, blame);
    for (const orphan of this.#orphansOf(running.thread)) {
      this.#lose({ thread: orphan, position: noPosition, isDedicated: true, isReady: false }, "its starter was lost");
    }
  }

  /** Dedicated threads that a thread reserved an id for, and was lost before it asked for them. */
  #orphansOf(starter: number): readonly number[] {
    return this.#memory
      .threadsUp()
      .filter(
        (thread) =>
          this.#memory.starter(thread) === starter &&
          this.#memory.state(thread) === ThreadState.starting &&
          !this.#threads.has(thread),
      );
  }

  #lose({ thread, position, isDedicated, isReady, start }: LostThread, why: string, blame?: Blamed): void {
    const actors = Math.max(0, this.#memory.actors(thread));
    if (blame !== undefined) this.#reportEnd(thread, start, blame);
    const isRetired = isDedicated && why === retiredWhy;
    this.#memory.setState(thread, isRetired ? ThreadState.retired : ThreadState.lost);
    if (!isRetired) this.lost++;
    const word: ToThread = { type: "lost", thread, why, wasUp: isReady, blame };
    for (const other of this.#threads.values()) {
      this.#memory.tellLoss(other.thread);
      other.worker.postMessage(word);
    }
    this.#memory.tellLoss(this.#kernel.thread);
    // The successor stands before anybody can restart an actor on it.
    if (position > 0) this.#vacant.push(position);
    this.#refill();
    this.#host.threadLost(thread, why, isReady, blame);
    if (!isRetired && !this.#isClosing) {
      const counters = this.#memory.countersOf(thread);
      const [unread, unsent] = [counters.unread, counters.get(Counter.unsent)];
      this.#kernel.emit({ type: "threadLost", thread, position, why, actors, unread, unsent });
    }
    this.#kernel.scheduler.wake();
  }

  /** The crash report of an actor that ended with its thread, and was why. */
  #reportEnd(thread: number, start: DedicatedStart | undefined, { slot, generation, reason }: Blamed): void {
    const kernel = this.#kernel;
    const isStart = start?.slot === slot && start.generation === generation;
    const ref = kernel.makeRef(thread, slot, generation);
    kernel.counters.add(Counter.crashes, 1);
    kernel.emit({
      type: "crashed",
      ref: ref.toJSON(),
      name: kernel.names.replicaNameOf(ref),
      behaviour: isStart ? start.behaviour : notKnown,
      reason,
      state: notKnown,
      message: notKnown,
      queued: [],
      queuedCount: 0,
    });
  }

  // Watchdog ------------------------------------------------------------------------------------------------------

  #watch(): void {
    const kernel = this.#kernel;
    const refOf = (thread: number, { slot, generation }: Suspect) => kernel.makeRef(thread, slot, generation).toJSON();
    this.#watching = new Watching({
      buffers: this.#memory.buffers,
      warning: (thread, suspect, ms) => {
        if (kernel.wants(eventBit("turnWarning")))
          kernel.emit({ type: "turnWarning", ref: refOf(thread, suspect), ms, limitMs: suspect.limitMs });
      },
      stuck: (thread, suspect, why) => {
        const running = this.#threads.get(thread);
        if (running === undefined) return;
        this.#giveUpNow(running, why, suspect === undefined ? undefined : this.#blameOf(thread, suspect));
      },
      mainBlocked: (ms) => {
        if (kernel.wants(eventBit("mainBlocked"))) kernel.emit({ type: "mainBlocked", ms });
      },
      limited: (why) => this.#limited(why),
    });
    for (const { thread, worker, isReady, why } of this.#threads.values())
      if (isReady && why === undefined) this.#watching.watch(thread, worker);
  }

  #blameOf(thread: number, { slot, generation, limitMs }: Suspect): Blamed {
    const kind = this.#memory.limitKind(thread, slot, generation) as LimitKind; // as it was set
    return { slot, generation, reason: limitMs < 0 ? "killed" : overTime(kind, limitMs) };
  }

  #limited(why: string): void {
    if (this.limitedBy !== undefined || this.#isClosing) return;
    this.limitedBy = why;
    warnOnce(why);
    // Nobody can listen before the system has started.
    if (this.#hasStarted) this.#kernel.emit({ type: "watchdogLimited", why });
  }

  /** Threads that run, by kind, for views. */
  get running(): readonly { readonly thread: number; readonly position: number; readonly isDedicated: boolean }[] {
    return [...this.#threads.values()].map(({ thread, position, isDedicated }) => ({ thread, position, isDedicated }));
  }

  /** Ends every thread. Idempotent. @throws RuntimeError `thread_stuck` when one does not end in time. */
  async close(): Promise<void> {
    const stuck = await this.#endAll();
    if (stuck !== undefined) throw new RuntimeError("thread_stuck", stuck);
  }

  /** Which threads did not end, as a sentence; undefined: all did. */
  async #endAll(): Promise<string | undefined> {
    this.#isClosing = true;
    const all = [...this.#threads.values(), ...this.#stuck];
    await Promise.all(all.map((running) => this.#terminate(running, closedWhy)));
    this.#watching?.end();
    if (this.#stuck.size === 0) return undefined;
    const threads = [...this.#stuck].map(({ thread, why }) => `thread ${thread} (${why})`).join(", ");
    return (
      `${threads} did not end within ${this.#options.endTimeoutMs} ms: native code holds it, or the limit of its heap. Node waits for it ` +
      'before the process ends: if it must end before, process.kill(process.pid, "SIGKILL")'
    );
  }
}

/** The heap of a dedicated thread is full: its actor had been given so much, or nobody is to blame. */
function heapBlame(start: DedicatedStart | undefined): Blamed | undefined {
  if (start?.heapMb === undefined) return undefined;
  const { slot, generation, heapMb } = start;
  return { slot, generation, reason: { budget: { heapMb } } };
}

/** What a program posted to its `parentPort`, which leads to nobody. */
function toNobody(said: unknown): RuntimeError {
  return new RuntimeError(
    "bad_argument",
    `a message to parentPort reaches nobody on a thread of the runtime: send to an actor, got ${describe(said)}`,
  );
}
