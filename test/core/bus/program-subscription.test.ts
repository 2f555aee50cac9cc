/** S18.10: the program's own subscriptions. */
import { expect, test } from "@jest/globals";
import { type Envelope, type ProgramSubscription, type Ref, startSystem } from "../../../index.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { busDifferenceOf } from "../../support/bus-difference.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();
let topics = 0;
const freshTopic = () => `program${(topics += 1)}`;

const publishers = () =>
  Promise.all([0, 1, 2].map((thread) => system().spawn(puppet, undefined, { placement: { thread } })));

/** The next so many messages. */
async function take(subscription: ProgramSubscription, count: number): Promise<unknown[]> {
  const messages: unknown[] = [];
  while (messages.length < count) messages.push(((await subscription.next()).value as Envelope).message);
  return messages;
}

const ended = { done: true, value: undefined };

test("S18.10: the program gets what is published anywhere, in the order of each publisher", async () => {
  const topic = freshTopic();
  await using subscription = await system().subscribe(`${topic}.*`);
  const all = await publishers();
  for (const publisher of all)
    for (let n = 0; n < 20; n++) await publisher.call("run", ["publish", `${topic}.${n}`, n]);
  const got = new Map<string, unknown[]>();
  for (let n = 0; n < 60; n++) {
    const { from, message } = (await subscription.next()).value as Envelope;
    got.set(from.toString(), [...(got.get(from.toString()) ?? []), message]);
  }
  const numbers = Array.from({ length: 20 }, (_, n) => n);
  expect([...got.values()]).toEqual([numbers, numbers, numbers]);
});

test("S18.10: it may wait for what comes, twice at once too, and a system that only waits for it has settled", async () => {
  const topic = freshTopic();
  await using subscription = await system().subscribe(topic);
  const both = [subscription.next(), subscription.next()];
  await system().settled();
  await system().publish(topic, 1);
  await system().publish(topic, 2);
  await system().publish(topic, 3);
  await system().settled();
  expect((await Promise.all(both)).map(({ value }) => (value as Envelope).message)).toEqual([1, 2]);
  expect(await take(subscription, 1)).toEqual([3]);
});

test("S18.10: each subscription counts for itself, with its filter", async () => {
  const topic = freshTopic();
  await using all = await system().subscribe(`${topic}.>`);
  await using some = await system().subscribe(`${topic}.*`, { filter: { kind: "b" } });
  await system().publish(`${topic}.x`, { kind: "a" });
  await system().publish(`${topic}.x`, { kind: "b" });
  expect(await take(all, 2)).toEqual([{ kind: "a" }, { kind: "b" }]);
  expect(await take(some, 1)).toEqual([{ kind: "b" }]);
});

test.each([
  ["dropOldest", [0, 7, 8, 9]],
  ["dropNewest", [0, 1, 2, 3]],
] as const)("S18.10: what it has not asked for waits under the bound: %s", async (policy, wanted) => {
  const topic = freshTopic();
  await using subscription = await system().subscribe(topic, { capacity: 3, policy });
  expect(
    await busDifferenceOf(system(), async () => {
      for (let n = 0; n < 10; n++) {
        await system().publish(topic, n);
        // The first is in hand.
        await system().settled();
      }
      expect(await take(subscription, 4)).toEqual(wanted);
    }),
  ).toEqual({ published: 10, delivered: 4, dropped: 6, deadLettered: 0 });
});

test("S18.10: with policy wait publishers wait until it reads", async () => {
  const topic = freshTopic();
  await using subscription = await system().subscribe(topic, { capacity: 1, policy: "wait" });
  let isAccepted = false;
  for (let n = 0; n < 2; n++) {
    expect(system().publish(topic, n)).toBeUndefined();
    await system().settled();
  }
  const accepted = Promise.resolve(system().publish(topic, 2)).then(() => (isAccepted = true));
  await system().settled();
  expect(isAccepted).toBe(false);
  expect(await take(subscription, 3)).toEqual([0, 1, 2]);
  await accepted;
});

test("S18.10: it may be one of a queue's, and say that a message is done", async () => {
  const topic = freshTopic();
  const worker = await system().spawn(puppet);
  await worker.call("run", ["subscribe", topic, { queue: "q" }]);
  await using subscription = await system().subscribe(topic, { queue: "q" });
  for (let n = 0; n < 4; n++) await system().publish(topic, n);
  await system().settled();
  expect(
    new Set([
      ...(await take(subscription, 2)),
      ...((await worker.call("seen")) as Envelope[]).map(({ message }) => message),
    ]),
  ).toEqual(new Set([0, 1, 2, 3]));
  await using acked = await system().subscribe(`${topic}.acked`, { queue: "q", ack: true, attempts: 2 });
  await system().publish(`${topic}.acked`, "once more");
  const { value } = await acked.next();
  system().nack(value, { delayMs: 0 });
  const again = await acked.next();
  expect((again.value as Envelope).message).toBe("once more");
  system().ack(again.value);
  await system().settled();
  expect(await system().endQueue(`${topic}.acked`, "q")).toBe(0);
});

test.each(["break", "unsubscribe"])(
  "S18.10: nothing is left of it after %s, and what waits is dropped",
  async (how) => {
    const topic = freshTopic();
    const before = (await system().actors()).length;
    const subscription = await system().subscribe(topic);
    expect(await system().actors()).toHaveLength(before + 1);
    expect(
      await busDifferenceOf(system(), async () => {
        for (let n = 0; n < 3; n++) await system().publish(topic, n);
        await system().settled();
        if (how === "unsubscribe") subscription.unsubscribe();
        else for await (const _ of subscription) break;
        await system().settled();
      }),
    ).toMatchObject({ published: 3, deadLettered: 0, dropped: 2 });
    expect(await system().actors()).toHaveLength(before);
    expect(await subscription.next()).toEqual(ended);
    subscription.unsubscribe();
    await expect(system().request(topic, "?")).rejects.toMatchObject({ code: "noproc" });
  },
);

test("S18.10: a loop that waits ends when it is unsubscribed elsewhere", async () => {
  const subscription = await system().subscribe(freshTopic());
  const waiting = subscription.next();
  subscription.unsubscribe();
  expect(await waiting).toEqual(ended);
});

test("S18.10: the loop over a kept topic ends when that is dropped", async () => {
  const topic = freshTopic();
  await system().keepTopic(topic);
  const subscription = await system().subscribe(topic, { from: "first" });
  const before = (await system().actors()).length;
  const waiting = subscription.next();
  await system().dropTopic(topic);
  expect(await waiting).toEqual(ended);
  await system().settled();
  expect(await system().actors()).toHaveLength(before - 1);
});

test.each([
  ["a..b", undefined],
  [5, undefined],
  ["a", 5],
  ["a", { capacity: 0 }],
  ["a", { bound: 1 }],
])("S18.10: subscribe(%j, %j) is bad_argument", async (pattern, options) => {
  await expect(system().subscribe(pattern as string, options as never)).rejects.toMatchObject({ code: "bad_argument" });
});

test("S17.3: it cannot begin with what is not kept, and nobody has crashed of that", async () => {
  const crashed: unknown[] = [];
  const stop = system().events.on("crashed", (report) => void crashed.push(report));
  const topic = freshTopic();
  await expect(system().subscribe(topic, { from: "first" })).rejects.toMatchObject({
    code: "not_kept",
    message: `subscribe: no kept topic has all that "${topic}" matches`,
  });
  await system().settled();
  stop();
  expect(crashed).toEqual([]);
});

test("S18.10: the loop ends with the system, and nothing can be subscribed to then", async () => {
  const own = await startSystem({ threads: 1, spare: false });
  const publisher = (await own.spawn(puppet, undefined, { placement: { thread: 1 } })) as Ref;
  const subscription = await own.subscribe("news");
  const got: unknown[] = [];
  const loop = (async () => {
    for await (const { message } of subscription) got.push(message);
  })();
  await publisher.call("run", ["publish", "news", 1]);
  await own.settled();
  await own.stop();
  await loop;
  expect(got).toEqual([1]);
  await expect(own.subscribe("news")).rejects.toMatchObject({ code: "not_started" });
});
