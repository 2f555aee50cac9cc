/** The manual clock of a system: it stands until it is advanced, and then every thread has fired what is due, in order. */
import { describe, RuntimeError } from "../errors.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { settled } from "./settling.ts";

export class ManualClock {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  nowMs(): number {
    return this.#kernel.memory.manualMs;
  }

  /**
   * Moves time on by `ms`, from one due timer to the next over all threads, and settles the system after each. Ends early
   * when the system stops meanwhile.
   * @throws RuntimeError `bad_argument` unless `ms` is a finite number from 0.
   */
  async advance(ms: number): Promise<void> {
    if (typeof ms !== "number" || !(ms >= 0 && ms < Number.POSITIVE_INFINITY)) {
      throw new RuntimeError(
        "bad_argument",
        `advance wants a finite number of milliseconds from 0, got ${describe(ms)}`,
      );
    }
    const kernel = this.#kernel;
    const memory = kernel.memory;
    const untilMs = memory.manualMs + ms;
    for (;;) {
      await settled(kernel, true);
      if (kernel.isClosed) break;
      let nextMs = Number.POSITIVE_INFINITY;
      for (const thread of memory.threadsUp()) nextMs = Math.min(nextMs, memory.nextDueMs(thread));
      if (nextMs > untilMs) break;
      memory.manualMs = Math.max(memory.manualMs, nextMs);
      this.#ringDue();
    }
    memory.manualMs = untilMs;
  }

  #ringDue(): void {
    const kernel = this.#kernel;
    const memory = kernel.memory;
    for (const thread of memory.threadsUp()) {
      if (memory.nextDueMs(thread) > memory.manualMs) continue;
      if (thread === kernel.thread) kernel.scheduler.arm();
      else kernel.host.ringBell(thread);
    }
  }
}
