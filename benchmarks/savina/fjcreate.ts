/** Fork-join creation: actors are made, each gets one message, does a little sum and ends. */
import type { Ref } from "../../index.ts";
import { addUp, type Play, type PlayArgument, part } from "./part.ts";

export const worker = part({
  init: (owner: Ref) => owner,
  receive(owner, number: number, stage) {
    const sine = Math.sin(number);
    stage.send(owner, sine * sine > 0 ? 1 : 0);
    stage.stop();
  },
});

export const first = part({
  init({ owner, size }: PlayArgument, stage) {
    for (let number = 1; number <= size; number += 1) stage.send(stage.spawn(worker, stage.self), number);
    return { owner, left: size, sum: 0 };
  },
  receive: addUp,
});

export const fjcreate: Play = {
  question: "actors are made, and each ends with its first message",
  operation: "actor",
  size: 40_000,
  expected: (size) => size,
  first,
};
