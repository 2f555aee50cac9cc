/**
 * Chance that is a function of what it is about: seed, fault, who and how many before. So no decision depends on time, on
 * the thread, or on what is decided elsewhere.
 */
import { SeededRandom } from "../random.ts";

/** A text as 32 bits (FNV-1a). */
export function textHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Whole numbers as 32 bits: neighbouring numbers give results that have nothing to do with one another (murmur3). */
export function mixed(...numbers: readonly number[]): number {
  let hash = 0x9747b28c;
  for (const number of numbers) {
    hash ^= Math.imul(number, 0xcc9e2d51);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return hash >>> 0;
}

/** Whether the n-th chance of a fault comes up, by its own stream about this somebody. */
export function comesUp(probability: number, seed: number, fault: number, who: number, n: number): boolean {
  return probability >= 1 || new SeededRandom(mixed(seed, fault, who, n)).next() < probability;
}
