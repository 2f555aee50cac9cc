/**
 * Timers of one thread: a binary heap by due time, ties in order of creation.
 *
 * Cancelled entries stay until they are due or until they are half of the heap, so that cancelling is cheap and the
 * heap stays bounded by twice the running timers.
 */

/** What the heap needs of an entry. */
export interface HeapEntry {
  dueMs: number;
  /** Breaks ties of due time in order of creation; -1 while it does not stand in the heap. */
  sequence: number;
  cancelled: boolean;
}

export class TimerHeap<E extends HeapEntry> {
  #heap: E[] = [];
  #cancelled = 0;
  #sequence = 0;

  get size(): number {
    return this.#heap.length - this.#cancelled;
  }

  /** When the next timer is due, or undefined. */
  nextDueMs(): number | undefined {
    this.#dropCancelledTop();
    return this.#heap[0]?.dueMs;
  }

  add(entry: E): void {
    entry.sequence = this.#sequence++;
    const heap = this.#heap;
    let i = heap.length;
    heap.push(entry);
    while (i > 0) {
      const up = (i - 1) >> 1;
      if (before(heap[up] as E, entry)) break;
      heap[i] = heap[up] as E;
      i = up;
    }
    heap[i] = entry;
  }

  cancel(entry: E): void {
    if (entry.cancelled) return;
    entry.cancelled = true;
    // One that was taken out, or never is due, does not stand in the heap.
    if (entry.sequence < 0) return;
    this.#cancelled++;
    if (this.#cancelled > 64 && this.#cancelled * 2 > this.#heap.length) this.#compact();
  }

  /** Removes and returns the next timer that is due, or undefined. */
  takeDue(nowMs: number): E | undefined {
    this.#dropCancelledTop();
    const top = this.#heap[0];
    if (top === undefined || top.dueMs > nowMs) return undefined;
    this.#removeTop();
    top.sequence = -1;
    return top;
  }

  #dropCancelledTop(): void {
    while (this.#heap[0]?.cancelled) {
      this.#removeTop();
      this.#cancelled--;
    }
  }

  #removeTop(): void {
    const heap = this.#heap;
    const last = heap.pop() as E;
    if (heap.length > 0) this.#sink(0, last);
  }

  #sink(start: number, entry: E): void {
    const heap = this.#heap;
    let i = start;
    for (;;) {
      let child = i * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as E, heap[child] as E)) child++;
      if (before(entry, heap[child] as E)) break;
      heap[i] = heap[child] as E;
      i = child;
    }
    heap[i] = entry;
  }

  #compact(): void {
    const running = this.#heap.filter((entry) => !entry.cancelled);
    running.sort((a, b) => (before(a, b) ? -1 : 1));
    this.#heap = running;
    this.#cancelled = 0;
  }
}

function before(a: HeapEntry, b: HeapEntry): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence);
}
