import type { Repetition } from "./scenario.ts";

/** One timed operation: its number, and the watch that it starts and laps itself. Gives what it was answered. */
export type TimedPlay = (number: number, watch: Stopwatch) => Promise<number>;

/** `size` operations one after the other; the result is the sum of their answers. */
export async function timeEach(size: number, play: TimedPlay): Promise<Repetition> {
  const watch = new Stopwatch(size);
  let result = 0;
  for (let number = 0; number < size; number += 1) result += await play(number, watch);
  return { result, elapsedMs: watch.lapsUs.reduce((sum, lap) => sum + lap, 0) / 1_000, latenciesUs: watch.lapsUs };
}

/** Times single operations into an array that is there before the first of them. */
export class Stopwatch {
  /** One entry per lap, in microseconds. */
  readonly lapsUs: Float64Array;
  #laps = 0;
  #startMs = 0;

  constructor(laps: number) {
    this.lapsUs = new Float64Array(laps);
  }

  start(): void {
    this.#startMs = performance.now();
  }

  /** Notes the time since `start` as the next lap. */
  lap(): void {
    this.lapsUs[this.#laps] = (performance.now() - this.#startMs) * 1_000;
    this.#laps += 1;
  }
}
