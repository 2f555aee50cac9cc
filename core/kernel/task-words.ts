/**
 * Who has tasks in hand, in shared memory. A thread may begin a task for an actor of its own without waiting for main, where nothing
 * waits (`core/tasks/submissions.ts`); neither of the two gives the actor more than it may have, since each marks it before it looks
 * whether the other has.
 *
 * An actor's word has its thread and its generation, so that whoever comes late to a slot that is somebody else's changes nothing
 * there: the slots of a lost thread are its successor's, whose generations begin where those of the lost one were.
 */
import type { RefData } from "../actor/ref.ts";
import { Global } from "./memory-layout.ts";

const Mark = {
  /** Main has given it something. */
  main: 1,
  /** Its own thread has, and main has not heard of that. */
  thread: 2,
} as const;
const marks = Mark.main | Mark.thread;
const generationBits = 16;

export type Owner = Pick<RefData, "thread" | "generation">;

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
  begin(place: number, owner: Owner): boolean {
    const seen = Atomics.load(this.#inHand, place);
    const own = wordOf(owner);
    if ((seen & ~marks) === own && (seen & marks) !== 0) return false;
    return Atomics.compareExchange(this.#inHand, place, seen, own | Mark.thread) === seen;
  }

  /** Main is about to give it something. Returns whether its own thread has, of which main has not heard. */
  mark(place: number, owner: Owner): boolean {
    return (this.#change(place, owner, Mark.main, 0) & Mark.thread) !== 0;
  }

  /** It has nothing of main's in hand any more. */
  unmark(place: number, owner: Owner): void {
    this.#change(place, owner, 0, Mark.main);
  }

  /** Main has heard of what its own thread has begun. */
  heard(place: number, owner: Owner): void {
    this.#change(place, owner, Mark.main, Mark.thread);
  }

  clear(places: number): void {
    this.#inHand.fill(0, 0, places);
  }

  /** Returns the marks that it had. */
  #change(place: number, owner: Owner, added: number, removed: number): number {
    const own = wordOf(owner);
    for (;;) {
      const seen = Atomics.load(this.#inHand, place);
      if (isLater(seen, own)) return 0;
      const had = (seen & ~marks) === own ? seen & marks : 0;
      if (Atomics.compareExchange(this.#inHand, place, seen, own | ((had | added) & ~removed)) === seen) return had;
    }
  }
}

/** Threads are numbered in 14 bits, and no number comes twice. */
function wordOf({ thread, generation }: Owner): number {
  return (thread << (generationBits + 2)) | ((generation & (2 ** generationBits - 1)) << 2);
}

/** Whether the slot has become somebody else's since. Generations begin anew when their bits are used up. */
function isLater(word: number, own: number): boolean {
  const shift = generationBits + 2;
  const threads = (word >>> shift) - (own >>> shift);
  return threads === 0 ? ((word & ~marks) - own) << (32 - shift) > 0 : threads > 0;
}
