/** Restarts: who, with whom, how often. Semantics: Erlang/OTP, supervisor. Not in every placement: the kernel is real, threads and time are simulated. */
import { describe, expect, test } from "@jest/globals";
import type { ExitReason } from "../../core/index.ts";
import type { Strategy } from "../../supervisors/index.ts";
import { scriptedChild } from "../support/scripted-child.ts";
import { SimulatedTree } from "../support/simulated-tree.ts";

describe("permanent, transient and temporary", () => {
  const cases: [string, ExitReason, string[], string[]][] = [
    // restart, reason, children afterwards, reports
    ["permanent", "normal", ["a"], ["child_terminated a: normal"]],
    ["permanent", "shutdown", ["a"], ["child_terminated a: shutdown"]],
    ["permanent", { shutdown: "enough" }, ["a"], ["child_terminated a: shutdown: enough"]],
    ["permanent", "boom", ["a"], ["child_terminated a: boom"]],
    ["transient", "normal", ["a (stopped)"], []],
    ["transient", "shutdown", ["a (stopped)"], []],
    ["transient", { shutdown: "enough" }, ["a (stopped)"], []],
    ["transient", "boom", ["a"], ["child_terminated a: boom"]],
    ["temporary", "normal", [], []],
    ["temporary", "shutdown", [], []],
    ["temporary", { shutdown: "enough" }, [], []],
    ["temporary", "boom", [], ["child_terminated a: boom"]],
  ];
  test.each(cases)("%s_%j", async (restart, reason, children, reports) => {
    const t = new SimulatedTree();
    await t.start({ children: [t.child("a", { restart: restart as "permanent" })] });
    const ref = await t.refOf("a");
    // The child ends by itself: an exit signal "normal" from another actor would be dropped.
    t.tell(ref, { do: "exit", reason });
    await t.settle();
    expect(await t.list()).toEqual(children);
    expect(t.reportLines()).toEqual(reports);
    expect(t.world.starts).toEqual(children[0] === "a" ? ["a", "a"] : ["a"]);
    expect(t.reports.every(({ offender }) => String(offender.ref) === ref.toString())).toBe(true);
  });

  test("transient_shutdown: it may be started again on request", async () => {
    const t = new SimulatedTree();
    await t.start({ children: [t.child("a", { restart: "transient" })] });
    await t.end("a", "shutdown");
    expect(await t.ask("restartChild", "a")).toMatchObject({ ok: true });
    expect(await t.list()).toEqual(["a"]);
  });
});

describe("strategies", () => {
  test("one_for_one: only the failed child is started again", async () => {
    const t = await new SimulatedTree().start({ children: ["a", "b", "c"], intensity: 2 });
    t.forget();
    await t.end("b", "boom");
    expect(t.ends).toEqual(["b: boom"]);
    expect(t.world.starts).toEqual(["b"]);
    expect(await t.list()).toEqual(["c", "b", "a"]);
  });

  test("one_for_all: the others go down in reverse order, then all start in order", async () => {
    const t = await new SimulatedTree().start({ strategy: "one_for_all", children: ["a", "b", "c"] });
    t.forget();
    await t.end("b", "boom");
    expect(t.ends).toEqual(["b: boom", "c: shutdown", "a: shutdown"]);
    expect(t.world.starts).toEqual(["a", "b", "c"]);
    expect(t.reportLines()).toEqual(["child_terminated b: boom"]);
  });

  test("rest_for_one: those started after it go down in reverse order, then it and they start in order", async () => {
    const t = await new SimulatedTree().start({ strategy: "rest_for_one", children: ["a", "b", "c", "d"] });
    t.forget();
    await t.end("b", "boom");
    expect(t.ends).toEqual(["b: boom", "d: shutdown", "c: shutdown"]);
    expect(t.world.starts).toEqual(["b", "c", "d"]);
    expect(await t.list()).toEqual(["d", "c", "b", "a"]);
  });

  test("temporary_bystander: a temporary sibling goes down and does not come back", async () => {
    for (const strategy of ["one_for_all", "rest_for_one"] as const) {
      const t = new SimulatedTree();
      await t.start({ strategy, children: ["a", t.child("b", { restart: "temporary" }), "c"] });
      await t.end("a", "boom");
      expect(await t.list()).toEqual(["c", "a"]);
      expect(t.ends).toEqual(["a: boom", "c: shutdown", "b: shutdown"]);
    }
  });

  test("a group restart starts children again that were stopped on purpose (OTP)", async () => {
    const t = new SimulatedTree();
    await t.start({ strategy: "one_for_all", children: ["a", t.child("b", { restart: "transient" }), "c"] });
    await t.ask("terminateChild", "c");
    t.tell(await t.refOf("b"), { do: "exit" });
    await t.settle();
    expect(await t.list()).toEqual(["c (stopped)", "b (stopped)", "a"]);
    await t.end("a", "boom");
    expect(await t.list()).toEqual(["c", "b", "a"]);
  });

  test("one_for_all_other_child_fails_restart: the next attempt first takes down what was started", async () => {
    const t = await new SimulatedTree().start({ strategy: "one_for_all", children: ["a", "b", "c"], intensity: 3 });
    t.forget();
    t.world.next("b", "throw", "ok");
    await t.end("c", "boom");
    // c fails; b and a go down; a starts, b does not; a goes down; all start.
    expect(t.ends).toEqual(["c: boom", "b: shutdown", "a: shutdown", "b: error: b cannot start", "a: shutdown"]);
    expect(t.world.starts).toEqual(["a", "b", "a", "b", "c"]);
    expect(t.reportLines()).toEqual(["child_terminated c: boom", "start_error b: error: b cannot start"]);
  });

  test("rest_for_one_other_child_fails_restart: the next attempt goes on from the child that failed", async () => {
    const t = await new SimulatedTree().start({
      strategy: "rest_for_one",
      children: ["a", "b", "c", "d"],
      intensity: 3,
    });
    t.forget();
    t.world.next("c", "throw", "ok");
    await t.end("b", "boom");
    expect(t.ends).toEqual(["b: boom", "d: shutdown", "c: shutdown", "c: error: c cannot start"]);
    expect(t.world.starts).toEqual(["b", "c", "c", "d"]);
  });

  test("an ignored restart keeps the spec, without an actor", async () => {
    const t = await new SimulatedTree().start({ children: ["a"] });
    t.world.next("a", "ignore");
    await t.end("a", "boom");
    expect(await t.list()).toEqual(["a (stopped)"]);
  });
});

describe("intensity", () => {
  test.each<Strategy>(["one_for_one", "one_for_all", "rest_for_one"])(
    "%s: the third crash in the period ends the supervisor",
    async (strategy) => {
      const t = await new SimulatedTree().start({ strategy, children: ["a", "b"], intensity: 2, periodMs: 3_600_000 });
      await t.end("a", "boom");
      await t.end("b", "boom");
      t.forget();
      await t.end("a", "boom");
      expect(t.ends).toEqual(["a: boom", "b: shutdown", "supervisor: shutdown"]);
      expect(t.world.starts).toEqual([]);
      expect(t.reportLines()).toEqual(["child_terminated a: boom", "shutdown a: reached_max_restart_intensity"]);
    },
  );

  test("multiple_restarts: crashes further apart than the period go on for ever", async () => {
    const t = await new SimulatedTree().start({ children: ["a"], intensity: 1, periodMs: 1_000 });
    for (let i = 0; i < 4; i++) {
      await t.end("a", "boom");
      await t.advance(2_100);
    }
    expect(t.isAlive).toBe(true);
    expect(t.world.starts).toHaveLength(5);
  });

  test("the window's edge: a restart exactly one period old still counts, one millisecond later it does not", async () => {
    for (const [afterMs, isAlive] of [
      [1_000, false],
      [1_001, true],
    ] as const) {
      const t = await new SimulatedTree().start({ children: ["a"], intensity: 1, periodMs: 1_000 });
      await t.end("a", "boom");
      await t.advance(afterMs);
      await t.end("a", "boom");
      expect(t.isAlive).toBe(isAlive);
    }
  });

  test.each<Strategy>(["one_for_one", "one_for_all", "rest_for_one"])(
    "%s_escalation: a child that cannot start again takes the supervisor with it",
    async (strategy) => {
      const t = await new SimulatedTree().start({ strategy, children: ["a", "b"], intensity: 4 });
      t.world.next("a", ...("throw ".repeat(9).trim().split(" ") as "throw"[]));
      t.forget();
      await t.end("a", "boom");
      expect(t.isAlive).toBe(false);
      expect(t.world.starts.filter((id) => id === "a")).toHaveLength(4); // each failed attempt counts
      expect(t.reportLines().at(-1)).toBe("shutdown a: reached_max_restart_intensity");
      expect(t.ends.filter((end) => end === "b: shutdown")).toHaveLength(1);
    },
  );

  test("hanging_restart_loop: between attempts the supervisor answers, and can be shut down", async () => {
    const t = await new SimulatedTree().start({ children: ["a", "b"], intensity: 1_000_000 });
    t.world.next("a", ...(Array(500).fill("throw") as "throw"[]));
    t.ctx.exit(await t.refOf("a"), "boom");
    const listed = t.post("whichChildren");
    const denied = t.post("restartChild", "a");
    const deniedToo = t.post("deleteChild", "a");
    const again = t.post("startChild", t.child("a"));
    const ended = t.post("terminateChild", "a");
    expect((await t.until(listed)).map(({ ref }) => ref === "restarting")).toContain(true);
    expect(await t.until(denied)).toEqual({ ok: false, error: { code: "restarting" } });
    expect(await t.until(deniedToo)).toEqual({ ok: false, error: { code: "restarting" } });
    expect(await t.until(again)).toEqual({ ok: false, error: { code: "already_present" } });
    expect(await t.until(ended)).toEqual({ ok: true }); // which also ends the attempts
    const attempts = t.world.starts.length;
    await t.settle();
    expect(t.world.starts.length).toBe(attempts);
    expect(await t.list()).toEqual(["b", "a (stopped)"]);
  });

  test("a supervisor that is shut down between attempts takes its children down", async () => {
    const t = await new SimulatedTree().start({ children: ["a", "b"], intensity: 1_000_000 });
    t.world.next("a", ...(Array(500).fill("throw") as "throw"[]));
    t.ctx.exit(await t.refOf("a"), "boom");
    t.ctx.exit(t.ref, "shutdown");
    await t.settle();
    expect(t.ends.slice(-2)).toEqual(["b: shutdown", "supervisor: shutdown"]);
    expect(t.world.starts.length).toBeLessThan(100);
  });

  test("a supervisor that is killed while it restarts leaves nobody behind", async () => {
    const t = await new SimulatedTree().start({ strategy: "one_for_all", children: ["a", "b"], intensity: 5 });
    t.world.next("b", "hang");
    await t.end("b", "boom"); // a runs again, b hangs in its start
    t.forget();
    t.ctx.exit(t.ref, "kill");
    await t.settle();
    expect(t.ends.sort()).toEqual(["a: killed", "b: killed", "supervisor: killed"]);
  });
});

describe("significant children", () => {
  const outcomes: [string, "transient" | "temporary", ExitReason | "byRequest", boolean][] = [
    ["any", "transient", "normal", false],
    ["any", "transient", "shutdown", false],
    ["any", "transient", "boom", true],
    ["any", "transient", "byRequest", true],
    ["any", "temporary", "normal", false],
    ["any", "temporary", "boom", false],
    ["any", "temporary", "byRequest", true],
    ["all", "transient", "normal", true],
    ["all", "temporary", "boom", true],
  ];
  test.each(outcomes)(
    "significant, %s of two, %s, %s: the supervisor lives: %s",
    async (which, restart, reason, lives) => {
      const t = new SimulatedTree();
      const child = (id: string) => t.child(id, { restart, significant: true });
      const autoShutdown = which === "any" ? "any_significant" : "all_significant";
      await t.start({ autoShutdown, children: [child("a"), child("b"), "c"] });
      if (reason === "byRequest") await t.ask("terminateChild", "a");
      else t.tell(await t.refOf("a"), { do: "exit", reason });
      await t.settle();
      expect(t.isAlive).toBe(lives);
      if (!lives) expect(t.ends.slice(-3)).toEqual(["c: shutdown", "b: shutdown", "supervisor: shutdown"]);
    },
  );

  test("all_significant: the last one ends it, but not while another is restarting", async () => {
    const t = new SimulatedTree();
    const child = (id: string) => t.child(id, { restart: "transient", significant: true });
    await t.start({ autoShutdown: "all_significant", children: [child("a"), child("b")], intensity: 1_000_000 });
    t.world.next("b", "throw", "throw");
    t.tell(await t.refOf("a"), { do: "exit" });
    await t.settle();
    const b = await t.refOf("b");
    t.tell(b, { do: "exit", reason: "boom" });
    await t.settle();
    expect(t.isAlive).toBe(true);
    t.tell(await t.refOf("b"), { do: "exit" });
    await t.settle();
    expect(t.isAlive).toBe(false);
  });

  test("a sibling that goes down with another does not count", async () => {
    const t = new SimulatedTree();
    const significant = t.child("s", { restart: "transient", significant: true });
    await t.start({ strategy: "one_for_all", autoShutdown: "any_significant", children: ["a", significant] });
    await t.end("a", "boom");
    expect(t.isAlive).toBe(true);
  });
});

describe("exits that mean nobody", () => {
  test("the exit of a stranger that links itself to the supervisor changes nothing", async () => {
    const t = await new SimulatedTree().start({ children: ["a"] });
    const stranger = t.ctx.spawn(scriptedChild, { world: t.world.number, id: "stranger" });
    t.tell(stranger, { do: "linkTo", ref: t.ref });
    await t.settle();
    t.ctx.exit(stranger, "boom");
    await t.settle();
    expect(await t.list()).toEqual(["a"]);
    expect(t.reports).toEqual([]);
  });
});
