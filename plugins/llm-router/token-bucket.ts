/**
 * A token bucket: so many a minute, and at most one minute's at once.
 *
 * Whoever takes more than there is leaves a debt, and waits until it is paid: so those who wait go in the order in which they came,
 * and nobody has to keep a queue of them.
 */
const minuteMs = 60_000;

export class TokenBucket {
  readonly #perMinute: number;
  readonly #nowMs: () => number;
  #level: number;
  #atMs: number;

  /** @param nowMs may be set back: then nothing comes in for that while */
  constructor(perMinute: number, nowMs: () => number) {
    this.#perMinute = perMinute;
    this.#nowMs = nowMs;
    this.#level = perMinute;
    this.#atMs = nowMs();
  }

  /** How long until so many could be had, behind all who have taken theirs. More than a minute's can be had when it is full. */
  waitMs(amount: number): number {
    this.#fill();
    const missing = Math.min(amount, this.#perMinute) - this.#level;
    return missing <= 0 ? 0 : Math.ceil((missing * minuteMs) / this.#perMinute);
  }

  take(amount: number): void {
    this.#fill();
    this.#level -= amount;
  }

  /** Of what was taken and not needed. Below 0: more was needed. */
  giveBack(amount: number): void {
    this.#level = Math.min(this.#perMinute, this.#level + amount);
  }

  #fill(): void {
    const nowMs = this.#nowMs();
    const passedMs = Math.max(0, nowMs - this.#atMs);
    this.#atMs = nowMs;
    this.#level = Math.min(this.#perMinute, this.#level + (passedMs * this.#perMinute) / minuteMs);
  }
}
