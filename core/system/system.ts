/**
 * A running system, as the program that started it sees it: the verbs of `ctx` for code outside any actor.
 *
 * The program is the guest: an actor without code in slot 0 of main that traps exits. What it spawns has it as parent.
 */

import { availableParallelism } from "node:os";
import type { Behaviour } from "../actor/behaviour.ts";
import type { Context, DownMessage, Monitor, SpawnOptions, SpawnRest, StartResult, Target } from "../actor/context.ts";
import type { ExitReason } from "../actor/exit-reason.ts";
import type { Api, CallOptions, Ref, RefData, SendOptions, SendResult } from "../actor/ref.ts";
import { type Clock, SystemClock } from "../clock.ts";
import { describe, RuntimeError } from "../errors.ts";
import { type CrashReport, EventStream } from "../kernel/events.ts";
import { FrameKind } from "../kernel/frame-kind.ts";
import { Kernel, type ThreadStats } from "../kernel/kernel.ts";
import { startError, startTimeoutMs } from "../kernel/start-error.ts";
import { positionsMax, SystemMemory, slotsPerThread, ThreadState } from "../kernel/system-memory.ts";
import { SeededRandom } from "../random.ts";
import { assertNotLoading } from "../thread/loading.ts";
import { PortHost } from "../thread/port-host.ts";
import { guardMain } from "../thread/process-guard.ts";
import { SharedClock } from "../thread/shared-clock.ts";
import { ThreadPool } from "../thread/thread-pool.ts";
import { ManualClock } from "./manual-clock.ts";
import { settled } from "./settling.ts";

export interface SystemOptions {
  /** Scheduler threads beside main. Default: one per core less one, at least one. */
  readonly threads?: number;
  /** Freeze messages. Default: unless NODE_ENV is `production`. */
  readonly checks?: boolean;
  /** `manual`: time stands until `system.clock.advance(ms)`. Default `system`. */
  readonly clock?: "system" | "manual";
  /** A warm thread that stands by for one that is lost. Default true. */
  readonly spare?: boolean;
  /** Seed of everything random in the system. Default 1. */
  readonly seed?: number;
  /** Time for a thread to start. Default 10,000. */
  readonly threadStartTimeoutMs?: number;
  /** Time for a behaviour's module to load. Default 10,000. */
  readonly loadTimeoutMs?: number;
}

/** A monitor of the program: `down` resolves when the actor ends. */
export interface SystemMonitor extends Monitor {
  readonly down: Promise<DownMessage>;
}

export interface SystemStats {
  readonly threads: readonly ThreadStats[];
  readonly actors: number;
  readonly turns: number;
  readonly crashes: number;
  readonly threadsLost: number;
  readonly deadLetters: ThreadStats["deadLetters"];
}

/** What `stop` ends in order before the threads end: set by the front door, which knows supervisors. */
export type StopTrees = () => Promise<void>;

/** Time for other threads to answer a question about themselves. */
const statsTimeoutMs = 5_000;

export class System implements AsyncDisposable {
  readonly events: EventStream;
  readonly #kernel: Kernel;
  readonly #host: PortHost;
  readonly #pool: ThreadPool;
  readonly #ctx: Context;
  readonly #monitors: Map<number, (down: DownMessage) => void>;
  readonly #manualClock: ManualClock | undefined;
  readonly #unguard: () => void;
  readonly #stops: StopTrees[] = [];
  #stopping: Promise<void> | undefined;

  private constructor(
    kernel: Kernel,
    host: PortHost,
    pool: ThreadPool,
    events: EventStream,
    monitors: Map<number, (down: DownMessage) => void>,
    isManual: boolean,
  ) {
    this.#kernel = kernel;
    this.#host = host;
    this.#pool = pool;
    this.events = events;
    this.#monitors = monitors;
    this.#ctx = kernel.contextOf(kernel.guest);
    this.#manualClock = isManual ? new ManualClock(kernel) : undefined;
    this.#unguard = guardMain(kernel);
  }

  /** Starts main's kernel and the scheduler threads. @throws RuntimeError `started_while_loading`, `bad_argument`, `thread_failed`. */
  static async start(options: SystemOptions = {}): Promise<System> {
    assertNotLoading();
    const threads = options.threads ?? Math.max(1, availableParallelism() - 1);
    if (!Number.isInteger(threads) || threads < 1 || threads > positionsMax - 1) {
      throw new RuntimeError(
        "bad_argument",
        `threads is a whole number from 1 to ${positionsMax - 1}, got ${describe(threads)}`,
      );
    }
    const isManual = options.clock === "manual";
    // Main, the schedulers, a spare, and one more for a spare that starts while a lost thread's slots are still in use.
    const memory = SystemMemory.create(threads + 3);
    const thread = memory.newThread(0, memory.newRegion(slotsPerThread) as number, slotsPerThread) as number;
    memory.setThreadAt(0, thread);
    memory.setState(thread, ThreadState.alive);
    const events = new EventStream((bits) => {
      memory.interest = bits;
    });
    const seed = options.seed ?? 1;
    const clock: Clock = isManual ? new SharedClock(memory, thread) : new SystemClock();
    const loadTimeoutMs = options.loadTimeoutMs ?? 10_000;
    let pool: ThreadPool | undefined;
    const host = new PortHost({
      clock,
      random: new SeededRandom(seed),
      loadTimeoutMs,
      emit: (event) => events.emit(event),
      startDedicated: (id, heapMb) => pool?.startDedicated(id, heapMb),
    });
    host.unref();
    const monitors = new Map<number, (down: DownMessage) => void>();
    const checks = options.checks ?? process.env["NODE_ENV"] !== "production";
    const kernel = new Kernel({
      thread,
      memory,
      host,
      checks,
      hasBlameForAll: true,
      guestReceives: (message) => {
        const down = message as Partial<DownMessage>;
        if (down.type !== "down" || down.monitor === undefined) return;
        monitors.get(down.monitor)?.(message as DownMessage);
        monitors.delete(down.monitor);
      },
    });
    host.attach(kernel);
    pool = new ThreadPool(kernel, host, {
      threads,
      checks,
      isManualClock: isManual,
      hasSpare: options.spare ?? true,
      seed,
      loadTimeoutMs,
      startTimeoutMs: options.threadStartTimeoutMs ?? 10_000,
    });
    const system = new System(kernel, host, pool, events, monitors, isManual);
    kernel.scheduler.arm();
    try {
      await pool.start();
    } catch (error) {
      await system.stop();
      throw error;
    }
    return system;
  }

  /** The program's own address: parent of what it spawns. */
  get self(): Ref {
    return this.#ctx.self;
  }

  /** Scheduler positions: 0 is main, the worker threads count from 1. */
  get threads(): number {
    return this.#kernel.memory.schedulers;
  }

  /** @throws RuntimeError `bad_argument` unless the system was started with `clock: "manual"`. */
  get clock(): ManualClock {
    if (this.#manualClock === undefined) {
      throw new RuntimeError(
        "bad_argument",
        'this system runs on real time; start it with { clock: "manual" } to advance it',
      );
    }
    return this.#manualClock;
  }

  /**
   * Starts an actor and awaits its `init`. Default placement `spread`, `startTimeoutMs` 5,000.
   * @throws RuntimeError `start_failed`, `ignore`, `already_started`, `init_timeout`, `module_unknown`, `module_failed`,
   * `module_export_missing`, `load_timeout`, `invalid_placement`, `bad_argument`, `not_cloneable`, `not_started`.
   */
  async spawn<A, P extends Api>(behaviour: Behaviour<A, P>, ...rest: SpawnRest<A, SpawnOptions>): Promise<Ref<P>> {
    this.#assertRunning("spawn");
    const kernel = this.#kernel;
    const [argument, options] = rest;
    const { promise, resolve } = Promise.withResolvers<StartResult>();
    const withDefaults: SpawnOptions = { placement: "spread", startTimeoutMs, ...options };
    const { ref } = kernel.spawner.spawn(kernel.guest, behaviour as Behaviour<never, Api>, argument, withDefaults, {
      await: resolve,
    });
    const result = await promise;
    if (!result.ok) throw this.#stopping === undefined ? startError(kernel.nameOf(ref), result) : notStarted("spawn");
    // The behaviour's type says what the actor takes.
    return ref as Ref<P>;
  }

  send(target: Target, message: unknown, options?: SendOptions): SendResult {
    this.#assertRunning("send");
    return this.#ctx.send(target, message, options);
  }

  async call(target: Target, name: string, argument?: unknown, options?: CallOptions): Promise<unknown> {
    this.#assertRunning("call");
    return await this.#ctx.call(target, name, argument, options);
  }

  cast(target: Target, name: string, argument?: unknown): SendResult {
    this.#assertRunning("cast");
    return this.#ctx.cast(target, name, argument);
  }

  /** Sends an exit signal; `kill` cannot be caught. */
  exit(ref: RefData, reason: ExitReason): void {
    this.#assertRunning("exit");
    this.#ctx.exit(ref, reason);
  }

  /** Ends an actor in order and resolves with its exit reason (proc_lib:stop). @throws RuntimeError `timeout`, `noproc`. */
  async stopActor(
    ref: RefData,
    reason: ExitReason = "normal",
    timeoutMs: number = Number.POSITIVE_INFINITY,
  ): Promise<ExitReason> {
    this.#assertRunning("stopActor");
    return (await this.#kernel.calls.stop(this.#kernel.guest, ref, reason, timeoutMs)) as ExitReason;
  }

  /** Watches an actor; its `down` comes once. Resolves when the monitor stands. */
  async monitor(target: Target): Promise<SystemMonitor> {
    this.#assertRunning("monitor");
    const monitor = this.#ctx.monitor(target);
    const { promise: down, resolve } = Promise.withResolvers<DownMessage>();
    this.#monitors.set(monitor.id, resolve);
    return { id: monitor.id, ref: monitor.ref, down };
  }

  demonitor(monitor: Monitor): void {
    this.#ctx.demonitor(monitor);
    this.#monitors.delete(monitor.id);
  }

  async register(name: string, ref: RefData): Promise<void> {
    this.#assertRunning("register");
    await this.#ctx.register(name, ref);
  }

  async unregister(name: string): Promise<void> {
    this.#assertRunning("unregister");
    await this.#ctx.unregister(name);
  }

  whereis(name: string): Ref | undefined {
    return this.#ctx.whereis(name);
  }

  isAlive(ref: RefData): boolean {
    return this.#kernel.isAlive(ref);
  }

  /** Resolves when no thread has anything to do but to wait for the clock, and nothing is on its way. */
  async settled(): Promise<void> {
    await settled(this.#kernel, this.#manualClock !== undefined);
  }

  /** Counters of every thread. */
  async stats(): Promise<SystemStats> {
    this.#assertRunning("stats");
    const kernel = this.#kernel;
    const threads = await Promise.all(
      kernel.memory
        .threadsUp()
        .map(async (thread) => (thread === kernel.thread ? kernel.stats() : await this.#askStats(thread))),
    );
    const known = threads.filter((stats) => stats !== undefined);
    const deadLetters = { ...kernel.stats().deadLetters };
    for (const { thread, deadLetters: letters } of known) {
      if (thread === kernel.thread) continue;
      for (const [why, count] of Object.entries(letters)) deadLetters[why as keyof typeof deadLetters] += count;
    }
    return {
      threads: known,
      actors: sum(known.map((stats) => stats.actors)),
      turns: sum(known.map((stats) => stats.turns)),
      crashes: sum(known.map((stats) => stats.crashes)),
      threadsLost: this.#pool.lost,
      deadLetters,
    };
  }

  /** Undefined when the thread went away meanwhile. */
  async #askStats(thread: number): Promise<ThreadStats | undefined> {
    const kernel = this.#kernel;
    try {
      return (await kernel.calls.ask(
        kernel.guest,
        kernel.makeRef(thread, 0, 0),
        FrameKind.stats,
        "stats",
        statsTimeoutMs,
      )) as ThreadStats;
    } catch (error) {
      if (error instanceof RuntimeError && (error.code === "thread_lost" || error.code === "noproc")) return undefined;
      throw error;
    }
  }

  /** The last crash reports, oldest first, at most 100. */
  crashes(): readonly CrashReport[] {
    return this.events.crashes();
  }

  /** Ends a scheduler thread as a crash would: for tests and fault injection. */
  async terminateThread(position: number, why = "terminated"): Promise<void> {
    this.#assertRunning("terminateThread");
    await this.#pool.terminate(position, why);
  }

  /** Names with a living holder. */
  names(): readonly (readonly [string, Ref])[] {
    return this.#kernel.names.all();
  }

  /** For the rooms above: what runs before the threads end, last added first. */
  onStop(stop: StopTrees): void {
    this.#stops.push(stop);
  }

  /** For the rooms above: the context of the program outside any actor. */
  get context(): Context {
    return this.#ctx;
  }

  get isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  /** Stops the trees in order, then the threads. Idempotent; resolves when all is down. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    try {
      for (const stop of this.#stops.reverse()) await stop();
    } finally {
      await this.#pool.close();
      this.#kernel.lifecycle.endAll({ shutdown: "system stopped" });
      this.#kernel.drain();
      this.#host.close();
      this.#unguard();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #assertRunning(verb: string): void {
    if (this.#stopping !== undefined) throw notStarted(verb);
  }
}

function notStarted(verb: string): RuntimeError {
  return new RuntimeError("not_started", `${verb}: the system has stopped`);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
