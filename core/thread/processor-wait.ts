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
  /** What it had used of a processor at the last look, and when that was seen to have grown. */
  #used = "";
  #usedMs = 0;
  #waitedMs = 0;

  /** @param osThread gives its number, when that is first needed. */
  constructor(osThread: () => number) {
    this.#osThread = osThread;
  }

  /** Milliseconds that it has waited in its life, the present wait with them; they never go down. Undefined: not to be known. */
  waitedMs(): number | undefined {
    if (!this.#isTold) return undefined;
    try {
      this.#folder ??= `/proc/self/task/${this.#osThread()}`;
      // Nanoseconds on a processor and in the queue for one. A wait stands there only when it is over.
      const [used = "", waited] = readFileSync(`${this.#folder}/schedstat`, "utf8").split(" ");
      const nowMs = stopwatchMs();
      let waitedMs = Number(waited) / nsPerMs;
      if (used !== this.#used) {
        this.#used = used;
        this.#usedMs = nowMs;
      } else if (this.#isReady()) waitedMs += nowMs - this.#usedMs;
      if (waitedMs > this.#waitedMs) this.#waitedMs = waitedMs;
      return this.#waitedMs;
    } catch {
      // The thread has ended, or the system does not tell.
      this.#isTold = false;
      return undefined;
    }
  }

  /** Whether it would run if it could; else it waits for something. */
  #isReady(): boolean {
    return /\) R /.test(readFileSync(`${this.#folder}/stat`, "utf8"));
  }
}
