/**
 * Filter bank: each value of a signal goes to eight banks, and in each through a delay and a filter, is sampled, and goes through another
 * delay and filter; what the banks make of it is added up again. The filters have 32 taps as in StreamIt, of which Savina's is a port with
 * 16,384: nearly all of its time is multiplication, and none of these is a message.
 */
import type { Ref } from "../../index.ts";
import { type Part, type Play, type PlayArgument, part } from "./part.ts";

const channels = 8;
const taps = 32;
/** The signal counts so far, and begins again. */
const valuesMax = 1_000;

const analysis = (channel: number): readonly number[] =>
  Array.from({ length: taps }, (_, tap) => 1 + (((tap + 1) * (channel + 3)) % 7));
const synthesis = (channel: number): readonly number[] =>
  Array.from({ length: taps }, (_, tap) => 1 + (((tap + 2) * (channel + 1)) % 5));

/** What becomes of one value after the other. */
type Turn<T> = (value: number) => T;

/** A value as late as the others are many. */
function delayed(length: number): Turn<number> {
  const held = new Float64Array(length);
  let at = 0;
  return (value) => {
    const before = held[at] as number;
    held[at] = value;
    at = (at + 1) % length;
    return before;
  };
}

/** A finite impulse response: the sum of the last values, each with its coefficient. */
function filtered(coefficients: readonly number[]): Turn<number> {
  const held = new Float64Array(coefficients.length);
  let at = 0;
  return (value) => {
    held[at] = value;
    let sum = 0;
    for (let tap = 0; tap < held.length; tap += 1)
      sum += (coefficients[tap] as number) * (held[(at - tap + held.length) % held.length] as number);
    at = (at + 1) % held.length;
    return sum;
  };
}

/** One of so many values, and zeros. */
function sampled(rate: number): Turn<number> {
  let at = -1;
  return (value) => {
    at = (at + 1) % rate;
    return at === 0 ? value : 0;
  };
}

interface FromBank {
  readonly channel: number;
  readonly value: number;
}

type Value = number | "end";

interface LinkArgument<A> {
  readonly next: Ref;
  readonly setting: A;
}

/** Hands on what it makes of each value, and the end. */
const link = <A, T>(make: (setting: A) => Turn<T>): Part<LinkArgument<A>> =>
  part({
    init: ({ next, setting }: LinkArgument<A>) => ({ next, turn: make(setting) }),
    receive({ next, turn }, message: Value, stage) {
      stage.send(next, message === "end" ? message : turn(message));
      if (message === "end") stage.stop();
    },
  });

export const delay = link(delayed);
export const filter = link(filtered);
export const sampler = link(sampled);
export const tagger = link(
  (channel: number) =>
    (value): FromBank => ({ channel, value }),
);

/** Hands each value to all banks. */
export const branches = part({
  init(integrator: Ref, stage) {
    return Array.from({ length: channels }, (_, channel) => {
      let next = stage.spawn(tagger, { next: integrator, setting: channel });
      next = stage.spawn(filter, { next, setting: synthesis(channel) });
      next = stage.spawn(delay, { next, setting: taps - 1 });
      next = stage.spawn(sampler, { next, setting: channels });
      next = stage.spawn(filter, { next, setting: analysis(channel) });
      return stage.spawn(delay, { next, setting: taps - 1 });
    });
  },
  receive(banks, message: Value, stage) {
    for (const bank of banks) stage.send(bank, message);
    if (message === "end") stage.stop();
  },
});

/** Waits until each bank has said what it has made of a value. */
export const integrator = part({
  init: (next: Ref) => ({ next, waiting: Array.from({ length: channels }, (): number[] => []), open: channels }),
  receive(state, message: FromBank | "end", stage) {
    if (message === "end") {
      state.open -= 1;
      if (state.open > 0) return;
      stage.send(state.next, message);
      stage.stop();
      return;
    }
    state.waiting[message.channel]?.push(message.value);
    if (state.waiting.some((values) => values.length === 0)) return;
    stage.send(
      state.next,
      state.waiting.map((values) => values.shift() as number),
    );
  },
});

export const combiner = part({
  init: (next: Ref) => next,
  receive(next, message: readonly number[] | "end", stage) {
    stage.send(next, message === "end" ? message : message.reduce((before, value) => before + value, 0));
    if (message === "end") stage.stop();
  },
});

/** By its place, so that the order counts. */
const weighted = (value: number, at: number): number => value * (1 + (at % 10));

export const sink = part({
  init: (owner: Ref) => ({ owner, at: 0, sum: 0 }),
  receive(state, message: Value, stage) {
    if (message === "end") {
      stage.send(state.owner, state.sum);
      stage.stop();
      return;
    }
    state.sum += weighted(message, state.at);
    state.at += 1;
  },
});

type ToSource = "next" | "end";

/** Asks for leave after each value. */
export const source = part({
  init: ({ producer, next }: { readonly producer: Ref; readonly next: Ref }) => ({ producer, next, at: 0 }),
  receive(state, message: ToSource, stage) {
    if (message === "end") {
      stage.send(state.next, message satisfies Value);
      stage.stop();
      return;
    }
    stage.send(state.next, (state.at % valuesMax) satisfies Value);
    state.at += 1;
    stage.send(state.producer, "done");
  },
});

/** The producer, which lets the source go on. */
export const first = part({
  init({ owner, size }: PlayArgument, stage) {
    const combined = stage.spawn(combiner, stage.spawn(sink, owner));
    const next = stage.spawn(branches, stage.spawn(integrator, combined));
    const to = stage.spawn(source, { producer: stage.self, next });
    stage.send(to, "next" satisfies ToSource);
    return { to, left: size - 1 };
  },
  receive(state, _message: "done", stage) {
    stage.send(state.to, (state.left > 0 ? "next" : "end") satisfies ToSource);
    state.left -= 1;
    if (state.left < 0) stage.stop();
  },
});

export const filterbank: Play = {
  question: `16,384 values go through a bank of ${channels} channels`,
  operation: "value",
  size: 16_384,
  expected(size) {
    const banks = Array.from({ length: channels }, (_, channel) => [
      delayed(taps - 1),
      filtered(analysis(channel)),
      sampled(channels),
      delayed(taps - 1),
      filtered(synthesis(channel)),
    ]);
    let sum = 0;
    for (let at = 0; at < size; at += 1)
      for (const turns of banks)
        sum += weighted(
          turns.reduce((value, turn) => turn(value), at % valuesMax),
          at,
        );
    return sum;
  },
  first,
};
