/** Neighbours of runaway actors: they exchange numbered messages all the time, and count every gap. */
import { defineServer, type RefData } from "../../../index.ts";

/** What a neighbour has seen. */
export interface Tally {
  /** Numbers that came in their order. */
  readonly count: number;
  /** Numbers that did not: lost, doubled or overtaken messages. */
  readonly gaps: number;
}

/** On a busy machine a thread may be held for long: that nobody hangs is checked at the end. */
const forever = Number.POSITIVE_INFINITY;

/** Culprits whose messages a neighbour may get at the same time. */
const noisyMax = 64;

/** A synchronous neighbour: two of them play ping-pong with one number that grows, and each serves a caller as well. */
export const player = defineServer({
  init: () => ({ count: 0, gaps: 0, last: -1, served: 0, noise: new Map<number, number>() }),
  calls: {
    ping: () => "pong",
    tally: ({ count, gaps }): Tally => ({ count, gaps }),
    /** For the asynchronous neighbour that belongs to it: the number after the one that it has. */
    next: (state, number: number) => {
      // A caller that was started again begins where its predecessor's last call may or may not have been made.
      if (number !== state.served) state.gaps++;
      state.served = number + 1;
      return state.served;
    },
    served: (state) => state.served,
  },
  casts: {
    ball(state, { number, from }: { number: number; from: RefData }, ctx) {
      if (state.last >= 0 && number !== state.last + 2) state.gaps++;
      state.last = number;
      state.count++;
      ctx.cast(from, "ball", { number: number + 1, from: ctx.self });
    },
    /** What a culprit sends before it is ended: numbered from 0, each culprit for itself. */
    noise: (state, { id, number }: { id: number; number: number }) => {
      const { noise } = state;
      if (number !== (noise.get(id) ?? -1) + 1) state.gaps++;
      noise.delete(id);
      noise.set(id, number);
      const [oldest] = noise.keys();
      if (noise.size > noisyMax) noise.delete(oldest as number);
    },
  },
});

/** An asynchronous neighbour: it has an await under way nearly always. */
export const caller = defineServer({
  async init(of: RefData, ctx) {
    const number = (await ctx.call(of, "served", undefined, { timeoutMs: forever })) as number;
    ctx.cast(ctx.self, "go");
    return { of, number, count: 0, gaps: 0 };
  },
  calls: { tally: ({ count, gaps }): Tally => ({ count, gaps }) },
  casts: {
    async go(state, _none: undefined, ctx) {
      const next = (await ctx.call(state.of, "next", state.number, { timeoutMs: forever })) as number;
      if (next !== state.number + 1) state.gaps++;
      state.number = next;
      state.count++;
      ctx.cast(ctx.self, "go");
    },
  },
});
