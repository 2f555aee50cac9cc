/** When a publish to many is in the counters of its thread. */
import { expect, test } from "@jest/globals";
import type { Context } from "../../../core/actor/context.ts";
import { defineActor } from "../../../core/index.ts";
import { ActivityCounts } from "../../../core/kernel/activity-counts.ts";
import { Counter } from "../../../core/kernel/counters.ts";
import type { Kernel } from "../../../core/kernel/kernel.ts";
import { SimulatedSystem } from "../../support/simulated-system.ts";

const size = 100;

interface Crowd {
  /** The turn of a member, by its place. */
  readonly turn: (place: number, ctx: Context, kernel: Kernel) => void;
  readonly prepare?: (kernel: Kernel) => void;
}

/** A message is published once to a crowd of one thread. */
async function publishTo({ turn, prepare }: Crowd): Promise<Kernel> {
  const system = new SimulatedSystem(1, 1);
  const kernel = system.kernel(0);
  const member = defineActor({
    module: "sim:member",
    init: (place: number, ctx) => {
      void ctx.subscribe("news");
      return place;
    },
    receive: (place, _message, ctx) => turn(place, ctx, kernel),
  });
  for (let place = 0; place < size; place++) kernel.guest.ctx?.spawn(member, place);
  system.settle();
  await new Promise(setImmediate);
  system.settle();
  prepare?.(kernel);
  void kernel.guest.ctx?.publish("news", undefined);
  system.settle();
  return kernel;
}

/** What a crowd finds in each of its turns. */
async function inEachTurn<T>(find: (kernel: Kernel) => T, prepare?: (kernel: Kernel) => void): Promise<readonly T[]> {
  const found: T[] = [];
  await publishTo({ turn: (_place, _ctx, kernel) => void found.push(find(kernel)), ...(prepare && { prepare }) });
  return found;
}

const question = { sort: "turns", limit: size, of: undefined } as const;
const look = (kernel: Kernel) => void new ActivityCounts(kernel, () => 0).read(1, question);
const rising = (from: number) => Array.from({ length: size }, (_, at) => from + at);

test("who asks for the counters in a turn finds it and all before it", async () => {
  let before = 0;
  const prepare = ({ counters }: Kernel) => void (before = counters.get(Counter.turns));
  const turns = await inEachTurn((kernel) => kernel.stats().turns, prepare);
  expect(turns).toEqual(rising(before + 1));
});

test("where each actor's turns are counted, each turn is at once", async () => {
  const delivered = await inEachTurn(({ counters }) => counters.get(Counter.busDelivered), look);
  expect(delivered).toEqual(rising(1));
});

test("whoever begins to look in a turn finds of each actor the turns from then on", async () => {
  const answers: (readonly number[])[] = [];
  const counts: ActivityCounts[] = [];
  const turn = (place: number, _ctx: Context, kernel: Kernel) => {
    if (place === 40) counts.push(new ActivityCounts(kernel, () => 0));
    if (place === 40 || place === 60)
      for (const one of counts) answers.push(one.read(1, question).actors.map(({ turns }) => turns));
  };
  await publishTo({ turn });
  // Of the first that asks, whose turn had not ended, and those between the two.
  expect(answers).toEqual([[], Array(20).fill(1)]);
});

test("others find a count at most 15 turns behind, and what is unread as it is", async () => {
  const found = await inEachTurn(({ counters }) => [counters.get(Counter.busDelivered), counters.unread] as const);
  const behind = found.map(([delivered], at) => at + 1 - delivered);
  expect([Math.min(...behind), Math.max(...behind), behind.at(-1)]).toEqual([0, 15, 0]);
  expect(found.map(([, unread]) => unread)).toEqual(rising(0).reverse());
});

test("neighbours that put the message aside each have it again", async () => {
  const seen: number[] = [];
  const again = new Set<number>();
  const turn = (place: number, ctx: Context) => {
    seen.push(place);
    if (place % 3 === 0 || again.has(place)) return;
    again.add(place);
    ctx.stash();
    ctx.unstashAll();
  };
  const kernel = await publishTo({ turn });
  const aside = rising(0).filter((place) => place % 3 !== 0);
  expect(seen.toSorted((a, b) => a - b)).toEqual([...rising(0), ...aside].sort((a, b) => a - b));
  expect([kernel.counters.get(Counter.busDelivered), kernel.counters.unread]).toEqual([size, 0]);
});
