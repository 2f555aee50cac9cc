/** Fibonacci: an actor for each call of the naive function, which waits for the two that it has made. */
import type { Ref } from "../../index.ts";
import { addUp, type Play, type PlayArgument, part } from "./part.ts";

function fibonacci(n: number): number {
  let [last, next] = [0, 1];
  for (let step = 0; step < n; step += 1) [last, next] = [next, last + next];
  return last;
}

/** Actors that a number takes. */
const actorsOf = (n: number): number => 2 * fibonacci(n) - 1;

/** The greatest number that takes no more actors. */
function numberOf(actors: number): number {
  let n = 1;
  while (actorsOf(n + 1) <= actors) n += 1;
  return n;
}

interface TermArgument {
  readonly parent: Ref;
  readonly n: number;
}

export const term = part({
  init({ parent, n }: TermArgument, stage) {
    if (n <= 2) {
      stage.send(parent, 1);
      stage.stop();
    } else {
      stage.spawn(term, { parent: stage.self, n: n - 1 } satisfies TermArgument);
      stage.spawn(term, { parent: stage.self, n: n - 2 } satisfies TermArgument);
    }
    return { owner: parent, left: 2, sum: 0 };
  },
  receive: addUp,
});

export const first = part({
  init({ owner, size }: PlayArgument, stage) {
    stage.spawn(term, { parent: stage.self, n: numberOf(size) });
    return owner;
  },
  receive(owner, sum: number, stage) {
    stage.send(owner, sum);
    stage.stop();
  },
});

export const fib: Play = {
  question: "fib(25) by an actor for each call",
  operation: "actor",
  size: actorsOf(25),
  expected: (size) => fibonacci(numberOf(size)),
  first,
};
