/**
 * A thread that has just talked to another stays awake for a moment before it rests, since the answer is often near: to wake a
 * thread that rests costs some thirty microseconds (Erlang's schedulers do the same, `+sbwt`). Each round is a message of the thread
 * to itself. A round behind a talk, or behind code of actors, comes at once: what that has made ready goes on there. In the others
 * the thread looks for news in place, which makes no garbage, for 20 us: so long do timers and I/O of the program wait.
 *
 * Only while there is a processor for each thread of the system that is awake or was rung, and only where it pays: news that came
 * in time give a credit, a wait in vain takes four, and without credit one talk in 16 is waited for, and after each such wait in
 * vain one in twice as many, 256 in the end. So a machine that others use, too, where waiting keeps its processor from who is to
 * answer, loses little by it.
 */
import { availableParallelism } from "node:os";
import { stopwatchMs } from "../clock.ts";
import type { Idle } from "../kernel/host.ts";
import type { SystemMemory } from "../kernel/system-memory.ts";

/** Default of `busyWaitUs`: some more than a thread needs to wake. A longer wait is in the way of one that woke on the same processor. */
export const busyWaitUsDefault = 50;
export const busyWaitUsMax = 10_000;
/** Of one round. */
const roundMs = 0.02;
const creditMax = 64;
const costInVain = 4;
const talksPerTryMin = 16;
const talksPerTryMax = 256;

/** Leaves more of a processor's core to who runs on its other half. */
const { pause } = Atomics as { readonly pause?: (hint?: number) => void };
const relax = pause === undefined ? () => undefined : () => pause();

export class BusyWait {
  readonly #memory: SystemMemory;
  readonly #thread: number;
  readonly #ms: number;
  readonly #nowMs: () => number;
  readonly #processors: number;
  #sent = 0;
  #received = 0;
  #untilMs = 0;
  #isWaiting = false;
  #credit = creditMax;
  #talksPerTry = talksPerTryMin;
  #untilTry = talksPerTryMin;

  constructor(
    memory: SystemMemory,
    thread: number,
    busyWaitUs: number,
    nowMs = stopwatchMs,
    processors = availableParallelism(),
  ) {
    this.#memory = memory;
    this.#thread = thread;
    this.#ms = busyWaitUs / 1_000;
    this.#nowMs = nowMs;
    this.#processors = processors;
  }

  /**
   * What the thread, which has nothing to do, shall do next.
   * @param others the other threads of the system.
   * @param hasNews whether something has come from one of them.
   * @param hasRun whether code of actors has just run: what that has made ready goes on only behind this drain.
   */
  next(others: Iterable<number>, hasNews: () => boolean, hasRun: boolean): Idle {
    if (this.#ms === 0) return "rest";
    const sent = this.#memory.sent(this.#thread);
    const received = this.#memory.received(this.#thread);
    if (sent !== this.#sent || received !== this.#received) {
      if (this.#isWaiting && received !== this.#received) this.#paid();
      this.#sent = sent;
      this.#received = received;
      this.#isWaiting = this.#begins() && this.#hasProcessor(others);
      if (this.#isWaiting) this.#untilMs = this.#nowMs() + this.#ms;
      return this.#isWaiting ? "round" : "rest";
    }
    if (!this.#isWaiting) return "rest";
    const roundEndMs = hasRun ? 0 : this.#nowMs() + roundMs;
    for (;;) {
      const nowMs = this.#nowMs();
      if (nowMs >= this.#untilMs || !this.#hasProcessor(others)) break;
      if (nowMs >= roundEndMs) return "round";
      if (hasNews()) return "news";
      relax();
    }
    this.#isWaiting = false;
    this.#wasInVain();
    return "rest";
  }

  #begins(): boolean {
    if (this.#credit > 0) return true;
    if (--this.#untilTry > 0) return false;
    this.#untilTry = this.#talksPerTry;
    return true;
  }

  #paid(): void {
    this.#credit = Math.min(creditMax, this.#credit + 1);
    this.#untilTry = this.#talksPerTry = talksPerTryMin;
  }

  #wasInVain(): void {
    if (this.#credit === 0) this.#untilTry = this.#talksPerTry = Math.min(talksPerTryMax, this.#talksPerTry * 2);
    this.#credit = Math.max(0, this.#credit - costInVain);
  }

  /** Whether everybody who is awake, or was rung, has a processor. */
  #hasProcessor(others: Iterable<number>): boolean {
    const memory = this.#memory;
    let awake = 1;
    for (const thread of others) if (memory.isAwake(thread) || memory.watch.isRung(thread)) awake++;
    return awake <= this.#processors;
  }
}
