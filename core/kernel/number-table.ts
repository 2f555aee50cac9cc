/**
 * What stands under whole numbers and comes and goes fast. A Map would do but for the engine's garbage collector: each time a Map is
 * written anew its former table keeps all that stood in it, and the next table. Once one of them has grown old, none of the later
 * ones is young garbage, nor is anything that was ever in them: of a thousand calls under way each was copied twice and kept until
 * the next full collection. Here a table that was given up knows no other.
 *
 * Open addressing with linear probing; what is deleted leaves no mark, since those behind it move up. No cut may fall into that:
 * changes are made in a commit, or in a drain.
 */

const slotsMin = 8;

export class NumberTable<T extends object> {
  #keys = new Float64Array(slotsMin);
  #values: (T | undefined)[] = new Array(slotsMin).fill(undefined);
  #mask = slotsMin - 1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: number): T | undefined {
    return this.#values[this.#find(key)];
  }

  /** In place of what stood there. */
  set(key: number, value: T): void {
    const at = this.#find(key);
    if (this.#values[at] === undefined) this.#size++;
    this.#keys[at] = key;
    this.#values[at] = value;
    if (this.#size * 2 > this.#mask) this.#resize(this.#values.length * 2);
  }

  /** What stood there. */
  delete(key: number): T | undefined {
    let at = this.#find(key);
    const value = this.#values[at];
    if (value === undefined) return undefined;
    const mask = this.#mask;
    for (let next = (at + 1) & mask; this.#values[next] !== undefined; next = (next + 1) & mask) {
      const home = homeOf(this.#keys[next] as number, mask);
      // It may move up if that is not before its home.
      if (((next - home) & mask) < ((next - at) & mask)) continue;
      this.#keys[at] = this.#keys[next] as number;
      this.#values[at] = this.#values[next];
      at = next;
    }
    this.#values[at] = undefined;
    this.#size--;
    if (this.#size * 16 < mask && mask >= slotsMin * 8) this.#resize(this.#values.length / 4);
    return value;
  }

  /** All of them, in no order. Changes meanwhile are not seen. */
  values(): T[] {
    return this.#values.filter((value) => value !== undefined);
  }

  /** Where it stands, or would. */
  #find(key: number): number {
    const mask = this.#mask;
    let at = homeOf(key, mask);
    while (this.#values[at] !== undefined && this.#keys[at] !== key) at = (at + 1) & mask;
    return at;
  }

  /** The new fields come last, side by side: a cut falls into loops, and finds either these or those. */
  #resize(slots: number): void {
    const keys = new Float64Array(slots);
    const values: (T | undefined)[] = new Array(slots).fill(undefined);
    const mask = slots - 1;
    for (const [from, value] of this.#values.entries()) {
      if (value === undefined) continue;
      const key = this.#keys[from] as number;
      let at = homeOf(key, mask);
      while (values[at] !== undefined) at = (at + 1) & mask;
      keys[at] = key;
      values[at] = value;
    }
    this.#keys = keys;
    this.#values = values;
    this.#mask = mask;
  }
}

/** Neighbours in number are none here: a row without a gap would be walked for each that is deleted. */
function homeOf(key: number, mask: number): number {
  const mixed = Math.imul(key ^ Math.trunc(key / 2 ** 32), 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) & mask;
}
