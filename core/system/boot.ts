/** Starting a system: shared memory, main's kernel and host, the scheduler threads. */
import { definitionAt } from "../actor/behaviour-module.ts";
import type { DownMessage } from "../actor/context.ts";
import { type Clock, SystemClock } from "../clock.ts";
import { Counter } from "../kernel/counters.ts";
import { EventStream } from "../kernel/event-stream.ts";
import { asyncGraceMsDefault, Kernel } from "../kernel/kernel.ts";
import { SystemMemory, slotsPerThread, ThreadState } from "../kernel/system-memory.ts";
import { frameBytesMaxDefault } from "../process/frame-bounds.ts";
import { ProcessGateway } from "../process/gateway.ts";
import { SeededRandom } from "../random.ts";
import { busyWaitUsDefault } from "../thread/busy-wait.ts";
import { PortHost } from "../thread/port-host.ts";
import { SharedClock } from "../thread/shared-clock.ts";
import type { FirstThreads } from "../thread/started-worker.ts";
import { ThreadPool } from "../thread/thread-pool.ts";
import { type SystemOptions, threadsOf, turnLimitMsDefault } from "./system-options.ts";

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

/**
 * @param frontDoor URL of the module by which programs know this runtime: a thread that stands by has loaded it.
 * @param first its threads, as far as they were started before.
 * @throws RuntimeError `started_while_loading`, `bad_argument`, `thread_failed`; then nothing is left running.
 */
export async function bootSystem(
  options: SystemOptions = {},
  frontDoor?: string,
  first?: FirstThreads,
): Promise<SystemParts> {
  const threads = threadsOf(options);
  const busyWaitUs = options.busyWaitUs ?? busyWaitUsDefault;
  const isWatched = options.watchdog ?? true;
  const turnLimitMs = options.turnLimitMs ?? turnLimitMsDefault;
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
    loadProcesses: () => gateway.load(),
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
    taskStore: options.scheduler?.store,
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
    await pool.start(first);
  } catch (error) {
    host.close();
    throw error;
  }
  return { kernel, host, pool, gateway, events, monitors, isManual, endTimeoutMs };
}
