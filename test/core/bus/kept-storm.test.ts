/** core/SEMANTICS.md, S17 on real threads: kills of `system.bus` and of members among the messages, and the loss of a thread. */
import { expect, test } from "@jest/globals";
import { SeededRandom } from "../../../core/random.ts";
import { consumer } from "../../fixtures/consumer.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { macrotask } from "../../support/simulated-tree.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();
const threads = [0, 1, 2] as const;
const each = 150;
const kills = 60;
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

const statsOf = async (topic: string) => (await system().stats()).queues.find(({ pattern }) => pattern === topic);

test("S17.11: each message comes to one member and to each reader once while system.bus is killed over and over", async () => {
  const random = new SeededRandom(1);
  await system().keepTopic("storm");
  const spawned = threads.flatMap((thread) => [
    system().spawn(
      consumer,
      { pattern: "storm", options: { queue: "workers", ack: true, maxInHand: 4 } },
      { placement: { thread } },
    ),
    system().spawn(consumer, { pattern: "storm", options: { from: "first" } }, { placement: { thread } }),
  ]);
  const consumers = await Promise.all(spawned);
  const publishers = await Promise.all(
    threads.map((thread) => system().spawn(puppet, undefined, { placement: { thread } })),
  );
  const published = publishers.map((publisher, at) =>
    publisher.call(
      "runEach",
      numbers(each).map((n) => ["publish", "storm", at * each + n, { ack: true }]),
      { timeoutMs: Number.POSITIVE_INFINITY },
    ),
  );
  for (let n = 0; n < kills; n++) {
    const keeper = system().whereis("system.bus");
    if (keeper !== undefined && random.below(2) === 0) system().exit(keeper, "kill");
    await macrotask();
  }
  await Promise.all(published);
  await system().settled();
  const got = await Promise.all(consumers.map(async (one) => (await one.call("got")) as number[]));
  const all = numbers(each * threads.length);
  const sorted = (list: readonly number[]) => [...list].sort((a, b) => a - b);
  expect(sorted(got.filter((_, at) => at % 2 === 0).flat())).toEqual(all);
  for (const read of got.filter((_, at) => at % 2 === 1)) {
    expect(sorted(read)).toEqual(all);
    for (const at of threads) {
      const ofOne = read.filter((n) => Math.floor(n / each) === at);
      expect(ofOne).toEqual(sorted(ofOne));
    }
  }
  const { delivered, redelivered, discarded } = (await statsOf("storm")) ?? {};
  expect({ delivered, redelivered, discarded }).toEqual({ delivered: all.length, redelivered: 0, discarded: 0 });
});

test("S17.7: what a member on a lost thread has in hand is given to another, and its place in a queue is free", async () => {
  const backoff = { minMs: 10, maxMs: 10 };
  const options = { queue: "workers", ack: true, maxInHand: 2, backoff, ackWaitMs: 60_000 } as const;
  const join = (thread: number, deed: "keep" | "ack") =>
    system().spawn(consumer, { pattern: "lost", options, deed }, { placement: { thread } });
  await join(1, "keep");
  for (const n of numbers(3)) await system().publish("lost", n, { ack: true });
  await system().settled();
  await system().terminateThread(1);
  await system().settled();
  expect(await statsOf("lost")).toMatchObject({ members: 0, resting: 2, waiting: 1, inHand: 0 });
  const other = await join(2, "ack");
  await system().settled();
  await system().clock.advance(10);
  await system().settled();
  expect(await other.call("gotWith", "attempt")).toEqual([
    [2, 1],
    [0, 2],
    [1, 2],
  ]);
  expect(await statsOf("lost")).toMatchObject({ members: 1, delivered: 3, waiting: 0, resting: 0, inHand: 0 });
});

test("S17.2: a publisher that is lost with its thread leaves what main has kept", async () => {
  await system().keepTopic("orphans");
  const publisher = await system().spawn(puppet, undefined, { placement: { thread: 1 } });
  await publisher.call("run", ["publish", "orphans", 1, { ack: true }]);
  await system().terminateThread(1);
  const reader = await system().spawn(consumer, { pattern: "orphans", options: { from: "first" } });
  await system().settled();
  expect(await reader.call("got")).toEqual([1]);
});
