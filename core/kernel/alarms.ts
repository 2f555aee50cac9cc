/** When things are due: one time for each, on the system's clock, that may be set anew. */
import { type HeapEntry, TimerHeap } from "./timers.ts";

interface Alarm<T> extends HeapEntry {
  readonly of: T;
}

export class Alarms<T> {
  readonly #heap = new TimerHeap<Alarm<T>>();
  readonly #alarmOf = new Map<T, Alarm<T>>();

  /** In place of any time before; Infinity: never. */
  set(of: T, dueMs: number): void {
    const former = this.#alarmOf.get(of);
    if (former?.dueMs === dueMs) return;
    if (former !== undefined) {
      this.#heap.cancel(former);
      this.#alarmOf.delete(of);
    }
    if (dueMs === Number.POSITIVE_INFINITY) return;
    const alarm: Alarm<T> = { dueMs, sequence: -1, cancelled: false, of };
    this.#heap.add(alarm);
    this.#alarmOf.set(of, alarm);
  }

  clear(of: T): void {
    this.set(of, Number.POSITIVE_INFINITY);
  }

  /** One that is due, which has no time any more; undefined: none is. */
  takeDue(nowMs: number): T | undefined {
    const alarm = this.#heap.takeDue(nowMs);
    if (alarm === undefined) return undefined;
    this.#alarmOf.delete(alarm.of);
    return alarm.of;
  }

  get nextDueMs(): number | undefined {
    return this.#heap.nextDueMs();
  }
}
