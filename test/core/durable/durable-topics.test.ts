/** Durable topics (core/SEMANTICS.md, S21): what does not depend on where anybody is, over runs of a program that crash. */
import { expect, test } from "@jest/globals";
import type { KeepOptions, MofaSystem, Ref, SubscriptionOptions } from "../../../index.ts";
import { type ConsumerDeed, consumer } from "../../fixtures/consumer.ts";
import { DurableRuns, failureOf, store } from "../../support/durable-runs.ts";
import { noneCounted as none, queueCountsOf } from "../../support/queue-counts.ts";

const durable: KeepOptions = { durable: true, store };
const queueOptions: SubscriptionOptions = { queue: "workers", ack: true, maxInHand: 100, ackWaitMs: 1_000 };

const runs = new DurableRuns();
const keep = (options: KeepOptions = {}) => runs.system.keepTopic("orders.>", { ...durable, ...options });
const publish = (message: unknown, topic = "orders.new", more: object = {}) =>
  runs.system.publish(topic, message, { ...more, ack: true });
const member = (deed: ConsumerDeed, more: SubscriptionOptions = {}, pattern = "orders.new") =>
  runs.system.spawn(consumer, { pattern, options: { ...queueOptions, ...more }, deed });
const reader = (pattern = "orders.>") =>
  runs.system.spawn(consumer, { pattern, options: { from: "first" }, deed: "keep" });
const counts = async (system: MofaSystem) => queueCountsOf((await system.stats()).queues, "orders.new");

test("S21.1: a thousand publishes at once are all there, each once", async () => {
  await runs.start();
  await keep();
  await Promise.all(Array.from({ length: 1_000 }, (_, n) => publish(n)));
  await runs.restart();
  await keep();
  expect(await runs.got(await reader(), 1_000)).toEqual(Array.from({ length: 1_000 }, (_, n) => n));
});

test("S21.1: bounds hold over runs, and what they took is gone from the store", async () => {
  await runs.start();
  await keep({ messages: 2 });
  for (let n = 1; n <= 5; n++) await publish(n);
  await publish(6);
  await runs.restart();
  await keep();
  expect(await runs.got(await reader(), 2, "seq")).toEqual(expect.arrayContaining([[5, 5]]));
  const [kept] = (await runs.system.stats()).kept;
  // The last one that went was not waited for.
  expect(kept?.firstSeq).toBeGreaterThanOrEqual(4);
  expect(kept?.lastSeq).toBe(6);
});

test("S21.1: of two that keep a topic at once the later says its bounds", async () => {
  await runs.start();
  await Promise.all([keep({ messages: 10 }), keep({ messages: 2 })]);
  for (let n = 1; n <= 5; n++) await publish(n);
  expect((await runs.system.stats()).kept).toMatchObject([{ messages: 2, firstSeq: 4 }]);
});

test("S21.1: numbers go on also where nothing is left", async () => {
  await runs.start();
  await keep({ ms: 1_000 });
  await publish("old");
  await runs.system.clock.advance(2_000);
  await publish("new");
  await runs.system.clock.advance(2_000);
  await runs.system.settled();
  await runs.stop();
  await runs.start();
  await keep();
  expect((await runs.system.stats()).kept).toMatchObject([{ messages: 0, lastSeq: 2 }]);
  expect(await publish("next")).toEqual({ seq: 3 });
});

test("S21.2: a queue is there without a member, with its settings, and takes what is published", async () => {
  await runs.start();
  await keep();
  await member("keep", { attempts: 1, backoff: { minMs: 10 } });
  await runs.restart();
  await keep();
  await publish("meanwhile");
  expect(await counts(runs.system)).toEqual({ ...none, waiting: 1 });
  const { ackWaitMs: _ackWaitMs, ...plain } = queueOptions;
  await runs.system.spawn(consumer, { pattern: "orders.new", options: plain, deed: "nack" });
  await runs.system.settled();
  expect(await counts(runs.system)).toEqual({ ...none, deadLettered: 1 });
});

test("S21.2: an acknowledgement means the same message in the next run", async () => {
  await runs.start();
  await keep();
  const first = await member("keep");
  await publish("one");
  await publish("two");
  await runs.got(first, 2);
  const [, second] = (await first.call("envelopes")) as unknown[];
  const { ackId } = second as { readonly ackId: string };
  await runs.restart();
  await keep();
  runs.system.ack({ ackId });
  await runs.system.settled();
  expect(await runs.got(await member("ack"), 1)).toEqual(["one"]);
  await runs.system.settled();
  expect(await counts(runs.system)).toEqual({ ...none, delivered: 2 });
});

test("S21.2: dropTopic and endQueue leave nothing in the store", async () => {
  await runs.start();
  await keep();
  await member("keep");
  await publish("left");
  expect(await runs.system.endQueue("orders.new", "workers")).toBe(1);
  await member("keep", { queue: "others" });
  await publish("more");
  expect(await runs.system.dropTopic("orders.>")).toBe(true);
  expect(await runs.system.call(`plugin.${store}`, "list", { prefix: "mofa." })).toMatchObject([{ key: "mofa.head" }]);
  await runs.restart();
  await keep();
  const { kept, queues } = await runs.system.stats();
  expect(kept).toMatchObject([{ messages: 0, lastSeq: 0 }]);
  expect(queues).toEqual([]);
});

test("S21.3: acknowledgements that the store did not take are written when it does", async () => {
  await runs.start();
  await keep();
  const who = await member("keep");
  await publish("done");
  await runs.got(who, 1);
  runs.mood = "refuse";
  await who.call("settle", { deed: "ack", at: 0 });
  expect(await failureOf(publish("not kept"))).toMatch(/^storage_failed/);
  runs.mood = "good";
  await publish("later");
  await runs.restart();
  await keep();
  expect(await runs.got(await member("keep"), 1)).toEqual(["later"]);
});

test("S21.3: a plugin that is killed in the middle fails what is on its way, and goes on when it is back", async () => {
  await runs.start();
  await keep();
  runs.mood = "hang";
  const lost = failureOf(publish("lost"));
  const isBack = new Promise((resolve) => runs.system.events.on("restarted", resolve));
  runs.system.exit(runs.system.whereis(`plugin.${store}`) as Ref, "kill");
  expect(await lost).toMatch(/^storage_in_doubt: /);
  runs.mood = "good";
  await isBack;
  await publish("kept");
  await runs.restart();
  await keep();
  expect(await runs.got(await reader(), 1)).toEqual(["kept"]);
});

test("S21.3: what was refused while the store did not run is nowhere, and costs it nothing when it is back", async () => {
  await runs.start({}, false);
  const stop = await runs.startStore();
  await keep();
  await publish("kept");
  await stop();
  const before = runs.records();
  for (let n = 0; n < 10; n++) expect(await failureOf(publish(n))).toMatch(/^storage_failed: /);
  await runs.startStore();
  await runs.system.clock.advance(5_000);
  await runs.system.settled();
  // Nothing was written, not even its head.
  expect(runs.records()).toEqual(before);
  expect(await publish("next")).toEqual({ seq: 12 });
});

test("S21.4: a plain publish is kept as well, and waits where the store is far behind", async () => {
  await runs.start();
  await keep();
  runs.system.publish("orders.new", "plain");
  await publish("with a receipt");
  runs.mood = "hang";
  let wait: PromiseLike<unknown> | undefined;
  let count = 0;
  while (wait === undefined) wait = runs.system.publish("orders.many", count++) ?? undefined;
  expect(count).toBeGreaterThan(8_192);
  runs.mood = "good";
  await wait;
  await publish("the last", "orders.last");
  await runs.restart();
  await keep();
  const who = await reader("orders.new");
  expect(await runs.got(who, 2)).toEqual(["plain", "with a receipt"]);
  expect((await runs.system.stats()).kept).toMatchObject([{ messages: count + 3 }]);
});

test("S21.6: the store runs before, provides storage, and is one", async () => {
  await runs.start({}, false);
  expect(await failureOf(keep())).toMatch(/^plugin_missing: no plugin "moody-store" runs: start it, by startPlugins/);
  await runs.startStore();
  await keep();
  expect(await failureOf(runs.system.keepTopic("orders.>"))).toMatch(
    /^already_kept: .*in store "moody-store", and not in memory/,
  );
  expect(await failureOf(keep({ store: "other" }))).toMatch(/^already_kept: /);
  expect(await failureOf(runs.system.keepTopic("orders.*", durable))).toMatch(/^already_kept: .*overlaps/);
  await member("keep", {}, "payments");
  expect(await failureOf(runs.system.keepTopic("payments", durable))).toMatch(
    /^already_kept: .*queue "workers" of "payments" is in memory already/,
  );
});

test("S21.6: a queue that begins in memory while the topic is read from its store is in the way as well", async () => {
  await runs.start();
  runs.mood = "hang";
  const keeping = failureOf(keep());
  await runs.system.spawn(consumer, { pattern: "orders.new", options: queueOptions, deed: "keep" });
  runs.mood = "good";
  expect(await keeping).toMatch(/^already_kept: .*queue "workers" of "orders.new" is in memory already/);
  await runs.system.endQueue("orders.new", "workers");
  await keep();
  expect(await publish("one")).toEqual({ seq: 1 });
});

test("S21.6: of two systems over one store the one that came later has it", async () => {
  const first = await runs.start();
  await keep();
  await publish("mine");
  await runs.start();
  await keep();
  await publish("yours");
  expect(await failureOf(first.publish("orders.new", "mine", { ack: true }))).toMatch(
    /^(storage_failed|version_conflict): /,
  );
  expect(await failureOf(first.publish("orders.new", "mine", { ack: true }))).toMatch(
    /^version_conflict: .*another system writes to store "moody-store" now/,
  );
  await first.stop();
  expect(await runs.got(await reader(), 2)).toEqual(["mine", "yours"]);
});

test("S21.7: system.bus may be killed at any moment", async () => {
  await runs.start();
  await keep();
  const who = await member("ack");
  const receipts = [];
  for (let n = 0; n < 200; n++) {
    receipts.push(publish(n));
    const bus = runs.system.whereis("system.bus");
    if (n % 20 === 0 && bus !== undefined) runs.system.exit(bus, "kill");
    if (n % 10 === 0) await receipts.at(-1);
  }
  await Promise.all(receipts);
  expect(new Set(await runs.got(who, 200))).toEqual(new Set(Array.from({ length: 200 }, (_, n) => n)));
  await runs.system.settled();
  await runs.stop();
  await runs.start();
  await keep();
  expect(await counts(runs.system)).toEqual(none);
});

test("options that make no sense are refused by name", async () => {
  const system = await runs.start();
  const wrong: readonly (readonly [KeepOptions, RegExp])[] = [
    [{ durable: true }, /^bad_argument: keepTopic wants store beside durable/],
    [{ durable: true, store: "" }, /^bad_argument: keepTopic wants store beside durable.*got ""/],
    [{ store }, /^bad_argument: keepTopic wants store beside durable: true alone/],
    [{ durable: 1 as never, store }, /^bad_argument: keepTopic wants durable as true or false, got 1/],
  ];
  for (const [options, text] of wrong) expect(await failureOf(system.keepTopic("a", options))).toMatch(text);
});
