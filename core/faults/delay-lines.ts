/**
 * Signals that are held up: one line for each pair of sender and receiver, so that order holds (SEMANTICS S2.1). Behind a
 * signal that waits every later one of its pair waits, whatever its kind.
 */
import { type RefData, refKey } from "../actor/ref.ts";
import { TimerHeap } from "../kernel/timers.ts";

/** Signals that one line holds; past that its first is let through before its time. */
export const heldMax = 65_536;

interface Held {
  dueMs: number;
  sequence: number;
  cancelled: boolean;
  readonly line: Line;
  /** A message: it counts as unread mail. */
  readonly isMail: boolean;
  readonly pass: () => void;
}

class Line {
  readonly key: string;
  readonly fromThread: number;
  readonly toKey: string;
  /** Oldest first. */
  readonly held = new Set<Held>();
  /** When the youngest is due. */
  lastMs = 0;

  constructor(key: string, from: RefData, to: RefData) {
    this.key = key;
    this.fromThread = from.thread;
    this.toKey = refKey(to);
  }
}

export class DelayLines {
  readonly #lines = new Map<string, Line>();
  readonly #heap = new TimerHeap<Held>();
  readonly #mailChanged: (change: 1 | -1) => void;
  /** The line whose signal is being let through. */
  #passing: string | undefined;

  /** @param mailChanged is told of each message that begins or ends to wait. */
  constructor(mailChanged: (change: 1 | -1) => void) {
    this.#mailChanged = mailChanged;
  }

  /** Whether something of the pair waits: then what comes later has to wait behind it. */
  isWaiting(from: RefData, to: RefData): boolean {
    if (this.#lines.size === 0) return false;
    const key = keyOf(from, to);
    return key !== this.#passing && this.#lines.has(key);
  }

  /** Holds a signal until then, and until those before it have passed. `pass` is called once. */
  hold(from: RefData, to: RefData, dueMs: number, isMail: boolean, pass: () => void): void {
    const key = keyOf(from, to);
    let line = this.#lines.get(key);
    if (line === undefined) {
      line = new Line(key, from, to);
      this.#lines.set(key, line);
    }
    line.lastMs = Math.max(line.lastMs, dueMs);
    const held: Held = { dueMs: line.lastMs, sequence: -1, cancelled: false, line, isMail, pass };
    line.held.add(held);
    this.#heap.add(held);
    if (isMail) this.#mailChanged(1);
    if (line.held.size > heldMax) this.#release(line, 1);
  }

  /** Lets through what is due. Returns when the next is. */
  expire(nowMs: number): number {
    for (let held = this.#heap.takeDue(nowMs); held !== undefined; held = this.#heap.takeDue(nowMs)) this.#pass(held);
    return this.#heap.nextDueMs() ?? Number.POSITIVE_INFINITY;
  }

  /** Lets through now what waits of a pair. */
  releasePair(from: RefData, to: RefData): void {
    const line = this.#lines.size === 0 ? undefined : this.#lines.get(keyOf(from, to));
    if (line !== undefined && line.key !== this.#passing) this.#release(line);
  }

  releaseTo(to: RefData): void {
    if (this.#lines.size === 0) return;
    const toKey = refKey(to);
    for (const line of [...this.#lines.values()]) if (line.toKey === toKey) this.#release(line);
  }

  releaseFromThread(thread: number): void {
    for (const line of [...this.#lines.values()]) if (line.fromThread === thread) this.#release(line);
  }

  releaseAll(): void {
    for (const line of [...this.#lines.values()]) this.#release(line);
  }

  #release(line: Line, count = Number.POSITIVE_INFINITY): void {
    let left = count;
    for (const held of line.held) {
      if (left-- <= 0) return;
      this.#heap.cancel(held);
      this.#pass(held);
    }
  }

  #pass(held: Held): void {
    const { line, isMail, pass } = held;
    line.held.delete(held);
    if (line.held.size === 0) this.#lines.delete(line.key);
    if (isMail) this.#mailChanged(-1);
    const before = this.#passing;
    this.#passing = line.key;
    try {
      pass();
    } finally {
      this.#passing = before;
    }
  }
}

function keyOf(from: RefData, to: RefData): string {
  return `${refKey(from)}>${refKey(to)}`;
}
