/** Big: 120 actors, each of which sends pings to one of them by chance, and answers those that it gets. */
import type { Ref } from "../../index.ts";
import { chance } from "../chance.ts";
import { type Play, type PlayArgument, part } from "./part.ts";

const actors = 120;

type ToActor =
  | { readonly type: "neighbours"; readonly all: readonly Ref[] }
  | { readonly type: "ping"; readonly from: Ref }
  | { readonly type: "pong" }
  | { readonly type: "end" };

interface ActorArgument {
  readonly sink: Ref;
  readonly number: number;
  readonly pings: number;
}

export const actor = part({
  init: ({ sink, number, pings }: ActorArgument) => ({
    sink,
    random: chance(number),
    left: pings,
    pongs: 0,
    all: [] as readonly Ref[],
  }),
  receive(state, message: ToActor, stage) {
    switch (message.type) {
      case "ping":
        stage.send(message.from, { type: "pong" } satisfies ToActor);
        return;
      case "neighbours":
        state.all = message.all;
        break;
      case "pong":
        state.pongs += 1;
        break;
      case "end":
        stage.stop();
        return;
    }
    if (state.left === 0) stage.send(state.sink, state.pongs);
    else {
      state.left -= 1;
      stage.send(state.random.pick(state.all), { type: "ping", from: stage.self } satisfies ToActor);
    }
  },
});

export const first = part({
  init({ owner, size }: PlayArgument, stage) {
    const pings = Math.max(1, Math.round(size / actors));
    const all = Array.from({ length: actors }, (_, number) => stage.spawn(actor, { sink: stage.self, number, pings }));
    for (const one of all) stage.send(one, { type: "neighbours", all } satisfies ToActor);
    return { owner, all, left: actors, sum: 0 };
  },
  receive(state, pongs: number, stage) {
    state.sum += pongs;
    state.left -= 1;
    if (state.left > 0) return;
    for (const one of state.all) stage.send(one, { type: "end" } satisfies ToActor);
    stage.send(state.owner, state.sum);
    stage.stop();
  },
});

export const big: Play = {
  question: `${actors} actors ping one another by chance, 20,000 times each`,
  operation: "ping",
  size: actors * 20_000,
  expected: (size) => actors * Math.max(1, Math.round(size / actors)),
  first,
};
