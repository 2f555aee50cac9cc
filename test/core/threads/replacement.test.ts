/** Real threads: who takes the place of a lost one, and what may be asked of the place meanwhile. */
import { expect, test } from "@jest/globals";
import { type MofaSystem, type Placement, startSystem } from "../../../index.ts";
import { EventRecorder } from "../../../testing/index.ts";
import { worker } from "../../fixtures/thread-tests.ts";
import { NamedPipe } from "../../support/named-pipe.ts";

const at = (thread: number): { placement: Placement } => ({ placement: { thread } });

/** Ends every scheduler thread in the same moment. */
async function loseAll(system: MofaSystem): Promise<void> {
  await Promise.all(Array.from({ length: system.threads - 1 }, (_, n) => system.terminateThread(n + 1)));
}

test.each([true, false])(
  "a place that lost its thread is taken at once, also by one that is still starting (spare: %p)",
  async (spare) => {
    await using system = await startSystem({ threads: 2, spare });
    await loseAll(system);
    const refs = await Promise.all([system.spawn(worker, undefined, at(1)), system.spawn(worker, undefined, at(2))]);
    expect(new Set(refs.map((ref) => ref.thread)).size).toBe(2);
    expect(await Promise.all(refs.map((ref) => ref.call("ping")))).toEqual(["pong", "pong"]);
  },
);

test("children of threads that were lost all at once come back on their successors, not on main", async () => {
  await using system = await startSystem({ threads: 2 });
  const children = Array.from({ length: 6 }, (_, id) => ({ id, start: [worker] as const }));
  const tree = await system.supervise({ intensity: 20, children });
  await loseAll(system);
  await system.settled();
  const threads = (await tree.whichChildren()).map(({ ref }) => (ref as { thread: number }).thread);
  expect(threads).toHaveLength(6);
  expect(threads).not.toContain(0);
});

test("a place whose successor is ended while it starts gets another", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  await system.terminateThread(1);
  await system.terminateThread(1);
  expect(await (await system.spawn(worker, undefined, at(1))).call("ping")).toBe("pong");
});

test("threadStarted is told once for each thread that takes a place, when it is up", async () => {
  await using system = await startSystem({ threads: 1 });
  const told: number[] = [];
  system.events.on("threadStarted", ({ thread, position }) => told.push(thread * 10 + position));
  // Main, the thread, and the one that stands by.
  while ((await system.stats()).threads.length < 3) await new Promise(setImmediate);
  await system.terminateThread(1);
  await system.terminateThread(1);
  await system.settled();
  expect(told).toEqual([21, 31]);
});

test("a thread that native code holds is lost when it does not end in time, and another takes its place", async () => {
  using pipe = new NamedPipe();
  await using system = await startSystem({ threads: 1, spare: false, threadEndTimeoutMs: 300 });
  using recorder = new EventRecorder(system, ["threadLost"]);
  const held = await system.spawn(worker, undefined, at(1));
  const call = held.call("readFile", pipe.path).catch((error: { code: string }) => error.code);
  await pipe.isRead();
  await system.terminateThread(1, "test");
  expect(await call).toBe("thread_lost");
  const next = await system.spawn(worker, undefined, at(1));
  expect(await next.call("ping")).toBe("pong");
  expect(recorder.events).toEqual([expect.objectContaining({ why: "test; did not end within 300 ms" })]);
  // Or the stop would say that it is stuck.
  pipe.release();
});
