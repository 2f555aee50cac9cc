/** core/SEMANTICS.md, S13.7 to S13.9: policy `wait`, filters, and what a publish takes beside its message. */
import { expect, test } from "@jest/globals";
import { puppet } from "../../fixtures/puppet.ts";
import { busDifferenceOf } from "../../support/bus-difference.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();
let topics = 0;
const freshTopic = () => `option${(topics += 1)}`;
const publishersThreads = [0, 1, 2];
const publisherOn = (thread: number) => system().spawn(puppet, undefined, { placement: { thread } });

interface Seen {
  readonly topic: string;
  readonly message: unknown;
}

/** What a subscriber got of a topic. */
async function messagesOf(subscriber: Awaited<ReturnType<typeof publisherOn>>, topic: string): Promise<unknown[]> {
  await system().settled();
  const seen = (await subscriber.call("seen")) as (Seen | string)[];
  return seen.flatMap((one) => (typeof one === "object" && one.topic === topic ? [one.message] : []));
}

const busDifference = (during: () => Promise<unknown>) => busDifferenceOf(system(), during);

describePlacements("S13 Bus, options", (place) => {
  test.each(publishersThreads)(
    "S13.7: a publisher on thread %i waits while a subscription with policy wait is full, and nothing is lost",
    async (thread) => {
      const topic = freshTopic();
      const subscriber = await place.spawn(system(), puppet, undefined);
      const gate = await system().spawn(puppet);
      const publisher = await publisherOn(thread);
      await subscriber.call("run", ["subscribe", topic, { capacity: 2, policy: "wait" }]);
      const difference = await busDifference(async () => {
        subscriber.cast("wait", gate);
        await system().settled();
        for (let n = 0; n < 2; n++) await publisher.call("run", ["publish", topic, n]);
        // Of another thread it may be taken beyond the bound.
        await publisher.call("begin", ["publish", topic, 2]);
        await system().settled();
        let isAccepted = false;
        const last = publisher.call("run", ["publish", topic, 3]).then(() => (isAccepted = true));
        await system().settled();
        expect(isAccepted).toBe(false);
        await gate.call("run", ["answer"]);
        await last;
      });
      expect(difference).toEqual({ published: 4, delivered: 4, dropped: 0, deadLettered: 0 });
      expect(await messagesOf(subscriber, topic)).toEqual([0, 1, 2, 3]);
    },
  );

  test.each(publishersThreads)(
    "S13.7: a publisher on thread %i waits no more when the subscriber ends",
    async (thread) => {
      const topic = freshTopic();
      const subscriber = await place.spawn(system(), puppet, undefined);
      const gate = await system().spawn(puppet);
      const publisher = await publisherOn(thread);
      await subscriber.call("run", ["subscribe", topic, { capacity: 1, policy: "wait" }]);
      const difference = await busDifference(async () => {
        subscriber.cast("wait", gate);
        await system().settled();
        await publisher.call("run", ["publish", topic, 0]);
        await publisher.call("begin", ["publish", topic, 1]);
        await system().settled();
        const last = publisher.call("run", ["publish", topic, 2]);
        await system().settled();
        system().exit(subscriber, "kill");
        await last;
      });
      // In a subscriber's own thread the last one waited there; elsewhere it had been taken beyond the bound.
      expect(difference).toEqual({ published: 3, delivered: 0, dropped: 0, deadLettered: 3 });
    },
  );

  test("S13.7: who waits no more when its subscription ends goes on, and what waited is dropped", async () => {
    const topic = freshTopic();
    const subscriber = await place.spawn(system(), puppet, undefined);
    const publisher = await place.spawn(system(), puppet, undefined);
    const { id } = (await subscriber.call("run", ["subscribe", topic, { capacity: 1, policy: "wait" }])) as {
      id: number;
    };
    await subscriber.call("run", ["stashing", true]);
    const published = async () => (await system().stats()).bus.published;
    const before = await published();
    const difference = await busDifference(async () => {
      await publisher.call("run", ["publish", topic, 0]);
      await system().settled();
      await publisher.call("begin", ["publish", topic, 1]);
      await system().settled();
      const last = publisher.call("run", ["publish", topic, 2]);
      // A process that has a publish waiting already is at rest for `settled`, whatever it does beside that.
      while ((await published()) < before + 3) await system().settled();
      // And what has left another thread has arrived.
      await system().settled();
      expect(await subscriber.call("run", ["unsubscribe", id])).toBe(true);
      await last;
      subscriber.cast("unstashNow");
    });
    expect(difference).toEqual({ published: 3, delivered: 0, dropped: 3, deadLettered: 0 });
    expect(await messagesOf(subscriber, topic)).toEqual([]);
  });

  test("S13.8: a filter lets through what has its values, and the rest counts nowhere", async () => {
    const topic = freshTopic();
    const subscriber = await place.spawn(system(), puppet, undefined);
    await subscriber.call("run", ["subscribe", topic, { filter: { kind: "order", urgent: true } }]);
    const order = { kind: "order", urgent: true, n: 1 };
    const others = [
      { kind: "order" },
      { kind: "order", urgent: 1 },
      { kind: "bill", urgent: true },
      "order",
      null,
      [1],
    ];
    const difference = await busDifference(async () => {
      for (const thread of publishersThreads) {
        const publisher = await publisherOn(thread);
        for (const message of [...others, order]) await publisher.call("run", ["publish", topic, message]);
      }
    });
    expect(difference).toEqual({ published: 21, delivered: 3, dropped: 0, deadLettered: 0 });
    expect(await messagesOf(subscriber, topic)).toEqual([order, order, order]);
  });

  test("S13.8: what is published to a filter must be data, wherever the subscriber is", async () => {
    const topic = freshTopic();
    const subscriber = await place.spawn(system(), puppet, undefined);
    await subscriber.call("run", ["subscribe", topic, { filter: { a: 1 } }]);
    expect(() => system().publish(topic, { a: () => 1 })).toThrow(expect.objectContaining({ code: "not_cloneable" }));
  });

  test("S13.9: headers and trace come with the message, from every thread", async () => {
    const topic = freshTopic();
    const subscriber = await place.spawn(system(), puppet, undefined);
    await subscriber.call("run", ["subscribe", topic]);
    const options = { headers: { tenant: "acme" }, trace: "00-4bf9-01" };
    for (const thread of publishersThreads)
      await (await publisherOn(thread)).call("run", ["publish", topic, "m", options]);
    await system().settled();
    const seen = (await subscriber.call("seen")) as object[];
    expect(seen).toEqual(publishersThreads.map(() => expect.objectContaining({ topic, message: "m", ...options })));
  });

  test("S13.9: no two messages have one id, and those of one publishing thread count up", async () => {
    const topic = freshTopic();
    const subscriber = await place.spawn(system(), puppet, undefined);
    await subscriber.call("run", ["subscribe", topic]);
    for (let round = 0; round < 3; round++) {
      for (const thread of publishersThreads) await (await publisherOn(thread)).call("run", ["publish", topic, thread]);
    }
    await system().settled();
    const seen = (await subscriber.call("seen")) as { readonly id: string; readonly message: number }[];
    expect(seen).toHaveLength(9);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(9);
    for (const thread of publishersThreads) {
      const ids = seen.filter(({ message }) => message === thread).map(({ id }) => id.split("."));
      expect(ids.map(([prefix]) => prefix)).toEqual([String(thread), String(thread), String(thread)]);
      const numbers = ids.map(([, number]) => Number(number));
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
  });

  test("S13.9: the priority that its publisher gave it stands in the envelope, and none where none was given", async () => {
    const topic = freshTopic();
    const subscriber = await place.spawn(system(), puppet, undefined);
    await subscriber.call("run", ["subscribe", topic]);
    for (const thread of publishersThreads) {
      const publisher = await publisherOn(thread);
      for (const priority of [9, 0]) await publisher.call("run", ["publish", topic, thread, { priority }]);
      await publisher.call("run", ["publish", topic, thread]);
    }
    await system().settled();
    const seen = (await subscriber.call("seen")) as { readonly message: number; readonly priority?: number }[];
    for (const thread of publishersThreads)
      expect(seen.filter(({ message }) => message === thread).map(({ priority }) => priority)).toEqual([
        9,
        0,
        undefined,
      ]);
  });

  test.each(publishersThreads)(
    "S13.9: what its deadline passes before is dropped, published on thread %i",
    async (thread) => {
      const topic = freshTopic();
      const subscriber = await place.spawn(system(), puppet, undefined);
      const gate = await system().spawn(puppet);
      const publisher = await publisherOn(thread);
      await subscriber.call("run", ["subscribe", topic]);
      const difference = await busDifference(async () => {
        subscriber.cast("wait", gate);
        await system().settled();
        await publisher.call("run", ["publish", topic, "late", { deadlineMs: 100 }]);
        await publisher.call("run", ["publish", topic, "in time", { deadlineMs: 1_000 }]);
        await system().settled();
        await system().clock.advance(500);
        await gate.call("run", ["answer"]);
      });
      expect(difference).toEqual({ published: 2, delivered: 1, dropped: 1, deadLettered: 0 });
      expect(await messagesOf(subscriber, topic)).toEqual(["in time"]);
    },
  );

  test.each([
    ["headers", { headers: { a: 1 } }],
    ["headers", { headers: "a" }],
    ["deadlineMs", { deadlineMs: -1 }],
    ["deadlineMs", { deadlineMs: "1" }],
    ["trace", { trace: 1 }],
    ["a key nobody reads", { urgency: 1 }],
  ])("S13.9: %s that publish cannot take are bad_argument", async (_what, options) => {
    const publisher = await place.spawn(system(), puppet, undefined);
    expect(await publisher.call("codeOf", ["publish", "a", 1, options])).toBe("bad_argument");
  });

  test.each([[{ filter: 1 }], [{ filter: [1] }], [{ filter: { a: {} } }], [{ policy: "later" }]])(
    "S13.8: %j are no options of a subscription",
    async (options) => {
      const subscriber = await place.spawn(system(), puppet, undefined);
      expect(await subscriber.call("codeOf", ["subscribe", "a", options])).toBe("bad_argument");
    },
  );
});
