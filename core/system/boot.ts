/** Starting a system: shared memory, main's kernel and host, the scheduler threads. */
import { availableParallelism } from "node:os";
import { isTurnLimit } from "../actor/behaviour.ts";
import { definitionAt } from "../actor/behaviour-module.ts";
import type { DownMessage } from "../actor/context.ts";
import { type Clock, SystemClock } from "../clock.ts";
import { describe, RuntimeError } from "../errors.ts";
import { Counter } from "../kernel/counters.ts";
import { EventStream } from "../kernel/event-stream.ts";
import { asyncGraceMsDefault, Kernel } from "../kernel/kernel.ts";
import { positionsMax } from "../kernel/memory-layout.ts";
import { SystemMemory, slotsPerThread, ThreadState } from "../kernel/system-memory.ts";
import { assertKeys } from "../known-keys.ts";
import { isPluginName } from "../plugin/plugin-facts.ts";
import { frameBytesMaxDefault } from "../process/frames.ts";
import { ProcessGateway } from "../process/gateway.ts";
import { SeededRandom } from "../random.ts";
import { busyWaitUsDefault, busyWaitUsMax } from "../thread/busy-wait.ts";
import { assertNotLoading } from "../thread/loading.ts";
import { PortHost } from "../thread/port-host.ts";
import { SharedClock } from "../thread/shared-clock.ts";
import { ThreadPool } from "../thread/thread-pool.ts";
import { messageBytesMax } from "../thread/wire-tag.ts";

/** The runtime's own words, with the stacks of errors in them, take less. */
const processMessageBytesMin = 2 ** 16;

/** How long a turn may take, unless told otherwise. */
export const turnLimitMsDefault = 1_000;

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
  /**
   * How long one turn on a shared worker thread may take before it is cut down and its actor ends `{ turnLimit: ms }`.
   * Default 1,000; `Infinity`: for ever. Behaviours and spawns may say otherwise. Turns on main are never cut down.
   */
  readonly turnLimitMs?: number;
  /** How long an open async turn may still take after a cut that may have dropped what it waits for. Default 5,000. */
  readonly asyncGraceMs?: number;
  /**
   * How long a thread that has just talked to another stays awake for what comes next, in microseconds, as long as there is a
   * processor for it and it pays: `core/thread/busy-wait.ts`. Default 50; 0: never.
   */
  readonly busyWaitUs?: number;
  /**
   * Whether a watchdog ends turns that do not end, and actors that are killed in theirs. Default true. Without, such a turn
   * holds its thread for ever.
   */
  readonly watchdog?: boolean;
  /** Time for a thread to start. Default 10,000. */
  readonly threadStartTimeoutMs?: number;
  /**
   * Time for a thread that is ended to be gone; past it the thread is lost all the same. While the system stops, a thread
   * that one turn holds for so long is ended. Default 5,000.
   */
  readonly threadEndTimeoutMs?: number;
  /** Time for the process of an actor to start. Default 10,000. */
  readonly processStartTimeoutMs?: number;
  /** How long the process of an actor may give no sign of life before it is killed and its actor ends `{ processLost }`; `Infinity`: for ever. Default 10,000. */
  readonly heartbeatTimeoutMs?: number;
  /**
   * Longest message to or from an actor in a process of its own, in bytes as it crosses, from 65,536 to 1,073,741,824 (what
   * crosses between threads): so much of an unfinished message one process may make main hold. A longer one is refused at its sender
   * with `message_too_large`. Default 67,108,864 (64 MiB).
   */
  readonly processMessageBytesMax?: number;
  /** Time for a behaviour's module to load. Default 10,000. */
  readonly loadTimeoutMs?: number;
  /** How tasks (`submit`) are kept. */
  readonly scheduler?: SchedulerOptions;
}

export interface SchedulerOptions {
  /**
   * The storage plugin that has accepted tasks, by its name: `storage-sqlite`. A task is accepted when the store has it, and what
   * has not ended with the program is done in its next run, from when `startPlugins` has started the store. Default: they are
   * kept in memory, and end with the program.
   */
  readonly store?: string;
}

/** What a running system consists of. */
export interface SystemParts {
  readonly kernel: Kernel;
  readonly host: PortHost;
  readonly pool: ThreadPool;
  readonly gateway: ProcessGateway;
  readonly events: EventStream;
  /** Who waits for the down of which monitor. */
  readonly monitors: Map<number, (down: DownMessage) => void>;
  readonly isManual: boolean;
  /** Time for a thread that is held, or ended, before it is given up. */
  readonly endTimeoutMs: number;
}

const optionKeys = [
  "threads",
  "checks",
  "clock",
  "spare",
  "seed",
  "turnLimitMs",
  "asyncGraceMs",
  "busyWaitUs",
  "watchdog",
  "threadStartTimeoutMs",
  "threadEndTimeoutMs",
  "processStartTimeoutMs",
  "heartbeatTimeoutMs",
  "processMessageBytesMax",
  "loadTimeoutMs",
  "scheduler",
] as const satisfies readonly (keyof SystemOptions)[];

/**
 * @param frontDoor URL of the module by which programs know this runtime: a thread that stands by has loaded it.
 * @throws RuntimeError `started_while_loading`, `bad_argument`, `thread_failed`; then nothing is left running.
 */
export async function bootSystem(options: SystemOptions = {}, frontDoor?: string): Promise<SystemParts> {
  assertNotLoading();
  assertKinds(options);
  assertKeys("startSystem", options, optionKeys);
  const threads = options.threads ?? Math.max(1, availableParallelism() - 1);
  if (!Number.isInteger(threads) || threads < 1 || threads > positionsMax - 1) {
    throw new RuntimeError(
      "bad_argument",
      `threads is a whole number from 1 to ${positionsMax - 1}, got ${describe(threads)}`,
    );
  }
  assertTimeout("threadStartTimeoutMs", options.threadStartTimeoutMs);
  assertTimeout("threadEndTimeoutMs", options.threadEndTimeoutMs);
  assertTimeout("processStartTimeoutMs", options.processStartTimeoutMs);
  assertTimeout("heartbeatTimeoutMs", options.heartbeatTimeoutMs);
  assertTimeout("loadTimeoutMs", options.loadTimeoutMs);
  assertMessageBytes(options.processMessageBytesMax);
  const taskStore = checkedStore(options.scheduler);
  assertTimeout("asyncGraceMs", options.asyncGraceMs);
  const busyWaitUs = options.busyWaitUs ?? busyWaitUsDefault;
  if (!Number.isInteger(busyWaitUs) || busyWaitUs < 0 || busyWaitUs > busyWaitUsMax) {
    throw new RuntimeError(
      "bad_argument",
      `busyWaitUs is a whole number of microseconds from 0 to ${busyWaitUsMax}, got ${describe(busyWaitUs)}`,
    );
  }
  const isWatched = options.watchdog ?? true;
  const turnLimitMs = options.turnLimitMs ?? turnLimitMsDefault;
  if (!isTurnLimit(turnLimitMs)) {
    throw new RuntimeError(
      "bad_argument",
      `turnLimitMs is a time in milliseconds from 1, or Infinity for none, got ${describe(turnLimitMs)}`,
    );
  }
  if (!isWatched && (options.turnLimitMs ?? Number.POSITIVE_INFINITY) < Number.POSITIVE_INFINITY) {
    throw new RuntimeError(
      "bad_argument",
      `turnLimitMs (${turnLimitMs}) is kept by the watchdog, and watchdog is false: leave one of them out`,
    );
  }
  if (options.clock !== undefined && options.clock !== "system" && options.clock !== "manual") {
    throw new RuntimeError("bad_argument", `clock is "system" or "manual", got ${describe(options.clock)}`);
  }
  const isManual = options.clock === "manual";
  // Main, the schedulers, a spare, and one more for a spare that starts while a lost thread's slots are still in use.
  const memory = SystemMemory.create(threads + 3);
  const thread = memory.newThread(0, memory.newRegion(slotsPerThread) as number, slotsPerThread) as number;
  memory.setThreadAt(0, thread);
  memory.setState(thread, ThreadState.alive);
  const events = new EventStream(
    (bits) => {
      memory.interest = bits;
    },
    () => kernel.counters.add(Counter.eventsDropped, 1),
  );
  const seed = options.seed ?? 1;
  const clock: Clock = isManual ? new SharedClock(memory, thread) : new SystemClock();
  const loadTimeoutMs = options.loadTimeoutMs ?? 10_000;
  const processStartTimeoutMs = options.processStartTimeoutMs ?? 10_000;
  const threadStartTimeoutMs = options.threadStartTimeoutMs ?? 10_000;
  const endTimeoutMs = options.threadEndTimeoutMs ?? 5_000;
  const gateway = new ProcessGateway({
    startTimeoutMs: processStartTimeoutMs,
    heartbeatTimeoutMs: options.heartbeatTimeoutMs ?? 10_000,
    frameBytesMax: options.processMessageBytesMax ?? frameBytesMaxDefault,
    loadTimeoutMs,
    endTimeoutMs,
  });
  const host: PortHost = new PortHost({
    clock,
    random: new SeededRandom(seed),
    loadTimeoutMs,
    busyWaitUs,
    emit: (event) => events.emit(event),
    findDefinition: definitionAt,
    startProcess: (cell, module, spawnOptions) => gateway.start(kernel, cell, module, spawnOptions),
    startDedicated: (start) => pool.startDedicated(start),
    askCut: (request) => pool.askCut(request),
    isThreadAt: (position) => pool.isAt(position),
    endThreadAt: (position, why) => void pool.terminate(position, why),
  });
  host.unref();
  const monitors = new Map<number, (down: DownMessage) => void>();
  const checks = options.checks ?? process.env["NODE_ENV"] !== "production";
  const kernel: Kernel = new Kernel({
    thread,
    memory,
    host,
    checks,
    hasBlameForAll: true,
    taskStore,
    beforeInitMs: {
      shared: loadTimeoutMs,
      own: Math.max(processStartTimeoutMs, threadStartTimeoutMs) + loadTimeoutMs,
    },
    guestReceives: (message) => {
      const { type } = (message ?? {}) as { readonly type?: unknown };
      if (type !== "down") return type === "exit";
      const down = message as DownMessage;
      monitors.get(down.monitor)?.(down);
      monitors.delete(down.monitor);
      return true;
    },
  });
  host.attach(kernel);
  const pool: ThreadPool = new ThreadPool(kernel, host, {
    threads,
    checks,
    isManualClock: isManual,
    hasSpare: options.spare ?? true,
    frontDoor,
    seed,
    loadTimeoutMs,
    isWatched,
    turnLimitMs: !isWatched || turnLimitMs === Number.POSITIVE_INFINITY ? 0 : Math.ceil(turnLimitMs),
    asyncGraceMs: options.asyncGraceMs ?? asyncGraceMsDefault,
    busyWaitUs,
    startTimeoutMs: threadStartTimeoutMs,
    endTimeoutMs,
  });
  kernel.scheduler.arm();
  try {
    await pool.start();
  } catch (error) {
    host.close();
    throw error;
  }
  return { kernel, host, pool, gateway, events, monitors, isManual, endTimeoutMs };
}

function assertKinds(options: SystemOptions): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new RuntimeError(
      "bad_argument",
      `startSystem wants options, a record such as { threads: 4 }, or nothing, got ${describe(options)}`,
    );
  }
  for (const name of ["checks", "spare", "watchdog"] as const) {
    const value: unknown = options[name];
    if (value === undefined || typeof value === "boolean") continue;
    throw new RuntimeError("bad_argument", `${name} is true or false, got ${describe(value)}`);
  }
  const { seed } = options;
  if (seed !== undefined && !Number.isSafeInteger(seed)) {
    throw new RuntimeError("bad_argument", `seed is a whole number, got ${describe(seed)}`);
  }
}

function assertTimeout(name: string, timeoutMs: number | undefined): void {
  if (timeoutMs === undefined || (typeof timeoutMs === "number" && timeoutMs > 0)) return;
  throw new RuntimeError(
    "bad_argument",
    `${name} is a time in milliseconds above 0 (Infinity: no limit), got ${describe(timeoutMs)}`,
  );
}

function checkedStore(scheduler: SchedulerOptions | undefined): string | undefined {
  if (scheduler === undefined) return undefined;
  assertKeys("startSystem: scheduler", scheduler, ["store"]);
  const { store } = scheduler;
  if (store === undefined || isPluginName(store)) return store;
  throw new RuntimeError(
    "bad_argument",
    `scheduler.store is the name of a storage plugin like "storage-sqlite", got ${describe(store)}`,
  );
}

function assertMessageBytes(bytesMax: number | undefined): void {
  if (bytesMax === undefined) return;
  if (Number.isInteger(bytesMax) && bytesMax >= processMessageBytesMin && bytesMax <= messageBytesMax) return;
  throw new RuntimeError(
    "bad_argument",
    `processMessageBytesMax is a whole number of bytes from ${processMessageBytesMin} to ${messageBytesMax}, got ${describe(bytesMax)}`,
  );
}
