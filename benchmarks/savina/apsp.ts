/** All pairs' shortest paths: 36 actors have a block of 50 x 50 distances each, and show it to those of its row and column for each of 300 nodes. */
import type { Ref } from "../../index.ts";
import { chance } from "../chance.ts";
import { addUp, type Play, type PlayArgument, part } from "./part.ts";

const nodesMax = 300;
const blockSide = 50;
const weightMax = 100;
const far = 1e9;

/** Nodes of the graph: so many that its distances are no more than the size; of whole blocks. */
const nodesOf = (size: number): number => {
  const nodes = Math.floor(Math.cbrt(size) / blockSide) * blockSide;
  return Math.min(nodesMax, Math.max(blockSide, nodes));
};

/** Distances in rows, one way. */
function graph(nodes: number): Float64Array {
  const random = chance(nodes);
  return Float64Array.from({ length: nodes * nodes }, (_, at) =>
    Math.floor(at / nodes) === at % nodes ? 0 : random.below(4) === 0 ? 1 + random.below(weightMax) : far,
  );
}

function shortest(nodes: number): Float64Array {
  const all = graph(nodes);
  for (let via = 0; via < nodes; via += 1)
    for (let from = 0; from < nodes; from += 1) {
      const start = all[from * nodes + via] as number;
      for (let to = 0; to < nodes; to += 1) {
        const length = start + (all[via * nodes + to] as number);
        if (length < (all[from * nodes + to] as number)) all[from * nodes + to] = length;
      }
    }
  return all;
}

const checksum = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let at = 0; at < values.length; at += 1) sum += values[at] as number;
  return sum;
};

type ToBlock =
  | { readonly type: "neighbours"; readonly all: readonly Ref[] }
  /** As it is before that node is gone by. */
  | {
      readonly type: "block";
      readonly via: number;
      readonly row: number;
      readonly column: number;
      readonly values: Float64Array;
    };

interface BlockArgument {
  readonly owner: Ref;
  readonly row: number;
  readonly column: number;
  readonly nodes: number;
}

export const block = part({
  init({ owner, row, column, nodes }: BlockArgument) {
    const all = graph(nodes);
    const values = Float64Array.from({ length: blockSide * blockSide }, (_, at) => {
      const from = row * blockSide + Math.floor(at / blockSide);
      return all[from * nodes + column * blockSide + (at % blockSide)] as number;
    });
    const seen = {
      now: [] as Extract<ToBlock, { type: "block" }>[],
      next: [] as Extract<ToBlock, { type: "block" }>[],
    };
    return { owner, row, column, nodes, values, via: 0, all: undefined as readonly Ref[] | undefined, seen };
  },
  receive(state, message: ToBlock, stage) {
    if (message.type === "neighbours") state.all = message.all;
    // A neighbour is at most one node ahead.
    else (message.via === state.via ? state.seen.now : state.seen.next).push(message);
    const { all, row, column, nodes } = state;
    if (all === undefined) return;
    const show = () => {
      const shown = { type: "block", via: state.via, row, column, values: state.values } as const satisfies ToBlock;
      for (const one of all) stage.send(one, shown);
    };
    if (message.type === "neighbours") show();
    while (state.seen.now.length === all.length && state.via < nodes) {
      const { via, values } = state;
      const [blockOf, at] = [Math.floor(via / blockSide), via % blockSide];
      const ofRow =
        row === blockOf
          ? values
          : (state.seen.now.find((one) => one.row === blockOf && one.column === column)?.values as Float64Array);
      const ofColumn =
        column === blockOf
          ? values
          : (state.seen.now.find((one) => one.column === blockOf && one.row === row)?.values as Float64Array);
      const next = new Float64Array(values);
      for (let from = 0; from < blockSide; from += 1) {
        const start = ofColumn[from * blockSide + at] as number;
        for (let to = 0; to < blockSide; to += 1) {
          const length = start + (ofRow[at * blockSide + to] as number);
          if (length < (next[from * blockSide + to] as number)) next[from * blockSide + to] = length;
        }
      }
      state.values = next;
      state.via += 1;
      state.seen = { now: state.seen.next, next: [] };
      if (state.via < nodes) show();
    }
    if (state.via < nodes) return;
    stage.send(state.owner, checksum(state.values));
    stage.stop();
  },
});

export const first = part({
  init({ owner, size }: PlayArgument, stage) {
    const nodes = nodesOf(size);
    const side = nodes / blockSide;
    const all = Array.from({ length: side * side }, (_, at) => {
      const [row, column] = [Math.floor(at / side), at % side];
      return { row, column, ref: stage.spawn(block, { owner: stage.self, row, column, nodes }) };
    });
    for (const { row, column, ref } of all) {
      const neighbours = all.filter((one) => one.ref !== ref && (one.row === row || one.column === column));
      stage.send(ref, { type: "neighbours", all: neighbours.map((one) => one.ref) } satisfies ToBlock);
    }
    return { owner, left: side * side, sum: 0 };
  },
  receive: addUp,
});

export const apsp: Play = {
  question: `the shortest paths between ${nodesMax} nodes, in blocks of ${blockSide}`,
  operation: "relaxation",
  size: nodesMax ** 3,
  expected: (size) => checksum(shortest(nodesOf(size))),
  first,
};
