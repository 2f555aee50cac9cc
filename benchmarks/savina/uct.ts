/**
 * Unbalanced cobwebbed tree: each node asks the root whether it has ten children, which every other one has until there are 200,000.
 * Then the tree is gone through, each node computing for as long as chance has it; of the children of half of the nodes one is urgent.
 */
import type { SeededRandom } from "../../core/index.ts";
import type { Ref } from "../../index.ts";
import { chance } from "../chance.ts";
import { addUp, busyFor, type Play, type PlayArgument, part, type Stage } from "./part.ts";

const children = 10;
const urgentOfHundred = 50;
/** Steps of a node's work, by a normal distribution. */
const stepsMean = 500;
const stepsDeviation = 100;
/** Steps before a node asks. */
const stepsToAsk = 100;

/** The root and whole families. */
const nodesOf = (size: number): number => 1 + children * Math.max(1, Math.floor((size - 1) / children));

interface Family {
  readonly firstId: number;
  /** Of the work of each child. */
  readonly steps: number;
  /** The child that is sent to before the others; -1: none. */
  readonly urgent: number;
}

/** A number is the sum of the ids of a child's tree. */
type ToRoot = { readonly type: "ask"; readonly from: Ref } | number;
type ToNode =
  | { readonly type: "ask" }
  | { readonly type: "grow"; readonly family: Family }
  | { readonly type: "visit" }
  | number;

function familyOf(random: SeededRandom, firstId: number): Family {
  const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  const steps = Math.max(1, Math.round(stepsMean + stepsDeviation * normal));
  return { firstId, steps, urgent: random.below(100) < urgentOfHundred ? random.below(children) : -1 };
}

/** They ask when all of them are there. */
function grow(stage: Stage, root: Ref, { firstId, steps, urgent }: Family): readonly Ref[] {
  const all = Array.from({ length: children }, (_, child) =>
    stage.spawn(node, { root, parent: stage.self, id: firstId + child, steps } satisfies NodeArgument),
  );
  for (const one of all) stage.send(one, { type: "ask" } satisfies ToNode);
  if (urgent < 0) return all;
  return [all[urgent] as Ref, ...all.filter((_, child) => child !== urgent)];
}

interface NodeArgument {
  readonly root: Ref;
  readonly parent: Ref;
  readonly id: number;
  readonly steps: number;
}

export const node = part({
  init: ({ root, parent, id, steps }: NodeArgument) => ({
    root,
    owner: parent,
    steps,
    all: [] as readonly Ref[],
    left: children,
    sum: id,
    value: 0,
  }),
  receive(state, message: ToNode, stage) {
    if (typeof message === "number") return addUp(state, message, stage);
    switch (message.type) {
      case "ask":
        state.value += busyFor(stepsToAsk);
        stage.send(state.root, { type: "ask", from: stage.self } satisfies ToRoot);
        return;
      case "grow":
        state.all = grow(stage, state.root, message.family);
        return;
      case "visit":
        state.value += busyFor(state.steps);
        for (const one of state.all) stage.send(one, message);
        if (state.all.length > 0) return;
        stage.send(state.owner, state.sum satisfies ToNode);
        stage.stop();
    }
  },
});

/** The root, whose id is 0. The result is the sum of all ids. */
export const first = part({
  init({ owner, size }: PlayArgument, stage) {
    const random = chance(size);
    const all = grow(stage, stage.self, familyOf(random, 1));
    return { owner, random, all, nodesMax: nodesOf(size), nodes: 1 + children, asked: 0, left: children, sum: 0 };
  },
  receive(state, message: ToRoot, stage) {
    if (typeof message === "number") return addUp(state, message, stage);
    state.asked += 1;
    // Who is the last to ask has children: else the tree might end before it is grown.
    const isLast = state.asked === state.nodes - 1;
    if (state.nodes < state.nodesMax && (state.random.below(2) === 0 || isLast)) {
      const family = familyOf(state.random, state.nodes);
      stage.send(message.from, { type: "grow", family } satisfies ToNode);
      state.nodes += children;
    } else if (isLast) for (const one of state.all) stage.send(one, { type: "visit" } satisfies ToNode);
  },
});

export const uct: Play = {
  question: "a tree of 200,000 nodes grows by chance, and is gone through",
  operation: "node",
  size: 200_000,
  expected: (size) => (nodesOf(size) * (nodesOf(size) - 1)) / 2,
  first,
};
