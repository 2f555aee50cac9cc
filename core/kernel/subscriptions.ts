/**
 * Promises that the kernel itself waits for: modules, tasks.
 *
 * A cut may drop the microtask by which one of them would have told its end, so all are kept until they have, and are
 * asked again after it. Each tells its end once.
 */
export class Subscriptions {
  readonly #open = new Set<() => void>();

  get size(): number {
    return this.#open.size;
  }

  /** Calls one of the two when the promise settles. */
  subscribe<T>(promise: PromiseLike<T>, ok: (value: T) => void, fail: (error: unknown) => void): void {
    const ask = () => {
      promise.then(
        (value) => {
          if (this.#open.delete(ask)) ok(value);
        },
        (error: unknown) => {
          if (this.#open.delete(ask)) fail(error);
        },
      );
    };
    this.#open.add(ask);
    ask();
  }

  /** Has `again` called after a cut, until the function that this returns is called. */
  keep(again: () => void): () => void {
    this.#open.add(again);
    return () => void this.#open.delete(again);
  }

  /** Microtasks were dropped: asks all again. */
  again(): void {
    for (const ask of [...this.#open]) ask();
  }
}
