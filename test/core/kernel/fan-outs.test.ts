/** When a publish to many is in the counters of its thread. */
import { expect, test } from "@jest/globals";
import { defineActor } from "../../../core/index.ts";
import { ActivityCounts } from "../../../core/kernel/activity-counts.ts";
import { Counter } from "../../../core/kernel/counters.ts";
import type { Kernel } from "../../../core/kernel/kernel.ts";
import { SimulatedSystem } from "../../support/simulated-system.ts";

const size = 100;

/** A crowd of one thread: what it finds in each of its turns for a message that is published to it. */
async function inEachTurn<T>(find: (kernel: Kernel) => T, isWatched = false): Promise<readonly T[]> {
  const system = new SimulatedSystem(1, 1);
  const kernel = system.kernel(0);
  const found: T[] = [];
  const member = defineActor({
    module: "sim:member",
    init: (_: undefined, ctx) => void ctx.subscribe("news"),
    receive: () => void found.push(find(kernel)),
  });
  for (let n = 0; n < size; n++) kernel.guest.ctx?.spawn(member);
  system.settle();
  await new Promise(setImmediate);
  system.settle();
  if (isWatched) new ActivityCounts(kernel, () => 0).read(1, { sort: "turns", limit: 9, of: undefined });
  void kernel.guest.ctx?.publish("news", undefined);
  system.settle();
  return found;
}

const rising = (from: number) => Array.from({ length: size }, (_, at) => from + at);
const firstOf = (counts: readonly number[]) => counts[0] as number;

test("who asks for the counters in a turn finds it and all before it", async () => {
  const turns = await inEachTurn((kernel) => kernel.stats().turns);
  expect(turns).toEqual(rising(firstOf(turns)));
});

test("where each actor's turns are counted, each turn is at once", async () => {
  const turns = await inEachTurn(({ counters }) => counters.get(Counter.turns), true);
  expect(turns).toEqual(rising(firstOf(turns)));
});

test("others find a count at most 15 turns behind", async () => {
  const delivered = await inEachTurn(({ counters }) => counters.get(Counter.busDelivered));
  const behind = delivered.map((count, at) => at + 1 - count);
  expect([Math.min(...behind), Math.max(...behind), behind.at(-1)]).toEqual([0, 15, 0]);
});

test("each message counts as exactly one of unread and delivered at any moment", async () => {
  const sums = await inEachTurn(({ counters }) => counters.unread + counters.get(Counter.busDelivered));
  expect(new Set(sums)).toEqual(new Set([size]));
});
