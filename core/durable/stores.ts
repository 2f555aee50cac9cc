/** The stores that main's kernel writes to, by the names of their plugins. */
import type { ErrorData } from "../errors.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { StoreLink } from "./store-link.ts";

export class Stores {
  readonly #kernel: Kernel;
  readonly #links = new Map<string, StoreLink>();
  /** The system ends in order: what fails by that has not failed for good, and stays for the next run. */
  isEnding = false;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  of(name: string): StoreLink {
    let link = this.#links.get(name);
    if (link === undefined) this.#links.set(name, (link = new StoreLink(this.#kernel, name)));
    return link;
  }

  nameTaken(name: string): void {
    for (const link of this.#links.values()) link.nameTaken(name);
  }

  expire(nowMs: number): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const link of this.#links.values()) nextMs = Math.min(nextMs, link.expire(nowMs));
    return nextMs;
  }

  /** Calls back when all that is to be written by now has been, or could not be. */
  whenWritten(done: () => void): void {
    let left = 1;
    const one = (): void => {
      left--;
      if (left === 0) done();
    };
    for (const link of this.#links.values()) {
      left++;
      link.note([], one);
    }
    one();
  }

  close(error: ErrorData): void {
    for (const link of this.#links.values()) link.close(error);
  }
}
