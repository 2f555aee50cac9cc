/** core/SEMANTICS.md, S21.1 to S21.5: durable topics and their queues, over runs of a program that crash. */
import { expect, test } from "@jest/globals";
import type { KeepOptions, MofaSystem, SubscriptionOptions } from "../../../index.ts";
import { type ConsumerDeed, consumer } from "../../fixtures/consumer.ts";
import { puppet, type Step } from "../../fixtures/puppet.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { DurableRuns, failureOf, store } from "../../support/durable-runs.ts";
import { noneCounted as none, queueCountsOf } from "../../support/queue-counts.ts";

const durable: KeepOptions = { durable: true, store };
const queueOptions: SubscriptionOptions = { queue: "workers", ack: true, maxInHand: 100, ackWaitMs: 1_000 };

describePlacements("S21 Durable topics", (place) => {
  const runs = new DurableRuns();
  const keep = (options: KeepOptions = {}) => runs.system.keepTopic("orders.>", { ...durable, ...options });
  const publish = (message: unknown, topic = "orders.new", more: object = {}) =>
    runs.system.publish(topic, message, { ...more, ack: true });
  const member = (deed: ConsumerDeed, more: SubscriptionOptions = {}, pattern = "orders.new") =>
    place.spawn(runs.system, consumer, { pattern, options: { ...queueOptions, ...more }, deed });
  const reader = (pattern = "orders.>") =>
    place.spawn(runs.system, consumer, { pattern, options: { from: "first" }, deed: "keep" });
  const counts = async (system: MofaSystem) => queueCountsOf((await system.stats()).queues, "orders.new");

  test("S21.1: what was answered is there in the next run, in its order, and the numbers go on", async () => {
    await runs.start();
    await keep();
    const publisher = await place.spawn(runs.system, puppet, undefined);
    const seqs = [];
    for (let n = 1; n <= 3; n++) {
      const step: Step = ["publish", "orders.new", { n }, { ack: true, headers: { n: `${n}` }, priority: n }];
      seqs.push(await publisher.call("run", step));
    }
    await runs.restart();
    await keep();
    expect(seqs).toEqual([{ seq: 1 }, { seq: 2 }, { seq: 3 }]);
    expect(await publish({ n: 4 })).toEqual({ seq: 4 });
    const who = await reader();
    expect(await runs.got(who, 4, "seq")).toEqual([1, 2, 3, 4].map((n) => [{ n }, n]));
    const [, second] = (await who.call("envelopes")) as unknown[];
    expect(second).toMatchObject({ topic: "orders.new", headers: { n: "2" }, priority: 2 });
  });

  test("S21.2: what nobody has acknowledged is given again in the next run, and what somebody has is not", async () => {
    await runs.start();
    await keep();
    const first = await member("keep");
    for (let n = 1; n <= 4; n++) await publish(n);
    await runs.got(first, 4);
    await first.call("settle", { deed: "ack", at: 0 });
    await first.call("settle", { deed: "ack", at: 2 });
    await runs.stop();
    await runs.start();
    await keep();
    expect(await counts(runs.system)).toEqual({ ...none, waiting: 2 });
    const second = await member("ack");
    expect(await runs.got(second, 2)).toEqual([2, 4]);
    await runs.stop();
    await runs.start();
    await keep();
    expect(await counts(runs.system)).toEqual(none);
  });

  test("S21.2: attempts that have failed count in the next run", async () => {
    await runs.start();
    await keep();
    const first = await member("nack", { attempts: 2, backoff: { minMs: 1_000 } });
    await publish("poison");
    await runs.got(first, 1);
    await runs.system.settled();
    await runs.stop();
    await runs.start();
    await keep();
    const second = await member("nack");
    expect(await runs.got(second, 1, "attempt")).toEqual([["poison", 2]]);
    await runs.system.settled();
    expect(await counts(runs.system)).toEqual({ ...none, deadLettered: 1, redelivered: 1 });
    await runs.stop();
    await runs.start();
    await keep();
    expect(await counts(runs.system)).toEqual(none);
  });

  test("S21.3: where the store fails the publisher is told, and nobody has the message, now or later", async () => {
    await runs.start();
    await keep();
    const who = await member("ack");
    for (const mood of ["refuse", "deny"] as const) {
      runs.mood = mood;
      expect(await failureOf(publish(mood))).toMatch(
        /^storage_failed: publish: store "moody-store": (not today|it says)/,
      );
    }
    runs.mood = "good";
    const { seq } = await publish("good");
    expect(seq).toBeGreaterThan(2);
    expect(await runs.got(who, 1)).toEqual(["good"]);
    await runs.restart();
    await keep();
    await runs.system.settled();
    expect(await runs.got(await reader(), 1)).toEqual(["good"]);
  });

  test("S21.5: what means nothing in the next run is refused", async () => {
    await runs.start();
    await keep();
    const ref = await place.spawn(runs.system, puppet, undefined);
    expect(await ref.call("codeOf", ["publish", "orders.new", { ref }, { ack: true }])).toBe("not_cloneable");
    expect(await failureOf(publish({ deep: [ref] }))).toMatch(
      /^not_cloneable: .*"orders.new" is durable.*deep\[0\] is a ref that would mean nobody there/,
    );
    expect((await runs.system.stats()).kept).toMatchObject([{ messages: 0, refused: 2 }]);
  });
});
