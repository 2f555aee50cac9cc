/** core/SEMANTICS.md, S17.5 to S17.10: queues whose messages are given until somebody has acknowledged them. */
import { expect, test } from "@jest/globals";
import type { SubscriptionOptions } from "../../../core/index.ts";
import { type ConsumerDeed, consumer } from "../../fixtures/consumer.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { busDifferenceOf } from "../../support/bus-difference.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { noneCounted as none, queueCountsOf } from "../../support/queue-counts.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();
let topics = 0;
const freshTopic = () => `acked${(topics += 1)}`;
const threads = [0, 1, 2];
const queue = "workers";
const options: SubscriptionOptions = { queue, ack: true, backoff: { minMs: 10, maxMs: 40, factor: 2 } };
const puppetOn = (thread: number) => system().spawn(puppet, undefined, { placement: { thread } });
const memberOn = (thread: number, topic: string, deed: ConsumerDeed, more: SubscriptionOptions = {}) =>
  system().spawn(consumer, { pattern: topic, options: { ...options, ...more }, deed }, { placement: { thread } });
const publish = (topic: string, message: unknown, more: object = {}) =>
  system().publish(topic, message, { ...more, ack: true });

async function statsOf(topic: string) {
  await system().settled();
  return queueCountsOf((await system().stats()).queues, topic);
}

async function advance(ms: number): Promise<void> {
  await system().settled();
  await system().clock.advance(ms);
  await system().settled();
}

describePlacements("S17 Acknowledged queues", (place) => {
  const member = (topic: string, deed: ConsumerDeed, more: SubscriptionOptions = {}) =>
    place.spawn(system(), consumer, { pattern: topic, options: { ...options, ...more }, deed });

  test("S17.5: each message goes to one member, and is gone when that has acknowledged it", async () => {
    const topic = freshTopic();
    const members = [await member(topic, "ack"), ...(await Promise.all(threads.map((n) => memberOn(n, topic, "ack"))))];
    const difference = await busDifferenceOf(system(), async () => {
      for (const thread of threads) {
        const publisher = await puppetOn(thread);
        for (let n = 0; n < 8; n++) await publisher.call("run", ["publish", topic, thread * 8 + n, { ack: true }]);
      }
    });
    expect(difference).toEqual({ published: 24, delivered: 24, dropped: 0, deadLettered: 0 });
    const got = (await Promise.all(members.map((one) => one.call("got")))).flat() as number[];
    expect(got.sort((a, b) => a - b)).toEqual(Array.from({ length: 24 }, (_, n) => n));
    expect(await statsOf(topic)).toEqual({ ...none, delivered: 24 });
  });

  test("S17.5: it keeps what is published while it has no member, also without being asked for a receipt", async () => {
    const topic = freshTopic();
    const first = await member(topic, "ack");
    await system().stopActor(first);
    system().publish(topic, "plain");
    expect(await publish(topic, "receipt")).toEqual({ seq: undefined });
    expect(await statsOf(topic)).toEqual({ ...none, waiting: 2 });
    const second = await member(topic, "ack");
    await system().settled();
    expect(await second.call("got")).toEqual(["plain", "receipt"]);
  });

  test("S17.6: what is not acknowledged in time rests and is given again, until it is a dead letter", async () => {
    const topic = freshTopic();
    const silent = await member(topic, "keep", { attempts: 3, ackWaitMs: 1_000 });
    await publish(topic, "never");
    await advance(999);
    expect(await silent.call("gotWith", "attempt")).toEqual([["never", 1]]);
    await advance(1);
    expect(await statsOf(topic)).toEqual({ ...none, resting: 1 });
    await advance(10);
    expect(await silent.call("gotWith", "attempt")).toEqual([
      ["never", 1],
      ["never", 2],
    ]);
    await advance(1_000);
    await advance(19);
    expect(await statsOf(topic)).toEqual({ ...none, resting: 1, redelivered: 1 });
    await advance(1);
    const difference = await busDifferenceOf(system(), () => advance(1_000));
    expect(difference).toEqual({ published: 0, delivered: 0, dropped: 0, deadLettered: 1 });
    expect(await statsOf(topic)).toEqual({ ...none, deadLettered: 1, redelivered: 2 });
  });

  test("S17.6: what is given again has the id that it had", async () => {
    const topic = freshTopic();
    const refusing = await member(topic, "nack");
    await publish(topic, "one");
    await system().settled();
    await refusing.call("deed", { deed: "ack" });
    await publish(topic, "two");
    await advance(10);
    const got = (await refusing.call("gotWith", "id")) as [string, string][];
    expect(got.map(([message]) => message)).toEqual(["one", "two", "one"]);
    const [one, two, again] = got.map(([, id]) => id);
    expect(again).toBe(one);
    expect(two).not.toBe(one);
  });

  test("S17.6: a dead letter of a queue can be sent again, into the queue or to somebody", async () => {
    const topic = freshTopic();
    const only = await member(topic, "nack", { attempts: 1 });
    for (const message of ["one", "two"]) await publish(topic, message);
    await system().settled();
    const letters = (await system().deadLetters()).filter(
      ({ why, message }) => why === "attempts" && message.includes(topic),
    );
    expect(letters).toMatchObject([{ isResendable: true }, { isResendable: true }]);
    await only.call("deed", { deed: "ack" });
    expect(await system().resend(letters[0]?.id ?? "")).toBe(true);
    const somebody = await puppetOn(1);
    expect(await system().resend(letters[1]?.id ?? "", somebody)).toBe(true);
    await system().settled();
    expect(await only.call("got")).toEqual(["one", "two", "one"]);
    expect(await somebody.call("seen")).toMatchObject([{ topic, message: "two" }]);
    expect(await statsOf(topic)).toEqual({ ...none, delivered: 1, deadLettered: 2 });
  });

  test("S17.6: nack gives it again after its back-off, or after so long as it says", async () => {
    const topic = freshTopic();
    const refusing = await member(topic, "nack");
    await publish(topic, "later");
    await advance(9);
    expect(await refusing.call("got")).toHaveLength(1);
    await refusing.call("deed", { deed: "nack", delayMs: 500 });
    await advance(1);
    expect(await refusing.call("got")).toHaveLength(2);
    await refusing.call("deed", { deed: "ack" });
    await advance(499);
    expect(await refusing.call("got")).toHaveLength(2);
    await advance(1);
    expect(await statsOf(topic)).toEqual({ ...none, delivered: 1, redelivered: 2 });
  });

  test.each<ConsumerDeed>(["crash", "stop"])(
    "S17.7: what a member has in hand when it ends (%s) goes to another; what it has not begun at once, and as if it was never given",
    async (deed) => {
      const topic = freshTopic();
      const first = await member(topic, deed, { maxInHand: 3, ackWaitMs: 60_000 });
      await system().pause(first);
      for (const n of [1, 2, 3]) await publish(topic, n);
      await system().settled();
      expect(await statsOf(topic)).toEqual({ ...none, inHand: 3 });
      const second = await memberOn(1, topic, "ack");
      await system().resume(first);
      await system().settled();
      expect(await second.call("gotWith", "attempt")).toEqual([
        [2, 1],
        [3, 1],
      ]);
      await advance(10);
      expect(await second.call("gotWith", "attempt")).toEqual([
        [2, 1],
        [3, 1],
        [1, 2],
      ]);
      expect(await statsOf(topic)).toEqual({ ...none, delivered: 3, redelivered: 1 });
    },
  );

  test("S17.7: what a member that unsubscribes has in hand goes to another", async () => {
    const topic = freshTopic();
    const first = await member(topic, "keep", { ackWaitMs: 60_000 });
    for (const n of [1, 2]) await publish(topic, n);
    await system().settled();
    expect(await first.call("unsubscribe")).toBe(true);
    const second = await memberOn(2, topic, "ack");
    await advance(10);
    expect(await second.call("gotWith", "attempt")).toEqual([
      [2, 1],
      [1, 2],
    ]);
  });

  test("S17.6: an acknowledgement counts also when the time for it was over, and somebody else has the message", async () => {
    const topic = freshTopic();
    const slow = await member(topic, "keep", { ackWaitMs: 100 });
    await publish(topic, "slow");
    await advance(100);
    const other = await memberOn(1, topic, "keep");
    await advance(10);
    const [mine, others] = [await slow.call("got"), await other.call("got")] as unknown[][];
    expect([...(mine ?? []), ...(others ?? [])]).toHaveLength(2);
    await slow.call("settle", { deed: "ack", at: 0 });
    expect(await statsOf(topic)).toEqual({ ...none, delivered: 1, redelivered: 1 });
    // Neither a second one nor a refusal changes that.
    await slow.call("settle", { deed: "ack", at: 0 });
    await other.call("settle", { deed: "nack", at: -1 });
    await advance(1_000);
    expect(await statsOf(topic)).toEqual({ ...none, delivered: 1, redelivered: 1 });
  });

  test("S17.6: what a member has not begun when its time is over is not handled by it any more", async () => {
    const topic = freshTopic();
    const held = await member(topic, "ack", { ackWaitMs: 100, maxInHand: 2 });
    await system().pause(held);
    await publish(topic, "once");
    await advance(100);
    const other = await memberOn(1, topic, "ack");
    await advance(10);
    await system().resume(held);
    await system().settled();
    const got = [await held.call("got"), await other.call("got")] as unknown[][];
    expect(got.flat()).toEqual(["once"]);
  });

  test("S17.8: of what waits the most urgent is first, of one priority the oldest", async () => {
    const topic = freshTopic();
    const busy = await member(topic, "keep");
    await publish(topic, "first");
    for (const [n, priority] of [5, 1, 9, 5, 9, undefined, 0].entries())
      await publish(topic, n, priority === undefined ? {} : { priority });
    await busy.call("deed", { deed: "ack" });
    await busy.call("settle", { deed: "ack", at: 0 });
    await system().settled();
    expect(await busy.call("gotWith", "priority")).toEqual([
      ["first", undefined],
      [2, 9],
      [4, 9],
      [0, 5],
      [3, 5],
      [5, undefined],
      [1, 1],
      [6, 0],
    ]);
  });

  test("S17.8: what comes again is before what has never been given", async () => {
    const topic = freshTopic();
    const only = await member(topic, "nack", { ackWaitMs: 60_000 });
    await publish(topic, 1);
    await system().settled();
    await only.call("deed", { deed: "keep" });
    for (const n of [2, 3]) await publish(topic, n);
    await advance(10);
    await only.call("deed", { deed: "ack" });
    await only.call("settle", { deed: "ack", at: -1 });
    await system().settled();
    expect(await only.call("gotWith", "attempt")).toEqual([
      [1, 1],
      [2, 1],
      [1, 2],
      [3, 1],
    ]);
  });

  test("S17.5: a member that has let time pass is not taken for free", async () => {
    const topic = freshTopic();
    const silent = await member(topic, "keep", { ackWaitMs: 100 });
    await publish(topic, "silence");
    const other = await memberOn(1, topic, "ack");
    await advance(100);
    await advance(10);
    for (const n of [1, 2, 3]) {
      await publish(topic, n);
      await system().settled();
    }
    expect([await silent.call("got"), await other.call("got")]).toEqual([["silence"], ["silence", 1, 2, 3]]);
    // Until it answers for something.
    await silent.call("deed", { deed: "ack" });
    await other.call("deed", { deed: "keep" });
    for (const n of [4, 5, 6]) await publish(topic, n);
    await system().settled();
    expect(await silent.call("got")).toEqual(["silence", 5, 6]);
  });

  test("S17.5: a member has no more in hand than it says, and who has least is next", async () => {
    const topic = freshTopic();
    const [wide, narrow] = [await member(topic, "keep", { maxInHand: 3 }), await memberOn(1, topic, "keep")];
    for (let n = 0; n < 6; n++) await publish(topic, n);
    expect(await statsOf(topic)).toEqual({ ...none, inHand: 4, waiting: 2 });
    const [mine, others] = [await wide.call("got"), await narrow.call("got")] as unknown[][];
    expect([mine?.length, others?.length]).toEqual([3, 1]);
  });

  test.each(threads)(
    "S17.9: by policy reject a publish from thread %i with ack fails, and one without is dropped",
    async (thread) => {
      const topic = freshTopic();
      await member(topic, "keep", { capacity: 2, policy: "reject" });
      const publisher = await puppetOn(thread);
      const difference = await busDifferenceOf(system(), async () => {
        for (let n = 0; n < 2; n++) await publisher.call("run", ["publish", topic, n, { ack: true }]);
        expect(await publisher.call("codeOf", ["publish", topic, 2, { ack: true }])).toBe("queue_full");
        await publisher.call("run", ["publish", topic, 3]);
      });
      expect(difference).toEqual({ published: 4, delivered: 0, dropped: 2, deadLettered: 0 });
      expect(await statsOf(topic)).toEqual({ ...none, inHand: 1, waiting: 1, dropped: 2 });
    },
  );

  test("S17.9: by policy dropOldest the oldest of the least urgent goes", async () => {
    const topic = freshTopic();
    const busy = await member(topic, "keep", { capacity: 3, policy: "dropOldest" });
    for (const [n, priority] of [5, 9, 5, 5, 5].entries()) await publish(topic, n, { priority });
    expect(await statsOf(topic)).toEqual({ ...none, inHand: 1, waiting: 2, dropped: 2 });
    await busy.call("deed", { deed: "ack" });
    await busy.call("settle", { deed: "ack", at: 0 });
    await system().settled();
    expect(await busy.call("got")).toEqual([0, 1, 4]);
  });

  test.each(threads)(
    "S17.9: by policy wait a publisher on thread %i waits until there is room, and nothing is lost",
    async (thread) => {
      const topic = freshTopic();
      const busy = await member(topic, "keep", { capacity: 2, policy: "wait" });
      const publisher = await puppetOn(thread);
      for (let n = 0; n < 2; n++) await publisher.call("run", ["publish", topic, n, { ack: true }]);
      for (const waiting of [{ ack: true }, {}]) {
        let isAccepted = false;
        const last = publisher.call("run", ["publish", topic, 2, waiting]).then(() => (isAccepted = true));
        await system().settled();
        expect(isAccepted).toBe(false);
        void last;
      }
      await busy.call("deed", { deed: "ack" });
      await busy.call("settle", { deed: "ack", at: 0 });
      expect(await publisher.call("echo", "free")).toBe("free");
      expect(await statsOf(topic)).toEqual({ ...none, delivered: 4 });
    },
  );

  test("S17.9: a message whose deadline has passed is dropped when its turn comes", async () => {
    const topic = freshTopic();
    const busy = await member(topic, "keep", { ackWaitMs: 60_000 });
    await publish(topic, "first");
    await publish(topic, "late", { deadlineMs: 50 });
    await publish(topic, "last");
    await advance(51);
    await busy.call("deed", { deed: "ack" });
    await busy.call("settle", { deed: "ack", at: 0 });
    await system().settled();
    expect(await busy.call("got")).toEqual(["first", "last"]);
    expect(await statsOf(topic)).toEqual({ ...none, delivered: 2, dropped: 1 });
  });

  test("S17.10: a queue that is ended leaves dead letters, and a member that joins again begins another", async () => {
    const topic = freshTopic();
    const busy = await member(topic, "keep");
    for (let n = 0; n < 3; n++) await publish(topic, n);
    await system().settled();
    const difference = await busDifferenceOf(system(), async () => {
      expect(await busy.call("got")).toEqual([0]);
      expect(await system().endQueue(topic, queue)).toBe(3);
      expect(await system().endQueue(topic, queue)).toBe(undefined);
    });
    expect(difference.deadLettered).toBe(3);
    await busy.call("settle", { deed: "ack", at: 0 });
    expect((await system().stats()).queues.some(({ pattern }) => pattern === topic)).toBe(false);
    const publisher = await puppetOn(1);
    expect(await publisher.call("codeOf", ["publish", topic, 1, { ack: true }])).toBe("not_kept");
    await member(topic, "ack");
    await publish(topic, 4);
    expect(await statsOf(topic)).toEqual({ ...none, delivered: 1 });
  });

  test("S17.10: members of a queue that is ended read nothing more of it, and are told", async () => {
    const topic = freshTopic();
    const busy = await member(topic, "keep", { maxInHand: 3 });
    await system().pause(busy);
    for (let n = 0; n < 3; n++) await publish(topic, n);
    expect(await statsOf(topic)).toEqual({ ...none, inHand: 3 });
    expect(await system().endQueue(topic, queue)).toBe(3);
    await system().settled();
    await system().resume(busy);
    expect(await busy.call("got")).toEqual([]);
    expect(await busy.call("ends")).toEqual(["true queue_ended"]);
    expect(await busy.call("unsubscribe")).toBe(false);
  });

  test("S17.5: what a member puts aside it has in hand", async () => {
    const topic = freshTopic();
    const aside = await place.spawn(system(), puppet, undefined);
    await aside.call("run", ["stashing", true]);
    await aside.call("run", ["subscribe", topic, { ...options, ackWaitMs: 60_000 }]);
    await publish(topic, 1);
    await publish(topic, 2);
    expect(await statsOf(topic)).toEqual({ ...none, inHand: 1, waiting: 1 });
    aside.cast("unstashNow");
    await system().settled();
    expect(await aside.call("seen")).toMatchObject([{ message: 1, attempt: 1 }]);
  });

  test.each([
    [{ ack: true }],
    [{ queue, ack: 1 }],
    [{ queue, ackWaitMs: 10 }],
    [{ queue, attempts: 1 }],
    [{ ...options, filter: { a: 1 } }],
    [{ ...options, ackWaitMs: 0 }],
    [{ ...options, attempts: 0 }],
    [{ ...options, maxInHand: 1.5 }],
    [{ ...options, backoff: { minMs: 5, maxMs: 1 } }],
    [{ ...options, balance: "fair" }],
    [{ ...options, from: "first" }],
  ])("S17.5: %j are no options of a subscription", async (wrong) => {
    const subscriber = await place.spawn(system(), puppet, undefined);
    expect(await subscriber.call("codeOf", ["subscribe", "a", wrong])).toBe("bad_argument");
  });

  test.each([
    ["ack", { type: "published", topic: "a", message: 1 }],
    ["nack", undefined],
    ["ack", { ackId: "1.2" }],
    ["endQueue", "a..b", "workers"],
    ["endQueue", "a", ""],
    ["publish", "a", 1, { priority: 10 }],
    ["publish", "a", 1, { ack: "yes" }],
    ["nack", { ackId: "1.2.3" }, { delayMs: -1 }],
    ["nack", { ackId: "1.2.3" }, { delayMs: Number.POSITIVE_INFINITY }],
  ] as const)("S17: %s of what is none is bad_argument", async (...step) => {
    const actor = await place.spawn(system(), puppet, undefined);
    expect(await actor.call("codeOf", step)).toBe("bad_argument");
  });
});
