/** What a durable topic, or durable tasks, say of a store that is newer, or has other bytes than were written (core/SEMANTICS.md, S21.6, S21.9). */
import { describe, expect, test } from "@jest/globals";
import type { ErrorData, KeepOptions, Ref, SubscriptionOptions } from "../../../index.ts";
import { consumer } from "../../fixtures/consumer.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { DurableRuns, failureOf, store } from "../../support/durable-runs.ts";

/** As a newer version writes it. */
const newerHead = { key: "mofa.head", value: { format: 99, run: "of the future" } };

/** Whoever reads has claimed the store before, so that nobody else writes there. */
const withoutClaim = (records: ReturnType<DurableRuns["records"]>) => records.filter(([key]) => key !== "mofa.head");

describe("durable topics", () => {
  const runs = new DurableRuns();
  const durable: KeepOptions = { durable: true, store };
  const queueOptions: SubscriptionOptions = {
    queue: "workers",
    ack: true,
    attempts: 5,
    backoff: { minMs: 60_000, maxMs: 60_000 },
  };
  const keep = (pattern = "orders.>") => runs.system.keepTopic(pattern, durable);
  const publish = (message: unknown, topic = "orders.new") => runs.system.publish(topic, message, { ack: true });
  const reader = (pattern = "orders.>"): Promise<Ref> =>
    runs.system.spawn(consumer, { pattern, options: { from: "first" }, deed: "keep" });
  const nothingKept = async () => {
    const { kept, queues } = await runs.system.stats();
    expect([kept, queues]).toEqual([[], []]);
    expect(await failureOf(publish("refused"))).toMatch(/^not_kept: /);
  };

  /** A run that leaves messages, one of them removed by a bound, a queue, and attempts that have failed; then one that has the store. */
  async function leaveAll(): Promise<void> {
    await runs.start();
    await runs.system.keepTopic("orders.>", { ...durable, messages: 2 });
    await runs.system.spawn(consumer, { pattern: "orders.new", options: queueOptions, deed: "nack" });
    for (let n = 1; n <= 3; n++) await publish(n);
    await runs.system.settled();
    await runs.stop();
    await runs.start();
  }

  test.each(["mofa.head", "mofa.topic", "mofa.kept", "mofa.queue", "mofa.entry", "mofa.tried"])(
    "S21.6: what was spoiled under %s is refused: nothing is kept by half, no record is written, and made whole again it is read",
    async (word) => {
      await leaveAll();
      const before = runs.records();
      const mend = runs.spoil(`${word}%`);
      const text = await failureOf(keep());
      expect(text).toMatch(/^storage_corrupt: .*"moody-store"/);
      expect(text).toContain(`"${word}`);
      expect(text).toMatch(/take it from a backup/);
      await nothingKept();
      expect(withoutClaim(runs.records())).toEqual(withoutClaim(before));
      mend();
      await keep();
      expect((await runs.system.stats()).kept).toMatchObject([{ messages: 2, firstSeq: 2, lastSeq: 3 }]);
      expect((await runs.system.stats()).queues).toMatchObject([{ queue: "workers", waiting: 3 }]);
      expect(await publish("next")).toEqual({ seq: 4 });
    },
  );

  test.each(["mofa.head", "mofa.topic", "mofa.kept", "mofa.queue", "mofa.entry", "mofa.tried"])(
    "S21.6: what nobody of the runtime has written under %s is refused as spoiled",
    async (word) => {
      await leaveAll();
      const key = runs.records().find(([one]) => one.startsWith(word))?.[0] as string;
      await runs.system.call(`plugin.${store}`, "put", { key, value: "something else" });
      const before = runs.records();
      const text = await failureOf(keep());
      expect(text).toMatch(/^storage_corrupt: .*"moody-store"/);
      expect(text).toContain(`"${key}"`);
      await nothingKept();
      expect(withoutClaim(runs.records())).toEqual(withoutClaim(before));
    },
  );

  test("S21.6: a store that a newer version has written to is refused, and stays as it is", async () => {
    await leaveAll();
    const [head] = (await runs.system.call(`plugin.${store}`, "list", { prefix: "mofa.head" })) as [{ value: unknown }];
    await runs.system.call(`plugin.${store}`, "put", newerHead);
    const before = runs.records();
    const text = await failureOf(keep());
    expect(text).toMatch(/^storage_version: .*"moody-store".*"mofa.head".*newer/);
    await nothingKept();
    expect(runs.records()).toEqual(before);
    await runs.system.call(`plugin.${store}`, "put", { key: "mofa.head", value: head.value });
    await keep();
    expect(await runs.got(await reader(), 2)).toEqual([2, 3]);
  });

  test("S21.6: a topic that is refused takes nothing from another one of the same store", async () => {
    await runs.start();
    await keep();
    await keep("bills");
    await publish("order");
    await publish("bill", "bills");
    await runs.stop();
    await runs.start();
    await keep("bills");
    runs.spoil("mofa.kept orders%");
    expect(await failureOf(keep())).toMatch(/^storage_corrupt: /);
    expect(await publish("next bill", "bills")).toEqual({ seq: 2 });
    await runs.restart();
    await keep("bills");
    expect(await runs.got(await reader("bills"), 2)).toEqual(["bill", "next bill"]);
  });
});

describe("durable tasks", () => {
  const runs = new DurableRuns({ scheduler: { store } });
  const submit = (value: unknown, more: object = {}) =>
    runs.system.submit({ to: "worker", call: "run", argument: ["keep", value], ...more });
  const worker = (): Promise<Ref> => runs.system.spawn(puppet, undefined, { name: "worker" });
  const task = "a task of an earlier run";

  /** A run that leaves a task that waits, and one with an attempt that has failed, for somebody who is not there later. */
  async function leaveTasks(): Promise<void> {
    await runs.start();
    await runs.system.spawn(puppet, undefined, { name: "crasher" });
    const backoff = { minMs: 60_000, maxMs: 60_000 };
    const request = { to: "crasher", call: "crash", argument: "bad", attempts: 9, backoff };
    await runs.system.submit(request).accepted();
    await runs.system.settled();
    await submit(task).accepted();
    await runs.stop();
  }

  /** Starts a run, and an agent; what the log says of the store, which says it once. */
  async function startRefused(): Promise<ErrorData> {
    await runs.start();
    await worker();
    while (runs.logs.length === 0) await runs.system.settled();
    await runs.system.clock.advance(10_000);
    await runs.system.settled();
    expect(runs.logs).toMatchObject([["tasks of an earlier run could not be read", {}]]);
    const [[, data] = []] = runs.logs;
    return (data as { readonly error: ErrorData }).error;
  }

  test.each(["mofa.task ", "mofa.task-tried"])(
    "S21.9: what was spoiled under %s is told once, and nothing of what is left is begun; made whole again it is, with the next submit",
    async (word) => {
      await leaveTasks();
      const mend = runs.spoil(`${word}%`);
      const { code, message } = await startRefused();
      expect(code).toBe("storage_corrupt");
      expect(message).toContain(`store "${store}"`);
      expect(message).toContain(`"${word}`);
      expect(message).toMatch(/take it from a backup/);
      // The store takes what is new.
      await submit("new").result();
      const agent = runs.system.whereis("worker") as Ref;
      expect(await runs.seen(agent, 0)).toEqual(["new"]);
      expect(runs.logs).toHaveLength(1);
      mend();
      await runs.system.clock.advance(2_000);
      await submit("newer").accepted();
      expect(new Set(await runs.seen(agent, 3))).toEqual(new Set(["new", task, "newer"]));
    },
  );

  test("S21.9: what nobody of the runtime has written in place of a task is told as spoiled", async () => {
    await leaveTasks();
    await runs.start({ scheduler: {} });
    const key = runs.records().find(([one]) => one.startsWith("mofa.task "))?.[0] as string;
    await runs.system.call(`plugin.${store}`, "put", { key, value: { id: 1 } });
    await runs.stop();
    expect(await startRefused()).toMatchObject({
      code: "storage_corrupt",
      message: `store "${store}": "${key}" is not what was written there: take it from a backup`,
    });
  });

  test("S21.9: where the head was spoiled no task is accepted, and made whole again all are", async () => {
    await leaveTasks();
    const before = runs.records();
    const mend = runs.spoil("mofa.head");
    const { code, message } = await startRefused();
    expect(code).toBe("storage_corrupt");
    expect(message).toMatch(/store "moody-store": .*"mofa.head".*take it from a backup/);
    const refused = submit("refused");
    expect(await failureOf(refused.accepted())).toMatch(/^storage_corrupt: /);
    expect(await failureOf(refused.result())).toMatch(/^storage_corrupt: /);
    expect(runs.records()).toEqual(before);
    mend();
    await runs.system.clock.advance(2_000);
    await submit("new").accepted();
    expect(new Set(await runs.seen(runs.system.whereis("worker") as Ref, 2))).toEqual(new Set([task, "new"]));
  });

  test("S21.9: a store that a newer version has written to is told once, and stays as it is", async () => {
    await leaveTasks();
    await runs.start({ scheduler: {} });
    const head = await runs.system.call(`plugin.${store}`, "get", "mofa.head");
    await runs.system.call(`plugin.${store}`, "put", newerHead);
    await runs.stop();
    const before = runs.records();
    expect(await startRefused()).toMatchObject({
      code: "storage_version",
      message: expect.stringMatching(/"moody-store".*"mofa.head".*newer/),
    });
    expect(await failureOf(submit("refused").accepted())).toMatch(/^storage_version: /);
    expect(runs.records()).toEqual(before);
    // Who does not want it kept is not concerned.
    await submit("in memory", { durable: false }).result();
    await runs.system.call(`plugin.${store}`, "put", { key: "mofa.head", value: (head as { value: unknown }).value });
    await runs.system.clock.advance(2_000);
    await submit("new").accepted();
    const agent = runs.system.whereis("worker") as Ref;
    expect(new Set(await runs.seen(agent, 3))).toEqual(new Set(["in memory", task, "new"]));
  });
});
