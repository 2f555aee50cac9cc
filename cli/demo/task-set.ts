/** A set of task numbers, at one bit each: a run may be long. */
export class TaskSet {
  #bits = new Uint8Array(1_024);

  has(task: number): boolean {
    return ((this.#bits[task >> 3] ?? 0) & (1 << (task & 7))) !== 0;
  }

  add(task: number): void {
    const at = task >> 3;
    if (at >= this.#bits.length) {
      const grown = new Uint8Array(Math.max(at + 1, this.#bits.length * 2));
      grown.set(this.#bits);
      this.#bits = grown;
    }
    this.#bits[at] = (this.#bits[at] as number) | (1 << (task & 7));
  }
}
