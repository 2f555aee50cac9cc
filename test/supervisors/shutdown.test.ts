/** How children are taken down. Semantics: Erlang/OTP, supervisor, shutdown/1. Not in every placement: the kernel is real, threads and time are simulated. */
import { describe, expect, test } from "@jest/globals";
import { defineActor, type ExitReason, type Ref } from "../../core/index.ts";
import { type Restart, type Shutdown, type SupervisorSetup, supervisor } from "../../supervisors/index.ts";
import { SimulatedTree } from "../support/simulated-tree.ts";

const stopper = defineActor({
  init: (ref: Ref, ctx) => ctx.exit(ref, "shutdown"),
  receive: () => undefined,
});

async function stop(t: SimulatedTree): Promise<void> {
  t.forget();
  t.ctx.exit(t.ref, "shutdown");
  await t.settle();
}

test("children go down newest first, each awaited", async () => {
  const t = await new SimulatedTree().start({ children: ["a", "b", "c"] });
  await stop(t);
  expect(t.ends).toEqual(["c: shutdown", "b: shutdown", "a: shutdown", "supervisor: shutdown"]);
  expect(t.reports).toEqual([]);
});

test("sup_stop_infinity: a child with infinity is waited for however long it takes, worker or supervisor", async () => {
  for (const type of ["worker", "supervisor"] as const) {
    const t = new SimulatedTree();
    t.world.onExit = (_id, reason, ctx) => {
      if (reason === "shutdown") ctx.sendAfter(10 ** 9, { do: "exit", reason: "shutdown" });
    };
    await t.start({ children: [t.child("a", { shutdown: "infinity", type, trap: true })] });
    await stop(t);
    await t.advance(10 ** 9 - 1);
    expect(t.ends).toEqual([]);
    await t.advance(1);
    expect(t.ends).toEqual(["a: shutdown", "supervisor: shutdown"]);
  }
});

test("sup_stop_timeout: a child that does not obey is killed after its time, the others end with shutdown", async () => {
  const t = new SimulatedTree();
  t.world.onExit = () => undefined;
  await t.start({ children: [t.child("a", { shutdown: 1_000 }), t.child("b", { shutdown: 1_000, trap: true })] });
  await stop(t);
  await t.advance(999);
  expect(t.ends).toEqual([]);
  await t.advance(1);
  expect(t.ends).toEqual(["b: killed", "a: shutdown", "supervisor: shutdown"]);
  expect(t.reportLines()).toEqual(["shutdown_error b: killed"]);
});

test("a timer that was overtaken by the child's end is cancelled", async () => {
  const t = new SimulatedTree();
  await t.start({ children: [t.child("a", { shutdown: 1_000 })] });
  expect(await t.ask("terminateChild", "a")).toEqual({ ok: true });
  await t.advance(5_000);
  expect(t.logs).toEqual([]);
});

test("sup_stop_brutal_kill: a child with brutal_kill is not asked", async () => {
  const t = new SimulatedTree();
  t.world.onExit = () => undefined;
  await t.start({ children: ["a", t.child("b", { shutdown: "brutal_kill", trap: true })] });
  await stop(t);
  expect(t.ends).toEqual(["b: killed", "a: shutdown", "supervisor: shutdown"]);
  expect(t.reports).toEqual([]);
});

test("child_unlink: a child that has unlinked itself cannot hang its supervisor", async () => {
  const t = await new SimulatedTree().start({ children: ["a"] });
  t.tell(await t.refOf("a"), { do: "unlink" });
  await t.settle();
  expect(await t.ask("terminateChild", "a")).toEqual({ ok: true });
  expect(t.ends).toEqual(["a: shutdown"]);
});

test("a child that ended before it was asked is reported with its own reason, not with noproc", async () => {
  const t = new SimulatedTree();
  t.world.onExit = (_id, _reason, ctx) => void ctx.sendAfter(100, { do: "exit", reason: "shutdown" });
  // b takes its time to go down; a, which goes after it, fails meanwhile.
  await t.start({ children: ["a", t.child("b", { trap: true })] });
  const a = await t.refOf("a");
  await stop(t);
  t.ctx.exit(a, "boom");
  await t.advance(100);
  expect(t.ends).toEqual(["a: boom", "b: shutdown", "supervisor: shutdown"]);
  expect(t.reportLines()).toEqual(["shutdown_error a: boom"]);
});

describe("which ends are as they should be", () => {
  const cases: [Restart, Shutdown, ExitReason, boolean][] = [
    ["permanent", 1_000, "shutdown", true],
    ["permanent", 1_000, "normal", false],
    ["permanent", 1_000, { shutdown: 1 }, false],
    ["transient", 1_000, "normal", true],
    ["transient", 1_000, { shutdown: 1 }, true],
    ["temporary", "infinity", "normal", true],
    ["temporary", "infinity", "boom", false],
    ["permanent", "infinity", "killed", false],
  ];
  test.each(cases)("%s, shutdown %s, ended %j: expected %s", async (restart, shutdown, reason, isExpected) => {
    const t = new SimulatedTree();
    t.world.onExit = (_id, _asked, ctx) => ctx.stop(reason);
    await t.start({ children: [t.child("a", { restart, shutdown, trap: true })] });
    await stop(t);
    expect(t.reports.map(({ errorContext }) => errorContext)).toEqual(isExpected ? [] : ["shutdown_error"]);
    expect(t.ends.at(-1)).toBe("supervisor: shutdown");
  });
});

test("what comes while children go down is not answered by the supervisor but with its end", async () => {
  const t = new SimulatedTree();
  t.world.onExit = (_id, _reason, ctx) => void ctx.sendAfter(100, { do: "exit", reason: "shutdown" });
  await t.start({ children: [t.child("a", { trap: true })] });
  t.ctx.exit(t.ref, "shutdown");
  await t.settle();
  const late = t.post("countChildren").then(
    () => "answered",
    (error: { code: string }) => error.code,
  );
  await t.advance(100);
  expect(await t.until(late)).toBe("shutdown");
});

test("requests that come while a child is taken down wait and are served in order", async () => {
  const t = new SimulatedTree();
  t.world.onExit = (_id, _reason, ctx) => void ctx.sendAfter(100, { do: "exit", reason: "shutdown" });
  await t.start({ children: [t.child("a", { trap: true }), "b"] });
  const answers: string[] = [];
  const note = (what: string) => () => void answers.push(what);
  void t.post("terminateChild", "a").then(note("terminated a"));
  void t.post("startChild", t.child("c")).then(note("started c"));
  void t.post("terminateChild", "b").then(note("terminated b"));
  const counts = t.post("countChildren");
  void counts.then(note("counted"));
  await t.settle();
  expect(answers).toEqual([]);
  await t.advance(100);
  expect(answers).toEqual(["terminated a", "started c", "terminated b", "counted"]);
  expect(await counts).toEqual({ specs: 3, active: 1, supervisors: 0, workers: 3 });
});

test("a crash that comes while another child is taken down is handled after it", async () => {
  const t = new SimulatedTree();
  t.world.onExit = (_id, _reason, ctx) => void ctx.sendAfter(100, { do: "exit", reason: "shutdown" });
  await t.start({ children: [t.child("a", { trap: true }), "b"] });
  const b = await t.refOf("b");
  void t.post("terminateChild", "a");
  await t.settle();
  t.ctx.exit(b, "boom");
  await t.settle();
  expect(t.world.starts).toEqual(["a", "b"]);
  await t.advance(100);
  expect(t.world.starts).toEqual(["a", "b", "b"]);
  expect(await t.list()).toEqual(["b", "a (stopped)"]);
});

test("a tree of supervisors goes down from the leaves, and a deep one without a deep stack", async () => {
  const t = new SimulatedTree();
  let setup: object = { children: [t.child("leaf")] };
  for (let depth = 0; depth < 500; depth++) {
    setup = { children: [{ id: `s${depth}`, type: "supervisor", start: [supervisor, setup] }] };
  }
  await t.start(setup);
  expect(t.world.starts).toEqual(["leaf"]);
  const exits: unknown[] = [];
  t.system.events.on("exited", ({ reason }) => exits.push(reason));
  await stop(t);
  expect(exits).toEqual(Array(502).fill("shutdown"));
  expect(t.ends).toEqual(["leaf: shutdown", "supervisor: shutdown"]);
});

test("stop, as asked from outside, takes the children down and ends the supervisor with that reason", async () => {
  const t = await new SimulatedTree().start({ children: ["a"] });
  t.ctx.exit(t.ref, { shutdown: "moving out" });
  await t.settle();
  expect(t.ends).toEqual(["a: shutdown", "supervisor: shutdown: moving out"]);
});

test("an exit signal of somebody who is not the parent does not end a supervisor", async () => {
  const t = await new SimulatedTree().start({ children: ["a"] });
  const stranger = t.ctx.spawn(stopper, t.ref);
  await t.settle();
  expect(t.ctx.isAlive(stranger)).toBe(true);
  expect(t.isAlive).toBe(true);
  expect(await t.list()).toEqual(["a"]);
});

test("a supervisor that is killed takes its children with it by their links", async () => {
  const t = await new SimulatedTree().start({ children: ["a", "b"] });
  t.ctx.exit(t.ref, "kill");
  await t.settle();
  expect(t.ends.sort()).toEqual(["a: killed", "b: killed", "supervisor: killed"]);
});

describe("a stop while a child is being started", () => {
  /** Its start is not awaited. */
  async function begin(t: SimulatedTree, setup: SupervisorSetup): Promise<void> {
    t.ref = t.ctx.spawn(supervisor, setup);
    await t.settle();
  }

  test("in the supervisor's own start: that child and those before it go down, none after it is started", async () => {
    const t = new SimulatedTree();
    t.world.next("b", "hang");
    await begin(t, { children: ["a", "b", "c"].map((id) => t.child(id)) });
    await stop(t);
    expect(t.world.starts).toEqual([]);
    expect(t.ends).toEqual(["b: shutdown", "a: shutdown", "supervisor: shutdown"]);
    expect([...t.reportLines(), ...t.logs]).toEqual([]);
  });

  test("in the start of a supervisor below: it goes down in order, and so does the whole", async () => {
    const t = new SimulatedTree();
    t.world.next("b", "hang");
    const inner: SupervisorSetup = { children: ["a", "b", "c"].map((id) => t.child(id)) };
    await begin(t, {
      children: [t.child("first"), { id: "inner", start: [supervisor, inner], type: "supervisor" }, t.child("last")],
    });
    await stop(t);
    expect(t.world.starts).toEqual([]);
    expect(t.ends).toEqual(["b: shutdown", "a: shutdown", "first: shutdown", "supervisor: shutdown"]);
  });

  test("one that traps exits has its shutdown time to end its init, then it is killed", async () => {
    const t = new SimulatedTree();
    t.world.next("a", "hang");
    await begin(t, { children: [t.child("a", { trap: true, shutdown: 1_000 }), t.child("b")] });
    await stop(t);
    await t.advance(999);
    expect(t.ends).toEqual([]);
    await t.advance(1);
    expect(t.ends).toEqual(["a: killed", "supervisor: shutdown"]);
  });

  test("in a restart, and in one that was asked for: it goes down and is not tried again", async () => {
    for (const restart of [true, false]) {
      const t = new SimulatedTree();
      await t.start({ children: ["a", "b"], intensity: 3 });
      t.world.next("b", "hang");
      if (restart) await t.end("b", "boom");
      else {
        await t.ask("terminateChild", "b");
        void t.post("restartChild", "b").catch(() => undefined);
        await t.settle();
      }
      await stop(t);
      expect(t.world.starts).toEqual([]);
      expect(t.ends).toEqual(["b: shutdown", "a: shutdown", "supervisor: shutdown"]);
      expect([...t.reportLines(), ...t.logs]).toEqual([]);
    }
  });

  test("children of a template that are starting together all go down, and those that wait are not started", async () => {
    const t = new SimulatedTree();
    t.world.onExit = (id, reason, ctx) => void ctx.sendAfter(id === "busy" ? 100 : 0, { do: "exit", reason });
    await t.start({ strategy: "simple_one_for_one", children: [t.child("template", { trap: true, shutdown: 200 })] });
    const busy = await t.ask("startChild", "busy");
    // While this one ends, requests are held; then those in a row are served together.
    const answers: Promise<unknown>[] = [t.post("terminateChild", busy.ok ? busy.ref : undefined)];
    for (const id of ["a", "b"]) {
      t.world.next(id, "hang");
      answers.push(t.post("startChild", id));
    }
    await t.settle();
    await t.advance(100);
    expect(t.world.starts).toEqual(["busy", "a", "b"]);
    answers.push(t.post("startChild", "c"));
    await stop(t);
    await t.advance(400);
    expect(t.world.starts).toEqual([]);
    expect(t.ends).toEqual(["a: killed", "b: killed", "supervisor: shutdown"]);
    const codes = (await Promise.all(answers)).map((answer) => (answer as { error?: { code: string } }).error?.code);
    expect(codes).toEqual([undefined, "start_failed", "start_failed", "start_failed"]);
  });
});
