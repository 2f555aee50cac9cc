/**
 * How often it may be asked again, over all answers: a share of those that are asked for. One retry each would double the load of a
 * provider that fails because of its load.
 */
const atFirst = 10;

export class RetryBudget {
  readonly #perAnswer: number;
  readonly #most: number;
  #left = atFirst;

  /** @param percent of a hundred answers */
  constructor(percent: number) {
    this.#perAnswer = percent / 100;
    // What a quiet time has saved is no licence for a storm.
    this.#most = Math.max(atFirst, percent);
  }

  asked(): void {
    this.#left = Math.min(this.#most, this.#left + this.#perAnswer);
  }

  /** False: it is used up. */
  take(): boolean {
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
