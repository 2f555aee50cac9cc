/** Sieve of Eratosthenes: a pipeline of actors with 1,000 primes each, through which the odd numbers go. */
import type { Ref } from "../../index.ts";
import { type Play, type PlayArgument, part } from "./part.ts";

const primesOfActor = 1_000;

type ToFilter =
  | { readonly type: "number"; readonly number: number }
  | { readonly type: "end"; readonly primes: number };

interface FilterArgument {
  readonly owner: Ref;
  readonly prime: number;
}

export const filter = part({
  init: ({ owner, prime }: FilterArgument) => ({ owner, primes: [prime], next: undefined as Ref | undefined }),
  receive(state, message: ToFilter, stage) {
    if (message.type === "end") {
      const primes = message.primes + state.primes.length;
      if (state.next === undefined) stage.send(state.owner, primes);
      else stage.send(state.next, { type: "end", primes } satisfies ToFilter);
      stage.stop();
      return;
    }
    const { number } = message;
    for (const prime of state.primes) if (number % prime === 0) return;
    if (state.primes.length < primesOfActor) state.primes.push(number);
    else if (state.next !== undefined) stage.send(state.next, message);
    else state.next = stage.spawn(filter, { owner: state.owner, prime: number } satisfies FilterArgument);
  },
});

export const first = part({
  init({ owner, size }: PlayArgument, stage) {
    const filters = stage.spawn(filter, { owner: stage.self, prime: 2 });
    for (let number = 3; number <= size; number += 2)
      stage.send(filters, { type: "number", number } satisfies ToFilter);
    stage.send(filters, { type: "end", primes: 0 } satisfies ToFilter);
    return owner;
  },
  receive(owner, primes: number, stage) {
    stage.send(owner, primes);
    stage.stop();
  },
});

function primesUpTo(size: number): number {
  const isComposite = new Uint8Array(size + 1);
  let primes = 0;
  for (let number = 2; number <= size; number += 1) {
    if (isComposite[number] === 1) continue;
    primes += 1;
    for (let multiple = number * 2; multiple <= size; multiple += number) isComposite[multiple] = 1;
  }
  return primes;
}

export const sieve: Play = {
  question: "the primes up to 100,000, by a pipeline of actors",
  operation: "number",
  size: 100_000,
  expected: primesUpTo,
  first,
};
