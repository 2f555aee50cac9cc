/**
 * What a plan has done, in shared memory: so `times` holds over all threads, and the figures of a thread that is lost
 * are still there.
 */

/** Labels whose lives are counted each by itself; later ones share the counts of others. A power of two. */
const lifePlaces = 65_536;
/** Places that are looked at for a label. */
const looksMax = 64;

export class FaultTally {
  readonly #words: Int32Array;
  readonly #faults: number;

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer);
    this.#faults = this.#words.length / 2 - lifePlaces;
  }

  /** Two words for each fault (injected, skipped), then a table of labels and lives. */
  static memoryFor(faults: number): SharedArrayBuffer {
    return new SharedArrayBuffer((faults + lifePlaces) * 8);
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

  /** The number of this life of an actor of that label (its hash), over all threads, from 0. */
  life(label: number): number {
    return Atomics.add(this.#words, this.#placeOf(label) + 1, 1);
  }

  /** Where a label stands in the table; it is put there if it is new. */
  #placeOf(label: number): number {
    const wanted = label | 0 || 1; // 0 is a free place
    for (let look = 0; ; look++) {
      const place = (this.#faults + ((label + look) & (lifePlaces - 1))) * 2;
      const found = Atomics.compareExchange(this.#words, place, 0, wanted);
      if (found === 0 || found === wanted || look === looksMax) return place;
    }
  }
}
