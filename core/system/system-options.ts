/** What a system may be started with, and what of it is refused. */
import { availableParallelism } from "node:os";
import { isTurnLimit } from "../actor/behaviour.ts";
import { describe, RuntimeError } from "../errors.ts";
import { positionsMax } from "../kernel/memory-layout.ts";
import { assertKeys } from "../known-keys.ts";
import { isPluginName } from "../plugin/plugin-facts.ts";
import { busyWaitUsDefault, busyWaitUsMax } from "../thread/busy-wait.ts";
import { assertNotLoading } from "../thread/loading.ts";
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
 * How many scheduler threads it will have.
 * @throws RuntimeError `started_while_loading`, `bad_argument`.
 */
export function threadsOf(options: SystemOptions): number {
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
  assertStore(options.scheduler);
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
  return threads;
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

function assertStore(scheduler: SchedulerOptions | undefined): void {
  if (scheduler === undefined) return;
  assertKeys("startSystem: scheduler", scheduler, ["store"]);
  const { store } = scheduler;
  if (store === undefined || isPluginName(store)) return;
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
