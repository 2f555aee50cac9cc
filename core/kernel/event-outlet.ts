/**
 * The way of a thread's events to main: bounded, and what is dropped there is counted and told.
 *
 * Main may read more slowly than a worker has something to tell. At the bound the newest event is dropped, of the kinds
 * that only describe. Reports of failures (`crashed`, `unattributedError`) have as many places again for themselves.
 */
import { Counter } from "./counters.ts";
import type { EventType, RuntimeEvent } from "./events.ts";
import { FrameKind } from "./frame-kind.ts";
import type { Kernel } from "./kernel.ts";

/** Events of one thread that may wait for main. */
export const eventsMax = 16_384;
/** The same where a report of a failure is to be added. */
export const reportsMax = 2 * eventsMax;

const reports: readonly EventType[] = ["crashed", "unattributedError", "eventsDropped"];

/** Whether an event is one of those that have places for themselves. */
export function isReport(type: EventType): boolean {
  return reports.includes(type);
}

/** Main's guest, who takes what is for main itself. */
const main = { slot: 0, generation: 0 };

export class EventOutlet {
  readonly #kernel: Kernel;
  /** In the outbox to main. */
  #waiting = 0;
  /** By kind, since it was last told. */
  #dropped: Partial<Record<EventType, number>> = {};
  #droppedCount = 0;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  emit(event: RuntimeEvent): void {
    const kernel = this.#kernel;
    if (kernel.thread === 0) {
      kernel.host.emit(event);
      return;
    }
    const { type } = event;
    if (this.#waiting >= (isReport(type) ? reportsMax : eventsMax)) {
      this.#dropped[type] = (this.#dropped[type] ?? 0) + 1;
      this.#droppedCount++;
      kernel.counters.add(Counter.eventsDropped, 1);
      return;
    }
    this.#waiting++;
    kernel.peers.push(0, FrameKind.event, main, kernel.guest, 0, event);
  }

  /** So many have left for main. When it flows again, what was dropped is told. */
  left(events: number): void {
    this.#waiting -= events;
    if (this.#droppedCount === 0 || this.#waiting > eventsMax / 2) return;
    const [count, kinds] = [this.#droppedCount, this.#dropped];
    this.#droppedCount = 0;
    this.#dropped = {};
    this.emit({ type: "eventsDropped", thread: this.#kernel.thread, count, kinds });
    // It stands in an outbox that has just been flushed.
    this.#kernel.scheduler.arm();
  }
}
