/** core/SEMANTICS.md, S13: publish and subscribe. */
import { expect, test } from "@jest/globals";
import { puppet } from "../../fixtures/puppet.ts";
import { busDifferenceOf } from "../../support/bus-difference.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();
let topics = 0;
const freshTopic = () => `topic${(topics += 1)}`;

/** A publisher on every scheduler thread, main among them. */
const publishers = () =>
  Promise.all([0, 1, 2].map((thread) => system().spawn(puppet, undefined, { placement: { thread } })));

type Puppet = Awaited<ReturnType<typeof publishers>>[number];

/** Topic and message of what a subscriber got. */
async function got(subscriber: Puppet): Promise<unknown[]> {
  await system().settled();
  const seen = (await subscriber.call("seen")) as { topic: string; message: unknown }[];
  return seen.map(({ topic, message }) => [topic, message]);
}

const busDifference = (during: () => Promise<unknown>) => busDifferenceOf(system(), during);

describePlacements("S13 Bus", (place) => {
  test("S13.1: a subscriber gets what is published anywhere once its subscription stands", async () => {
    const topic = freshTopic();
    const subscriber = await place.spawn(system(), puppet, undefined);
    const all = await publishers();
    await subscriber.call("run", ["subscribe", topic]);
    for (const [at, publisher] of all.entries()) await publisher.call("run", ["publish", topic, at]);
    expect(await got(subscriber)).toHaveLength(3);
    expect(await got(subscriber)).toEqual(expect.arrayContaining([0, 1, 2].map((at) => [topic, at])));
  });

  test("S13.2: what one publisher publishes arrives in order, among what it sends", async () => {
    const topic = freshTopic();
    const subscriber = await place.spawn(system(), puppet, undefined);
    await subscriber.call("run", ["subscribe", `${topic}.>`]);
    for (const publisher of await publishers()) {
      for (let n = 0; n < 20; n++) {
        await publisher.call("run", ["publish", `${topic}.${n}`, n]);
        await publisher.call("run", ["send", subscriber, { topic: "sent", message: n }]);
      }
    }
    const numbers = (await got(subscriber)).map((one) => (one as [string, number])[1]);
    const expected = Array.from({ length: 20 }, (_, n) => [n, n]).flat();
    expect(numbers).toEqual([...expected, ...expected, ...expected]);
  });

  test("S13.3: each subscription of a subscriber that matches counts for itself", async () => {
    const topic = freshTopic();
    const subscriber = await place.spawn(system(), puppet, undefined);
    for (const pattern of [`${topic}.a.b`, `${topic}.*.b`, `${topic}.>`, `${topic}.*`, topic])
      await subscriber.call("run", ["subscribe", pattern]);
    for (const publisher of await publishers()) await publisher.call("run", ["publish", `${topic}.a.b`, "m"]);
    expect(await got(subscriber)).toHaveLength(9);
  });

  test("S13.4: nothing of a subscription arrives after unsubscribe", async () => {
    const topic = freshTopic();
    const subscriber = await place.spawn(system(), puppet, undefined);
    const { id } = (await subscriber.call("run", ["subscribe", topic])) as { id: number };
    const [publisher] = await publishers();
    await publisher?.call("run", ["publish", topic, 1]);
    expect(await got(subscriber)).toHaveLength(1);
    expect(await subscriber.call("run", ["unsubscribe", id])).toBe(true);
    expect(await subscriber.call("run", ["unsubscribe", id])).toBe(false);
    for (const one of await publishers()) await one.call("run", ["publish", topic, 2]);
    expect(await got(subscriber)).toHaveLength(1);
  });

  test("S13.4: what a subscriber has put aside is taken out too", async () => {
    const topic = freshTopic();
    const subscriber = await place.spawn(system(), puppet, undefined);
    const publisher = await place.spawn(system(), puppet, undefined);
    const { id } = (await subscriber.call("run", ["subscribe", topic])) as { id: number };
    await subscriber.call("run", ["stashing", true]);
    expect(
      await busDifference(async () => {
        await publisher.call("run", ["publish", topic, 1]);
        await system().settled();
        await subscriber.call("run", ["unsubscribe", id]);
        subscriber.cast("unstashNow");
      }),
    ).toEqual({ published: 1, delivered: 0, dropped: 1, deadLettered: 0 });
    expect(await got(subscriber)).toEqual([]);
  });

  test("S13.5: every message counts as delivered, dropped or dead-lettered, once for each subscription", async () => {
    const topic = freshTopic();
    const subscriber = await place.spawn(system(), puppet, undefined);
    const gate = await system().spawn(puppet);
    const publisher = await place.spawn(system(), puppet, undefined);
    await subscriber.call("run", ["subscribe", topic, { capacity: 3, policy: "dropOldest" }]);
    expect(
      await busDifference(async () => {
        subscriber.cast("wait", gate);
        await system().settled();
        for (let n = 0; n < 5; n++) await publisher.call("run", ["publish", topic, n]);
        await system().settled();
        await gate.call("run", ["answer"]);
      }),
    ).toEqual({ published: 5, delivered: 3, dropped: 2, deadLettered: 0 });
    expect((await got(subscriber)).filter((one) => (one as [unknown])[0] === topic)).toEqual([
      [topic, 2],
      [topic, 3],
      [topic, 4],
    ]);
    expect(
      await busDifference(async () => {
        subscriber.cast("wait", gate);
        await system().settled();
        for (let n = 0; n < 2; n++) await publisher.call("run", ["publish", topic, n]);
        await system().settled();
        system().exit(subscriber, "kill");
      }),
    ).toEqual({ published: 2, delivered: 0, dropped: 0, deadLettered: 2 });
  });

  test.each(["", "a..b", "a.*", "a.>", "a b", ".a", "a.", "x".repeat(300)])(
    "S13.6: %j is no topic to publish under",
    async (topic) => {
      const publisher = await place.spawn(system(), puppet, undefined);
      expect(await publisher.call("codeOf", ["publish", topic, 1])).toBe("bad_argument");
    },
  );

  test.each(["", "a..b", "a.>.b", "a*", "*a", ">x", "a b", "."])("S13.6: %j is no pattern", async (pattern) => {
    const subscriber = await place.spawn(system(), puppet, undefined);
    expect(await subscriber.call("codeOf", ["subscribe", pattern])).toBe("bad_argument");
  });
});
