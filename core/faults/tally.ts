/**
 * What a plan has done, in shared memory: so `times` holds over all threads, and the figures of a thread that is lost
 * are still there.
 */
import { type SelectorRole, selectorRoles } from "./plan.ts";

/** Labels whose lives are counted each by itself; later ones share the counts of others. A power of two. */
const lifePlaces = 65_536;
/** Words of each fault: injected, skipped, met. */
const faultWords = 3;
/** Places that are looked at for a label. */
const looksMax = 64;

export class FaultTally {
  readonly #words: Int32Array;
  readonly #faults: number;

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer);
    this.#faults = (this.#words.length - 2 * lifePlaces) / faultWords;
  }

  /** A list of words for each of the three, then a table of labels and lives. */
  static memoryFor(faults: number): SharedArrayBuffer {
    return new SharedArrayBuffer((faultWords * faults + 2 * lifePlaces) * Int32Array.BYTES_PER_ELEMENT);
  }

  /** Counts one injection, unless there were `times` already. */
  take(fault: number, times: number): boolean {
    for (;;) {
      const before = this.injected(fault);
      if (before >= times) return false;
      if (Atomics.compareExchange(this.#words, fault, before, before + 1) === before) return true;
    }
  }

  injected(fault: number): number {
    return Atomics.load(this.#words, fault);
  }

  /** Counts an actor, or a thread, that a fault was meant for and cannot strike. */
  skip(fault: number): void {
    Atomics.add(this.#words, this.#faults + fault, 1);
  }

  skipped(fault: number): number {
    return Atomics.load(this.#words, this.#faults + fault);
  }

  /** Notes that an actor was there whom a selector of the fault means. */
  meet(fault: number, role: SelectorRole): void {
    const at = 2 * this.#faults + fault;
    const bit = bitOf(role);
    if ((Atomics.load(this.#words, at) & bit) === 0) Atomics.or(this.#words, at, bit);
  }

  hasMet(fault: number, role: SelectorRole): boolean {
    return (Atomics.load(this.#words, 2 * this.#faults + fault) & bitOf(role)) !== 0;
  }

  /** The number of this life of an actor of that label (its hash), over all threads, from 0. */
  life(label: number): number {
    return Atomics.add(this.#words, this.#placeOf(label) + 1, 1);
  }

  /** Where a label stands in the table; it is put there if it is new. */
  #placeOf(label: number): number {
    const wanted = label | 0 || 1; // 0 is a free place
    for (let look = 0; ; look++) {
      const place = faultWords * this.#faults + 2 * ((label + look) & (lifePlaces - 1));
      const found = Atomics.compareExchange(this.#words, place, 0, wanted);
      if (found === 0 || found === wanted || look === looksMax) return place;
    }
  }
}

function bitOf(role: SelectorRole): number {
  return 1 << selectorRoles.indexOf(role);
}
