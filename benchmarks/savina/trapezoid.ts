/** Trapezoidal approximation: 100 workers add up ten million pieces of an integral. */
import type { Ref } from "../../index.ts";
import { type Play, type PlayArgument, part } from "./part.ts";

const workers = 100;
const from = 1;
const to = 5;
/** Sums in another order are not the very same. */
const digits = 1e6;

const heightAt = (x: number): number =>
  (1 / (x + 1)) * Math.sqrt(1 + Math.exp(Math.sqrt(2 * x))) * Math.sin(x ** 3 - 1);

/** Of pieces that begin at the left end. */
function area(left: number, pieces: number, width: number): number {
  let sum = 0;
  for (let piece = 0; piece < pieces; piece += 1) {
    const x = left + piece * width;
    sum += width * 0.5 * (heightAt(x) + heightAt(x + width));
  }
  return sum;
}

interface Share {
  readonly master: Ref;
  readonly left: number;
  readonly pieces: number;
  readonly width: number;
}

export const worker = part({
  init({ master, left, pieces, width }: Share, stage) {
    stage.send(master, area(left, pieces, width));
    stage.stop();
  },
  receive() {},
});

const shareOf = (size: number): number => Math.max(1, Math.round(size / workers));

export const first = part({
  init({ owner, size }: PlayArgument, stage) {
    const pieces = shareOf(size);
    const width = (to - from) / (pieces * workers);
    for (let number = 0; number < workers; number += 1)
      stage.spawn(worker, { master: stage.self, left: from + number * pieces * width, pieces, width });
    return { owner, left: workers, sum: 0 };
  },
  receive(state, sum: number, stage) {
    state.sum += sum;
    state.left -= 1;
    if (state.left > 0) return;
    stage.send(state.owner, Math.round(state.sum * digits));
    stage.stop();
  },
});

export const trapezoid: Play = {
  question: `ten million pieces of an integral, by ${workers} workers`,
  operation: "piece",
  size: 10_000_000,
  expected(size) {
    const pieces = shareOf(size) * workers;
    return Math.round(area(from, pieces, (to - from) / pieces) * digits);
  },
  first,
};
