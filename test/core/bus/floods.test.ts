/** core/SEMANTICS.md, S13.5 and S13.7, where a subscriber is far slower than its publisher. */
import { describe, expect, test } from "@jest/globals";
import { flooder, reader } from "../../fixtures/flood.ts";
import { busDifferenceOf } from "../../support/bus-difference.ts";
import { noneCounted, queueCountsOf } from "../../support/queue-counts.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();
let topics = 0;
const freshTopic = () => `flood${(topics += 1)}`;

const busDifference = (during: () => Promise<unknown>) => busDifferenceOf(system(), during);

const flood = 1_000_000;
const capacity = 100;
/** Sends and publishes of one actor that may wait. */
const waitingMax = 1_024;
const floodTimeoutMs = 600_000;

test("S13.7: who publishes to another thread without end in one turn fills its outbox so far, and the rest is dropped", async () => {
  const topic = freshTopic();
  const publisher = await system().spawn(flooder, undefined, { placement: { thread: 2 } });
  const subscriber = await system().spawn(reader, undefined, { placement: { thread: 1 } });
  await subscriber.call("subscribe", { topic });
  const difference = await busDifference(() => publisher.call("burst", { topic, count: 150_000 }));
  expect(difference).toEqual({ published: 150_000, delivered: 131_072, dropped: 18_928, deadLettered: 0 });
  expect(await subscriber.call("counted")).toEqual({ count: 131_072, isOrdered: true });
});

test("S13.5, S13.7: what is dropped on its way counts once for each subscription, queue and group, however many topics it had", async () => {
  const topic = freshTopic();
  const publisher = await system().spawn(flooder, undefined, { placement: { thread: 2 } });
  const subscriber = await system().spawn(reader, undefined, { placement: { thread: 0 } });
  for (const pattern of [`${topic}.*`, `${topic}.*`, `${topic}.>`, `${topic}.1`])
    await subscriber.call("subscribe", { topic: pattern });
  await subscriber.call("subscribe", { topic: `${topic}.*`, queue: "plain" });
  await subscriber.call("subscribe", { topic: `${topic}.*`, queue: "acknowledged", ack: true, capacity: 200_000 });
  await system().pause(subscriber);
  const difference = await busDifference(async () => {
    await publisher.call("burst", { topic: `${topic}.*`, count: 150_000 });
    await system().settled();
  });
  const skipped = 150_000 - 131_072;
  expect(difference).toEqual({ published: 150_000, delivered: 0, dropped: 5 * skipped, deadLettered: 0 });
  const queue = queueCountsOf((await system().stats()).queues, `${topic}.*`);
  expect(queue).toEqual({ ...noneCounted, inHand: 1, waiting: 131_071, dropped: skipped });
  await system().stopActor(subscriber, "kill");
  await system().endQueue(`${topic}.*`, "acknowledged");
});

test("S13.10: who publishes to a queue group without end in one turn fills main's outbox to its member so far, and the rest is dropped", async () => {
  const topic = freshTopic();
  const publisher = await system().spawn(flooder, undefined, { placement: { thread: 0 } });
  const member = await system().spawn(reader, undefined, { placement: { thread: 1 } });
  await member.call("subscribe", { topic, queue: "all" });
  const difference = await busDifference(() => publisher.call("burst", { topic, count: 150_000 }));
  expect(difference).toEqual({ published: 150_000, delivered: 131_072, dropped: 18_928, deadLettered: 0 });
  expect(await member.call("counted")).toEqual({ count: 131_072, isOrdered: true });
  await publisher.call("flood", { topic, count: 100 });
  await system().settled();
  expect((await member.call("counted")).count).toBe(131_172);
});

test("S18.2: a request that does not go out, since its thread has too much to read, fails at once", async () => {
  const topic = freshTopic();
  const publisher = await system().spawn(flooder, undefined, { placement: { thread: 2 } });
  const subscriber = await system().spawn(reader, undefined, { placement: { thread: 1 } });
  await subscriber.call("subscribe", { topic });
  expect(await publisher.call("burstAndAsk", { topic, count: 132_000 }, { timeoutMs: floodTimeoutMs })).toBe(
    "mailbox_full",
  );
  await system().settled();
});

describe.each([1, 2])("S13.5, S13.7: a flood of 10^6 from thread %i to a subscriber on thread 1", (thread) => {
  test.each(["reject", "dropNewest", "dropOldest"] as const)(
    "that handles nothing meanwhile holds no more than its capacity, by policy %s",
    async (policy) => {
      const topic = freshTopic();
      const publisher = await system().spawn(flooder, undefined, { placement: { thread } });
      const subscriber = await system().spawn(reader, undefined, { placement: { thread: 1 } });
      await subscriber.call("subscribe", { topic, capacity, policy });
      await system().pause(subscriber);
      const difference = await busDifference(async () => {
        await publisher.call("flood", { topic, count: flood }, { timeoutMs: floodTimeoutMs });
        await system().settled();
        await system().resume(subscriber);
      });
      expect(difference).toEqual({ published: flood, delivered: capacity, dropped: flood - capacity, deadLettered: 0 });
      expect(await subscriber.call("counted")).toEqual({ count: capacity, isOrdered: true });
    },
    floodTimeoutMs,
  );

  test(
    "arrives whole and in order by policy wait, since the publisher waits",
    async () => {
      const topic = freshTopic();
      const publisher = await system().spawn(flooder, undefined, { placement: { thread } });
      const subscriber = await system().spawn(reader, undefined, { placement: { thread: 1 } });
      await subscriber.call("subscribe", { topic, capacity, policy: "wait" });
      const difference = await busDifference(async () => {
        await system().pause(subscriber);
        const before = (await system().stats()).bus.published;
        const flooding = publisher.call("flood", { topic, count: flood }, { timeoutMs: floodTimeoutMs });
        await system().settled();
        // From another thread more is taken until that has heard that it is full.
        const taken = (await system().stats()).bus.published - before;
        expect(taken).toBeLessThanOrEqual(thread === 1 ? capacity + 1 : flood / 4);
        await system().resume(subscriber);
        expect(await flooding).toBeGreaterThan(0);
      });
      expect(difference).toEqual({ published: flood, delivered: flood, dropped: 0, deadLettered: 0 });
      expect(await subscriber.call("counted")).toEqual({ count: flood, isOrdered: true });
    },
    floodTimeoutMs,
  );

  test("by a publisher that awaits nothing is taken as far as 1,024 may wait, and dropped from there on", async () => {
    const topic = freshTopic();
    const publisher = await system().spawn(flooder, undefined, { placement: { thread } });
    const subscriber = await system().spawn(reader, undefined, { placement: { thread: 1 } });
    await subscriber.call("subscribe", { topic, capacity, policy: "wait" });
    await system().pause(subscriber);
    // From another thread all of the first turn is taken, before that has heard that it is full.
    const taken = thread === 1 ? capacity + waitingMax : 5_000 + waitingMax;
    const difference = await busDifference(async () => {
      for (let turn = 0; turn < 2; turn++) {
        await publisher.call("burst", { topic, count: 5_000 });
        await system().settled();
      }
      await system().resume(subscriber);
    });
    expect(difference).toEqual({ published: 10_000, delivered: taken, dropped: 10_000 - taken, deadLettered: 0 });
    expect(await subscriber.call("counted")).toEqual({ count: taken, isOrdered: true });
  });
});
