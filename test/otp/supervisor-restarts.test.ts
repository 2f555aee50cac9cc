/** Erlang/OTP, supervisor_SUITE: restart strategies and intensity. Cases by their names there; see cases.json. Not in every placement: as in OTP, supervisor and children stand in one place, main, unless a case says otherwise; for threads see supervisors/threads.test.ts. */
import { describe, expect, test } from "@jest/globals";
import { type Ref, sameRef } from "../../core/index.ts";
import type { ChildSpec, Strategy } from "../../supervisors/index.ts";
import { child, turnSwitch } from "../fixtures/child.ts";
import { puppet } from "../fixtures/puppet.ts";
import { Supervised } from "../support/supervised.ts";
import { useSystem } from "../support/use-system.ts";

const system = useSystem();

const hour = { intensity: 2, periodMs: 3_600_000 } as const;
const worker = (id: string): ChildSpec => ({ id, start: [child], shutdown: 1_000 });

/** Started once; every later start fails. The key is the case's name, since the memory is the thread's. */
const startsOnce = (id: string, key: string): ChildSpec => ({
  id,
  start: [child, { init: { once: key } }],
  shutdown: 1_000,
});

/** Children of one thread: what they remember, and the order of what they do, is then one. */
const onMain = { childPlacement: { thread: 0 } } as const;

describe("supervisor_SUITE", () => {
  test("multiple_restarts: crashes that are further apart than the period never add up", async () => {
    await using tree = await Supervised.start(system(), { intensity: 1, periodMs: 1_000 });
    await tree.start({ id: "child1", start: [child], shutdown: "brutal_kill" });
    for (let crash = 0; crash < 4; crash += 1) {
      await tree.end(await tree.child("child1"), "abnormal");
      await system().clock.advance(2_100);
    }
    expect(await tree.isAlive()).toBe(true);
    expect(await tree.counts()).toEqual([1, 1, 0, 1]);
  });

  test("one_for_one: the failed child alone is replaced, and the third failure within the period ends the supervisor", async () => {
    await using tree = await Supervised.start(system(), { ...hour, strategy: "one_for_one" });
    const [first, second] = [await tree.start(worker("child1")), await tree.start(worker("child2"))];
    await tree.end(first, "abnormal");
    expect(await tree.child("child2")).toEqual(second);
    expect(await tree.child("child1")).not.toEqual(first);
    expect(await tree.counts()).toEqual([2, 2, 0, 2]);
    await tree.end(second, "abnormal");
    await tree.end(await tree.child("child1"), "abnormal");
    expect(await tree.exitReason()).toBe("shutdown");
  });

  test("one_for_all: all children are replaced, and the third failure within the period ends the supervisor", async () => {
    await using tree = await Supervised.start(system(), { ...hour, strategy: "one_for_all" });
    const [first, second] = [await tree.start(worker("child1")), await tree.start(worker("child2"))];
    const watch = await tree.parent.watch(second);
    await tree.end(first, "abnormal");
    expect(await watch.reason()).toBe("shutdown");
    expect(await tree.child("child1")).not.toEqual(first);
    expect(await tree.child("child2")).not.toEqual(second);
    expect(await tree.counts()).toEqual([2, 2, 0, 2]);
    await tree.end(await tree.child("child2"), "abnormal");
    await tree.end(await tree.child("child1"), "abnormal");
    expect(await tree.exitReason()).toBe("shutdown");
  });

  test("rest_for_one: the failed child and those started after it are replaced, and the third failure ends the supervisor", async () => {
    await using tree = await Supervised.start(system(), { ...hour, strategy: "rest_for_one" });
    const refs: Ref[] = [];
    for (const id of ["child1", "child2", "child3"]) refs.push(await tree.start(worker(id)));
    const watch = await tree.parent.watch(refs[2] as Ref);
    await tree.end(refs[1] as Ref, "abnormal");
    expect(await watch.reason()).toBe("shutdown");
    expect(await tree.child("child1")).toEqual(refs[0]);
    expect(await tree.child("child2")).not.toEqual(refs[1]);
    expect(await tree.child("child3")).not.toEqual(refs[2]);
    expect(await tree.counts()).toEqual([3, 3, 0, 3]);
    await tree.end(await tree.child("child3"), "abnormal");
    await tree.end(await tree.child("child2"), "abnormal");
    expect(await tree.exitReason()).toBe("shutdown");
  });

  const simple = { ...hour, strategy: "simple_one_for_one" } as const;

  test("simple_one_for_one: the failed dynamic child alone is replaced, and the third failure ends the supervisor with shutdown", async () => {
    await using tree = await Supervised.start(system(), { ...simple, children: [worker("child")] });
    const [first, second] = [await tree.start(), await tree.start()];
    await tree.end(first, "abnormal");
    const refs = (await tree.children()).map(([, ref]) => ref);
    expect(refs).toHaveLength(2);
    expect(refs).toContainEqual(second);
    expect(refs).not.toContainEqual(first);
    expect(await tree.counts()).toEqual([1, 2, 0, 2]);
    await tree.end(second, "abnormal");
    const [, third] = (await tree.children())[0] ?? [];
    await tree.end(third as Ref, "abnormal");
    expect(await tree.exitReason()).toBe("shutdown");
  });

  test("simple_one_for_one_extra: a dynamic child is restarted with the argument it was started with", async () => {
    await using tree = await Supervised.start(system(), { ...simple, children: [worker("child")] });
    const first = await tree.start({ ballast: "first" });
    const second = await tree.start({ ballast: "second" });
    await tree.end(first, "abnormal");
    const restarted = (await tree.children()).map(([, ref]) => ref as Ref).filter((ref) => !sameRef(ref, second));
    expect(await restarted[0]?.call("start")).toEqual({ ballast: "first" });
  });

  test("simple_one_for_one_shutdown: dynamic children are shut down side by side, against one clock", async () => {
    await using tree = await Supervised.start(system(), {
      ...simple,
      children: [{ id: "child", start: [child], shutdown: 2_000 }],
    });
    const refs = [
      await tree.start({ terminateMs: 1_000 }),
      await tree.start({ terminateMs: 1_000 }),
      await tree.start({ terminateMs: 5_000 }),
    ];
    const watches = await Promise.all(refs.map((ref) => tree.parent.watch(ref)));
    await tree.tell("shutdown");
    await system().settled();
    await system().clock.advance(1_000);
    expect(refs.map((ref) => system().isAlive(ref))).toEqual([false, false, true]);
    await system().clock.advance(999);
    expect(await tree.isAlive()).toBe(true);
    await system().clock.advance(1);
    expect(await tree.exitReason()).toBe("shutdown");
    expect([await watches[0]?.reason(), await watches[1]?.reason(), await watches[2]?.reason()]).toEqual([
      "shutdown",
      "shutdown",
      "killed",
    ]);
  });

  test("simple_one_for_one_restart_ignore: a dynamic child that ignores its restart is dropped", async () => {
    const director = await system().spawn(puppet);
    for (const restart of ["transient", "permanent"] as const) {
      await using tree = await Supervised.start(system(), {
        ...simple,
        intensity: 10,
        children: [{ id: "child", start: [child], restart, shutdown: 1_000 }],
      });
      const starting = tree.startChild({ init: { ask: director } });
      await direct(director, "ok");
      await starting;
      for (const word of ["ok", "ignore"]) {
        const [, ref] = (await tree.children())[0] ?? [];
        await tree.end(ref as Ref, "kill");
        await direct(director, word);
      }
      expect(await tree.children()).toEqual([]);
      expect(await tree.stop("shutdown")).toBe("shutdown");
    }
  });

  const four = { intensity: 4, periodMs: 3_600_000 } as const;

  /** The child that fails and the one that can start only once, under a strategy: who ends. */
  async function escalation(strategy: Strategy, failing: ChildSpec, other: ChildSpec): Promise<void> {
    await using tree = await Supervised.start(system(), { ...four, ...onMain, strategy });
    const first = await tree.start(failing);
    const second = await tree.start(other);
    const watch = await tree.parent.watch(second);
    await tree.end(first, "abnormal");
    expect(await tree.exitReason()).toBe("shutdown");
    expect(await watch.reason()).toBe("shutdown");
  }

  test("one_for_one_escalation: a child that cannot be restarted takes its supervisor and siblings down", () =>
    escalation("one_for_one", startsOnce("child1", "one_for_one_escalation"), worker("child2")));

  test("one_for_all_escalation: a sibling that cannot be restarted takes the supervisor down", () =>
    escalation("one_for_all", worker("child1"), startsOnce("child2", "one_for_all_escalation")));

  test("rest_for_one_escalation: a later child that cannot be restarted takes the supervisor down", () =>
    escalation("rest_for_one", worker("child1"), startsOnce("child2", "rest_for_one_escalation")));

  test("simple_one_for_one_escalation: a dynamic child that cannot be restarted takes its supervisor and siblings down", async () => {
    await using tree = await Supervised.start(system(), {
      ...four,
      ...onMain,
      strategy: "simple_one_for_one",
      children: [worker("child")],
    });
    const first = await tree.start({ init: { once: "simple_one_for_one_escalation" } });
    const second = await tree.start({});
    const watch = await tree.parent.watch(second);
    await tree.end(first, "abnormal");
    expect(await tree.exitReason()).toBe("shutdown");
    expect(await watch.reason()).toBe("shutdown");
  });

  /** Two children whose every start is directed. */
  async function directed(strategy: Strategy): Promise<{ tree: Supervised; directors: [Ref, Ref] }> {
    const directors: [Ref, Ref] = [await system().spawn(puppet), await system().spawn(puppet)];
    const starting = Supervised.start(system(), {
      intensity: 3,
      periodMs: 3_600_000,
      strategy,
      children: directors.map((ask, at) => ({
        id: `child${at + 1}`,
        start: [child, { init: { ask } }],
        shutdown: 1_000,
      })),
    });
    await direct(directors[0], "ok");
    await direct(directors[1], "ok");
    return { tree: await starting, directors };
  }

  test("one_for_all_other_child_fails_restart: children already restarted are terminated again when a later one fails to start", async () => {
    const started = await directed("one_for_all");
    await using tree = started.tree;
    const [first, second] = started.directors;
    await tree.end(await tree.child("child1"), "kill");
    await direct(first, "ok");
    await direct(second, { stop: "normal" });
    // child1 was restarted, terminated, and is starting once more
    expect(await holds(first)).toBe(1);
    expect(await holds(second)).toBe(0);
    await direct(first, "ok");
    await direct(second, "ok");
    expect(await tree.counts()).toEqual([2, 2, 0, 2]);
  });

  test("rest_for_one_other_child_fails_restart: the next attempt begins at the child that failed to start, earlier ones stay", async () => {
    const started = await directed("rest_for_one");
    await using tree = started.tree;
    const [first, second] = started.directors;
    await tree.end(await tree.child("child1"), "kill");
    await direct(first, "ok");
    await direct(second, { stop: "normal" });
    expect(await holds(first)).toBe(0);
    expect(await holds(second)).toBe(1);
    await direct(second, "ok");
    expect(await tree.counts()).toEqual([2, 2, 0, 2]);
  });

  /** A child whose start takes two seconds and fails while the switch is on: its restarts go on without end. */
  const deadlock = (id: string, key: string): ChildSpec => ({
    id,
    start: [child, { init: { failsSlowly: key, afterMs: 2_000 } }],
    shutdown: "brutal_kill",
  });

  /** Asks while attempts are under way, and lets those that come first fail. */
  async function during<T>(request: () => Promise<T>): Promise<T> {
    let isAnswered = false;
    const answer = request().finally(() => {
      isAnswered = true;
    });
    await system().settled();
    for (let attempts = 0; !isAnswered && attempts < 5; attempts += 1) await system().clock.advance(2_000);
    return await answer;
  }

  test("count_restarting_children: children that are restarting count as workers and not as active", async () => {
    const key = "count_restarting_children";
    await using tree = await Supervised.start(system(), {
      strategy: "simple_one_for_one",
      intensity: 1_000,
      periodMs: 10_000,
      ...onMain,
      children: [
        { id: "child", start: [child, { init: { failsSlowly: key, afterMs: 2_000 } }], shutdown: "brutal_kill" },
      ],
    });
    for (let n = 1; n <= 3; n += 1) {
      await tree.start();
      expect(await tree.counts()).toEqual([1, n, 0, n]);
    }
    const refs = (await tree.children()).map(([, ref]) => ref as Ref);
    turnSwitch(key, true);
    system().exit(refs[0] as Ref, "kill");
    system().exit(refs[1] as Ref, "kill");
    await system().settled();
    await system().clock.advance(4_000);
    expect(await during(() => tree.counts())).toEqual([1, 1, 0, 3]);
    turnSwitch(key, false);
    await system().clock.advance(4_000);
    expect(await tree.counts()).toEqual([1, 3, 0, 3]);
    for (let left = 2; left >= 0; left -= 1) {
      const [, ref] = (await tree.children())[0] ?? [];
      expect(await tree.terminateChild(ref as Ref)).toEqual({ ok: true });
      expect(await tree.counts()).toEqual([1, left, 0, left]);
    }
  });

  test("hanging_restart_loop: a child that keeps failing to start leaves its supervisor able to answer and to stop", async () => {
    const key = "hanging_restart_loop";
    const spec = deadlock("child1", key);
    await using tree = await Supervised.start(system(), {
      intensity: 1_000,
      periodMs: 10_000,
      ...onMain,
      children: [spec],
    });
    const first = await tree.child("child1");
    turnSwitch(key, true);
    await tree.end(first, "abnormal");
    expect(await during(() => tree.startChild(spec))).toEqual({ ok: false, error: { code: "already_present" } });
    expect(await during(() => tree.restartChild("child1"))).toEqual({ ok: false, error: { code: "restarting" } });
    expect(await during(() => tree.deleteChild("child1"))).toEqual({ ok: false, error: { code: "restarting" } });
    expect(await during(() => tree.children())).toEqual([["child1", "restarting"]]);
    expect(await during(() => tree.counts())).toEqual([1, 0, 0, 1]);
    expect(await during(() => tree.terminateChild("child1"))).toEqual({ ok: true });
    expect(await tree.children()).toEqual([["child1", undefined]]);

    turnSwitch(key, false);
    expect(await tree.restartChild("child1")).toMatchObject({ ok: true });
    turnSwitch(key, true);
    await tree.end(await tree.child("child1"), "abnormal");
    await tree.tell("shutdown");
    await system().clock.advance(2_000);
    expect(await tree.exitReason()).toBe("shutdown");
  });

  test("hanging_restart_loop_rest_for_one: under rest_for_one the children after the failing one wait for it without actors", async () => {
    const key = "hanging_restart_loop_rest_for_one";
    await using tree = await Supervised.start(system(), {
      strategy: "rest_for_one",
      intensity: 1_000,
      periodMs: 10_000,
      ...onMain,
      children: [worker("child1"), deadlock("child2", key), worker("child3")],
    });
    const first = await tree.child("child1");
    turnSwitch(key, true);
    await tree.end(await tree.child("child2"), "abnormal");
    expect(await during(() => tree.restartChild("child2"))).toEqual({ ok: false, error: { code: "restarting" } });
    expect(await during(() => tree.children())).toEqual([
      ["child3", undefined],
      ["child2", "restarting"],
      ["child1", first],
    ]);
    expect(await during(() => tree.counts())).toEqual([3, 1, 0, 3]);
    expect(await during(() => tree.terminateChild("child2"))).toEqual({ ok: true });
    expect(await tree.children()).toEqual([
      ["child3", undefined],
      ["child2", undefined],
      ["child1", first],
    ]);
    turnSwitch(key, false);
    expect(await tree.restartChild("child2")).toMatchObject({ ok: true });
    turnSwitch(key, true);
    await tree.end(await tree.child("child2"), "abnormal");
    await tree.tell("shutdown");
    await system().clock.advance(2_000);
    expect(await tree.exitReason()).toBe("shutdown");
  });

  test("hanging_restart_loop_simple: a dynamic child that keeps failing to start can be terminated by its old ref", async () => {
    const key = "hanging_restart_loop_simple";
    await using tree = await Supervised.start(system(), {
      strategy: "simple_one_for_one",
      intensity: 1_000,
      periodMs: 10_000,
      ...onMain,
      children: [deadlock("child", key)],
    });
    const first = await tree.start();
    turnSwitch(key, true);
    await tree.end(first, "abnormal");
    expect(await during(() => tree.restartChild("child"))).toEqual({
      ok: false,
      error: { code: "simple_one_for_one" },
    });
    expect(await during(() => tree.children())).toEqual([[undefined, "restarting"]]);
    expect(await during(() => tree.counts())).toEqual([1, 0, 0, 1]);
    expect(await during(() => tree.terminateChild(first))).toEqual({ ok: true });
    expect(await tree.children()).toEqual([]);
    turnSwitch(key, false);
    const second = await tree.start();
    turnSwitch(key, true);
    await tree.end(second, "abnormal");
    await tree.tell("shutdown");
    await system().clock.advance(2_000);
    expect(await tree.exitReason()).toBe("shutdown");
  });
});

/** Answers the child that is asking, and lets things take their course. */
async function direct(director: Ref, word: unknown): Promise<void> {
  await system().settled();
  await director.call("run", ["answer", word]);
  await system().settled();
}

/** How many children ask. */
async function holds(director: Ref): Promise<number> {
  await system().settled();
  return (await director.call("openCalls")) as number;
}
