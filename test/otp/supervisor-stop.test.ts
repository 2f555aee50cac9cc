/** Erlang/OTP, supervisor_SUITE: stopping. Cases by their names there; see cases.json. Not in every placement: as in OTP, supervisor and children stand in one place, main, unless a case says otherwise; for threads see supervisors/threads.test.ts. */
import { describe, expect, test } from "@jest/globals";
import type { ExitReason, Ref } from "../../core/index.ts";
import type { ChildSpec, Restart, Shutdown } from "../../supervisors/index.ts";
import { Probe, type Watch } from "../../testing/index.ts";
import { child, stubborn } from "../fixtures/child.ts";
import { Supervised } from "../support/supervised.ts";
import { useSystem } from "../support/use-system.ts";

const system = useSystem();

const flags = { strategy: "one_for_one", intensity: 2, periodMs: 3_600_000 } as const;
const simple = { ...flags, strategy: "simple_one_for_one" } as const;

const worker = (id: string, shutdown: Shutdown): ChildSpec => ({ id, start: [child], shutdown });

const watchAll = (probe: Probe, refs: readonly Ref[]) => Promise.all(refs.map((ref) => probe.watch(ref)));
const reasons = async (watches: readonly Watch[]) => {
  const found: ExitReason[] = [];
  for (const watch of watches) found.push(await watch.reason());
  return found;
};

describe("supervisor_SUITE", () => {
  test("sup_stop_infinity: workers and supervisors may take for ever to shut down", async () => {
    await using tree = await Supervised.start(system(), flags);
    const refs = [
      await tree.start({
        id: "child1",
        start: [child, { terminateMs: 3_600_000 }],
        shutdown: "infinity",
        type: "supervisor",
      }),
      await tree.start({
        id: "child2",
        start: [child, { terminateMs: 3_600_000 }],
        shutdown: "infinity",
        type: "worker",
      }),
    ];
    const watches = await watchAll(tree.parent, refs);
    await tree.tell("shutdown");
    await system().settled();
    await system().clock.advance(3_599_999);
    expect(await tree.isAlive()).toBe(true);
    await system().clock.advance(1); // child2 is gone, and child1 is told to go
    await system().settled();
    await system().clock.advance(3_600_000);
    expect(await tree.exitReason()).toBe("shutdown");
    expect(await reasons(watches)).toEqual(["shutdown", "shutdown"]);
  });

  test("sup_stop_timeout: a child that does not end within its shutdown time is killed, the others end with shutdown", async () => {
    await using tree = await Supervised.start(system(), flags);
    const refs = [await tree.start(worker("child1", 1_000)), await tree.start(worker("child2", 1_000))];
    const watches = await watchAll(tree.parent, refs);
    system().cast(refs[1] as Ref, "hang");
    await system().settled();
    await tree.tell("shutdown");
    await system().settled();
    await system().clock.advance(999);
    expect(await tree.isAlive()).toBe(true);
    await system().clock.advance(1);
    expect(await tree.exitReason()).toBe("shutdown");
    expect(await reasons(watches)).toEqual(["shutdown", "killed"]);
  });

  test("sup_stop_timeout_dynamic: a dynamic child that does not end within its shutdown time is killed, the others end with shutdown", async () => {
    await using tree = await Supervised.start(system(), {
      ...simple,
      children: [{ id: "child", start: [child], restart: "temporary", shutdown: 1_000 }],
    });
    const refs = [await tree.start(), await tree.start()];
    const watches = await watchAll(tree.parent, refs);
    system().cast(refs[1] as Ref, "hang");
    await system().settled();
    await tree.tell("shutdown");
    await system().settled();
    await system().clock.advance(1_000);
    expect(await tree.exitReason()).toBe("shutdown");
    expect(await reasons(watches)).toEqual(["shutdown", "killed"]);
  });

  test("sup_stop_brutal_kill: a child with brutal_kill ends killed", async () => {
    await using tree = await Supervised.start(system(), flags);
    const refs = [await tree.start(worker("child1", 1_000)), await tree.start(worker("child2", "brutal_kill"))];
    const watches = await watchAll(tree.parent, refs);
    expect(await tree.stop("shutdown")).toBe("shutdown");
    expect(await reasons(watches)).toEqual(["shutdown", "killed"]);
  });

  test("sup_stop_brutal_kill_dynamic: ten dynamic children with brutal_kill end killed", async () => {
    await using tree = await Supervised.start(system(), {
      ...simple,
      children: [{ id: "child", start: [stubborn, "other"], restart: "temporary", shutdown: "brutal_kill" }],
    });
    const refs: Ref[] = [];
    for (let n = 0; n < 10; n += 1) refs.push(await tree.start());
    const watches = await watchAll(tree.parent, refs);
    expect(await tree.stop("shutdown")).toBe("shutdown");
    expect(await reasons(watches)).toEqual(Array.from({ length: 10 }, () => "killed"));
  });

  const ends: ExitReason[] = ["normal", "shutdown", { shutdown: "test" }, "other"];
  const restarts: Restart[] = ["temporary", "transient", "permanent"];

  test("sup_stop_race: children that end by themselves while their supervisor shuts down do not hold it up", async () => {
    await using tree = await Supervised.start(system(), flags);
    const first = await tree.start({ id: "first", start: [child], restart: "temporary", shutdown: 1_000 });
    const racing: Ref[] = [];
    for (const restart of restarts) {
      for (const end of ends) {
        const id = `${restart} ${JSON.stringify(end)}`;
        racing.push(await tree.start({ id, start: [stubborn, end], restart, shutdown: 1_000 }));
      }
    }
    const last = await tree.start({
      id: "last",
      start: [child, { terminateMs: 1_000 }],
      restart: "temporary",
      shutdown: 2_000,
    });
    const watches = await watchAll(tree.parent, [first, ...racing, last]);
    await tree.tell("shutdown");
    await system().settled();
    for (const ref of racing) system().cast(ref, "stop"); // the supervisor still waits for the last
    await system().settled();
    await system().clock.advance(1_000);
    expect(await tree.exitReason()).toBe("shutdown");
    expect(await reasons(watches)).toEqual(["shutdown", ...ends, ...ends, ...ends, "shutdown"]);
  });

  test("sup_stop_non_shutdown_exit_dynamic: dynamic children that answer shutdown with another reason do not hold up their supervisor", async () => {
    for (const restart of restarts) {
      await using tree = await Supervised.start(system(), {
        ...simple,
        children: [{ id: "child", start: [stubborn], restart, shutdown: 5_000 }],
      });
      const refs: Ref[] = [];
      for (const end of ends) refs.push(await tree.start(end));
      const watches = await watchAll(tree.parent, refs);
      expect(await tree.stop("shutdown")).toBe("shutdown");
      expect([restart, await reasons(watches)]).toEqual([restart, ends]);
    }
  });

  test("sup_stop_manual: stopping the supervisor by hand terminates its children and gives the reason asked for", async () => {
    await using tree = await Supervised.start(system(), flags);
    const refs = [
      await tree.start(worker("child1", "brutal_kill")),
      await tree.start(worker("child2", 1_000)),
      await tree.start(worker("child3", 1_000)),
    ];
    const watches = await watchAll(tree.parent, refs);
    system().cast(refs[2] as Ref, "hang");
    await system().settled();
    const stopped = system().stopActor(tree.ref);
    await system().settled();
    await system().clock.advance(1_000);
    await stopped;
    expect(await tree.exitReason()).toBe("normal");
    expect(await reasons(watches)).toEqual(["killed", "shutdown", "killed"]);
  });

  test("sup_stop_manual_timeout: a stop that times out for its caller still ends the children in order", async () => {
    await using tree = await Supervised.start(system(), flags);
    const refs = [
      await tree.start({ ...worker("child1", 5_000), start: [child, { terminateMs: 1_000 }] }),
      await tree.start(worker("child2", 1_000)),
    ];
    const watches = await watchAll(tree.parent, refs);
    const stopped = system()
      .stopActor(tree.ref, "normal", 100)
      .then(
        () => "stopped",
        (error: { code: string }) => error.code,
      );
    await system().settled();
    await system().clock.advance(100);
    expect(await stopped).toBe("timeout");
    await system().clock.advance(900);
    expect(await tree.exitReason()).toBe("normal");
    expect(await reasons(watches)).toEqual(["shutdown", "shutdown"]);
  });

  test("child_unlink: a child that has unlinked itself cannot hang terminateChild", async () => {
    await using tree = await Supervised.start(system(), flags);
    const naughty = await tree.start({
      id: "naughty_child",
      start: [child, { terminateMs: 86_400_000 }],
      shutdown: 1_000,
    });
    const watch = await tree.parent.watch(naughty);
    system().cast(naughty, "unlink", tree.ref);
    await system().settled();
    const terminated = tree.terminateChild("naughty_child");
    await system().settled();
    await system().clock.advance(1_000);
    expect(await terminated).toEqual({ ok: true });
    expect(await watch.reason()).toBe("killed");
    expect(await tree.children()).toEqual([["naughty_child", undefined]]);
  });

  test("order_of_children: children start in the order given and end in the opposite order", async () => {
    const ids = ["ch7", "ch3", "ch10", "ch2", "ch5"]; // not in the order of the alphabet
    await using listener = await Probe.start(system());
    await using tree = await Supervised.start(system(), {
      ...flags,
      strategy: "rest_for_one",
      childPlacement: { thread: 1 },
      children: ids.map((id) => ({ id, start: [child, { id, listener: listener.ref }], shutdown: 1_000 })),
    });
    expect(await listener.all()).toEqual(ids.map((id) => `start ${id}`));
    await tree.end(await tree.child("ch10"), "abnormal");
    expect(await listener.all()).toEqual([
      "end ch10 error",
      "end ch5 shutdown",
      "end ch2 shutdown",
      "start ch10",
      "start ch2",
      "start ch5",
    ]);
    await tree.stop("shutdown");
    expect(await listener.all()).toEqual(ids.toReversed().map((id) => `end ${id} shutdown`));
  });
});
