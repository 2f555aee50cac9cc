/**
 * Bitonic sort (K. Batcher, 1968): numbers go through a network of actors, one for each comparison of two. Each of the steps hands its
 * sequences to partitions by turns, a partition the numbers of a sequence to those who compare them, and joiners put them in their order again.
 */
import type { Ref } from "../../index.ts";
import { chance } from "../chance.ts";
import { type Play, type PlayArgument, part } from "./part.ts";

/** Comparisons that so many numbers take, which are a power of two. */
const comparisonsOf = (numbers: number): number => (numbers * Math.log2(numbers) * (Math.log2(numbers) + 1)) / 4;

/** The most numbers that take no more. */
function numbersFor(comparisons: number): number {
  let numbers = 2;
  while (comparisonsOf(2 * numbers) <= comparisons) numbers *= 2;
  return numbers;
}

function randomNumbers(count: number): readonly number[] {
  const random = chance(count);
  return Array.from({ length: count }, () => random.below(2 ** 31));
}

/** Which of several it comes from; of one alone it is 0. */
interface Item {
  readonly order: number;
  readonly number: number;
}

interface JoinerArgument {
  readonly next: Ref;
  /** Its own, for the next joiner. */
  readonly order: number;
  /** Those before it, of which each has its turn with a run of so many, until there are `numbers`. */
  readonly inputs: number;
  readonly run: number;
  readonly numbers: number;
}

export const joiner = part({
  init: ({ next, order, inputs, run, numbers }: JoinerArgument) => ({
    next,
    order,
    run,
    left: numbers,
    held: Array.from({ length: inputs }, (): number[] => []),
    at: 0,
    ofRun: 0,
  }),
  receive(state, { order, number }: Item, stage) {
    state.held[order]?.push(number);
    let taken = state.held[state.at]?.shift();
    while (taken !== undefined) {
      stage.send(state.next, { order: state.order, number: taken } satisfies Item);
      state.left -= 1;
      state.ofRun += 1;
      if (state.ofRun === state.run) {
        state.ofRun = 0;
        state.at = (state.at + 1) % state.held.length;
      }
      taken = state.held[state.at]?.shift();
    }
    if (state.left === 0) stage.stop();
  },
});

interface ComparerArgument {
  readonly next: Ref;
  readonly order: number;
  /** Whether the smaller one goes first. */
  readonly isUp: boolean;
}

export const comparer = part({
  init: (argument: ComparerArgument) => ({ ...argument, other: undefined as number | undefined }),
  receive(state, { number }: Item, stage) {
    const { next, order, isUp, other } = state;
    if (other === undefined) {
      state.other = number;
      return;
    }
    for (const one of number < other === isUp ? [number, other] : [other, number])
      stage.send(next, { order, number: one } satisfies Item);
    stage.stop();
  },
});

interface PartitionArgument extends ComparerArgument {
  /** Of its sequence. */
  readonly length: number;
}

/** Each number of the first half is compared with its like of the second one. */
export const partition = part({
  init({ next, order, isUp, length }: PartitionArgument, stage) {
    const half = length / 2;
    const joined = stage.spawn(joiner, { next, order, inputs: half, run: 1, numbers: length });
    const comparers = Array.from({ length: half }, (_, at) =>
      stage.spawn(comparer, { next: joined, order: at, isUp } satisfies ComparerArgument),
    );
    return { comparers, at: 0 };
  },
  receive(state, item: Item, stage) {
    const { comparers } = state;
    stage.send(comparers[state.at % comparers.length] as Ref, item);
    state.at += 1;
    if (state.at === 2 * comparers.length) stage.stop();
  },
});

interface StepArgument {
  readonly next: Ref;
  readonly numbers: number;
  /** Of the sequences that it hands to partitions. */
  readonly length: number;
  /** Of those that its merge makes, one upwards and the next one downwards. */
  readonly merged: number;
}

/** One of the steps of a merge. */
export const step = part({
  init({ next, numbers, length, merged }: StepArgument, stage) {
    const inputs = numbers / length;
    const joined = stage.spawn(joiner, { next, order: 0, inputs, run: length, numbers });
    const partitions = Array.from({ length: inputs }, (_, order) => {
      const argument: ComparerArgument = { next: joined, order, isUp: Math.floor((order * length) / merged) % 2 === 0 };
      return length === 2 ? stage.spawn(comparer, argument) : stage.spawn(partition, { ...argument, length });
    });
    return { partitions, length, at: 0 };
  },
  receive(state, item: Item, stage) {
    const { partitions, length } = state;
    stage.send(partitions[Math.floor(state.at / length)] as Ref, item);
    state.at += 1;
    if (state.at === partitions.length * length) stage.stop();
  },
});

/** Takes them at the end. The result is their sum, if they have come in order. */
export const validator = part({
  init: ({ owner, numbers }: { readonly owner: Ref; readonly numbers: number }) => ({
    owner,
    left: numbers,
    last: 0,
    sum: 0,
  }),
  receive(state, { number }: Item, stage) {
    state.sum = number >= state.last ? state.sum + number : Number.NaN;
    state.last = number;
    state.left -= 1;
    if (state.left > 0) return;
    stage.send(state.owner, state.sum);
    stage.stop();
  },
});

export const first = part({
  init({ owner, size }: PlayArgument, stage) {
    const numbers = numbersFor(size);
    let next = stage.spawn(validator, { owner, numbers });
    // The last one is made first: each knows who comes after it.
    for (let merged = numbers; merged >= 2; merged /= 2)
      for (let length = 2; length <= merged; length *= 2) next = stage.spawn(step, { next, numbers, length, merged });
    for (const number of randomNumbers(numbers)) stage.send(next, { order: 0, number } satisfies Item);
    stage.stop();
  },
  receive() {},
});

export const bitonicsort: Play = {
  question: "4,096 numbers are sorted by a network with an actor for each comparison",
  operation: "comparison",
  size: comparisonsOf(4_096),
  expected: (size) => randomNumbers(numbersFor(size)).reduce((sum, number) => sum + number, 0),
  first,
};
