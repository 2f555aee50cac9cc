/** core/SEMANTICS.md, S13.10: subscriptions that share what is published. */
import { expect, test } from "@jest/globals";
import { puppet } from "../../fixtures/puppet.ts";
import { busDifferenceOf } from "../../support/bus-difference.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();
let topics = 0;
const freshTopic = () => `queue${(topics += 1)}`;
const threads = [0, 1, 2];
const puppetOn = (thread: number) => system().spawn(puppet, undefined, { placement: { thread } });
type Puppet = Awaited<ReturnType<typeof puppetOn>>;

async function messagesOf(subscriber: Puppet): Promise<unknown[]> {
  await system().settled();
  const seen = (await subscriber.call("seen")) as { topic: string; message: unknown }[];
  return seen.flatMap((one) => (typeof one === "object" ? [one.message] : []));
}

const busDifference = (during: () => Promise<unknown>) => busDifferenceOf(system(), during);

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

describePlacements("S13 Bus, queue groups", (place) => {
  /** Members of one group: one where the suite is, one on each thread. */
  async function group(topic: string, options: object = {}): Promise<Puppet[]> {
    const members = [await place.spawn(system(), puppet, undefined), ...(await Promise.all(threads.map(puppetOn)))];
    for (const member of members) await member.call("run", ["subscribe", topic, { queue: "workers", ...options }]);
    return members;
  }

  test("S13.10: each message goes to one member, in turns while none has more in hand", async () => {
    const topic = freshTopic();
    const members = await group(topic);
    const publishers = await Promise.all(threads.map(puppetOn));
    const difference = await busDifference(async () => {
      for (const n of numbers(24)) {
        await publishers[n % publishers.length]?.call("run", ["publish", topic, n]);
        await system().settled();
      }
    });
    expect(difference).toEqual({ published: 24, delivered: 24, dropped: 0, deadLettered: 0 });
    const all = await Promise.all(members.map(messagesOf));
    expect(all.map(({ length }) => length)).toEqual([6, 6, 6, 6]);
    expect(all.flat().sort((a, b) => Number(a) - Number(b))).toEqual(numbers(24));
  });

  test("S13.10: a member that has not handled what it was given gets no more while others have less", async () => {
    const topic = freshTopic();
    const [busy, ...others] = await group(topic);
    const gate = await system().spawn(puppet);
    busy?.cast("wait", gate);
    await system().settled();
    for (const n of numbers(9)) {
      system().publish(topic, n);
      await system().settled();
    }
    expect((await Promise.all(others.map(messagesOf))).flat()).toHaveLength(8);
    await gate.call("run", ["answer"]);
    expect(await messagesOf(busy as Puppet)).toHaveLength(1);
  });

  /** A member with three messages in its mailbox, of which it reads none, or unsubscribes when it has read one. */
  async function endsUnread(end: "kill" | "unsubscribe", others: readonly number[]): Promise<void> {
    const topic = freshTopic();
    const first = await place.spawn(system(), puppet, undefined);
    const { id } = (await first.call("run", ["subscribe", topic, { queue: "workers" }])) as { id: number };
    await first.call("onMessage", ["unsubscribe", id]);
    await system().pause(first);
    for (const n of numbers(3)) system().publish(topic, n);
    await system().settled();
    // From now on there is somebody else.
    for (const other of await Promise.all(others.map(puppetOn)))
      await other.call("run", ["subscribe", topic, { queue: "workers" }]);
    if (end === "kill") system().exit(first, "kill");
    else await system().resume(first);
    await system().settled();
  }

  test.each(["kill", "unsubscribe"] as const)(
    "S13.10: what a member has not begun when it ends (%s) goes to another",
    async (end) => {
      const difference = await busDifference(() => endsUnread(end, [1]));
      expect(difference).toEqual({ published: 3, delivered: 3, dropped: 0, deadLettered: 0 });
    },
  );

  test.each([
    ["kill", { delivered: 0, dropped: 0, deadLettered: 3 }],
    ["unsubscribe", { delivered: 1, dropped: 2, deadLettered: 0 }],
  ] as const)("S13.10: without another it is told so (%s)", async (end, counts) => {
    expect(await busDifference(() => endsUnread(end, []))).toEqual({ published: 3, ...counts });
  });

  test("S13.10: balance roundRobin gives each in turn, also one that has more to do", async () => {
    const topic = freshTopic();
    const [busy, ...others] = await group(topic, { balance: "roundRobin" });
    const gate = await system().spawn(puppet);
    busy?.cast("wait", gate);
    await system().settled();
    for (const n of numbers(8)) {
      system().publish(topic, n);
      await system().settled();
    }
    expect((await Promise.all(others.map(messagesOf))).map(({ length }) => length)).toEqual([2, 2, 2]);
    await gate.call("run", ["answer"]);
    expect(await messagesOf(busy as Puppet)).toHaveLength(2);
  });

  test("S13.10: a message goes to a member whose filter lets it through, and where there is none to nobody", async () => {
    const topic = freshTopic();
    const [first, second] = [await place.spawn(system(), puppet, undefined), await puppetOn(1)];
    await first.call("run", ["subscribe", topic, { queue: "workers", filter: { kind: "a" } }]);
    await second.call("run", ["subscribe", topic, { queue: "workers", filter: { kind: "b" } }]);
    const difference = await busDifference(async () => {
      for (const publisher of await Promise.all(threads.map(puppetOn)))
        for (const kind of ["a", "a", "b", "c"]) await publisher.call("run", ["publish", topic, { kind }]);
    });
    expect(difference).toEqual({ published: 12, delivered: 9, dropped: 0, deadLettered: 0 });
    expect([(await messagesOf(first)).length, (await messagesOf(second)).length]).toEqual([6, 3]);
  });

  test.each(threads)(
    "S13.10: by policy wait a publisher on thread %i waits while all members are full, and nothing is lost",
    async (thread) => {
      const topic = freshTopic();
      const members = [await place.spawn(system(), puppet, undefined), await puppetOn(2)];
      const gate = await system().spawn(puppet);
      const publisher = await puppetOn(thread);
      for (const member of members) {
        await member.call("run", ["subscribe", topic, { queue: "workers", capacity: 2, policy: "wait" }]);
        member.cast("wait", gate);
      }
      await system().settled();
      const difference = await busDifference(async () => {
        for (const n of numbers(4)) await publisher.call("run", ["publish", topic, n]);
        await publisher.call("begin", ["publish", topic, 4]);
        await system().settled();
        let isAccepted = false;
        const last = publisher.call("run", ["publish", topic, 5]).then(() => (isAccepted = true));
        await system().settled();
        expect(isAccepted).toBe(false);
        for (const _ of members) await gate.call("run", ["answer"]);
        await last;
      });
      expect(difference).toEqual({ published: 6, delivered: 6, dropped: 0, deadLettered: 0 });
      const got = (await Promise.all(members.map(messagesOf))).flat();
      expect(got.sort((x, y) => Number(x) - Number(y))).toEqual(numbers(6));
    },
  );

  test("S13.10: what no filter lets through does not wait behind what does", async () => {
    const topic = freshTopic();
    const only = await place.spawn(system(), puppet, undefined);
    await only.call("run", ["subscribe", topic, { queue: "workers", capacity: 1, policy: "wait", filter: { n: 1 } }]);
    await system().pause(only);
    const difference = await busDifference(async () => {
      for (const n of [1, 1, 2]) void system().publish(topic, { n });
      await system().settled();
      system().exit(only, "kill");
    });
    expect(difference).toEqual({ published: 3, delivered: 0, dropped: 0, deadLettered: 2 });
  });

  test("S13.10: what waits for members that end is dead-lettered", async () => {
    const topic = freshTopic();
    const only = await place.spawn(system(), puppet, undefined);
    await only.call("run", ["subscribe", topic, { queue: "workers", capacity: 1, policy: "wait" }]);
    await system().pause(only);
    const difference = await busDifference(async () => {
      const waiting = numbers(3).map((n) => system().publish(topic, n));
      await system().settled();
      system().exit(only, "kill");
      for (const one of waiting) await one;
    });
    expect(difference).toEqual({ published: 3, delivered: 0, dropped: 0, deadLettered: 3 });
  });

  test("S13.10: groups and plain subscriptions count each for itself", async () => {
    const topic = freshTopic();
    const subscriber = await place.spawn(system(), puppet, undefined);
    for (const options of [{ queue: "a" }, { queue: "a" }, { queue: "b" }, {}])
      await subscriber.call("run", ["subscribe", topic, options]);
    await subscriber.call("run", ["subscribe", `${topic}.>`, { queue: "a" }]);
    expect(
      await busDifference(async () => {
        for (const publisher of await Promise.all(threads.map(puppetOn)))
          await publisher.call("run", ["publish", topic, 1]);
      }),
    ).toEqual({ published: 3, delivered: 9, dropped: 0, deadLettered: 0 });
  });

  test("S13.10: a group without members is none", async () => {
    const topic = freshTopic();
    const subscriber = await place.spawn(system(), puppet, undefined);
    const { id } = (await subscriber.call("run", ["subscribe", topic, { queue: "a" }])) as { id: number };
    expect(await subscriber.call("run", ["unsubscribe", id])).toBe(true);
    await system().settled();
    const published = async () => {
      for (const publisher of await Promise.all(threads.map(puppetOn)))
        await publisher.call("run", ["publish", topic, 1]);
    };
    expect(await busDifference(published)).toEqual({ published: 3, delivered: 0, dropped: 0, deadLettered: 0 });
    await subscriber.call("run", ["subscribe", topic, { queue: "a" }]);
    expect(await busDifference(published)).toEqual({ published: 3, delivered: 3, dropped: 0, deadLettered: 0 });
  });

  test("S13.10: a plain subscription of main that ends takes no group with it", async () => {
    const topic = freshTopic();
    const subscriber = await place.spawn(system(), puppet, undefined);
    const plain = await puppetOn(0);
    await subscriber.call("run", ["subscribe", topic, { queue: "a" }]);
    const { id } = (await plain.call("run", ["subscribe", topic])) as { id: number };
    await plain.call("run", ["unsubscribe", id]);
    await system().settled();
    for (const publisher of await Promise.all(threads.map(puppetOn)))
      await publisher.call("run", ["publish", topic, 1]);
    expect(await messagesOf(subscriber)).toHaveLength(3);
  });

  test("S13.10: what a member puts aside is in its hands until it takes it back", async () => {
    const topic = freshTopic();
    const [aside, ...others] = await group(topic);
    await aside?.call("run", ["stashing", true]);
    for (const n of numbers(9)) {
      system().publish(topic, n);
      await system().settled();
    }
    expect((await Promise.all(others.map(messagesOf))).flat()).toHaveLength(8);
    aside?.cast("unstashNow");
    expect(await messagesOf(aside as Puppet)).toHaveLength(1);
  });

  test.each([[{ queue: "" }], [{ queue: 1 }], [{ queue: "a", balance: "fair" }], [{ balance: "roundRobin" }]])(
    "S13.10: %j are no options of a subscription",
    async (options) => {
      const subscriber = await place.spawn(system(), puppet, undefined);
      expect(await subscriber.call("codeOf", ["subscribe", "a", options])).toBe("bad_argument");
    },
  );
});
