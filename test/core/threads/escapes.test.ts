/** Real threads: what an actor's own objects do when the kernel touches them takes that actor and nothing else. */
import { MessageChannel } from "node:worker_threads";
import { expect, test } from "@jest/globals";
import { startSystem } from "../../../index.ts";
import { gate, holder, listener, mailer, worker } from "../../fixtures/thread-tests.ts";

const there = { placement: { thread: 1 } } as const;

test.each(["hostile", "hostileThenable"] as const)(
  "an answer that throws when it is awaited ends its actor (%s)",
  async (call) => {
    await using system = await startSystem({ threads: 1, spare: false });
    const neighbour = await system.spawn(worker, undefined, there);
    const ref = await system.spawn(worker, undefined, there);
    const monitor = await system.monitor(ref);
    await expect(ref.call(call)).rejects.toMatchObject({ message: "hostile then" });
    expect((await monitor.down).reason).toMatchObject({ error: { message: "hostile then" } });
    expect(await neighbour.call("ping")).toBe("pong");
  },
);

test("S1.4: what an actor does in a listener of its signal is not sent any more", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  const errors: unknown[] = [];
  system.events.on("unattributedError", (event) => errors.push(event));
  const box = await system.spawn(mailer, undefined, there);
  const ref = await system.spawn(listener, box, there);
  system.exit(ref, "kill");
  await system.settled();
  expect(await box.call("messages")).toEqual([]);
  expect(errors).toEqual([]);
});

test("a task that never ends does not keep a system from settling once its actor is gone", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  const ref = await system.spawn(worker, undefined, there);
  ref.cast("task");
  await ref.call("ping");
  system.exit(ref, "kill");
  await system.settled();
});

test("a message to the program itself is a dead letter", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  const ref = await system.spawn(worker, undefined, there);
  ref.cast("tellParent");
  await system.settled();
  expect((await system.stats()).deadLetters.noproc).toBe(1);
});

test("the count of running timers stands whichever way they end", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  const ref = await system.spawn(worker, undefined, there);
  await ref.call("timers");
  await system.settled();
  const stats = (await system.stats()).threads.find(({ thread }) => thread === 1);
  expect(stats?.timers).toBe(0);
});

test("an answer that came while its caller's thread was blocked beyond the deadline counts", async () => {
  await using system = await startSystem({ threads: 2, spare: false });
  const asked = await system.spawn(worker, undefined, there);
  const caller = await system.spawn(worker, undefined, { placement: { thread: 2 } });
  expect(await caller.call("callThenBlock", asked)).toBe("pong");
});

test("an object that is transferred moves also when its send had to wait", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  const at = await system.spawn(gate, undefined, there);
  const to = await system.spawn(holder, at, { ...there, mailboxCapacity: 1, mailboxPolicy: "wait" });
  for (const message of ["hold", "full", "beyond"]) void system.send(to, message);
  await system.settled();
  const { port1, port2 } = new MessageChannel();
  const waits = system.send(to, { port: port2 }, { transfer: [port2] });
  expect(waits).not.toBe(undefined);
  at.cast("open");
  await waits;
  expect(await to.call("ports")).toBe(1);
  port1.close();
});

test("a spawn on a thread that is held is init_timeout for its starter, and the actor never begins", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  const holds = await system.spawn(worker, undefined, { ...there, turnLimitMs: 10_000 });
  const block = holds.call("block", 2_000);
  const late = system.spawn(mailer, undefined, { ...there, name: "late", startTimeoutMs: 50 });
  const first = await Promise.race([block.then(() => "held no more"), late.catch((error: unknown) => error)]);
  expect(first).toMatchObject({ code: "init_timeout" });
  await block;
  await system.settled();
  expect(system.whereis("late")).toBe(undefined);
  expect((await system.stats()).actors).toBe(1);
});
