/** simple_one_for_one: many children of one template. Semantics: Erlang/OTP, supervisor. Not in every placement: the kernel is real, threads and time are simulated. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "@jest/globals";
import { defineActor, type Ref } from "../../core/index.ts";
import { type ChildSpec, dynamicSetup, type SupervisorFlags } from "../../supervisors/index.ts";
import { scriptedChild } from "../support/scripted-child.ts";
import { macrotask, SimulatedTree } from "../support/simulated-tree.ts";

/** A template whose children are told apart by what `startChild` is given. */
async function start(
  child: Partial<ChildSpec> & { readonly trap?: boolean } = {},
  flags: SupervisorFlags = {},
  t = new SimulatedTree(),
): Promise<SimulatedTree> {
  return await t.start({ strategy: "simple_one_for_one", ...flags, children: [t.child("template", child)] });
}

async function startChild(t: SimulatedTree, id: string): Promise<Ref> {
  const outcome = await t.ask("startChild", id);
  if (!outcome.ok || outcome.ref === undefined) throw new Error(`${id} did not start`);
  return outcome.ref;
}

test("child_adm_simple: every answer, by ref and by id", async () => {
  const t = await start();
  expect(await t.counts()).toEqual([1, 0, 0, 0]);
  expect(await t.ask("whichChildren")).toEqual([]);
  const a = await startChild(t, "a");
  const b = await startChild(t, "b");
  expect(await t.ask("whichChildren")).toEqual([
    { id: undefined, ref: b, type: "worker" },
    { id: undefined, ref: a, type: "worker" },
  ]);
  expect(await t.counts()).toEqual([1, 2, 0, 2]);

  const refused = { ok: false, error: { code: "simple_one_for_one" } };
  expect(await t.ask("terminateChild", "template")).toEqual(refused);
  expect(await t.ask("restartChild", "template")).toEqual(refused);
  expect(await t.ask("restartChild", a)).toEqual(refused);
  expect(await t.ask("deleteChild", a)).toEqual(refused);

  expect(await t.ask("terminateChild", a)).toEqual({ ok: true });
  expect(await t.ask("terminateChild", a)).toEqual({ ok: true }); // the dead are terminated already
  const stranger = t.ctx.spawn(scriptedChild, { world: t.world.number, id: "stranger" });
  expect(await t.ask("terminateChild", stranger)).toEqual({ ok: false, error: { code: "not_found" } });
  expect(await t.ask("whichChild", b)).toMatchObject({ ok: true, child: { ref: b } });
  expect(await t.ask("whichChild", a)).toEqual({ ok: false, error: { code: "not_found" } });
  expect(await t.counts()).toEqual([1, 1, 0, 1]);
  expect(await t.ask("terminateChild", b.toJSON())).toEqual({ ok: true }); // a ref as data is one too
  expect(t.ends).toEqual(["a: shutdown", "b: shutdown"]);
});

test("get_childspec answers with the template, for its id and for a child", async () => {
  const t = await start();
  const a = await startChild(t, "a");
  const stranger = t.ctx.spawn(scriptedChild, { world: t.world.number, id: "stranger" });
  expect(await t.ask("getChildSpec", a)).toMatchObject({ ok: true, spec: { id: "template", restart: "permanent" } });
  expect(await t.ask("getChildSpec", "template")).toMatchObject({ ok: true, spec: { shutdown: 5_000 } });
  expect(await t.ask("getChildSpec", stranger)).toEqual({ ok: false, error: { code: "not_found" } });
  expect(await t.ask("getChildSpec", "other")).toEqual({ ok: false, error: { code: "not_found" } });
});

test("simple_one_for_one: a failed child is started again with its own argument", async () => {
  const t = await start({}, { intensity: 2 });
  await startChild(t, "a");
  const b = await startChild(t, "b");
  t.ctx.exit(b, "boom");
  await t.settle();
  expect(t.world.starts).toEqual(["a", "b", "b"]);
  expect(await t.counts()).toEqual([1, 2, 0, 2]);
  expect(t.reportLines()).toEqual(["child_terminated template: boom"]);
  expect(t.progress).toEqual([]); // OTP: none for dynamic children
});

test("the third crash within the period ends the supervisor", async () => {
  const t = await start({}, { intensity: 2, periodMs: 3_600_000 });
  for (const id of ["a", "b", "c"]) t.ctx.exit(await startChild(t, id), "boom");
  await t.settle();
  expect(t.isAlive).toBe(false);
  expect(t.ends.slice(-3).sort()).toEqual(["a: shutdown", "b: shutdown", "supervisor: shutdown"]);
});

test("simple_one_for_one_extra: with an argument of its own the template's is the first of a pair, without it is alone", async () => {
  const t = await start();
  await t.ask("startChild");
  expect(t.world.arguments.get("template")).toEqual({ world: t.world.number, id: "template" });
  await startChild(t, "a");
  expect(t.world.arguments.get("a")).toEqual([{ world: t.world.number, id: "template" }, "a"]);
});

test("sup_start_ignore_permanent_child_start_child_simple: a child that answers ignore is not kept", async () => {
  for (const restart of ["permanent", "temporary"] as const) {
    const t = await start({ restart });
    t.world.next("a", "ignore");
    expect(await t.ask("startChild", "a")).toEqual({ ok: true, ref: undefined });
    await startChild(t, "b");
    expect(await t.counts()).toEqual([1, 1, 0, 1]);
    t.ctx.exit(t.ref, "shutdown");
    await t.settle();
    expect(t.ends.at(-1)).toBe("supervisor: shutdown");
  }
});

test("sup_start_child_returns_error_simple: a failed start is an answer, and no child is kept", async () => {
  const t = await start();
  t.world.next("a", { stop: "out_of_paper" });
  expect(await t.ask("startChild", "a")).toEqual({
    ok: false,
    error: { code: "start_failed", reason: "out_of_paper" },
  });
  expect(await t.counts()).toEqual([1, 0, 0, 0]);
});

test("simple_one_for_one_restart_ignore: ignore on restart removes the child", async () => {
  const t = await start();
  const a = await startChild(t, "a");
  t.world.next("a", "ignore");
  t.ctx.exit(a, "boom");
  await t.settle();
  expect(await t.counts()).toEqual([1, 0, 0, 0]);
});

test("hanging_restart_loop_simple: a child whose restart fails is restarting, and can be terminated by its last ref", async () => {
  const t = await start({}, { intensity: 1_000_000 });
  const a = await startChild(t, "a");
  t.world.next("a", ...(Array(500).fill("throw") as "throw"[]));
  t.ctx.exit(a, "boom");
  const listed = t.post("whichChildren");
  const counted = t.post("countChildren");
  const ended = t.post("terminateChild", a);
  expect(await t.until(listed)).toEqual([{ id: undefined, ref: "restarting", type: "worker" }]);
  expect(await t.until(counted)).toEqual({ specs: 1, active: 0, supervisors: 0, workers: 1 });
  expect(await t.until(ended)).toEqual({ ok: true });
  await t.settle();
  expect(await t.counts()).toEqual([1, 0, 0, 0]);
  expect(t.world.starts.length).toBeLessThan(10);
});

test("simple_one_for_one_escalation: a child that cannot start again takes the supervisor with it", async () => {
  const t = await start({}, { intensity: 4 });
  const a = await startChild(t, "a");
  await startChild(t, "b");
  t.world.next("a", ...(Array(9).fill("throw") as "throw"[]));
  t.ctx.exit(a, "boom");
  await t.settle();
  expect(t.ends.slice(-2)).toEqual(["b: shutdown", "supervisor: shutdown"]);
  expect(t.reportLines().at(-1)).toBe("shutdown template: reached_max_restart_intensity");
});

test.each(["permanent", "transient", "temporary"] as const)("%s children by reason", async (restart) => {
  const kept = { permanent: [1, 1, 1], transient: [0, 0, 1], temporary: [0, 0, 0] }[restart];
  const counts: number[] = [];
  for (const reason of ["normal", "shutdown", "boom"]) {
    const t = await start({ restart });
    t.tell(await startChild(t, "a"), { do: "exit", reason });
    await t.settle();
    counts.push((await t.counts())[1] as number);
  }
  expect(counts).toEqual(kept);
});

describe("shutdown", () => {
  test("simple_one_for_one_shutdown: all children are asked at once, under one timer", async () => {
    const t = await start({ shutdown: 5_000, trap: true });
    t.world.onExit = (_id, _reason, ctx) => void ctx.sendAfter(500, { do: "exit", reason: "shutdown" });
    for (let i = 0; i < 20; i++) await startChild(t, `c${i}`);
    t.ctx.exit(t.ref, "shutdown");
    await t.settle();
    await t.advance(500);
    expect(t.ends).toHaveLength(21);
    expect(t.ends.at(-1)).toBe("supervisor: shutdown");
    expect(t.reports).toEqual([]);
  });

  test("sup_stop_timeout_dynamic: those that do not obey are killed when the time is up, in one report", async () => {
    const t = await start({ shutdown: 1_000, trap: true });
    t.world.onExit = (id, reason, ctx) => {
      if (Number(id) % 2 === 0) ctx.stop(reason);
    };
    for (let i = 0; i < 10; i++) await startChild(t, `${i}`);
    t.ctx.exit(t.ref, "shutdown");
    await t.settle();
    expect(t.ends).toHaveLength(5);
    await t.advance(1_000);
    expect(t.ends.filter((end) => end.endsWith("killed"))).toHaveLength(5);
    expect(t.reports).toMatchObject([
      { errorContext: "shutdown_error", reason: "killed", offender: { nbChildren: 5 } },
    ]);
    expect(t.isAlive).toBe(false);
  });

  test("sup_stop_brutal_kill_dynamic: ten children with brutal_kill end killed, without a report", async () => {
    const t = await start({ shutdown: "brutal_kill", trap: true });
    for (let i = 0; i < 10; i++) await startChild(t, `${i}`);
    t.ctx.exit(t.ref, "shutdown");
    await t.settle();
    expect(t.ends.filter((end) => end.endsWith("killed"))).toHaveLength(10);
    expect(t.reports).toEqual([]);
  });

  test.each(["permanent", "transient", "temporary"] as const)(
    "sup_stop_non_shutdown_exit_dynamic: %s children that end otherwise",
    async (restart) => {
      const t = await start({ restart, trap: true });
      t.world.onExit = (_id, _reason, ctx) => ctx.stop("normal");
      for (let i = 0; i < 3; i++) await startChild(t, `${i}`);
      t.ctx.exit(t.ref, "shutdown");
      await t.settle();
      const reported = restart === "permanent" ? [{ reason: "normal", offender: { nbChildren: 3 } }] : [];
      expect(t.reports).toMatchObject(reported);
      expect(t.ends.at(-1)).toBe("supervisor: shutdown");
    },
  );
});

test("requests to start a child that come together are served together, other requests in their order", async () => {
  const t = await start();
  t.world.next("a", "hang");
  void t.post("startChild", "first");
  for (const id of ["a", "b"]) void t.post("startChild", id);
  const counted = t.post("countChildren");
  const late = t.post("startChild", "c");
  await t.settle();
  // a hangs and holds what comes after it, but not b.
  expect(t.world.starts).toEqual(["first", "a", "b"]);
  const [a] = [...t.world.ids].find(([, id]) => id === "a") as [string, string];
  const [thread, slot, generation] = a.split(".").map(Number) as [number, number, number];
  t.ctx.exit({ node: "", thread, slot, generation }, "kill");
  expect(await t.until(counted)).toMatchObject({ active: 2 });
  expect(await t.until(late)).toMatchObject({ ok: true });
});

test("a dynamic supervisor starts no more than maxChildren, restarting ones included", async () => {
  const t = new SimulatedTree();
  const { id: _id, ...child } = t.child("template");
  await t.startAs(() => dynamicSetup({ child, maxChildren: 2, intensity: 1_000_000 }));
  const a = await startChild(t, "a");
  await startChild(t, "b");
  const full = { ok: false, error: { code: "max_children" } };
  expect(await t.ask("startChild", "c")).toEqual(full);
  t.world.next("a", "throw");
  t.ctx.exit(a, "boom");
  const whileRestarting = t.post("startChild", "c");
  expect(await t.until(whileRestarting)).toEqual(full);
  await t.settle();
  t.tell(await t.refOf("a"), { do: "exit" });
  await t.settle();
  // Requests that come together fill the room exactly; a start that fails leaves its room to the next.
  await t.ask("terminateChild", await t.refOf("b"));
  await t.ask("terminateChild", await t.refOf("a"));
  t.world.next("p", "throw");
  const crowd = ["p", "q", "r", "s"].map((id) => t.post("startChild", id));
  expect((await t.until(Promise.all(crowd))).map(({ ok }) => ok)).toEqual([false, true, true, false]);
  await t.ask("terminateChild", await t.refOf("q"));
  expect(await t.ask("startChild", "c")).toMatchObject({ ok: true });
});

test("simple_one_for_one_corruption: the start argument of a temporary child is not kept, that of a permanent one is", async () => {
  for (const restart of ["temporary", "permanent"] as const) {
    const t = new SimulatedTree();
    const template: ChildSpec = { id: "template", start: [forgetful], restart };
    await t.start({ strategy: "simple_one_for_one", children: [template] });
    const arguments_ = Array.from({ length: 20 }, () => {
      const argument = { large: new Array(1_000).fill(0) };
      void t.post("startChild", argument);
      return new WeakRef(argument);
    });
    await t.settle();
    expect(await t.counts()).toEqual([1, 20, 0, 20]);
    // Weak references are cleared between tasks, not within one.
    await macrotask();
    collect();
    const kept = arguments_.filter((reference) => reference.deref() !== undefined).length;
    if (restart === "permanent") expect(kept).toBe(20);
    else expect(kept).toBeLessThan(20);
  }
});

/** A child that keeps nothing of its argument. */
export const forgetful = defineActor({ init: (_argument: object | undefined) => undefined, receive: () => undefined });

/** A full garbage collection. */
function collect(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}
