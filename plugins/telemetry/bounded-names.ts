/**
 * Names in the attributes of measurements, as many as a bound allows, and `other` for those that come behind. An SDK keeps what was
 * measured under each for good, so that none can make room for another.
 */
const other = "other";

export class BoundedNames {
  readonly #most: number;
  readonly #names = new Set<string>();

  constructor(most: number) {
    this.#most = most;
  }

  /** The name, which has a place from now on, or `other`. */
  of(name: string): string {
    if (!this.#names.has(name) && this.#names.size >= this.#most) return other;
    this.#names.add(name);
    return name;
  }

  /** The name if it has a place, or `other`. */
  known(name: string): string {
    return this.#names.has(name) ? name : other;
  }
}
