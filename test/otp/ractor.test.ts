/** ractor's supervision and actor tests: the cases that hold here too. Names are ours; see cases.json. Not in every placement: a case says itself where its actors stand. */
import { describe, expect, test } from "@jest/globals";
import type { Ref } from "../../core/index.ts";
import { type SupervisorSetup, supervisor } from "../../supervisors/index.ts";
import { EventRecorder, Probe } from "../../testing/index.ts";
import { child } from "../fixtures/child.ts";
import { genServer } from "../fixtures/gen-server.ts";
import { puppet } from "../fixtures/puppet.ts";
import { openGate } from "../support/open-gate.ts";
import { Supervised } from "../support/supervised.ts";
import { useSystem } from "../support/use-system.ts";

const system = useSystem();

const other = { placement: { thread: 1 } } as const;

describe("ractor supervision_tests", () => {
  test("supervision_panic_in_post_startup: an error right after start reaches the supervisor", async () => {
    await using starter = await Probe.start(system());
    // Its first turn after init is one it has asked for itself.
    const ref = await starter.run((ctx) => ctx.start(puppet, undefined, other));
    await ref.call("onMessage", ["throw", "boom after start"]);
    ref.send("go");
    expect(await starter.all()).toEqual([
      expect.objectContaining({
        type: "exit",
        reason: { error: expect.objectContaining({ message: "boom after start" }) },
      }),
    ]);
  });

  test("supervision_error_in_handle: an error in a handler reaches the supervisor", async () => {
    await using starter = await Probe.start(system());
    const ref = await starter.run((ctx) => ctx.start(puppet, undefined, other));
    ref.cast("crash", "boom in a handler");
    expect(await starter.all()).toEqual([
      expect.objectContaining({
        type: "exit",
        reason: { error: expect.objectContaining({ message: "boom in a handler" }) },
      }),
    ]);
  });

  test("supervision_panic_in_post_stop: an error in terminate reaches the supervisor", async () => {
    await using starter = await Probe.start(system());
    const ref = await starter.run((ctx) => ctx.start(genServer, { terminateThrows: true }, other));
    ref.cast("stop");
    expect(await starter.all()).toEqual([
      expect.objectContaining({
        type: "exit",
        reason: { error: expect.objectContaining({ message: "crash in terminate" }) },
      }),
    ]);
  });

  test("supervision_panic_in_supervisor_handle: an error in the supervisor's own handler reaches its supervisor", async () => {
    await using top = await Probe.start(system());
    const middle = await top.run((ctx) => ctx.start(puppet, { trapExit: true }, other));
    const leaf = (await middle.call("run", ["start", "puppet", undefined, other])) as Ref;
    await middle.call("onMessage", ["throw", "boom again"]); // its handler of the leaf's exit
    leaf.cast("crash", "boom");
    expect(await top.all()).toEqual([
      expect.objectContaining({ type: "exit", reason: { error: expect.objectContaining({ message: "boom again" }) } }),
    ]);
  });

  test("supervision_last_state: the crash report has the child's last state", async () => {
    using recorder = new EventRecorder(system(), ["crashed"]);
    const ref = await system().spawn(puppet, undefined, other);
    ref.cast("keep", "the last straw");
    ref.cast("crash", "boom");
    await system().settled();
    expect(recorder.events).toEqual([expect.objectContaining({ state: expect.stringContaining("the last straw") })]);
  });

  test("killing_a_supervisor_terminates_children: killing a supervisor ends its children without their terminate", async () => {
    await using listener = await Probe.start(system());
    await using tree = await Supervised.start(system(), {
      childPlacement: "spread",
      children: [0, 1, 2].map((n) => ({ id: n, start: [puppet] })),
    });
    const refs = (await tree.children()).map(([, ref]) => ref as Ref);
    for (const ref of refs) await ref.call("onTerminate", ["tell", listener.ref, "terminate"]);
    const watches = await Promise.all(refs.map((ref) => tree.parent.watch(ref)));
    system().exit(tree.ref, "kill");
    for (const watch of watches) expect(await watch.reason()).toBe("killed");
    expect(await listener.all()).toEqual([]);
  });

  test("deep_tree_shutdown: a chain of 1,000 nested supervisors shuts down without overflowing the stack", async () => {
    let setup: SupervisorSetup = { children: [{ id: "leaf", start: [child] }] };
    for (let depth = 0; depth < 1_000; depth += 1) {
      setup = { children: [{ id: "inner", start: [supervisor, setup], type: "supervisor", placement: { thread: 0 } }] };
    }
    await using tree = await Supervised.start(system(), setup);
    const before = (await system().stats()).actors;
    expect(await tree.stop("shutdown")).toBe("shutdown");
    expect(before - (await system().stats()).actors).toBe(1_002);
  });

  test("relink_cleans_old_parent: an actor linked anew and unlinked from the former is not ended by the former", async () => {
    const former = await system().spawn(puppet, undefined, other);
    const next = await system().spawn(puppet, undefined, { placement: { thread: 2 } });
    const ref = (await former.call("run", ["spawnLink", "puppet", undefined, other])) as Ref;
    await next.call("run", ["link", ref]);
    await former.call("run", ["unlink", ref]);
    await system().settled();
    system().exit(former, "kill");
    await system().settled();
    expect(system().isAlive(ref)).toBe(true);
    system().exit(next, "kill");
    await system().settled();
    expect(system().isAlive(ref)).toBe(false);
  });

  test("linked_spawn_refused_by_draining_supervisor: a supervisor that is shutting down starts no child", async () => {
    await using tree = await Supervised.start(system(), {
      children: [{ id: "slow", start: [child, { terminateMs: 1_000 }], shutdown: 5_000 }],
    });
    await tree.tell("shutdown");
    await system().settled();
    const late = tree.startChild({ id: "late", start: [child] }).then(
      () => "started",
      (error: { code: string }) => error.code,
    );
    await system().settled();
    await system().clock.advance(1_000);
    expect(await late).toBe("shutdown");
    expect(await tree.exitReason()).toBe("shutdown");
  });

  test("double_link: linking twice is one link, and one unlink ends it", async () => {
    const [one, two] = [await system().spawn(puppet, undefined, other), await system().spawn(puppet)];
    await one.call("run", ["link", two]);
    await two.call("run", ["link", one]);
    await system().settled();
    await one.call("run", ["unlink", two]);
    await system().settled();
    system().exit(two, "kill");
    await system().settled();
    expect(system().isAlive(one)).toBe(true);
  });
});

describe("ractor actor tests", () => {
  test("panic_on_start_captured: an error in init is the starter's", async () => {
    await expect(system().spawn(puppet, { init: [["throw", "boom"]] }, other)).rejects.toMatchObject({
      code: "start_failed",
      message: expect.stringContaining("boom"),
    });
  });

  test("stop_higher_priority_over_messages: stop comes before messages that are queued", async () => {
    await using probe = await Probe.start(system());
    const gate = await system().spawn(puppet);
    const ref = await system().spawn(puppet, undefined, other);
    ref.cast("stopThenPass", { gate, listener: probe.ref, reason: "normal" });
    for (let n = 0; n < 10; n += 1) ref.cast("run", ["send", probe.ref, n]);
    await openGate(system(), gate);
    expect(await probe.all()).toEqual(["turn ended"]);
  });

  test("stop_does_not_terminate_async_work: stop lets an async turn end", async () => {
    await using probe = await Probe.start(system());
    const gate = await system().spawn(puppet);
    const ref = await system().spawn(puppet, undefined, other);
    await ref.call("onTerminate", ["tell", probe.ref, "terminate"]);
    ref.cast("wait", gate);
    await system().settled();
    const stopped = system().stopActor(ref);
    await system().settled();
    expect(system().isAlive(ref)).toBe(true);
    await openGate(system(), gate);
    expect(await stopped).toBe("normal");
    expect(await probe.all()).toEqual([["terminate", "normal"]]);
  });

  test("kill_terminates_work: kill ends an actor in the middle of an async turn", async () => {
    await using probe = await Probe.start(system());
    const gate = await system().spawn(puppet);
    const ref = await system().spawn(puppet, undefined, other);
    const watch = await probe.watch(ref);
    ref.cast("wait", gate);
    await system().settled();
    system().exit(ref, "kill");
    expect(await watch.reason()).toBe("killed");
  });

  test("kill_terminates_supervision_work: kill ends an actor in the middle of handling a down", async () => {
    await using probe = await Probe.start(system());
    const gate = await system().spawn(puppet);
    const [ref, watched] = [await system().spawn(puppet, undefined, other), await system().spawn(puppet)];
    await ref.call("run", ["monitor", watched]);
    await ref.call("onMessage", ["pass", gate]);
    await system().settled();
    await system().stopActor(watched);
    await system().settled();
    expect(await gate.call("openCalls")).toBe(1);
    const watch = await probe.watch(ref);
    system().exit(ref, "kill");
    expect(await watch.reason()).toBe("killed");
  });

  test("kill_terminates_hooks: kill ends an actor in the middle of its terminate", async () => {
    await using probe = await Probe.start(system());
    const gate = await system().spawn(puppet);
    const ref = await system().spawn(puppet, undefined, other);
    await ref.call("onTerminate", ["pass", gate]);
    const watch = await probe.watch(ref);
    ref.cast("run", ["stop"]);
    expect(await watch.isDown()).toBe(false);
    system().exit(ref, "kill");
    expect(await watch.reason()).toBe("killed");
  });

  test("failing_start_leaves_no_name: a start that fails leaves no name", async () => {
    const options = { ...other, name: "failing_start" };
    await expect(system().spawn(puppet, { init: [["throw", "boom"]] }, options)).rejects.toMatchObject({
      code: "start_failed",
    });
    expect(system().whereis("failing_start")).toBeUndefined();
    await system().stopActor(await system().spawn(puppet, undefined, options));
  });

  test("concurrent_shutdown: stop, exit and kill at once end an actor once", async () => {
    await using probe = await Probe.start(system());
    for (let round = 0; round < 20; round += 1) {
      using recorder = new EventRecorder(system(), ["exited"]);
      const ref = await system().spawn(puppet, undefined, other);
      await probe.run((ctx) => {
        ctx.monitor(ref);
        ctx.cast(ref, "run", ["stop"]);
        ctx.exit(ref, "shutdown");
        ctx.exit(ref, "kill");
      });
      system().exit(ref, "kill");
      expect(await probe.all()).toHaveLength(1);
      expect(recorder.events.filter((event) => event.ref?.slot === ref.slot)).toHaveLength(1);
    }
  });

  test("sending_message_to_dead_actor: a message to an actor that has ended is a dead letter and no error", async () => {
    const ref = await system().spawn(puppet, undefined, other);
    await system().stopActor(ref);
    using recorder = new EventRecorder(system(), ["deadLetter"]);
    expect(ref.cast("keep", "too late")).toBeUndefined();
    await system().settled();
    expect(recorder.events).toEqual([expect.objectContaining({ why: "noproc" })]);
  });
});
