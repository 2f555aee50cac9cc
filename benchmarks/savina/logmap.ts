/** Logistic map series: ten workers ask each its own computer for the next term, 25,000 times, and wait for each. */
import type { Ref } from "../../index.ts";
import { type Play, type PlayArgument, part } from "./part.ts";

const series = 10;
const startRate = 3.46;
const rateStep = 0.0025;

const nextTerm = (rate: number, term: number): number => rate * term * (1 - term);
const rateOf = (number: number): number => startRate + number * rateStep;
const startOf = (number: number): number => number * rateStep;

function lastTerm(number: number, terms: number): number {
  let term = startOf(number);
  for (let step = 0; step < terms; step += 1) term = nextTerm(rateOf(number), term);
  return term;
}

type ToComputer = { readonly type: "compute"; readonly from: Ref; readonly term: number } | { readonly type: "end" };
type ToWorker =
  | { readonly type: "next" }
  | { readonly type: "term"; readonly term: number }
  | { readonly type: "last" };

export const computer = part({
  init: (rate: number) => rate,
  receive(rate, message: ToComputer, stage) {
    if (message.type === "end") return stage.stop();
    stage.send(message.from, { type: "term", term: nextTerm(rate, message.term) } satisfies ToWorker);
  },
});

interface WorkerArgument {
  readonly master: Ref;
  readonly number: number;
}

/** What comes while it waits for a term is put off, as in an actor language by stashing. */
export const worker = part({
  init: ({ master, number }: WorkerArgument, stage) => ({
    master,
    number,
    computer: stage.spawn(computer, rateOf(number)),
    term: startOf(number),
    isWaiting: false,
    later: 0,
    isLast: false,
  }),
  receive(state, message: ToWorker, stage) {
    if (message.type === "term") {
      state.term = message.term;
      state.isWaiting = false;
      if (state.later > 0) state.later -= 1;
      else if (!state.isLast) return;
      else return tell();
    } else if (message.type === "last") {
      state.isLast = true;
      if (!state.isWaiting) tell();
      return;
    } else if (state.isWaiting) {
      state.later += 1;
      return;
    }
    state.isWaiting = true;
    stage.send(state.computer, { type: "compute", from: stage.self, term: state.term } satisfies ToComputer);

    function tell(): void {
      stage.send(state.computer, { type: "end" } satisfies ToComputer);
      stage.send(state.master, { number: state.number, term: state.term });
      stage.stop();
    }
  },
});

/** The master. The result is the terms of all series that are right. */
export const first = part({
  init({ owner, size }: PlayArgument, stage) {
    const terms = Math.max(1, Math.round(size / series));
    const all = Array.from({ length: series }, (_, number) => stage.spawn(worker, { master: stage.self, number }));
    for (let term = 0; term < terms; term += 1)
      for (const one of all) stage.send(one, { type: "next" } satisfies ToWorker);
    for (const one of all) stage.send(one, { type: "last" } satisfies ToWorker);
    return { owner, terms, left: series, right: 0 };
  },
  receive(state, { number, term }: { readonly number: number; readonly term: number }, stage) {
    if (term === lastTerm(number, state.terms)) state.right += state.terms;
    state.left -= 1;
    if (state.left > 0) return;
    stage.send(state.owner, state.right);
    stage.stop();
  },
});

export const logmap: Play = {
  question: `${series} series of 25,000 terms, each asked for and awaited`,
  operation: "term",
  size: series * 25_000,
  expected: (size) => series * Math.max(1, Math.round(size / series)),
  first,
};
