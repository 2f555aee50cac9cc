/** Real threads: what went with a lost one is counted (core/SEMANTICS.md, S2.3). */
import { expect, test } from "@jest/globals";
import { bootSystem } from "../../../core/system/boot.ts";
import { System } from "../../../core/system/system.ts";
import { EventRecorder } from "../../../testing/index.ts";
import { type CrowdNews, crowdMember } from "../../fixtures/crowd.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { worker } from "../../fixtures/thread-tests.ts";

const there = { placement: { thread: 1 } } as const;

/** A system, and a way to wait until a turn holds the thread at position 1 with so many messages unread. */
async function start() {
  const parts = await bootSystem({ threads: 1, spare: false });
  const { memory } = parts.kernel;
  const turnWord = memory.runWords(1) + 2;
  const counters = memory.countersOf(1);
  const isHeld = async (unread: number): Promise<void> => {
    while ((Atomics.load(memory.words, turnWord) & 1) === 0 || counters.unread !== unread)
      await new Promise(setImmediate);
  };
  return { system: new System(parts), kernel: parts.kernel, isHeld };
}

test("messages that a lost thread had not read are dead letters, those in its mailboxes are counted", async () => {
  const { system, kernel, isHeld } = await start();
  await using _ = system;
  const ref = await system.spawn(worker, undefined, there);
  // One publication: the thread takes them together, and the first holds it.
  const held = ref.call("block", Number.POSITIVE_INFINITY).catch((error: { code: string }) => error.code);
  for (let n = 0; n < 10; n++) ref.send(n);
  await isHeld(10);
  // They stay in the ring; the last but one in pieces, the last does not even fit.
  const calls = [0, 1].map(() => ref.call("ping").catch((error: { code: string }) => error.code));
  for (let n = 0; n < 5; n++) ref.cast("tellParent");
  ref.send("x".repeat(100_000));
  ref.send("x".repeat(300_000));
  kernel.scheduler.drain();
  using recorder = new EventRecorder(system, ["deadLetter", "threadLost"]);
  await system.terminateThread(1, "test");
  expect(await Promise.all([held, ...calls])).toEqual(["thread_lost", "thread_lost", "thread_lost"]);
  expect(recorder.of("threadLost")).toEqual([expect.objectContaining({ unread: 10, unsent: 0 })]);
  expect(recorder.of("deadLetter").map((event) => (event as unknown as { why: string }).why)).toEqual(
    Array(9).fill("thread_lost"),
  );
  const { unreadLost, unsentLost, deadLetters } = await system.stats();
  expect([unreadLost, unsentLost, deadLetters.thread_lost]).toEqual([10, 0, 9]);
});

test("of a publish to many what came into hands before its thread was lost is delivered, and the rest unread", async () => {
  const { system, kernel, isHeld } = await start();
  await using _ = system;
  const size = 40;
  await Promise.all(
    Array.from({ length: size }, (_, place) => system.spawn(crowdMember, { topic: "news", place }, there)),
  );
  await system.settled();
  const publisher = await system.spawn(puppet, undefined, there);
  publisher.cast("run", ["publish", "news", { number: 1, loops: 25 } satisfies CrowdNews]);
  kernel.scheduler.drain();
  await isHeld(size - 26);
  using recorder = new EventRecorder(system, ["threadLost"]);
  await system.terminateThread(1, "test");
  expect(recorder.of("threadLost")).toMatchObject([{ unread: size - 26 }]);
  const { bus, unreadLost } = await system.stats();
  expect([bus.delivered, unreadLost]).toEqual([26, size - 26]);
});

test("what is sent to a thread that is lost is a dead letter that says which call or cast it was", async () => {
  const { system } = await start();
  await using _ = system;
  const ref = await system.spawn(worker, undefined, there);
  await system.terminateThread(1, "test");
  using recorder = new EventRecorder(system, ["deadLetter"]);
  ref.cast("tellParent");
  ref.send("raw");
  await expect(ref.call("block", 1)).rejects.toMatchObject({ code: "noproc" });
  expect(recorder.of("deadLetter").map((event) => (event as unknown as { message: string }).message)).toEqual([
    "cast tellParent()",
    "'raw'",
    "call block(1)",
  ]);
});

test("messages of a lost thread's actors that it had not published are counted", async () => {
  const { system, isHeld } = await start();
  await using _ = system;
  const ref = await system.spawn(worker, undefined, there);
  using recorder = new EventRecorder(system, ["threadLost"]);
  for (let n = 0; n < 3; n++) ref.cast("tellParent");
  const held = ref.call("block", Number.POSITIVE_INFINITY).catch((error: { code: string }) => error.code);
  await isHeld(0);
  await system.terminateThread(1, "test");
  expect(await held).toBe("thread_lost");
  expect(recorder.events).toEqual([expect.objectContaining({ unread: 0, unsent: 3 })]);
});

test("no total goes down when a thread is lost", async () => {
  const { system } = await start();
  await using _ = system;
  const ref = await system.spawn(worker, undefined, there);
  const gone = await system.spawn(worker, undefined, there);
  await expect(ref.call("ping")).resolves.toBe("pong");
  await expect(system.call(gone, "nothing of that name")).rejects.toMatchObject({ code: "undef" });
  gone.send("too late");
  await system.settled();
  const before = await system.stats();
  expect(before).toMatchObject({ crashes: 1, deadLetters: { noproc: 1 } });
  await system.terminateThread(1, "test");
  const after = await system.stats();
  expect(after.turns).toBeGreaterThanOrEqual(before.turns);
  expect(after).toMatchObject({ threadsLost: 1, crashes: 1, deadLetters: { noproc: 1 } });
});
