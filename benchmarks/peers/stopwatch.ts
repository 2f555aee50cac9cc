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
