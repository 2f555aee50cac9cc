/** core/SEMANTICS.md, S3.8: the loss of a thread. Not in every placement: main cannot be lost, and each test has a system of its own to take a thread from. */
import { describe, expect, test } from "@jest/globals";
import { startSystem } from "../../../index.ts";
import { EventRecorder, Probe } from "../../../testing/index.ts";
import { puppet } from "../../fixtures/puppet.ts";

const start = () => startSystem({ threads: 2, clock: "manual", checks: true, seed: 1 });

describe("S3.8 When a thread is lost", () => {
  test("S3.8: each actor on it ends with { threadLost } for its links and monitors, wherever they are", async () => {
    await using system = await start();
    await using probe = await Probe.start(system);
    const lost = await Promise.all([0, 1, 2].map(() => system.spawn(puppet, undefined, { placement: { thread: 1 } })));
    const linked = await system.spawn(puppet, { trapExit: true }, { placement: { thread: 2 } });
    for (const ref of lost) await linked.call("run", ["link", ref]);
    const watches = await Promise.all(lost.map((ref) => probe.watch(ref)));
    await system.terminateThread(1, "test");
    for (const watch of watches) expect(await watch.reason()).toEqual({ threadLost: expect.any(String) });
    const seen = (await linked.call("seen")) as { type: string; reason: object }[];
    expect(seen.map(({ type, reason }) => [type, Object.keys(reason)])).toEqual(
      lost.map(() => ["exit", ["threadLost"]]),
    );
  });

  test("S3.8: what the thread had published is received before", async () => {
    await using system = await start();
    await using probe = await Probe.start(system);
    const sender = await system.spawn(puppet, undefined, { placement: { thread: 1 } });
    const receiver = await system.spawn(puppet, undefined, { placement: { thread: 2 } });
    await receiver.call("run", ["monitor", sender]);
    for (let n = 0; n < 100; n += 1) sender.cast("run", ["send", receiver, n]);
    await sender.call("run", ["send", probe.ref, "all sent"]);
    await system.terminateThread(1, "test");
    await system.settled();
    expect((await receiver.call("seen")).slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, n) => n));
    expect((await receiver.call("seen")).slice(100)).toEqual([
      expect.objectContaining({ type: "down", reason: { threadLost: expect.any(String) } }),
    ]);
  });

  test("S3.8: its names are free, calls fail with thread_lost, and everybody else goes on", async () => {
    await using system = await start();
    const neighbour = await system.spawn(puppet, undefined, { placement: { thread: 2 } });
    const lost = await system.spawn(puppet, undefined, { placement: { thread: 1 }, name: "held" });
    const open = lost.call("hold", undefined, { timeoutMs: 3_600_000 }).then(
      () => "answered",
      (error: { code: string }) => error.code,
    );
    await system.settled();
    await system.terminateThread(1, "test");
    expect(await open).toBe("thread_lost");
    expect(system.whereis("held")).toBeUndefined();
    await neighbour.call("run", ["register", "held"]);
    expect(system.whereis("held")).toEqual(neighbour);
    expect(await neighbour.call("echo", "well")).toBe("well");
  });

  test("S3.8: a spare takes its place under the same position and another thread id", async () => {
    await using system = await start();
    using recorder = new EventRecorder(system, ["threadLost"]);
    const replaced = new Promise<void>((resolve) => system.events.on("threadStarted", () => resolve()));
    const before = await system.spawn(puppet, undefined, { placement: { thread: 1 } });
    await system.terminateThread(1, "test");
    await replaced;
    const after = await system.spawn(puppet, undefined, { placement: { thread: 1 } });
    expect(after.thread).not.toBe(before.thread);
    expect(await after.call("echo", "well")).toBe("well");
    expect(recorder.events).toEqual([expect.objectContaining({ type: "threadLost", position: 1 })]);
  });
});
