/** Pi to 5,000 digits: 20 workers work out the terms of the formula of Bailey, Borwein and Plouffe, one after the other each. */
import type { Ref } from "../../index.ts";
import { type Play, type PlayArgument, part } from "./part.ts";

const workers = 20;
/** Of the result, the last digits are what is compared. */
const lastDigits = 10n ** 9n;

/** In units of the last digit. Zero: this and all later ones are below it. */
function termOf(number: number, one: bigint): bigint {
  const k = BigInt(8 * number);
  const sum = (4n * one) / (k + 1n) - (2n * one) / (k + 4n) - one / (k + 5n) - one / (k + 6n);
  return sum / 16n ** BigInt(number);
}

const oneOf = (digits: number): bigint => 10n ** BigInt(digits);

type ToMaster = { readonly from: Ref; readonly term: bigint };

interface WorkerArgument {
  readonly master: Ref;
  readonly digits: number;
}

export const worker = part({
  init: ({ master, digits }: WorkerArgument) => ({ master, one: oneOf(digits) }),
  /** A number below zero: it is done. */
  receive({ master, one }, number: number, stage) {
    if (number < 0) stage.stop();
    else stage.send(master, { from: stage.self, term: termOf(number, one) } satisfies ToMaster);
  },
});

export const first = part({
  init({ owner, size }: PlayArgument, stage) {
    const all = Array.from({ length: workers }, () => stage.spawn(worker, { master: stage.self, digits: size }));
    for (const [number, one] of all.entries()) stage.send(one, number);
    return { owner, all, next: workers, open: workers, isPrecise: false, sum: 0n };
  },
  receive(state, { from, term }: ToMaster, stage) {
    state.sum += term;
    state.open -= 1;
    if (term === 0n) state.isPrecise = true;
    if (!state.isPrecise) {
      stage.send(from, state.next);
      state.next += 1;
      state.open += 1;
    }
    if (state.open > 0) return;
    for (const one of state.all) stage.send(one, -1);
    stage.send(state.owner, Number(state.sum % lastDigits));
    stage.stop();
  },
});

export const piprecision: Play = {
  question: `5,000 digits of pi, by ${workers} workers`,
  operation: "digit",
  size: 5_000,
  expected(size) {
    let sum = 0n;
    for (let number = 0; ; number += 1) {
      const term = termOf(number, oneOf(size));
      if (term === 0n) return Number(sum % lastDigits);
      sum += term;
    }
  },
  first,
};
