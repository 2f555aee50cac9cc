/** How fast a server is listened to: what comes faster waits where it is, and holds its sender. */
import { pause, stopwatchMs } from "../../core/index.ts";

export class Inflow {
  readonly #perSecond: number;
  #left: number;
  #atMs = stopwatchMs();

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#left = perSecond;
  }

  /** Counts so much of what came, and waits until there is room for more. @throws the signal's reason, by rejection. */
  async take(count: number, signal: AbortSignal): Promise<void> {
    this.#fill();
    this.#left -= count;
    if (this.#left < 0) await pause(Math.ceil((-this.#left * 1_000) / this.#perSecond), signal);
  }

  /** False: there is no room for it now. */
  tryTake(count: number): boolean {
    this.#fill();
    if (this.#left < count) return false;
    this.#left -= count;
    return true;
  }

  #fill(): void {
    const nowMs = stopwatchMs();
    this.#left = Math.min(this.#perSecond, this.#left + ((nowMs - this.#atMs) * this.#perSecond) / 1_000);
    this.#atMs = nowMs;
  }
}
