/**
 * The manual clock, as one thread sees it: time stands in shared memory and moves when a test says so.
 *
 * Each thread publishes when its next timer is due; whoever advances the clock goes from one due time to the next and
 * rings the threads whose turn it is.
 */
import type { Clock } from "../clock.ts";
import type { SystemMemory } from "../kernel/system-memory.ts";

export class SharedClock implements Clock {
  readonly #memory: SystemMemory;
  readonly #thread: number;

  constructor(memory: SystemMemory, thread: number) {
    this.#memory = memory;
    this.#thread = thread;
  }

  nowMs(): number {
    return this.#memory.manualMs;
  }

  wakeAt(dueMs: number, wake: () => void): void {
    this.#memory.setNextDueMs(this.#thread, dueMs);
    // What is due already waits for no advance, and nobody else would wake this thread for it.
    if (dueMs <= this.#memory.manualMs) wake();
  }

  cancelWake(): void {
    this.#memory.setNextDueMs(this.#thread, Number.POSITIVE_INFINITY);
  }
}
