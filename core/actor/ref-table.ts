/**
 * What is known of actors, by their refs.
 *
 * By the place of each actor, a thread's slot, which has one at a time: a number, where the text of a ref would hold as much
 * again for each of a million. One whose place another actor has meanwhile is kept by that text until it is forgotten.
 */
import { type RefData, refKey, sameRef } from "./ref.ts";

/** No thread has more. If one had, two actors might share a place, and one of them would be kept by its text. */
const slotsMax = 2 ** 21;

export class RefTable<T> {
  readonly #refOf: (value: T) => RefData;
  readonly #byPlace = new Map<number, T>();
  /** By ref key. */
  readonly #displaced = new Map<string, T>();

  /** @param refOf the ref that a value was put in by */
  constructor(refOf: (value: T) => RefData) {
    this.#refOf = refOf;
  }

  get size(): number {
    return this.#byPlace.size + this.#displaced.size;
  }

  get(ref: RefData): T | undefined {
    const found = this.#byPlace.get(placeOf(ref));
    if (found !== undefined && sameRef(this.#refOf(found), ref)) return found;
    return this.#displaced.size === 0 ? undefined : this.#displaced.get(refKey(ref));
  }

  has(ref: RefData): boolean {
    return this.get(ref) !== undefined;
  }

  set(ref: RefData, value: T): void {
    if (this.#displaced.size > 0 && this.#displaced.has(refKey(ref))) {
      this.#displaced.set(refKey(ref), value);
      return;
    }
    const place = placeOf(ref);
    const before = this.#byPlace.get(place);
    if (before !== undefined && !sameRef(this.#refOf(before), ref)) {
      this.#byPlace.delete(place);
      this.#displaced.set(refKey(this.#refOf(before)), before);
    }
    this.#byPlace.set(place, value);
  }

  /** What was known of it. */
  delete(ref: RefData): T | undefined {
    const found = this.get(ref);
    if (found === undefined) return undefined;
    const place = placeOf(ref);
    if (this.#byPlace.get(place) === found) this.#byPlace.delete(place);
    else this.#displaced.delete(refKey(ref));
    return found;
  }

  /** Those whose places are their own, oldest first, then the others. */
  *values(): Generator<T> {
    yield* this.#byPlace.values();
    yield* this.#displaced.values();
  }
}

function placeOf({ thread, slot }: RefData): number {
  return thread * slotsMax + slot;
}
