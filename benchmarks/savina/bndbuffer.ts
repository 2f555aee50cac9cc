/** Bounded buffer: 40 producers and 40 consumers, and between them one with room for 50 items, who lets producers wait. */
import type { Ref } from "../../index.ts";
import { type Play, type PlayArgument, part } from "./part.ts";

const producers = 40;
const consumers = 40;
const room = 50;
/** Logarithms that an item costs on each side. */
const cost = 25;

function work(): number {
  let value = 0;
  for (let step = 1; step <= cost; step += 1) value += Math.log(step + value);
  return value;
}

type ToManager =
  | { readonly type: "item"; readonly from: Ref; readonly number: number }
  | { readonly type: "free"; readonly from: Ref; readonly sum: number }
  | { readonly type: "produced" };
type ToProducer = { readonly type: "produce" };
type ToConsumer = { readonly type: "item"; readonly number: number } | { readonly type: "end" };

interface ProducerArgument {
  readonly manager: Ref;
  readonly items: number;
}

export const producer = part({
  init: ({ manager, items }: ProducerArgument) => ({ manager, left: items, value: 0 }),
  receive(state, _message: ToProducer, stage) {
    if (state.left === 0) {
      stage.send(state.manager, { type: "produced" } satisfies ToManager);
      stage.stop();
      return;
    }
    state.value += work();
    stage.send(state.manager, { type: "item", from: stage.self, number: state.left } satisfies ToManager);
    state.left -= 1;
  },
});

export const consumer = part({
  init: (manager: Ref) => ({ manager, sum: 0, value: 0 }),
  receive(state, message: ToConsumer, stage) {
    if (message.type === "end") return stage.stop();
    state.value += work();
    stage.send(state.manager, { type: "free", from: stage.self, sum: message.number } satisfies ToManager);
  },
});

/** The manager. */
export const first = part({
  init({ owner, size }: PlayArgument, stage) {
    const items = Math.max(1, Math.round(size / producers));
    const free = Array.from({ length: consumers }, () => stage.spawn(consumer, stage.self));
    for (let number = 0; number < producers; number += 1)
      stage.send(stage.spawn(producer, { manager: stage.self, items }), { type: "produce" } satisfies ToProducer);
    return { owner, free, items: [] as number[], waiting: [] as Ref[], left: producers, sum: 0 };
  },
  receive(state, message: ToManager, stage) {
    switch (message.type) {
      case "item": {
        const taker = state.free.pop();
        if (taker === undefined) state.items.push(message.number);
        else stage.send(taker, { type: "item", number: message.number } satisfies ToConsumer);
        // Each producer may have one more in its hands.
        if (state.items.length >= room - producers) state.waiting.push(message.from);
        else stage.send(message.from, { type: "produce" } satisfies ToProducer);
        return;
      }
      case "free": {
        state.sum += message.sum;
        const number = state.items.shift();
        if (number === undefined) state.free.push(message.from);
        else {
          stage.send(message.from, { type: "item", number } satisfies ToConsumer);
          const next = state.waiting.shift();
          if (next !== undefined) stage.send(next, { type: "produce" } satisfies ToProducer);
        }
        break;
      }
      case "produced":
        state.left -= 1;
    }
    if (state.left > 0 || state.free.length < consumers) return;
    for (const one of state.free) stage.send(one, { type: "end" } satisfies ToConsumer);
    stage.send(state.owner, state.sum);
    stage.stop();
  },
});

export const bndbuffer: Play = {
  question: `${producers} producers and ${consumers} consumers share a buffer of ${room}, 1,000 items each`,
  operation: "item",
  size: producers * 1_000,
  expected(size) {
    const items = Math.max(1, Math.round(size / producers));
    return (producers * items * (items + 1)) / 2;
  },
  first,
};
