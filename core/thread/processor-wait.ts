/**
 * How long a thread has waited for a processor: time in which it was ready to run and others ran. Linux alone tells, and
 * only who may read `/proc`.
 */
import { readFileSync, readlinkSync } from "node:fs";
import { stopwatchMs } from "../clock.ts";

const nsPerMs = 1_000_000;

/** The operating system's number of the calling thread; 0: it does not tell. */
export function osThreadNumber(): number {
  try {
    return Number(/\d+$/.exec(readlinkSync("/proc/thread-self"))?.[0] ?? 0);
  } catch {
    return 0;
  }
}

/** One thread of this process, as another looks at it again and again while that is at work. */
export class ProcessorWait {
  readonly #osThread: () => number;
  #folder: string | undefined;
  #isTold = true;
  /** At the last look: when that was, time on a processor and in the queue for one, and whether the thread was ready to run. */
  #lookedMs = 0;
  #usedMs = 0;
  #queuedMs = 0;
  #wasReady = false;
  /** All waits together, as exact as the system's times are, and the most that it has been. */
  #sumMs = 0;
  #waitedMs = 0;

  /** @param osThread gives its number, when that is first needed. */
  constructor(osThread: () => number) {
    this.#osThread = osThread;
  }

  /**
   * Milliseconds that it has waited since the first look; they never go down. Undefined: not to be known.
   *
   * What the system counts as a wait stands there when it is over, and what a host takes from a virtual machine never does.
   * So who was ready to run at the last look and is now has waited whenever it was not on a processor.
   */
  waitedMs(): number | undefined {
    if (!this.#isTold) return undefined;
    try {
      this.#folder ??= `/proc/self/task/${this.#osThread()}`;
      const [usedMs = 0, queuedMs = 0] = readFileSync(`${this.#folder}/schedstat`, "utf8")
        .split(" ")
        .map((ns) => Number(ns) / nsPerMs);
      const isReady = /\) R /.test(readFileSync(`${this.#folder}/stat`, "utf8"));
      const nowMs = stopwatchMs();
      if (this.#lookedMs !== 0) {
        const idleMs = nowMs - this.#lookedMs - (usedMs - this.#usedMs);
        this.#sumMs += isReady && this.#wasReady ? idleMs : queuedMs - this.#queuedMs;
        this.#waitedMs = Math.max(this.#waitedMs, this.#sumMs);
      }
      this.#lookedMs = nowMs;
      this.#usedMs = usedMs;
      this.#queuedMs = queuedMs;
      this.#wasReady = isReady;
      return this.#waitedMs;
    } catch {
      // The thread has ended, or the system does not tell.
      this.#isTold = false;
      return undefined;
    }
  }
}
