/** core/SEMANTICS.md, S17.11: `system.bus` may end at any moment, and finds what is wrong. On one simulated thread. */
import { expect, test } from "@jest/globals";
import type { QueueEntry } from "../../../core/bus/kept/ack-queue.ts";
import type { BusTable } from "../../../core/bus/kept/bus-table.ts";
import type { LogEntry } from "../../../core/bus/kept/kept-topic.ts";
import type { ExitReason, Ref } from "../../../core/index.ts";
import { supervisor } from "../../../supervisors/index.ts";
import { consumer } from "../../fixtures/consumer.ts";
import { noneCounted as none, type QueueCounts, queueCountsOf } from "../../support/queue-counts.ts";
import { failureOf, SimulatedTree } from "../../support/simulated-tree.ts";

const dayMs = 86_400_000;
const backoff = { minMs: 10, maxMs: 10 };
const queueOptions = { queue: "workers", ack: true, backoff, attempts: 3 } as const;

class Bench {
  readonly tree = new SimulatedTree({ threads: 1 });
  readonly #main = this.tree.system.kernel(0);
  /** What the next `system.bus` finds first. */
  entries: readonly QueueEntry[] = [];
  /** Told when nobody shall decide any more. */
  end: ((reason: ExitReason) => void) | undefined;

  constructor() {
    this.#main.host.startService = ({ name, behaviour, ended }) => {
      this.end = ended;
      const children = [{ id: name, start: [behaviour], name }] as const;
      this.tree.ctx.spawn(supervisor, { intensity: 10_000, children });
    };
    const adopt = this.table.adopt.bind(this.table);
    this.table.adopt = (...given) => (this.entries = adopt(...given));
  }

  get table(): BusTable {
    const { bus } = this.#main;
    if (bus === undefined) throw new Error("main has no table");
    return bus;
  }

  get queue(): QueueCounts {
    return queueCountsOf(this.table.stats.queues, "jobs");
  }

  async kill(): Promise<void> {
    const ref = this.tree.ctx.whereis("system.bus");
    if (ref === undefined) throw new Error("there is no system.bus");
    this.tree.ctx.exit(ref, "kill");
    await this.tree.settle();
  }

  async member(deed: "ack" | "keep", more: object = {}): Promise<Ref> {
    const start = { pattern: "jobs", options: { ...queueOptions, ...more }, deed };
    const ref = this.tree.ctx.spawn(consumer, start);
    await this.tree.settle();
    return ref;
  }

  async publish(...messages: readonly unknown[]): Promise<void> {
    for (const message of messages) await this.tree.until(this.tree.ctx.publish("jobs", message, { ack: true }));
    await this.tree.settle();
  }

  async ask(ref: Ref, name: string, argument?: unknown): Promise<unknown> {
    return await this.tree.until(this.tree.ctx.call(ref, name, argument));
  }
}

test.each<[string, number, (entry: QueueEntry) => void]>([
  ["priority", 1, (entry) => Object.assign(entry, { priority: 12 })],
  ["state", 1, (entry) => Object.assign(entry, { state: "unheard of" })],
  ["state of one that nobody has in hand", 1, (entry) => Object.assign(entry, { state: "inHand" })],
  ["state of one that a member has in hand", 0, (entry) => Object.assign(entry, { state: "waiting" })],
  ["attempts", 1, (entry) => Object.assign(entry, { attempts: Number.NaN })],
  ["message", 1, (entry) => Object.assign(entry, { message: { ...entry.message, bytes: "none" } })],
  ["time", 0, (entry) => Object.assign(entry, { dueMs: Number.NaN })],
])("one that begins throws out a message with a wrong %s, and tells", async (_what, at, spoil) => {
  const bench = new Bench();
  const member = await bench.member("keep");
  await bench.publish("one", "two");
  await bench.kill();
  spoil(bench.entries[at] as QueueEntry);
  await bench.kill();
  expect(bench.tree.logs).toEqual(["a message of the bus was thrown out"]);
  expect(bench.queue).toMatchObject({ discarded: 1, deadLettered: 1 });
  await bench.ask(member, "deed", { deed: "ack" });
  for (const kept of [0, -1]) await bench.ask(member, "settle", { deed: "ack", at: kept });
  await bench.tree.settle();
  expect(bench.queue).toEqual({ ...none, delivered: 1, deadLettered: 1, discarded: 1 });
});

test("a message over which it crashes is thrown out, and the others go on", async () => {
  const bench = new Bench();
  await bench.member("keep");
  await bench.publish("one", "two");
  await bench.kill();
  const [, second] = bench.entries;
  const get = () => {
    throw new Error("a bug");
  };
  Object.defineProperty((second as QueueEntry).message, "extras", { get });
  await bench.tree.advance(30_000);
  await bench.tree.advance(60_000);
  expect(bench.tree.logs).toContain("a message of the bus was thrown out");
  expect(bench.queue).toMatchObject({ discarded: 1 });
});

test("what a kept topic holds out of its order is thrown out, counted and told, once", async () => {
  const bench = new Bench();
  await bench.tree.until(bench.tree.ctx.keepTopic("jobs"));
  await bench.publish(1, 2, 3);
  const reader = bench.tree.ctx.spawn(consumer, { pattern: "jobs", options: { from: { seq: 9 } } });
  await bench.tree.settle();
  const [{ topic } = {}] = bench.table.topics.replaysOf("jobs");
  const entries = [...(topic?.from(1) ?? [])] as { -readonly [K in keyof LogEntry]: LogEntry[K] }[];
  (entries[1] as { seq: number }).seq = 7;
  await bench.kill();
  await bench.kill();
  expect(bench.table.stats.kept).toMatchObject([{ messages: 2, firstSeq: 1, lastSeq: 3, removed: 0, discarded: 1 }]);
  expect(bench.tree.logs).toEqual(["a message of the bus was thrown out"]);
  expect(await bench.ask(reader, "got")).toEqual([]);
});

test("publishes, acknowledgements and members are noted while there is none", async () => {
  const bench = new Bench();
  const keeping = await bench.member("keep", { maxInHand: 2 });
  await bench.publish(1, 2);
  bench.end?.("shutdown");
  await bench.tree.until(bench.tree.ctx.publish("jobs", 3, { ack: true }));
  await bench.ask(keeping, "settle", { deed: "ack", at: 0 });
  const late = await bench.member("ack");
  expect(bench.queue).toEqual({ ...none, delivered: 1, inHand: 1, waiting: 1 });
  expect(await bench.ask(late, "got")).toEqual([]);
  await bench.kill();
  expect([await bench.ask(keeping, "got"), await bench.ask(late, "got")]).toEqual([[1, 2], [3]]);
  expect(bench.queue).toEqual({ ...none, delivered: 2, inHand: 1 });
});

test("one that is killed again and again gives nothing twice, and keeps times and readers", async () => {
  const bench = new Bench();
  await bench.tree.until(bench.tree.ctx.keepTopic("jobs", { ms: 1_000 }));
  const keeping = await bench.member("keep", { ackWaitMs: 500 });
  const reader = bench.tree.ctx.spawn(consumer, { pattern: "jobs", options: { from: "first", capacity: 2 } });
  await bench.tree.settle();
  for (let n = 0; n < 10; n++) {
    await bench.publish(n);
    await bench.kill();
  }
  expect(await bench.ask(reader, "got")).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(await bench.ask(keeping, "got")).toEqual([0]);
  await bench.tree.advance(499);
  await bench.kill();
  expect(bench.queue).toMatchObject({ inHand: 1, resting: 0 });
  await bench.tree.advance(1);
  expect(bench.queue).toMatchObject({ inHand: 1, resting: 1, waiting: 8 });
  await bench.kill();
  await bench.tree.advance(499);
  expect(bench.table.stats.kept).toMatchObject([{ messages: 10 }]);
  await bench.tree.advance(1);
  expect(bench.table.stats.kept).toMatchObject([{ messages: 0, removed: 10 }]);
});

test("a clock that jumps by a day between two looks ends one attempt of each message, and no more", async () => {
  const bench = new Bench();
  await bench.tree.until(bench.tree.ctx.keepTopic("jobs", { ms: 1_000 }));
  await bench.member("keep", { maxInHand: 2 });
  await bench.publish(1, 2, 3);
  bench.tree.system.nowMs += dayMs;
  bench.tree.system.passTime(0);
  await bench.tree.settle();
  expect(bench.queue).toEqual({ ...none, resting: 2, inHand: 1 });
  expect(bench.table.stats.kept).toMatchObject([{ messages: 0 }]);
  bench.tree.system.nowMs += dayMs;
  bench.tree.system.passTime(0);
  await bench.tree.settle();
  expect(bench.queue).toEqual({ ...none, resting: 1, inHand: 2, redelivered: 2 });
});

test("when there will be none any more, a publish is kept all the same, and nobody is given it", async () => {
  const bench = new Bench();
  const member = await bench.member("ack");
  await bench.publish(1);
  bench.end?.("shutdown");
  await bench.publish(2);
  expect(await bench.ask(member, "got")).toEqual([1]);
  expect(bench.queue).toEqual({ ...none, delivered: 1, waiting: 1 });
  expect(await failureOf(bench.tree.until(bench.tree.ctx.publish("other", 1, { ack: true })))).toBe("not_kept");
});
