/** Quicksort: a million numbers, by an actor for each part that has more than 2,048. */
import type { Ref } from "../../index.ts";
import { chance } from "../chance.ts";
import { type Play, type PlayArgument, part } from "./part.ts";

const threshold = 2_048;

/** Where a part belongs in the one that it was made of. */
type Place = "left" | "right" | "whole";

interface SorterArgument {
  readonly parent: Ref;
  readonly place: Place;
  readonly numbers: readonly number[];
}

interface Sorted {
  readonly place: Place;
  readonly numbers: readonly number[];
}

export const sorter = part({
  init({ parent, place, numbers }: SorterArgument, stage) {
    const state = {
      parent,
      place,
      waits: 0,
      left: [] as readonly number[],
      middle: [] as readonly number[],
      right: [] as readonly number[],
    };
    if (numbers.length < threshold) {
      stage.send(parent, { place, numbers: numbers.toSorted((a, b) => a - b) } satisfies Sorted);
      stage.stop();
      return state;
    }
    const pivot = numbers[numbers.length >> 1] as number;
    state.middle = numbers.filter((number) => number === pivot);
    state.waits = 2;
    const self = stage.self;
    stage.spawn(sorter, { parent: self, place: "left", numbers: numbers.filter((number) => number < pivot) });
    stage.spawn(sorter, { parent: self, place: "right", numbers: numbers.filter((number) => number > pivot) });
    return state;
  },
  receive(state, { place, numbers }: Sorted, stage) {
    if (place === "left") state.left = numbers;
    else state.right = numbers;
    state.waits -= 1;
    if (state.waits > 0) return;
    const all = [...state.left, ...state.middle, ...state.right];
    stage.send(state.parent, { place: state.place, numbers: all } satisfies Sorted);
    stage.stop();
  },
});

/** The result is how many are in order. */
export const first = part({
  init({ owner, size }: PlayArgument, stage) {
    const random = chance(size);
    const numbers = Array.from({ length: size }, () => random.below(2 ** 31));
    stage.spawn(sorter, { parent: stage.self, place: "whole", numbers });
    return owner;
  },
  receive(owner, { numbers }: Sorted, stage) {
    let ordered = 0;
    for (let at = 0; at < numbers.length; at += 1)
      if (at === 0 || (numbers[at] as number) >= (numbers[at - 1] as number)) ordered += 1;
    stage.send(owner, ordered);
    stage.stop();
  },
});

export const quicksort: Play = {
  question: "a million numbers are sorted, by an actor for each part",
  operation: "number",
  size: 1_000_000,
  expected: (size) => size,
  first,
};
