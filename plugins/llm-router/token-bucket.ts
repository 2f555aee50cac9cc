/**
 * A token bucket: so many a minute, and at most one minute's at once.
 *
 * Whoever takes more than there is leaves a debt, and waits until it is paid: so those who wait go in the order in which they came,
 * and nobody has to keep a queue of them. Nobody alone takes more than a minute's, and what was used beyond what was taken leaves no
 * more than a minute's debt: a wrong number holds the others back for a minute or two.
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
    const missing = this.#taken(amount) - this.#level;
    return missing <= 0 ? 0 : Math.ceil((missing * minuteMs) / this.#perMinute);
  }

  take(amount: number): void {
    this.#fill();
    this.#level -= this.#taken(amount);
  }

  /** What was taken is not needed, but for so much. */
  giveBack(amount: number, used = 0): void {
    const level = this.#level + this.#taken(amount) - used;
    const lowest = Math.min(this.#level, -this.#perMinute);
    this.#level = Math.max(lowest, Math.min(this.#perMinute, level));
  }

  #taken(amount: number): number {
    return Math.min(amount, this.#perMinute);
  }

  #fill(): void {
    const nowMs = this.#nowMs();
    const passedMs = Math.max(0, nowMs - this.#atMs);
    this.#atMs = nowMs;
    this.#level = Math.min(this.#perMinute, this.#level + (passedMs * this.#perMinute) / minuteMs);
  }
}
