/** core/SEMANTICS.md, S17.1, S17.3 and S17.9, where members and readers are far slower than who publishes. */
import { describe, expect, test } from "@jest/globals";
import type { ConsumerDeed } from "../../fixtures/consumer.ts";
import { consumer } from "../../fixtures/consumer.ts";
import { flooder, reader } from "../../fixtures/flood.ts";
import { busDifferenceOf } from "../../support/bus-difference.ts";
import { noneCounted as none, queueCountsOf } from "../../support/queue-counts.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();
let topics = 0;
const freshTopic = () => `keptflood${(topics += 1)}`;
const flood = 1_000_000;
const capacity = 100;
const floodTimeoutMs = 600_000;

const statsOf = async (topic: string) => queueCountsOf((await system().stats()).queues, topic);

describe.each([0, 2])("S17.9: a flood of 10^6 from thread %i to an acknowledged queue", (thread) => {
  const join = (topic: string, policy: "reject" | "dropNewest" | "dropOldest" | "wait", deed: ConsumerDeed) =>
    system().spawn(
      consumer,
      { pattern: topic, options: { queue: "workers", ack: true, maxInHand: 10, capacity, policy }, deed },
      { placement: { thread: 1 } },
    );

  test.each(["reject", "dropNewest", "dropOldest"] as const)(
    "whose member acknowledges nothing keeps no more than its capacity, by policy %s",
    async (policy) => {
      const topic = freshTopic();
      const publisher = await system().spawn(flooder, undefined, { placement: { thread } });
      const member = await join(topic, policy, "keep");
      const difference = await busDifferenceOf(system(), () =>
        publisher.call("flood", { topic, count: flood }, { timeoutMs: floodTimeoutMs }),
      );
      expect(difference).toEqual({ published: flood, delivered: 0, dropped: flood - capacity, deadLettered: 0 });
      expect(await statsOf(topic)).toEqual({ ...none, inHand: 10, waiting: capacity - 10, dropped: flood - capacity });
      await member.call("deed", { deed: "ack" });
      for (let n = 0; n < 10; n++) await member.call("settle", { deed: "ack", at: n });
      await system().settled();
      const got = (await member.call("got")) as number[];
      // What was in hand by then is not dropped.
      const first = policy === "dropOldest" ? flood - capacity + 10 : 10;
      expect(got.slice(10)).toEqual(Array.from({ length: capacity - 10 }, (_, n) => first + n));
      expect(await statsOf(topic)).toEqual({ ...none, delivered: capacity, dropped: flood - capacity });
    },
    floodTimeoutMs,
  );

  test(
    "of which a tenth is published arrives whole and in order by policy wait, since the publisher waits",
    async () => {
      const topic = freshTopic();
      const count = flood / 10;
      const publisher = await system().spawn(flooder, undefined, { placement: { thread } });
      const member = await join(topic, "wait", "keep");
      const flooding = publisher.call("flood", { topic, count }, { timeoutMs: floodTimeoutMs });
      await system().settled();
      const { waiting, inHand } = await statsOf(topic);
      // From another thread more is taken until that has heard that it is full.
      expect(waiting + inHand).toBeLessThanOrEqual(thread === 0 ? capacity + 1 : count / 4);
      await member.call("deed", { deed: "ack" });
      for (let n = 0; n < 10; n++) await member.call("settle", { deed: "ack", at: n });
      expect(await flooding).toBeGreaterThan(0);
      await system().settled();
      const got = (await member.call("got")) as number[];
      expect([got.length, got.every((n, at) => n === at)]).toEqual([count, true]);
      expect(await statsOf(topic)).toEqual({ ...none, delivered: count });
    },
    floodTimeoutMs,
  );
});

test(
  "S17.1, S17.3: a flood of 10^6 into a kept topic leaves what its bounds say, and a reader that is slow the place it is at",
  async () => {
    const topic = freshTopic();
    await system().keepTopic(topic, { messages: 1_000 });
    const publisher = await system().spawn(flooder, undefined, { placement: { thread: 2 } });
    const slow = await system().spawn(reader, undefined, { placement: { thread: 1 } });
    await slow.call("subscribe", { topic, from: "first", capacity: 50 });
    await system().pause(slow);
    const difference = await busDifferenceOf(system(), async () => {
      await publisher.call("flood", { topic, count: flood }, { timeoutMs: floodTimeoutMs });
      await system().settled();
      await system().resume(slow);
    });
    expect(difference).toEqual({ published: flood, delivered: 1_050, dropped: 0, deadLettered: 0 });
    expect(await slow.call("counted")).toEqual({ count: 1_050, isOrdered: true });
    const [kept] = (await system().stats()).kept;
    expect(kept).toMatchObject({ messages: 1_000, firstSeq: flood - 999, lastSeq: flood, removed: flood - 1_000 });
  },
  floodTimeoutMs,
);
