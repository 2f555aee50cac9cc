/** Supervision over several threads, and the loss of one. Not in every placement: the kernels are real, threads and time are simulated. */
import { describe, expect, test } from "@jest/globals";
import { type Api, type Behaviour, defineActor, defineServer, type ExitReason, type Ref } from "../../core/index.ts";
import {
  DynamicSupervisorHandle,
  partitionName,
  partitionSupervisor,
  type Strategy,
  type SupervisionHost,
  type SupervisorApi,
  SupervisorHandle,
  superviseDynamicOn,
  superviseOn,
  supervisor,
} from "../../supervisors/index.ts";
import { scriptedChild } from "../support/scripted-child.ts";
import { SimulatedTree } from "../support/simulated-tree.ts";

/** A tree whose children are on threads 1 and 2 in turn. */
async function spreadTree(
  strategy: Strategy,
  ids: readonly string[],
  intensity: number,
  seed: number,
): Promise<SimulatedTree> {
  const t = new SimulatedTree({ threads: 3, seed });
  const children = ids.map((id, i) => t.child(id, { placement: { thread: 1 + (i % 2) } }));
  await t.start({ strategy, children, intensity });
  return t;
}

/** The thread at position 1 is lost and another takes its place. */
async function loseThread(t: SimulatedTree, why = "crashed"): Promise<void> {
  const thread = t.system.memory.threadAt(1) as number;
  t.system.addThread(1);
  t.system.killThread(thread, why);
  await t.settle();
}

const letters = ["a", "b", "c", "d", "e", "f"];

describe("the loss of a thread", () => {
  test.each([1, 2, 3, 4, 5])(
    "one_for_one: its children are restarted, and that is one restart, seed %i",
    async (seed) => {
      const t = await spreadTree("one_for_one", letters, 1, seed);
      t.forget();
      await loseThread(t);
      expect(t.world.starts).toEqual(["a", "c", "e"]);
      expect(await t.list()).toEqual([...letters].reverse());
      expect(await t.counts()).toEqual([6, 6, 0, 6]);
      // The allowance of the period is used up by the loss: one more failure is final.
      await t.end("b", "boom");
      expect(t.isAlive).toBe(false);
    },
  );

  test.each([1, 2, 3])("one_for_all: all are restarted, once, seed %i", async (seed) => {
    const t = await spreadTree("one_for_all", letters, 1, seed);
    t.forget();
    await loseThread(t);
    expect(t.world.starts).toEqual(letters);
    expect(await t.list()).toEqual([...letters].reverse());
  });

  test.each([1, 2, 3, 4, 5])(
    "rest_for_one: the first that was lost and the rest are restarted, once, seed %i",
    async (seed) => {
      const t = await spreadTree("rest_for_one", ["x", ...letters], 1, seed);
      // x is on the lost thread: to have a survivor before the first that is lost, it is deleted.
      await t.ask("terminateChild", "x");
      await t.ask("deleteChild", "x");
      t.forget();
      await loseThread(t);
      expect(t.world.starts).toEqual(letters.slice(1)); // b is the first on thread 1
      expect(await t.list()).toEqual([...letters].reverse());
    },
  );

  test("rest_for_one: temporary children are no reason for a restart", async () => {
    const t = new SimulatedTree({ threads: 2 });
    const there = { placement: { thread: 1 } } as const;
    const children = [
      t.child("a", { ...there, restart: "temporary" }),
      t.child("b"),
      t.child("c", there),
      t.child("d"),
    ];
    await t.start({ strategy: "rest_for_one", children });
    t.forget();
    await loseThread(t);
    expect(t.world.starts).toEqual(["c", "d"]);
    expect(await t.list()).toEqual(["d", "c", "b"]);
  });

  test("rest_for_one: it is the start order that counts, not the order of the exits", async () => {
    const t = new SimulatedTree({ threads: 2 });
    const there = { placement: { thread: 1 } } as const;
    await t.start({ strategy: "rest_for_one", children: [t.child("a", there), t.child("b", there), "c"] });
    await t.ask("terminateChild", "a");
    await t.ask("restartChild", "a"); // its link is the newest now, and its exit the last
    t.forget();
    await loseThread(t);
    expect(t.world.starts).toEqual(["a", "b", "c"]);
    expect(t.reports.filter(({ errorContext }) => errorContext === "child_terminated")).toHaveLength(2);
  });

  test("one_for_one and templates: those that come back start together; temporary ones do not", async () => {
    const t = new SimulatedTree({ threads: 2 });
    const there = { placement: { thread: 1 } } as const;
    const children = [t.child("a", there), t.child("x", { ...there, restart: "temporary" }), t.child("b", there)];
    await t.start({ children });
    t.forget();
    for (const id of ["a", "b"]) t.world.next(id, "hang");
    await loseThread(t);
    expect(t.world.starts).toEqual(["a", "b"]);

    const many = new SimulatedTree({ threads: 2 });
    await many.start({ strategy: "simple_one_for_one", children: [many.child("template", there)] });
    for (const id of ["a", "b"]) await many.ask("startChild", id);
    many.forget();
    for (const id of ["a", "b"]) many.world.next(id, "hang");
    await loseThread(many);
    expect(many.world.starts).toEqual(["a", "b"]);
  });

  test("a temporary child that is lost is forgotten", async () => {
    const t = new SimulatedTree({ threads: 2 });
    const there = { placement: { thread: 1 } } as const;
    await t.start({ children: [t.child("a", there), t.child("x", { ...there, restart: "temporary" }), "c"] });
    await loseThread(t);
    expect(await t.list()).toEqual(["c", "a"]);
  });

  test("2,000 children under intensity 1: all come back", async () => {
    const t = new SimulatedTree({ threads: 2 });
    const template = t.child("template", { placement: { thread: 1 } });
    await t.start({ strategy: "simple_one_for_one", children: [template], intensity: 1 });
    const starts = Array.from({ length: 2_000 }, (_, i) => t.post("startChild", `${i}`));
    await t.until(Promise.all(starts));
    t.forget();
    await loseThread(t);
    await t.settle();
    expect(new Set(t.world.starts).size).toBe(2_000);
    expect(await t.counts()).toEqual([1, 2_000, 0, 2_000]);
  });

  test("intensity 0: the first loss is final", async () => {
    const t = await spreadTree("one_for_one", letters, 0, 1);
    await loseThread(t);
    expect(t.isAlive).toBe(false);
    expect(t.ends.at(-1)).toBe("supervisor: shutdown");
  });

  test("a second thread lost in the period counts again", async () => {
    const t = await spreadTree("one_for_one", letters, 1, 1);
    await loseThread(t);
    await loseThread(t);
    expect(t.isAlive).toBe(false);
  });

  test("a child that is lost while it starts is a start that failed, and is tried again", async () => {
    const t = new SimulatedTree({ threads: 2 });
    t.world.next("a", "hang", "ok");
    t.ref = t.ctx.spawn(supervisor, { intensity: 5 });
    const started = t.post("startChild", t.child("a", { placement: { thread: 1 } }));
    for (let i = 0; i < 20 && t.world.starts.length === 0; i++) await t.settle();
    expect(t.world.starts).toEqual(["a"]);
    await loseThread(t);
    expect(await t.until(started)).toMatchObject({
      ok: false,
      error: { code: "start_failed", reason: { threadLost: "crashed" } },
    });
    expect(await t.ask("startChild", t.child("a", { placement: { thread: 1 } }))).toMatchObject({ ok: true });
  });

  test.each([1, 2, 3])(
    "a thread that is lost while the children of another come back there counts once too, seed %i",
    async (seed) => {
      for (const strategy of ["one_for_one", "rest_for_one", "one_for_all"] as const) {
        const t = await spreadTree(strategy, letters, 2, seed);
        for (const id of ["a", "c", "e"]) t.world.next(id, "hang");
        await loseThread(t);
        t.world.script.clear();
        await loseThread(t);
        expect(await t.list()).toEqual([...letters].reverse());
        expect(await t.counts()).toEqual([6, 6, 0, 6]);
      }
    },
  );

  test("the loss of the supervisor's own thread takes its children on other threads with it", async () => {
    const t = new SimulatedTree({ threads: 3 });
    await t.start({ children: [t.child("a", { placement: { thread: 2 } })] }, { thread: 1 });
    t.forget();
    await loseThread(t);
    expect(t.ends).toEqual(["a: threadLost: crashed"]);
  });
});

describe("a supervisor on another thread", () => {
  test("starts children from specs that crossed as data, and answers like any other", async () => {
    const t = new SimulatedTree({ threads: 2 });
    await t.start({}, { thread: 1 });
    expect(t.ref.thread).toBe(1);
    const handle = new SupervisorHandle(t.ref, new Promise(() => undefined), 0);
    expect(await t.until(handle.startChild(t.child("a")))).toMatchObject({ ok: true });
    expect((await t.until(handle.whichChildren())).map(({ id }) => id)).toEqual(["a"]);
    const { ref } = (await t.until(handle.whichChildren()))[0] as { ref: Ref };
    expect(ref.thread).toBe(1); // local to its supervisor
    expect(await t.until(handle.getChildSpec("a"))).toMatchObject({
      ok: true,
      spec: { start: [{ kind: "behaviourRef", exportName: "scriptedChild" }, { id: "a" }] },
    });
    expect(await t.until(handle.startChild({ id: "b" } as never))).toEqual({
      ok: false,
      error: { code: "missing_start" },
    });
    await t.end("a", "boom");
    expect(await t.list()).toEqual(["a"]);
    expect(await t.until(handle.terminateChild("a"))).toEqual({ ok: true });
    expect(await t.until(handle.deleteChild("a"))).toEqual({ ok: true });
    expect(await t.until(handle.countChildren())).toEqual({ specs: 0, active: 0, supervisors: 0, workers: 0 });
  });

  test("a spec whose behaviour came as an object is read from elsewhere as a reference", async () => {
    const t = new SimulatedTree({ threads: 2 });
    await t.start({ children: ["a"] }); // on thread 0, so that the behaviour itself is kept
    const asker = t.ctx.spawn(specAsker, { supervisor: t.ref }, { placement: { thread: 1 } });
    for (let i = 0; i < 20; i++) await t.settle();
    expect(await t.until(t.ctx.call(asker, "answer"))).toMatchObject({
      ok: true,
      spec: { id: "a", start: [{ kind: "behaviourRef", exportName: "scriptedChild" }, { id: "a" }] },
    });
  });
});

/** Asks another thread's supervisor for a spec, and tells what it got. */
export const specAsker = defineServer({
  module: import.meta.url,
  init: ({ supervisor }: { supervisor: Ref }, ctx) => {
    const state: { answer: unknown } = { answer: undefined };
    void ctx.task(ctx.call(supervisor, "getChildSpec", "a")).then((answer) => {
      state.answer = answer;
    });
    return state;
  },
  calls: { answer: (s) => s.answer },
});

describe("handles", () => {
  const hostOf = (t: SimulatedTree): SupervisionHost => ({
    thread: 0,
    spawn: (behaviour, argument, options) => {
      const { promise: started, resolve: ended } = Promise.withResolvers<unknown>();
      const { spawner, guest } = t.system.kernel(0);
      // A behaviour is told by its kind; the kernel does not know what it takes.
      const spawnable = behaviour as Behaviour<never, Api>;
      const ref = spawner.spawn(guest, spawnable, argument, options, { await: ended }).ref as Ref<SupervisorApi>;
      const { promise: exit, resolve } = Promise.withResolvers<ExitReason>();
      t.ctx.spawn(watcher, { ref, resolve });
      return { ref, started, exit };
    },
  });

  test("superviseOn starts a supervisor on main, spreads its children, and tells of its end", async () => {
    const t = new SimulatedTree({ threads: 3 });
    const handle = await t.until(superviseOn(hostOf(t), { children: [t.child("a"), t.child("b")] }));
    expect(handle.ref.thread).toBe(0);
    const children = await t.until(handle.whichChildren());
    expect(children.map(({ ref }) => (ref as Ref).thread).toSorted((a, b) => a - b)).toEqual([1, 2]);
    expect(await t.until(handle.restartChild("a"))).toEqual({ ok: false, error: { code: "running" } });
    expect(await t.until(handle.whichChild("a"))).toMatchObject({ ok: true });
    expect(await t.until(handle.changeCode())).toEqual({ ok: true });
    t.ctx.exit(handle.ref, "shutdown");
    expect(await t.until(handle.exit)).toBe("shutdown");
  });

  test("superviseOn elsewhere sends the setup as data", async () => {
    const t = new SimulatedTree({ threads: 2 });
    const options = { placement: { thread: 1 } };
    const handle = await t.until(
      superviseOn(hostOf(t), { childPlacement: "local", children: [t.child("a")] }, options),
    );
    expect(handle.ref.thread).toBe(1);
    expect((await t.until(handle.whichChildren())).map(({ ref }) => (ref as Ref).thread)).toEqual([1]);
  });

  test("superviseDynamicOn gives a handle whose children are named by ref", async () => {
    const t = new SimulatedTree({ threads: 2 });
    const setup = { strategy: "simple_one_for_one", children: [t.child("template")] } as const;
    const handle = await t.until(superviseDynamicOn(hostOf(t), setup));
    expect(handle).toBeInstanceOf(DynamicSupervisorHandle);
    const started = await t.until(handle.startChild("a"));
    const ref = started.ok ? (started.ref as Ref) : undefined;
    expect(ref?.thread).toBe(1);
    expect(await t.until(handle.whichChild(ref as Ref))).toMatchObject({ ok: true });
    expect(await t.until(handle.terminateChild(ref as Ref))).toEqual({ ok: true });
    expect(await t.until(handle.countChildren())).toMatchObject({ active: 0 });
  });
});

/** Resolves a promise of the test when an actor has ended. */
const watcher = defineActor({
  init: ({ ref, resolve }: { ref: Ref; resolve: (reason: ExitReason) => void }, ctx) => {
    ctx.monitor(ref);
    return resolve;
  },
  receive: (resolve, message: { reason: ExitReason }) => resolve(message.reason),
});

test("partitions are found by name from any thread, and a restart changes nothing", async () => {
  const t = new SimulatedTree({ threads: 3 });
  const argument = { world: t.world.number, id: "p" };
  const child = { start: [scriptedChild, argument] } as const;
  const ref = await t.until(
    t.ctx.start(partitionSupervisor, { name: "cache", partitions: 4, child, childPlacement: "spread" }),
  );
  t.ref = ref;
  expect(await t.counts()).toEqual([4, 4, 0, 4]);
  const name = partitionName("cache", "user:1", 4);
  const first = t.ctx.whereis(name);
  expect(first).toBeDefined();
  t.ctx.exit(first as Ref, "boom");
  await t.settle();
  const second = t.ctx.whereis(name);
  expect(second).toBeDefined();
  expect(String(second)).not.toBe(String(first));
});
