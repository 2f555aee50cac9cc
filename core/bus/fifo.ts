/** What was put in first comes out first, each in constant time. */

/** Places in front that are empty before the rest moves up. */
const emptyMax = 1_024;

export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** What comes out next; undefined: nothing. */
  get first(): T | undefined {
    return this.#items[this.#head];
  }

  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.size === 0) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head > emptyMax && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
