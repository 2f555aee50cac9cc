/** The chance of a run: whatever a play draws comes from one seed, so that a run can be repeated with the same draws. */
import { SeededRandom } from "../core/index.ts";

/** `--seed`, where none is given. */
export const defaultSeed = 0;
export const seedMax = 0xffff_ffff;

/** In the environment, which every thread and process that takes part inherits; Erlang's reads it there as well. */
const variable = "MOFA_BENCH_SEED";

/** For all that is started from now on. @param seed a whole number from 0 to `seedMax` */
export function setRunSeed(seed: number): void {
  process.env[variable] = String(seed);
}

export function runSeed(): number {
  return Number(process.env[variable] ?? defaultSeed);
}

/** @param number tells those apart who draw in one play; by the seed 0 it is their seed */
export function chance(number: number): SeededRandom {
  return new SeededRandom(Math.imul(runSeed(), 0x9e37_79b1) + number);
}
