/** Real threads: dedicated ones, from their start to their end. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "@jest/globals";
import { nextLoop } from "../../../core/clock.ts";
import { bootSystem } from "../../../core/system/boot.ts";
import { System } from "../../../core/system/system.ts";
import { defineServer, type RefData, startSystem } from "../../../index.ts";
import { hog, idle, worker } from "../../fixtures/thread-tests.ts";
import { packageRoot } from "../../support/package-root.ts";

const dedicated = { isolation: "thread" } as const;
const threadsOf = async (system: System) => (await system.stats()).threads.map(({ thread }) => thread);

/** Resolves when every dedicated thread has ended: they retire by themselves, without an event. */
async function onlySchedulers(system: System): Promise<number[]> {
  for (;;) {
    await system.settled();
    const threads = await threadsOf(system);
    if (threads.every((thread) => thread <= 1)) return threads;
  }
}

test("a spawn whose argument is refused starts no thread", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  await expect(system.spawn(worker, (() => 0) as never, dedicated)).rejects.toMatchObject({ code: "not_cloneable" });
  expect(await threadsOf(system)).toEqual([0, 1]);
});

test("a dedicated thread ends when the behaviour of its actor is unknown, and the ref is dead", async () => {
  const parts = await bootSystem({ threads: 1, spare: false });
  await using system = new System(parts);
  const hidden = defineServer({});
  const { ref } = parts.kernel.contextOf(parts.kernel.guest).spawnMonitor(hidden, undefined, dedicated);
  await (await system.monitor(ref)).down;
  expect(system.isAlive(ref)).toBe(false);
  await expect(system.spawn(hidden, undefined, dedicated)).rejects.toMatchObject({ code: "module_unknown" });
  expect(await onlySchedulers(system)).toEqual([0, 1]);
});

test("a dedicated thread that a worker asked for ends when that worker is lost before the actor came", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  const there = await system.spawn(worker, undefined, { placement: { thread: 1 } });
  // The turn asks for the thread and then holds its own: neither the request nor the spawn has left when it is lost.
  const call = there.call("dedicatedThenBlock").catch((error: { code: string }) => error.code);
  const reserved = { node: "", thread: 2, slot: 64, generation: 0 };
  while (!system.isAlive(reserved)) await new Promise(setImmediate);
  await system.terminateThread(1);
  expect(await call).toBe("thread_lost");
  expect(system.isAlive(reserved)).toBe(false);
  await system.settled();
});

test("a dedicated thread that is asked for while the threads end is not started", async () => {
  const { kernel, host, pool } = await bootSystem({ threads: 1, spare: false });
  const closing = pool.close();
  const ref = kernel.contextOf(kernel.guest).spawn(idle, undefined, dedicated);
  await closing;
  expect(pool.running).toEqual([]);
  expect(kernel.isAlive(ref)).toBe(false);
  host.close();
});

test("a dedicated thread that fills its heap is lost alone, and its actor ends with why", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  const neighbour = await system.spawn(worker, undefined, dedicated);
  const ref = await system.spawn(hog, undefined, { ...dedicated, heapMb: 32 });
  const monitor = await system.monitor(ref);
  system.send(ref, "fill");
  expect((await monitor.down).reason).toEqual({ budget: { heapMb: 32 } });
  expect(await neighbour.call("ping")).toBe("pong");
});

test("a heap in which Node cannot start is refused before it takes the process down", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  await expect(system.spawn(idle, undefined, { ...dedicated, heapMb: 2 })).rejects.toMatchObject({
    code: "bad_argument",
    message: expect.stringMatching(/heapMb.*from 16/) as unknown,
  });
});

test("a dedicated thread spawned by an actor of a worker runs, and is watched from main", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  const there = await system.spawn(worker, undefined, { placement: { thread: 1 } });
  const ref = (await there.call("dedicated")) as RefData;
  const monitor = await system.monitor(ref);
  expect(ref.thread).toBeGreaterThan(1);
  system.exit(ref, "enough");
  expect((await monitor.down).reason).toBe("enough");
  expect(await onlySchedulers(system)).toEqual([0, 1]);
});

test("a spawn whose own thread does not start is thread_failed, and the others go on", async () => {
  const fixtures = join(packageRoot, "dist/test/fixtures");
  const flags = ["--import", pathToFileURL(join(fixtures, "refuse-dedicated.js")).href];
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...flags,
    join(fixtures, "programs/refused-thread.js"),
  ]);
  expect(JSON.parse(stdout)).toEqual({
    code: "thread_failed",
    message: expect.stringMatching(/refused by the test/) as unknown,
    ping: "pong",
  });
});

test("what is sent to an actor whose dedicated thread has ended with it is a dead letter noproc: nothing was lost", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  const ref = await system.spawn(idle, undefined, dedicated);
  system.exit(ref, "enough");
  await onlySchedulers(system);
  system.send(ref, "too late");
  const { deadLetters, threadsLost } = await system.stats();
  expect([deadLetters.noproc, deadLetters.thread_lost, threadsLost]).toEqual([1, 0, 0]);
});

test("what comes while a dedicated thread ends behind its actor is a dead letter noproc, each once", async () => {
  const parts = await bootSystem({ threads: 1, spare: false });
  await using system = new System(parts);
  const sent: string[] = [];
  const told: string[] = [];
  system.events.on("deadLetter", ({ why, message }) => told.push(`${why} ${message}`));
  for (let round = 0; round < 20; round++) {
    const ref = await system.spawn(idle, undefined, dedicated);
    system.exit(ref, "enough");
    await system.settled();
    while (parts.pool.running.length > 1) {
      for (let i = 0; i < 20; i++) {
        system.send(ref, sent.length);
        sent.push(`noproc ${sent.length}`);
      }
      await new Promise<void>((go) => nextLoop(go));
    }
  }
  await system.settled();
  const heard = new Set(told);
  expect(sent.filter((text) => !heard.has(text))).toEqual([]);
  expect(told).toHaveLength(sent.length);
  const { deadLetters, threadsLost } = await system.stats();
  expect([deadLetters.noproc, deadLetters.thread_lost, threadsLost]).toEqual([sent.length, 0, 0]);
});

test("a supervisor may have a thread of its own, its children on the others", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  const tree = await system.supervise({ children: [{ id: "only", start: [worker] }] }, dedicated);
  const [child] = await tree.whichChildren();
  expect([tree.ref.thread, child?.ref]).toEqual([2, expect.objectContaining({ thread: 1 })]);
});
