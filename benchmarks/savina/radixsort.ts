/** Radix sort: 100,000 numbers go through a pipeline of actors, one for each bit, which holds back those that have it. */
import type { Ref } from "../../index.ts";
import { chance } from "../chance.ts";
import { type Play, type PlayArgument, part } from "./part.ts";

/** Savina's numbers have 60; JavaScript's are exact up to 53. */
const bits = 52;

interface SorterArgument {
  readonly next: Ref;
  readonly size: number;
  readonly radix: number;
}

export const sorter = part({
  init: ({ next, size, radix }: SorterArgument) => ({ next, left: size, radix, held: [] as number[] }),
  receive(state, number: number, stage) {
    if (Math.floor(number / state.radix) % 2 === 0) stage.send(state.next, number);
    else state.held.push(number);
    state.left -= 1;
    if (state.left > 0) return;
    for (const one of state.held) stage.send(state.next, one);
    stage.stop();
  },
});

/** Takes them at the end. The result is how many came in order. */
export const validator = part({
  init: ({ owner, size }: PlayArgument) => ({ owner, left: size, last: -1, ordered: 0 }),
  receive(state, number: number, stage) {
    if (number >= state.last) state.ordered += 1;
    state.last = number;
    state.left -= 1;
    if (state.left > 0) return;
    stage.send(state.owner, state.ordered);
    stage.stop();
  },
});

export const first = part({
  init({ owner, size }: PlayArgument, stage) {
    const random = chance(size);
    let next = stage.spawn(validator, { owner, size });
    for (let bit = bits - 1; bit >= 0; bit -= 1) next = stage.spawn(sorter, { next, size, radix: 2 ** bit });
    for (let number = 0; number < size; number += 1) stage.send(next, Math.floor(random.next() * 2 ** bits));
    stage.stop();
  },
  receive() {},
});

export const radixsort: Play = {
  question: `100,000 numbers are sorted by a pipeline of ${bits} actors`,
  operation: "number",
  size: 100_000,
  expected: (size) => size,
  first,
};
