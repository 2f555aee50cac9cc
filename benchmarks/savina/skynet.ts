/** Skynet: a tree of actors, ten children each, whose leaves say their numbers, which are summed up to the root. Not of Savina. */
import type { Ref } from "../../index.ts";
import { addUp, type Play, type PlayArgument, part } from "./part.ts";

const children = 10;

/** Leaves of a whole tree: a power of ten. */
const leavesOf = (size: number): number => children ** Math.floor(Math.log10(size) + 1e-9);

interface NodeArgument {
  readonly parent: Ref;
  readonly number: number;
  /** Leaves below it; 1: it is one. */
  readonly leaves: number;
}

export const node = part({
  init({ parent, number, leaves }: NodeArgument, stage) {
    if (leaves === 1) {
      stage.send(parent, number);
      stage.stop();
    } else
      for (let child = 0; child < children; child += 1)
        stage.spawn(node, {
          parent: stage.self,
          number: number + (child * leaves) / children,
          leaves: leaves / children,
        } satisfies NodeArgument);
    return { owner: parent, left: children, sum: 0 };
  },
  receive: addUp,
});

export const first = part({
  init({ owner, size }: PlayArgument, stage) {
    stage.spawn(node, { parent: stage.self, number: 0, leaves: leavesOf(size) });
    return owner;
  },
  receive(owner, sum: number, stage) {
    stage.send(owner, sum);
    stage.stop();
  },
});

export const skynet: Play = {
  question: "a tree of actors with a million leaves, whose numbers are summed up",
  operation: "leaf",
  size: 1_000_000,
  expected: (size) => (leavesOf(size) * (leavesOf(size) - 1)) / 2,
  first,
};
