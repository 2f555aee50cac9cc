import { stopwatchMs, wallMs } from "./clock.ts";

/**
 * A number from 1 that no other run of a program draws, as far as chance goes: below 2^31. The time is in it, since V8's own
 * draws can be made to repeat (`--random-seed`). Not for secrets.
 */
export function drawOnce(): number {
  const time = (wallMs() % 2 ** 21) * 2 ** 10 + (stopwatchMs() % 1) * 2 ** 10;
  return (Math.floor(Math.random() * 2 ** 31) ^ time ^ process.pid) & 0x7fffffff || 1;
}

/** Seeded randomness, so that whatever depends on chance can be run again. mulberry32: 32 bits of state, good enough for jitter, faults and simulation, not for secrets. */

export interface Random {
  /** The next number, from 0 up to but not including 1. */
  next(): number;
}

export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number from 0 up to but not including `bound`. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** One of the items. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}
