/**
 * Sleeping barber: 5,000 customers come to a waiting room of 1,000 places, and are sent back where it is full.
 *
 * Savina's come again at once, so that thousands go to and fro for each haircut, as the order of turns will have it: that would
 * be timed in place of the messages. Here one of them comes again whenever somebody else has been served.
 */
import type { Ref } from "../../index.ts";
import { chance } from "../chance.ts";
import { busyFor, type Play, type PlayArgument, part } from "./part.ts";

const places = 1_000;
const productionMax = 1_000;
const haircutMax = 1_000;

type ToRoom = { readonly type: "enter"; readonly customer: Ref } | { readonly type: "next" } | { readonly type: "end" };
type ToBarber = { readonly type: "customer"; readonly customer: Ref } | { readonly type: "end" };
type ToCustomer = "full" | "done";
type ToFactory =
  | { readonly type: "produce" }
  | { readonly type: "returned"; readonly customer: Ref }
  | { readonly type: "served" };

export const customer = part({
  init: (factory: Ref) => factory,
  receive(factory, message: ToCustomer, stage) {
    if (message === "full") stage.send(factory, { type: "returned", customer: stage.self } satisfies ToFactory);
    else {
      stage.send(factory, { type: "served" } satisfies ToFactory);
      stage.stop();
    }
  },
});

export const barber = part({
  init: (room: Ref) => ({ room, random: chance(1), value: 0 }),
  receive(state, message: ToBarber, stage) {
    if (message.type === "end") return stage.stop();
    state.value += busyFor(state.random.below(haircutMax) + 10);
    stage.send(message.customer, "done" satisfies ToCustomer);
    stage.send(state.room, { type: "next" } satisfies ToRoom);
  },
});

export const room = part({
  init: (_argument: undefined, stage) => ({
    barber: stage.spawn(barber, stage.self),
    waiting: [] as Ref[],
    isAsleep: true,
  }),
  receive(state, message: ToRoom, stage) {
    switch (message.type) {
      case "enter":
        if (state.isAsleep) {
          state.isAsleep = false;
          stage.send(state.barber, { type: "customer", customer: message.customer } satisfies ToBarber);
        } else if (state.waiting.length >= places) stage.send(message.customer, "full" satisfies ToCustomer);
        else state.waiting.push(message.customer);
        return;
      case "next": {
        const next = state.waiting.shift();
        state.isAsleep = next === undefined;
        if (next !== undefined) stage.send(state.barber, { type: "customer", customer: next } satisfies ToBarber);
        return;
      }
      case "end":
        stage.send(state.barber, { type: "end" } satisfies ToBarber);
        stage.stop();
    }
  },
});

/** The factory, from which customers come. */
export const first = part({
  init({ owner, size }: PlayArgument, stage) {
    stage.send(stage.self, { type: "produce" } satisfies ToFactory);
    const to = stage.spawn(room, undefined);
    return { owner, to, random: chance(size), left: size, size, sentBack: [] as Ref[], inside: 0, served: 0, value: 0 };
  },
  receive(state, message: ToFactory, stage) {
    const send = (who: Ref | undefined) => {
      if (who === undefined) return;
      state.inside += 1;
      stage.send(state.to, { type: "enter", customer: who } satisfies ToRoom);
    };
    switch (message.type) {
      case "produce":
        send(stage.spawn(customer, stage.self));
        state.left -= 1;
        state.value += busyFor(state.random.below(productionMax) + 10);
        if (state.left > 0) stage.send(stage.self, { type: "produce" } satisfies ToFactory);
        return;
      case "returned":
        state.inside -= 1;
        state.sentBack.push(message.customer);
        // Otherwise one of those inside is served yet.
        if (state.inside === 0) send(state.sentBack.shift());
        return;
      case "served":
        state.inside -= 1;
        state.served += 1;
        send(state.sentBack.shift());
        if (state.served < state.size) return;
        stage.send(state.to, { type: "end" } satisfies ToRoom);
        stage.send(state.owner, state.served);
        stage.stop();
    }
  },
});

export const barberPlay: Play = {
  question: "customers come to a barber whose waiting room may be full",
  operation: "haircut",
  size: 5_000,
  expected: (size) => size,
  first,
};
