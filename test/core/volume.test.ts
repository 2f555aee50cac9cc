/** Large numbers, on real threads; the placements that matter are named in each title. */
import { expect, test } from "@jest/globals";
import { type MailboxPolicy, type Ref, startSystem } from "../../index.ts";
import { puppet } from "../fixtures/puppet.ts";
import { chainLink, flooder, keeper, sluggish } from "../fixtures/volume.ts";

const million = 1_000_000;
const capacity = 1_000;

/** A flood in one turn towards an actor on the same thread, which can serve none of it meanwhile. */
async function flood(policy: MailboxPolicy) {
  await using system = await startSystem({ threads: 1, spare: false, checks: false, turnLimitMs });
  const here = { placement: { thread: 1 } } as const;
  const to = await system.spawn(sluggish, undefined, { ...here, mailboxCapacity: capacity, mailboxPolicy: policy });
  const from = await system.spawn(flooder, undefined, here);
  const waiting = await from.call("flood", { to, count: million }, { timeoutMs: 60_000 });
  await system.settled();
  const { handled, last } = await to.call("handled");
  const { deadLetters } = await system.stats();
  return { waiting, handled, last, deadLetters };
}

/** What is slow here is the machine. */
const turnLimitMs = 60_000;

test("S7.1: of a million messages under policy reject those beyond the bound are dead letters, each counted", async () => {
  const { handled, last, deadLetters } = await flood("reject");
  expect({ handled, last, full: deadLetters.mailbox_full }).toEqual({
    handled: capacity,
    last: capacity - 1,
    full: million - capacity,
  });
});

test("S7.1: of a million messages under policy dropOldest the newest are handled, the others are counted", async () => {
  const { handled, last, deadLetters } = await flood("dropOldest");
  expect({ handled, last, dropped: deadLetters.dropped }).toEqual({
    handled: capacity,
    last: million - 1,
    dropped: million - capacity,
  });
});

test("S7.1: of a million messages under policy dropNewest the oldest are handled, the others are counted", async () => {
  const { handled, last, deadLetters } = await flood("dropNewest");
  expect({ handled, last, dropped: deadLetters.dropped }).toEqual({
    handled: capacity,
    last: capacity - 1,
    dropped: million - capacity,
  });
});

test("S14.2: of a million messages to an actor that is paused the newest are handled under policy dropOldest", async () => {
  await using system = await startSystem({ threads: 1, spare: false, checks: false, turnLimitMs });
  const here = { placement: { thread: 1 } } as const;
  const room = 100_000;
  const bound = { mailboxCapacity: room, mailboxPolicy: "dropOldest" } as const;
  const to = await system.spawn(sluggish, undefined, { ...here, ...bound });
  const from = await system.spawn(flooder, undefined, here);
  await system.pause(to);
  // The first come up and are held back; each of the others takes the place of one of them.
  await from.call("flood", { to, count: room }, { timeoutMs: 60_000 });
  await system.settled();
  await from.call("flood", { to, count: million }, { timeoutMs: 60_000 });
  await system.resume(to);
  await system.settled();
  const { dropped } = (await system.stats()).deadLetters;
  expect([await to.call("handled"), dropped]).toEqual([{ handled: room, last: million - 1 }, million]);
});

test("S7.3: under policy wait a sender that does not await has at most 1,024 sends waiting, the rest is rejected and counted", async () => {
  const { waiting, handled, deadLetters } = await flood("wait");
  expect({ waiting, handled, full: deadLetters.mailbox_full }).toEqual({
    waiting: 1_024,
    handled: capacity + 1_024,
    full: million - capacity - 1_024,
  });
});

test.each([
  { where: "the same thread", thread: 1 },
  { where: "another thread", thread: 2 },
])("S7.2: under policy wait a sender that awaits loses none of its messages to $where", async ({ thread }) => {
  await using system = await startSystem({ threads: 2, spare: false, checks: false, turnLimitMs });
  const to = await system.spawn(sluggish, undefined, {
    placement: { thread },
    mailboxCapacity: 100,
    mailboxPolicy: "wait",
  });
  const from = await system.spawn(flooder, undefined, { placement: { thread: 1 } });
  await from.call("floodAwaiting", { to, count: 20_000 }, { timeoutMs: 60_000 });
  await system.settled();
  expect(await to.call("handled")).toEqual({ handled: 20_000, last: 19_999 });
  expect((await system.stats()).deadLetters).toMatchObject({ mailbox_full: 0, dropped: 0 });
});

test("a million messages to an actor on another thread with the default bound all arrive", async () => {
  await using system = await startSystem({ threads: 2, spare: false, checks: false, turnLimitMs });
  const to = await system.spawn(sluggish, undefined, { placement: { thread: 2 } });
  const from = await system.spawn(flooder, undefined, { placement: { thread: 1 } });
  expect(await from.call("flood", { to, count: million }, { timeoutMs: 60_000 })).toBe(0);
  await system.settled();
  expect(await to.call("handled")).toEqual({ handled: million, last: million - 1 });
});

test("an exit runs down a chain of 10,000 links without a deep stack, with one reason", async () => {
  await using system = await startSystem({ threads: 1, spare: false, turnLimitMs });
  const end = await system.spawn(keeper, undefined, { placement: { thread: 1 } });
  const first = await system.spawn(chainLink, { left: 10_000, end }, { placement: { thread: 1 } });
  await system.settled();
  const [last] = (await end.call("messages")) as [Ref];
  const monitor = await system.monitor(last);
  system.send(first, "broken");
  expect((await monitor.down).reason).toBe("broken");
  await system.settled();
  expect((await system.stats()).actors).toBe(1);
});

test("a transferred buffer arrives on another thread and is gone here", async () => {
  await using system = await startSystem({ threads: 1, spare: false, turnLimitMs });
  const to = await system.spawn(keeper, undefined, { placement: { thread: 1 } });
  const buffer = new Uint8Array([1, 2, 3]).buffer;
  system.send(to, { buffer, view: new Uint8Array(buffer, 1, 2) }, { transfer: [buffer] });
  await system.settled();
  expect(buffer.byteLength).toBe(0);
  const [message] = (await to.call("messages")) as [{ buffer: ArrayBuffer; view: Uint8Array }];
  expect([[...new Uint8Array(message.buffer)], [...message.view]]).toEqual([
    [1, 2, 3],
    [2, 3],
  ]);
});

test("a cast transfers as a send does, ports too, to another thread", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  const to = await system.spawn(puppet, undefined, { placement: { thread: 1 } });
  const [byRef, byName] = [new ArrayBuffer(8), new ArrayBuffer(8)];
  to.cast("keep", byRef, { transfer: [byRef] });
  system.cast(to, "keep", byName, { transfer: [byName] });
  const { port1, port2 } = new MessageChannel();
  to.cast("keep", { port: port2 }, { transfer: [port2] });
  port1.close();
  await system.settled();
  expect([byRef.byteLength, byName.byteLength]).toEqual([0, 0]);
  expect(await to.call("run", ["lengthsOfSeen"])).toEqual([8, 8, undefined]);
});

test("two systems in one process know nothing of each other", async () => {
  await using one = await startSystem({ threads: 1, spare: false, turnLimitMs });
  await using two = await startSystem({ threads: 1, spare: false, turnLimitMs });
  const a = await one.spawn(keeper, undefined, { name: "same" });
  const b = await two.spawn(keeper, undefined, { name: "same" });
  one.send(a, "to one");
  two.send(b, "to two");
  expect([await a.call("messages"), await b.call("messages")]).toEqual([["to one"], ["to two"]]);
  await one.stop();
  expect(await b.call("messages")).toEqual([]);
});
