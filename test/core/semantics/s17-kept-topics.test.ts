/** core/SEMANTICS.md, S17.1 to S17.4: topics whose messages are kept, and read from where a subscriber says. */
import { expect, test } from "@jest/globals";
import type { SubscriptionOptions } from "../../../core/index.ts";
import { consumer } from "../../fixtures/consumer.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { busDifferenceOf } from "../../support/bus-difference.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();
let topics = 0;
const freshTopic = () => `kept${(topics += 1)}`;
const threads = [0, 1, 2];
const puppetOn = (thread: number) => system().spawn(puppet, undefined, { placement: { thread } });
const numbers = (count: number, first = 0) => Array.from({ length: count }, (_, n) => first + n);

async function statsOf(pattern: string) {
  await system().settled();
  return (await system().stats()).kept.find((one) => one.pattern === pattern);
}

async function publishAll(topic: string, messages: readonly unknown[]): Promise<void> {
  for (const message of messages) await system().publish(topic, message, { ack: true });
}

describePlacements("S17 Kept topics", (place) => {
  const reader = (pattern: string, from: SubscriptionOptions["from"], more: SubscriptionOptions = {}) =>
    place.spawn(system(), consumer, { pattern, options: { ...more, ...(from !== undefined && { from }) } });

  async function got(one: Awaited<ReturnType<typeof reader>>): Promise<unknown[]> {
    await system().settled();
    return (await one.call("got")) as unknown[];
  }

  test("S17.1, S17.2: each message gets the next number, from whichever thread it comes, and the publisher learns it", async () => {
    const topic = freshTopic();
    const keeper = await place.spawn(system(), puppet, undefined);
    await keeper.call("run", ["keepTopic", `${topic}.>`]);
    const plain = await reader(`${topic}.a`, undefined);
    const receipts: unknown[] = [];
    for (const [n, thread] of threads.entries())
      receipts.push(await (await puppetOn(thread)).call("run", ["publish", `${topic}.a`, n, { ack: true }]));
    expect(receipts).toEqual([{ seq: 1 }, { seq: 2 }, { seq: 3 }]);
    // What nobody waits for is kept as well, and plain subscribers get all as ever.
    await (await puppetOn(2)).call("run", ["publish", `${topic}.a`, 3]);
    const counts = { messages: 4, firstSeq: 1, lastSeq: 4, removed: 0, discarded: 0, readers: 0 };
    expect(await statsOf(`${topic}.>`)).toMatchObject(counts);
    expect(await got(plain)).toEqual([0, 1, 2, 3]);
    expect(await plain.call("gotWith", "seq")).toEqual(numbers(4).map((n) => [n, undefined]));
  });

  test.each(threads)("S17.2: a publish from thread %i with ack fails where nothing keeps it", async (thread) => {
    const publisher = await puppetOn(thread);
    expect(await publisher.call("codeOf", ["publish", freshTopic(), 1, { ack: true }])).toBe("not_kept");
  });

  test("S17.2: an actor in any place gets its receipt, or learns that nothing was kept, and lives on", async () => {
    const topic = freshTopic();
    const publisher = await place.spawn(system(), puppet, undefined);
    const publish = (verb: "run" | "codeOf") => publisher.call(verb, ["publish", topic, 1, { ack: true }]);
    expect(await publish("codeOf")).toBe("not_kept");
    await system().keepTopic(topic, { messages: 2, policy: "reject" });
    expect([await publish("run"), await publish("run"), await publish("codeOf")]).toEqual([
      { seq: 1 },
      { seq: 2 },
      "queue_full",
    ]);
    await publisher.call("run", ["dropTopic", topic]);
    expect(await publish("codeOf")).toBe("not_kept");
  });

  test("S17.3: a reader gets what is kept and then what follows, each once and in order", async () => {
    const topic = freshTopic();
    await system().keepTopic(topic);
    await publishAll(topic, numbers(10));
    const difference = await busDifferenceOf(system(), async () => {
      const publisher = await puppetOn(1);
      // Published while the reader begins.
      const flood = publisher.call(
        "runEach",
        numbers(600, 10).map((n) => ["publish", topic, n, { ack: true }]),
      );
      const all = await reader(topic, "first");
      await flood;
      expect(await got(all)).toEqual(numbers(610));
      expect(await all.call("firstSeq")).toBe(1);
      const seqs = (await all.call("gotWith", "seq")) as [number, number][];
      expect(seqs.every(([n, seq]) => seq === n + 1)).toBe(true);
    });
    expect(difference).toEqual({ published: 600, delivered: 610, dropped: 0, deadLettered: 0 });
  });

  test("S17.3: from the last, from a number, from a time, and only what its pattern and filter mean", async () => {
    const topic = freshTopic();
    await system().keepTopic(`${topic}.>`);
    for (const n of numbers(4)) {
      await publishAll(`${topic}.${n % 2 === 0 ? "even" : "odd"}`, [{ n, isBig: n > 1 }]);
      await system().clock.advance(100);
    }
    const ns = async (one: Awaited<ReturnType<typeof reader>>) =>
      ((await got(one)) as { n: number }[]).map(({ n }) => n);
    const read = async (pattern: string, from: SubscriptionOptions["from"], more: SubscriptionOptions = {}) =>
      await ns(await reader(`${topic}.${pattern}`, from, more));
    expect(await read(">", "last")).toEqual([3]);
    expect(await read("even", "last")).toEqual([2]);
    expect(await read("none", "last")).toEqual([]);
    expect(await read("*", { seq: 3 })).toEqual([2, 3]);
    expect(await read("*", { seq: 50 })).toEqual([]);
    expect(await read("odd", { seq: 3 })).toEqual([3]);
    expect(await read("*", { ms: 250 })).toEqual([2, 3]);
    expect(await read("*", { ms: 200 })).toEqual([2, 3]);
    expect(await read("*", { ms: 0 })).toEqual([]);
    expect(await read("*", "first", { filter: { isBig: true } })).toEqual([2, 3]);
  });

  test("S17.1: with messagesPerTopic 1 the last value of each topic is retained", async () => {
    const topic = freshTopic();
    await system().keepTopic(`${topic}.*`, { messagesPerTopic: 1 });
    for (const n of numbers(6)) await publishAll(`${topic}.${n % 3}`, [n]);
    const all = await reader(`${topic}.*`, "first");
    expect(await got(all)).toEqual([3, 4, 5]);
    await publishAll(`${topic}.0`, [6]);
    expect(await got(all)).toEqual([3, 4, 5, 6]);
    expect(await all.call("gotWith", "isAfterGap")).toEqual([3, 4, 5, 6].map((n) => [n, undefined]));
    expect(await got(await reader(`${topic}.0`, "first"))).toEqual([6]);
    expect(await statsOf(`${topic}.*`)).toMatchObject({ messages: 3, removed: 4, lastSeq: 7 });
  });

  test("S17.1: the bounds take the oldest, and a reader sees that there is a gap", async () => {
    const topic = freshTopic();
    await system().keepTopic(topic, { messages: 3 });
    const slow = await reader(topic, "first", { capacity: 2 });
    await system().pause(slow);
    await publishAll(topic, numbers(8));
    await system().resume(slow);
    expect(await got(slow)).toEqual([0, 1, 5, 6, 7]);
    expect(await slow.call("gotWith", "isAfterGap")).toEqual([
      [0, undefined],
      [1, undefined],
      [5, true],
      [6, undefined],
      [7, undefined],
    ]);
    const late = await reader(topic, "first");
    expect(await late.call("firstSeq")).toBe(6);
    const asked = await reader(topic, { seq: 2 });
    await system().settled();
    expect(await asked.call("gotWith", "isAfterGap")).toEqual([
      [5, true],
      [6, undefined],
      [7, undefined],
    ]);
  });

  test("S17.3: a reader hears of a gap also where its filter does not let through what comes right behind it", async () => {
    const topic = freshTopic();
    await system().keepTopic(topic, { messages: 3 });
    const kinds = ["b", "a", "b", "a", "a"];
    await publishAll(
      topic,
      kinds.map((kind, at) => ({ kind, at })),
    );
    const filtered = await reader(topic, { seq: 1 }, { filter: { kind: "a" } });
    await system().settled();
    expect(await filtered.call("gotWith", "isAfterGap")).toEqual([
      [{ kind: "a", at: 3 }, true],
      [{ kind: "a", at: 4 }, undefined],
    ]);
  });

  test("S17.1: what is too old goes, also while nothing is published, and however far the clock jumps", async () => {
    const topic = freshTopic();
    await system().keepTopic(topic, { ms: 1_000 });
    await publishAll(topic, [0]);
    await system().clock.advance(500);
    await publishAll(topic, [1]);
    await system().clock.advance(500);
    expect(await statsOf(topic)).toMatchObject({ messages: 1, firstSeq: 2, removed: 1 });
    await system().clock.advance(86_400_000);
    expect(await statsOf(topic)).toMatchObject({ messages: 0, bytes: 0, firstSeq: 3, lastSeq: 2, removed: 2 });
    expect(await got(await reader(topic, "first"))).toEqual([]);
  });

  test("S17.1: the bound in bytes is one of the messages as they are kept", async () => {
    const topic = freshTopic();
    await system().keepTopic(topic, { bytes: 3_000 });
    await publishAll(
      topic,
      numbers(5).map((n) => `${n}`.repeat(1_000)),
    );
    const { messages = 0, bytes = 0 } = (await statsOf(topic)) ?? {};
    expect(messages).toBe(2);
    expect(bytes).toBeGreaterThan(2_000);
    const publisher = await puppetOn(1);
    expect(await publisher.call("codeOf", ["publish", topic, "x".repeat(4_000), { ack: true }])).toBe(
      "message_too_large",
    );
    expect(await statsOf(topic)).toMatchObject({ messages: 2, refused: 1 });
  });

  test("S17.2: by policy reject nothing goes, and what is one too many is refused", async () => {
    const topic = freshTopic();
    await system().keepTopic(topic, { messages: 2, policy: "reject" });
    await publishAll(topic, [0, 1]);
    const publisher = await puppetOn(1);
    expect(await publisher.call("codeOf", ["publish", topic, 2, { ack: true }])).toBe("queue_full");
    system().publish(topic, 3);
    expect(await statsOf(topic)).toMatchObject({ messages: 2, lastSeq: 2, refused: 2, removed: 0 });
    // Other bounds, from now on.
    await system().keepTopic(topic, { messages: 3 });
    expect(await system().publish(topic, 4, { ack: true })).toEqual({ seq: 3 });
  });

  test("S17.2: what a bound refuses is kept nowhere, so that it can be published again", async () => {
    const topic = freshTopic();
    await system().keepTopic(topic, { messages: 1, policy: "reject" });
    const worker = await place.spawn(system(), consumer, { pattern: topic, options: { queue: "workers", ack: true } });
    await publishAll(topic, [0]);
    const publisher = await puppetOn(2);
    expect(await publisher.call("codeOf", ["publish", topic, 1, { ack: true }])).toBe("queue_full");
    expect(await got(worker)).toEqual([0]);
    expect(await worker.call("gotWith", "seq")).toEqual([[0, 1]]);
  });

  test("S17.4: a topic is kept once", async () => {
    const topic = freshTopic();
    await system().keepTopic(`${topic}.*.x`);
    const actor = await place.spawn(system(), puppet, undefined);
    for (const other of [`${topic}.>`, `${topic}.a.*`, `${topic}.a.x`, `${topic}.*.>`])
      expect([other, await actor.call("codeOf", ["keepTopic", other])]).toEqual([other, "already_kept"]);
    for (const other of [`${topic}.a`, `${topic}.a.y`, `${topic}.a.x.b`]) await actor.call("run", ["keepTopic", other]);
  });

  test("S17.4: what is dropped is gone, its readers get nothing more, and a new one counts from 1", async () => {
    const topic = freshTopic();
    await system().keepTopic(topic);
    await publishAll(topic, [0]);
    const former = await reader(topic, "first");
    expect(await got(former)).toEqual([0]);
    const actor = await place.spawn(system(), puppet, undefined);
    expect(await actor.call("run", ["dropTopic", topic])).toBe(true);
    expect(await actor.call("run", ["dropTopic", topic])).toBe(false);
    expect(await actor.call("codeOf", ["subscribe", topic, { from: "first" }])).toBe("not_kept");
    expect(await actor.call("codeOf", ["publish", topic, 1, { ack: true }])).toBe("not_kept");
    await system().keepTopic(topic);
    expect(await system().publish(topic, 2, { ack: true })).toEqual({ seq: 1 });
    expect(await got(former)).toEqual([0]);
    expect(await former.call("ends")).toEqual(["true topic_dropped"]);
  });

  test("S17.4: what its readers have not read of a topic that is dropped counts as dropped", async () => {
    const topic = freshTopic();
    await system().keepTopic(topic);
    const slow = await reader(topic, "first");
    await system().pause(slow);
    const difference = await busDifferenceOf(system(), async () => {
      await publishAll(topic, [0, 1]);
      await system().settled();
      await system().dropTopic(topic);
    });
    await system().resume(slow);
    expect(await got(slow)).toEqual([]);
    expect(await slow.call("ends")).toEqual(["true topic_dropped"]);
    expect(difference).toEqual({ published: 2, delivered: 0, dropped: 2, deadLettered: 0 });
  });

  test("S17.1: a plain subscription of main that ends takes no kept topic with it", async () => {
    const topic = freshTopic();
    await system().keepTopic(topic);
    const plain = await puppetOn(0);
    const { id } = (await plain.call("run", ["subscribe", topic])) as { id: number };
    await plain.call("run", ["unsubscribe", id]);
    await system().settled();
    await (await puppetOn(1)).call("run", ["publish", topic, 1]);
    expect(await got(await reader(topic, "first"))).toEqual([1]);
  });

  test("S17.3: more readers than main gives to in one look get all, each in its order", async () => {
    const topic = freshTopic();
    await system().keepTopic(topic);
    await publishAll(topic, numbers(300));
    const all = await Promise.all(numbers(6).map(() => reader(topic, "first", { capacity: 2_000 })));
    for (const one of all) expect(await got(one)).toEqual(numbers(300));
  });

  test("S17.3: a reader whose pattern is more than one kept topic has is refused, and lives on", async () => {
    const topic = freshTopic();
    await system().keepTopic(`${topic}.a.*`);
    const actor = await place.spawn(system(), puppet, undefined);
    for (const wide of [`${topic}.>`, `${topic}.*.*`, `${topic}.a.>`, topic])
      expect([wide, await actor.call("codeOf", ["subscribe", wide, { from: "last" }])]).toEqual([wide, "not_kept"]);
    await actor.call("run", ["subscribe", `${topic}.a.b`, { from: "last" }]);
  });

  test("S17.3: what a reader has been given and has not handled when it ends is dead-lettered, as with any subscription", async () => {
    const topic = freshTopic();
    await system().keepTopic(topic);
    const one = await reader(topic, "first");
    await system().pause(one);
    const difference = await busDifferenceOf(system(), async () => {
      await publishAll(topic, [1, 2, 3]);
      await system().settled();
      system().exit(one, "kill");
      await system().settled();
      await publishAll(topic, [4]);
    });
    expect(difference).toEqual({ published: 4, delivered: 0, dropped: 0, deadLettered: 3 });
    expect(await statsOf(topic)).toMatchObject({ messages: 4, readers: 0 });
  });

  test.each([
    ["keepTopic", "a..b"],
    ["keepTopic", "a", { messages: 0 }],
    ["keepTopic", "a", { messagesPerTopic: 1.5 }],
    ["keepTopic", "a", { bytes: -1 }],
    ["keepTopic", "a", { ms: 0 }],
    ["keepTopic", "a", { policy: "wait" }],
    ["keepTopic", "a", { size: 1 }],
    ["dropTopic", ""],
    ["subscribe", "a", { from: "start" }],
    ["subscribe", "a", { from: {} }],
    ["subscribe", "a", { from: { seq: 0 } }],
    ["subscribe", "a", { from: { seq: 1, ms: 1 } }],
    ["subscribe", "a", { from: { ms: -1 } }],
    ["subscribe", "a", { from: "first", policy: "reject" }],
    ["subscribe", "a", { from: "first", queue: "q" }],
    ["subscribe", "a", { from: "first", capacity: Number.POSITIVE_INFINITY }],
  ] as const)("S17: %s of %j with %j is bad_argument", async (...step) => {
    const actor = await place.spawn(system(), puppet, undefined);
    expect(await actor.call("codeOf", step)).toBe("bad_argument");
  });
});
