/**
 * Time, as the runtime sees it. `Date` and Node's timers are used in this file alone.
 *
 * `SystemClock` is real; the manual clock of the test kit lives in shared memory (`system-memory.ts`), so that one
 * `advance` reaches every thread.
 */

/** As Node has them: on a worker thread user code gets others, which hand them over in an actor's scope. */
const { setTimeout, setImmediate } = globalThis;

export interface Clock {
  /** Milliseconds since an arbitrary start, monotonic, the same origin on every thread of a system. */
  nowMs(): number;
  /** Calls `wake` once at or after `dueMs` (of `nowMs`). At most one wake is pending: a new one replaces the old. */
  wakeAt(dueMs: number, wake: () => void): void;
  /** Cancels the pending wake. */
  cancelWake(): void;
  /** The time of day, in milliseconds since the epoch, which may be set. Absent: `nowMs` is that time, as on a manual clock. */
  wallMs?(): number;
}

/** Longest delay of one Node timer; a later due time is reached in several hops. */
const hopMaxMs = 2 ** 31 - 1;

/** The process-wide monotonic clock: all threads of a process agree on it, and a change of the wall clock does not move it. */
export class SystemClock implements Clock {
  #timer: NodeJS.Timeout | undefined;

  nowMs(): number {
    return Number(process.hrtime.bigint()) / 1e6;
  }

  wakeAt(dueMs: number, wake: () => void): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    const delayMs = Math.max(0, Math.ceil(dueMs - this.nowMs()));
    this.#timer = setTimeout(wake, Math.min(delayMs, hopMaxMs));
  }

  cancelWake(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  wallMs(): number {
    return wallMs();
  }
}

/** A timer outside any actor. `Infinity`: never. Returns the function that cancels it. */
export function afterMs(delayMs: number, action: () => void): () => void {
  if (delayMs === Number.POSITIVE_INFINITY) return () => {};
  let timer: NodeJS.Timeout;
  const wait = (leftMs: number): void => {
    timer = setTimeout(() => (leftMs > hopMaxMs ? wait(leftMs - hopMaxMs) : action()), Math.min(leftMs, hopMaxMs));
  };
  wait(delayMs);
  return () => clearTimeout(timer);
}

/**
 * A deadline for something that another thread or the loader does: after a thread was blocked for longer than the
 * delay, what came in the meantime is taken first. Returns the function that cancels it.
 */
export function byDeadline(delayMs: number, action: () => void): () => void {
  let isCancelled = false;
  const cancel = afterMs(delayMs, () => {
    nextLoop(() => {
      if (!isCancelled) action();
    });
  });
  return () => {
    isCancelled = true;
    cancel();
  };
}

/** Runs the action when the event loop comes round, after timers and I/O had their go. */
export function nextLoop(action: () => void): void {
  setImmediate(action);
}

/** Time for measuring how long the runtime itself takes, whatever its clock: milliseconds, monotonic. */
export function stopwatchMs(): number {
  return performance.now();
}

/** How long the event loop of this thread has been at work since it began, in milliseconds. */
export function loopWorkedMs(): number {
  return performance.eventLoopUtilization().active;
}

/** A time as `Date` has it. */
export function dateAt(sinceEpochMs: number): Date {
  return new Date(sinceEpochMs);
}

/** Wall-clock time for reports to people, in milliseconds since the epoch. */
export function wallMs(): number {
  return Date.now();
}
