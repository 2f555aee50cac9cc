/**
 * Guided search: the shortest way through a grid of 30 x 30 x 30 nodes. Savina's workers search in memory that all of them write; here each has
 * the nodes of its own cells, and tells a master which ones of others it has reached, who hands them on. No node is looked at from which
 * the target is farther than by a way that is known already.
 */
import type { Ref } from "../../index.ts";
import { chance } from "../chance.ts";
import { busyFor, lastOf, type Play, type PlayArgument, part } from "./part.ts";

const workers = 20;
const sideMax = 30;
/** Of a cell, whose nodes have one worker. */
const cellSide = 5;
const stepsOfNode = 100;
/** Where the target is, of each side. */
const targetAt = 0.8;

/** The grid is no greater than so many nodes. */
const sideOf = (size: number): number => Math.min(sideMax, Math.max(2, Math.floor(Math.cbrt(size) + 1e-9)));

interface Edge {
  readonly to: number;
  readonly length: number;
}

interface Grid {
  readonly target: number;
  readonly edges: readonly (readonly Edge[])[];
  /** From each node to the target as the crow flies; Infinity where no edge leads back. */
  readonly distances: Float64Array;
  readonly workerOf: Uint8Array;
}

/** By axis: one step ahead in one or two of them. */
const directions: readonly (readonly number[])[] = [
  [0, 0, 1],
  [0, 1, 0],
  [0, 1, 1],
  [1, 0, 0],
  [1, 0, 1],
  [1, 1, 0],
];

/** In whole thousandths, rounded up, so that sums are exact and no way is shorter than the crow's. */
const lengthOf = (steps: readonly number[]): number => Math.ceil(1_000 * Math.hypot(...steps) - 1e-6);

/** Each node has about half of the edges that it could have. */
const gridOf = lastOf((side: number): Grid => {
  const random = chance(side);
  const idOf = (place: readonly number[]): number => place.reduce((id, at) => id * side + at, 0);
  const placeOf = (id: number): number[] => [Math.floor(id / side ** 2), Math.floor(id / side) % side, id % side];
  const ids = Array.from({ length: side ** 3 }, (_, id) => id);
  const goal = new Array<number>(3).fill(Math.floor(targetAt * side));
  const cells = Math.ceil(side / cellSide);
  return {
    target: idOf(goal),
    edges: ids.map((id) => {
      const place = placeOf(id);
      return directions.flatMap((steps) => {
        const ahead = place.map((at, axis) => at + (steps[axis] as number));
        if (random.below(2) === 0 || ahead.some((at) => at >= side)) return [];
        return [{ to: idOf(ahead), length: lengthOf(steps) }];
      });
    }),
    distances: Float64Array.from(ids, (id) => {
      const steps = placeOf(id).map((at, axis) => (goal[axis] as number) - at);
      return steps.some((ahead) => ahead < 0) ? Number.POSITIVE_INFINITY : Math.floor(1_000 * Math.hypot(...steps));
    }),
    workerOf: Uint8Array.from(
      ids,
      (id) => placeOf(id).reduce((cell, at) => cell * cells + Math.floor(at / cellSide), 0) % workers,
    ),
  };
});

interface Reached {
  readonly node: number;
  /** Of the way to it. */
  readonly length: number;
}

type ToMaster =
  | { readonly type: "reached"; readonly worker: number; readonly all: readonly Reached[] }
  | { readonly type: "found"; readonly length: number }
  | { readonly type: "done" };
type ToWorker =
  | { readonly type: "search"; readonly all: readonly Reached[]; readonly shortest: number }
  | { readonly type: "end" };

interface WorkerArgument {
  readonly master: Ref;
  readonly number: number;
  readonly side: number;
}

export const worker = part({
  init: ({ master, number, side }: WorkerArgument) => ({
    master,
    number,
    side,
    /** Of those that it has looked at, the way by which it has. */
    lengths: new Map<number, number>(),
    shortest: Number.POSITIVE_INFINITY,
    value: 0,
  }),
  receive(state, message: ToWorker, stage) {
    if (message.type === "end") return stage.stop();
    const { master, number, lengths } = state;
    const { target, edges, distances, workerOf } = gridOf(state.side);
    state.shortest = Math.min(state.shortest, message.shortest);
    const queue = [...message.all];
    const ofOthers = Array.from({ length: workers }, (): Reached[] => []);
    // What is pushed meanwhile has its turn too.
    for (const { node, length } of queue) {
      const isFarther = length + (distances[node] as number) >= state.shortest;
      if (isFarther || length >= (lengths.get(node) ?? Number.POSITIVE_INFINITY)) continue;
      lengths.set(node, length);
      state.value += busyFor(stepsOfNode);
      for (const edge of edges[node] as readonly Edge[]) {
        const reached: Reached = { node: edge.to, length: length + edge.length };
        const owner = workerOf[edge.to] as number;
        if (reached.length + (distances[edge.to] as number) >= state.shortest) continue;
        if (edge.to === target) {
          state.shortest = reached.length;
          stage.send(master, { type: "found", length: reached.length } satisfies ToMaster);
        } else if (owner === number) queue.push(reached);
        else ofOthers[owner]?.push(reached);
      }
    }
    for (const [other, all] of ofOthers.entries())
      if (all.length > 0) stage.send(master, { type: "reached", worker: other, all } satisfies ToMaster);
    stage.send(master, { type: "done" } satisfies ToMaster);
  },
});

/** The master. The result is the length of the shortest way. */
export const first = part({
  init({ owner, size }: PlayArgument, stage) {
    const side = sideOf(size);
    const all = Array.from({ length: workers }, (_, number) =>
      stage.spawn(worker, { master: stage.self, number, side } satisfies WorkerArgument),
    );
    const start: ToMaster = {
      type: "reached",
      worker: gridOf(side).workerOf[0] as number,
      all: [{ node: 0, length: 0 }],
    };
    stage.send(stage.self, start);
    return { owner, all, open: 0, shortest: Number.POSITIVE_INFINITY };
  },
  receive(state, message: ToMaster, stage) {
    switch (message.type) {
      case "reached": {
        const { all } = message;
        state.open += 1;
        stage.send(state.all[message.worker] as Ref, {
          type: "search",
          all,
          shortest: state.shortest,
        } satisfies ToWorker);
        return;
      }
      case "found":
        state.shortest = Math.min(state.shortest, message.length);
        return;
      case "done":
        state.open -= 1;
        if (state.open > 0) return;
        for (const one of state.all) stage.send(one, { type: "end" } satisfies ToWorker);
        stage.send(state.owner, state.shortest);
        stage.stop();
    }
  },
});

export const astar: Play = {
  question: `the shortest way through a grid of ${sideMax} x ${sideMax} x ${sideMax} nodes, by ${workers} workers`,
  operation: "node",
  size: sideMax ** 3,
  /** Edges only lead to greater numbers, so one look at each node will do. */
  expected(size) {
    const { target, edges } = gridOf(sideOf(size));
    const lengths = new Float64Array(edges.length).fill(Number.POSITIVE_INFINITY);
    lengths[0] = 0;
    for (const [node, ahead] of edges.entries())
      for (const { to, length } of ahead)
        lengths[to] = Math.min(lengths[to] as number, (lengths[node] as number) + length);
    return lengths[target] as number;
  },
  first,
};
