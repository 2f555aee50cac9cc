/** What is asked for in one go is sent together: when the code that runs has come to an end, or when it is much. */
import { nextLoop } from "../clock.ts";

/** One message has no more, since its answer waits for all of them. */
const countMax = 100;
const charsMax = 262_144;

export interface Queued<T> {
  readonly item: T;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

export class Together<T> {
  readonly #send: (queued: readonly Queued<T>[]) => void;
  #queue: Queued<T>[] = [];
  #chars = 0;

  /** @param send gets at least one, and settles each. */
  constructor(send: (queued: readonly Queued<T>[]) => void) {
    this.#send = send;
  }

  /** @param chars how much it is on its way */
  add(item: T, chars: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#queue.length === 0) {
        queueMicrotask(() => this.flush());
        // Microtasks are gone where another actor's turn is cut down in the midst of them.
        nextLoop(() => this.flush());
      }
      this.#queue.push({ item, resolve, reject });
      this.#chars += chars;
      if (this.#queue.length >= countMax || this.#chars >= charsMax) this.flush();
    });
  }

  flush(): void {
    const queued = this.#queue;
    if (queued.length === 0) return;
    this.#queue = [];
    this.#chars = 0;
    this.#send(queued);
  }
}
