/**
 * Who has tasks in hand, in shared memory. A thread may begin a task for an actor of its own without waiting for main, where nothing
 * waits (`core/tasks/submissions.ts`); neither of the two gives the actor more than it may have, since each marks it before it looks
 * whether the other has.
 *
 * An actor's word has its generation, so that whoever comes late to a slot that is somebody else's changes nothing there.
 */
import { Global } from "./memory-layout.ts";

const Mark = {
  /** Main has given it something. */
  main: 1,
  /** Its own thread has, and main has not heard of that. */
  thread: 2,
} as const;
const marks = Mark.main | Mark.thread;

export class TaskWords {
  readonly #words: Int32Array;
  readonly #inHand: Int32Array;

  /** @param words those of all threads */
  constructor(words: Int32Array, inHand: SharedArrayBuffer) {
    this.#words = words;
    this.#inHand = new Int32Array(inHand);
  }

  /** Whether threads may begin tasks themselves. Main says so. */
  get isOpen(): boolean {
    return Atomics.load(this.#words, Global.openTasks) === 1;
  }

  set isOpen(isOpen: boolean) {
    Atomics.store(this.#words, Global.openTasks, isOpen ? 1 : 0);
  }

  /** Its own thread begins a task for it. False: it has one. */
  begin(place: number, generation: number): boolean {
    const seen = Atomics.load(this.#inHand, place);
    if (isOf(seen, generation) && (seen & marks) !== 0) return false;
    return Atomics.compareExchange(this.#inHand, place, seen, wordOf(generation, Mark.thread)) === seen;
  }

  /** Main is about to give it something. Returns whether its own thread has, of which main has not heard. */
  mark(place: number, generation: number): boolean {
    return (this.#change(place, generation, Mark.main, 0) & Mark.thread) !== 0;
  }

  /** It has nothing of main's in hand any more. */
  unmark(place: number, generation: number): void {
    this.#change(place, generation, 0, Mark.main);
  }

  /** Main has heard of what its own thread has begun. */
  heard(place: number, generation: number): void {
    this.#change(place, generation, Mark.main, Mark.thread);
  }

  clear(places: number): void {
    this.#inHand.fill(0, 0, places);
  }

  /** Returns the marks that it had. */
  #change(place: number, generation: number, added: number, removed: number): number {
    for (;;) {
      const seen = Atomics.load(this.#inHand, place);
      if (isNewer(seen, generation)) return 0;
      const had = isOf(seen, generation) ? seen & marks : 0;
      const next = wordOf(generation, (had | added) & ~removed);
      if (Atomics.compareExchange(this.#inHand, place, seen, next) === seen) return had;
    }
  }
}

function wordOf(generation: number, mark: number): number {
  return (generation << 2) | mark;
}

function isOf(word: number, generation: number): boolean {
  return (word ^ (generation << 2)) >>> 2 === 0;
}

function isNewer(word: number, generation: number): boolean {
  return (((word & ~marks) - (generation << 2)) | 0) > 0;
}
