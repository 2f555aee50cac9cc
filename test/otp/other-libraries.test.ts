/** Proto.Actor, nact, Comedy, Rivet and xstate: the cases that hold here too. Names are ours; see cases.json. Not in every placement: a case says itself where its actors stand. */
import { describe, expect, test } from "@jest/globals";
import type { Ref, SpawnOptions } from "../../core/index.ts";
import { startSystem } from "../../index.ts";
import { Place, Probe } from "../../testing/index.ts";
import { child } from "../fixtures/child.ts";
import { genServer } from "../fixtures/gen-server.ts";
import { puppet } from "../fixtures/puppet.ts";
import { openGate } from "../support/open-gate.ts";
import { Supervised } from "../support/supervised.ts";
import { useSystem } from "../support/use-system.ts";

const system = useSystem();

const other = { placement: { thread: 1 } } as const;

describe("Proto.Actor", () => {
  test("mailbox_fairness: a busy actor lets its neighbours have their turns", async () => {
    await using own = await startSystem({ threads: 1 });
    const [busy, quiet] = [await own.spawn(puppet, undefined, other), await own.spawn(puppet, undefined, other)];
    for (let n = 0; n < 50_000; n += 1) busy.cast("keep", n);
    // Sent last: it would be answered last if the busy one had to be done first.
    expect(await quiet.call("echo", "in between")).toBe("in between");
    expect((await busy.call("seen")).length).toBe(50_000);
  });

  test("restart_statistics: failures are counted within their window", async () => {
    await using tree = await Supervised.start(system(), {
      intensity: 1,
      periodMs: 1_000,
      children: [{ id: "child", start: [child] }],
    });
    await tree.end(await tree.child("child"), "abnormal");
    await system().clock.advance(1_001);
    await tree.end(await tree.child("child"), "abnormal");
    await system().clock.advance(1_000); // at the window's edge the former still counts
    await tree.end(await tree.child("child"), "abnormal");
    expect(await tree.exitReason()).toBe("shutdown");
  });

  test("dead_letter_watch: watching a dead letter's receiver answers at once", async () => {
    await using probe = await Probe.start(system());
    const ref = await system().spawn(puppet, undefined, other);
    await system().stopActor(ref);
    ref.send("a dead letter");
    expect(await (await probe.watch(ref)).reason()).toBe("noproc");
  });
});

describe("nact", () => {
  test("query_needs_timeout: a call without a time limit has the default one", async () => {
    const ref = await system().spawn(puppet, undefined, other);
    const outcome = ref.call("hold").catch((error: { code: string }) => error.code);
    await system().settled();
    await system().clock.advance(5_000);
    expect(await outcome).toBe("timeout");
  });
});

describe("Comedy", () => {
  test("every_mode: one suite of behaviour passes on the main, another and a dedicated thread", async () => {
    await using probe = await Probe.start(system());
    for (const name of ["main", "scheduler", "dedicated"] as const) {
      const place = new Place(name);
      const ref = await place.spawn(system(), genServer, { listener: probe.ref });
      expect(await ref.call("started")).toBe("ok");
      ref.cast("tell", name);
      expect(await probe.next()).toBe(name);
      await expect(ref.call("crash", "boom")).rejects.toMatchObject({ message: expect.stringContaining("boom") });
      expect(await probe.all()).toEqual(["terminate error"]);
    }
  });
});

describe("Rivet", () => {
  test("stop_during_start: an actor that is stopped during its init ends after it", async () => {
    await using probe = await Probe.start(system());
    const gate = await system().spawn(puppet);
    const ref = await probe.run((ctx) =>
      ctx.spawn(puppet, { gate, init: [["send", probe.ref, "init"]] }, other as SpawnOptions),
    );
    await system().settled();
    const stopped = system().stopActor(ref);
    await system().settled();
    expect(system().isAlive(ref)).toBe(true);
    await openGate(system(), gate);
    expect(await stopped).toBe("normal");
    expect(await probe.all()).toEqual(["init"]);
  });

  test("queue_abort_signals: the signal of a turn is aborted by the actor's death", async () => {
    const silent = await system().spawn(puppet);
    let isAborted = false;
    const victim = await Probe.start(system());
    const turn = victim.run(async (ctx) => {
      ctx.signal.addEventListener("abort", () => (isAborted = true));
      await ctx.call(silent, "hold", undefined, { timeoutMs: 86_400_000 });
    });
    turn.catch(() => undefined);
    await system().settled();
    expect(isAborted).toBe(false);
    system().exit(victim.ref, "kill");
    await system().settled();
    expect(isAborted).toBe(true);
  });

  test("stale_handle: a ref of a former incarnation stays dead, the name finds the new one", async () => {
    await using tree = await Supervised.start(system(), { children: [{ id: "child", start: [child], name: "stale" }] });
    const former = system().whereis("stale") as Ref;
    await tree.end(former, "kill");
    await expect(former.call("start")).rejects.toMatchObject({ code: "noproc" });
    expect(system().isAlive(former)).toBe(false);
    expect(await system().call("stale", "start")).toEqual({});
  });
});

describe("xstate", () => {
  test("listener_errors: a listener that throws does not harm the actor", async () => {
    await using own = await startSystem({ threads: 1, clock: "manual" });
    const reported: unknown[] = [];
    own.events.on("unattributedError", ({ error }) => void reported.push(error.message));
    own.events.on("spawned", () => {
      throw new Error("of a listener");
    });
    const ref = await own.spawn(puppet, undefined, other);
    expect(await ref.call("echo", "well")).toBe("well");
    await own.settled();
    expect(reported).toContain("of a listener");
  });
});
