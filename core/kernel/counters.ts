/**
 * What one thread counts about itself, in shared memory: so the figures of a thread that is lost are still there, and no
 * total of the system ever goes down.
 *
 * Only the thread itself writes its row, without atomics; others read figures that are one step old, of turns one run of an
 * actor, and of a publish to many fifteen turns and deliveries at most (`fan-outs.ts`). When it is lost main counts these.
 */
import { type DeadLetterWhy, deadLetterReasons } from "./events.ts";
import { rowOf, Word } from "./memory-layout.ts";

/** Places in a row; the dead letters by reason follow. */
export const Counter = {
  turns: 0,
  crashes: 1,
  unsent: 2,
  eventsDropped: 3,
  cuts: 4,
  turnsLost: 5,
  published: 6,
  busDelivered: 7,
  busDropped: 8,
  busDeadLettered: 9,
} as const;
export type Counter = (typeof Counter)[keyof typeof Counter];
const firstReason = 10;
const { turns, busDelivered } = Counter;
/** Numbers in the row of one thread. */
export const countersPerThread = 24;

export class Counters {
  /** Open to the scheduler and to the ways out, which count a message each. */
  readonly row: Float64Array;
  readonly #words: Int32Array;
  /**
   * Where among the words the thread counts its unread mail: a whole number beside the running words, which are at hand where a
   * message is counted (0.7 ns for one message's coming and going, 1.5 in the row).
   */
  readonly #unreadWord: number;
  readonly #uncountedWord: number;

  constructor(all: Float64Array, thread: number, words: Int32Array) {
    this.row = all.subarray(thread * countersPerThread, (thread + 1) * countersPerThread);
    this.#words = words;
    this.#unreadWord = rowOf(thread) + Word.unread;
    this.#uncountedWord = rowOf(thread) + Word.uncounted;
  }

  /** Messages in the mailboxes and stashes of the thread's actors, and those held for actors that are to come. */
  get unread(): number {
    return (this.#words[this.#unreadWord] as number) - (this.#words[this.#uncountedWord] as number);
  }

  addUnread(count: number): void {
    this.#words[this.#unreadWord] = (this.#words[this.#unreadWord] as number) + count;
  }

  /** A message of a publish to many comes into its subscriber's hands. Returns how many of them are not counted. */
  take(): number {
    const uncounted = (this.#words[this.#uncountedWord] as number) + 1;
    this.#words[this.#uncountedWord] = uncounted;
    return uncounted;
  }

  /** Counts them. Calls nothing, so that no cut divides it. */
  countTaken(): void {
    const { row } = this;
    const words = this.#words;
    const at = this.#uncountedWord;
    const count = words[at] as number;
    words[at] = 0;
    words[this.#unreadWord] = (words[this.#unreadWord] as number) - count;
    row[turns] = (row[turns] as number) + count;
    row[busDelivered] = (row[busDelivered] as number) + count;
  }

  get(counter: Counter): number {
    return this.row[counter] as number;
  }

  add(counter: Counter, count: number): void {
    this.row[counter] = (this.row[counter] as number) + count;
  }

  addDeadLetter(why: DeadLetterWhy): void {
    const place = firstReason + deadLetterReasons.indexOf(why);
    this.row[place] = (this.row[place] as number) + 1;
  }

  get deadLetters(): Record<DeadLetterWhy, number> {
    const counts = deadLetterReasons.map((why, place) => [why, this.row[firstReason + place]]);
    // The reasons are the keys, all of them.
    return Object.fromEntries(counts) as Record<DeadLetterWhy, number>;
  }
}
