/** What a host is told of a call while it goes on: one after the other, as fast as it reads, and no more kept for it. */

export interface ToldProgress {
  /** It grows with each. */
  readonly progress: number;
  readonly message: string;
}

export class CallProgress {
  /** Resolves when it was told. It may reject: of a host that has left, which is seen elsewhere. */
  readonly #notify: (told: ToldProgress) => Promise<void>;
  #count = 0;
  #untold = 0;
  /** Resolves when the last of them was told. It does not reject. */
  #told = Promise.resolve();

  constructor(notify: (told: ToldProgress) => Promise<void>) {
    this.#notify = notify;
  }

  /** Left out while the one before it is not told yet. */
  progress(message: string): void {
    if (this.#untold === 0) this.word(message);
  }

  /** Never left out: somebody has to do something. A call has few of them. */
  word(message: string): void {
    const told = { progress: ++this.#count, message };
    this.#untold++;
    const next = () => {
      this.#untold--;
    };
    this.#told = this.#told.then(() => this.#notify(told)).then(next, next);
  }

  /** Behind all of them. */
  async end(): Promise<void> {
    await this.#told;
  }
}
