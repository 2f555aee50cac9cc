/**
 * The actors that a scenario's driver speaks to. Their own module, so that any thread can import them.
 */
import { spawnSync } from "node:child_process";
import { BroadcastChannel } from "node:worker_threads";
import { type Context, defineActor, defineServer, type Ref } from "../index.ts";
import { type Document, weigh } from "./peers/document.ts";

export type Ping = { readonly type: "ping"; readonly from: Ref; readonly number: number };
export type Pong = { readonly type: "pong"; readonly number: number };
export type Finished = { readonly type: "finished"; readonly count: number };
export type Total = { readonly type: "total"; readonly total: number };

export function answerPing(_state: undefined, message: Ping, ctx: Context): void {
  ctx.send(message.from, { type: "pong", number: message.number } satisfies Pong);
}

/** Answers each ping. */
export const pong = defineActor({ receive: answerPing });

export type ToPing = Pong | { readonly type: "start"; readonly from: Ref; readonly trips: number };

export interface Rally {
  readonly far: Ref;
  from: Ref | undefined;
  trips: number;
  count: number;
}

export const startRally = (far: Ref): Rally => ({ far, from: undefined, trips: 0, count: 0 });

export function playPing(state: Rally, message: ToPing, ctx: Context): void {
  if (message.type === "start") {
    state.from = message.from;
    state.trips = message.trips;
    state.count = 0;
  } else {
    state.count += 1;
  }
  if (state.count < state.trips) {
    ctx.send(state.far, { type: "ping", from: ctx.self, number: state.count } satisfies Ping);
  } else if (state.from !== undefined) {
    ctx.send(state.from, { type: "finished", count: state.count } satisfies Finished);
  }
}

/** Plays ping-pong with the ref it was made with: so many trips for each `start`, then says so. */
export const ping = defineActor({ init: startRally, receive: playPing });

/** The two with handlers that are `async`, though they await nothing: what they do is kept apart by an async context. */
export const asyncPong = defineActor({
  async receive(state: undefined, message: Ping, ctx) {
    answerPing(state, message, ctx);
  },
});
export const asyncPing = defineActor({
  init: startRally,
  async receive(state, message: ToPing, ctx) {
    playPing(state, message, ctx);
  },
});

export type ToHopper =
  | { readonly type: "token"; readonly hopsLeft: number }
  | { readonly type: "next"; readonly next: Ref; readonly owner: Ref }
  | { readonly type: "count" };

/** Hands a token on, and counts its hops. */
export const hopper = defineActor({
  init: () => ({ next: undefined as Ref | undefined, owner: undefined as Ref | undefined, hops: 0 }),
  receive(state, message: ToHopper, ctx) {
    switch (message.type) {
      case "token":
        state.hops += 1;
        if (message.hopsLeft > 0 && state.next !== undefined) {
          ctx.send(state.next, { type: "token", hopsLeft: message.hopsLeft - 1 } satisfies ToHopper);
        } else if (state.owner !== undefined) {
          ctx.send(state.owner, { type: "arrived" });
        }
        return;
      case "next":
        state.next = message.next;
        state.owner = message.owner;
        return;
      case "count":
        if (state.owner !== undefined)
          ctx.send(state.owner, { type: "finished", count: state.hops } satisfies Finished);
        state.hops = 0;
        return;
    }
  },
});

export type ToCounter =
  | { readonly type: "add"; readonly by: number }
  | { readonly type: "take"; readonly from: Ref }
  | Document;

/** Adds up what it gets; a `take` answers with the sum since the last one. */
export const counter = defineActor({
  init: () => ({ total: 0 }),
  receive(state, message: ToCounter, ctx) {
    switch (message.type) {
      case "add":
        state.total += message.by;
        return;
      case "document":
        state.total += weigh(message);
        return;
      case "take":
        ctx.send(message.from, { type: "total", total: state.total } satisfies Total);
        state.total = 0;
        return;
    }
  },
});

/** Answers a ref with the number that it was made with. */
export const answerer = defineActor({
  init: (number: number) => number,
  receive(number, message: Ref, ctx) {
    ctx.send(message, number);
  },
});

/** A running total, by calls. */
export const adder = defineServer({
  init: () => ({ total: 0 }),
  calls: {
    add: (state, by: number) => {
      state.total += by;
      return state.total;
    },
    take: (state) => {
      const { total } = state;
      state.total = 0;
      return total;
    },
  },
});

/** Answers with what it gets. */
export const echo = defineServer({ calls: { echo: (_s, number: number) => number } });

/** Channel on which a thread says that code of `doomed` holds it now: a message of an actor would wait for the turn's end. */
export const holds = "mofa-benchmark-holds";
const holding = new BroadcastChannel(holds);
holding.unref();

/** What a kill meets: a loop in a turn, one behind an `await`, and two seconds in native code that looks for no interrupt. */
export type Doom = "loop" | "afterAwait" | "native";

/** Holds its thread in the way that it is told. */
export const doomed = defineServer({
  casts: {
    loop() {
      holding.postMessage("loop");
      while (holding !== undefined);
    },
    async afterAwait() {
      await Promise.resolve();
      holding.postMessage("afterAwait");
      while (holding !== undefined);
    },
    native() {
      holding.postMessage("native");
      spawnSync("sleep", ["2"]); // takes no time of a processor that others are measured on
    },
  } satisfies Record<Doom, () => void | Promise<void>>,
});
