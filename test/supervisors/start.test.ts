/** How a supervisor starts, and its administration. Cases of OTP's supervisor_SUITE carry its names. Not in every placement: the kernel is real, threads and time are simulated. */
import { describe, expect, test } from "@jest/globals";
import { supervisor } from "../../supervisors/index.ts";
import { scriptedChild } from "../support/scripted-child.ts";
import { failureOf, SimulatedTree } from "../support/simulated-tree.ts";

const tree = (seed = 1) => new SimulatedTree({ seed });

describe("start", () => {
  test("sup_start_normal: an empty supervisor starts and ends with shutdown", async () => {
    const t = await tree().start({ intensity: 2 });
    t.ctx.exit(t.ref, "shutdown");
    await t.settle();
    expect(t.ends).toEqual(["supervisor: shutdown"]);
  });

  test("children start in order, each awaited, and a progress report tells of each", async () => {
    const t = await tree().start({ children: ["a", "b", "c"] });
    expect(t.world.starts).toEqual(["a", "b", "c"]);
    expect(t.progress.map(({ started }) => started)).toMatchObject([{ id: "a" }, { id: "b" }, { id: "c" }]);
    expect(await t.list()).toEqual(["c", "b", "a"]);
  });

  test("sup_start_ignore_init: ignore means that there is no supervisor", async () => {
    const t = await tree().startAs(() => "ignore");
    expect(t.startError).toMatchObject({ code: "ignore" });
  });

  test("sup_start_ignore_child: a child that answers ignore keeps its spec", async () => {
    const t = await tree().start({});
    t.world.next("a", "ignore");
    expect(await t.ask("startChild", t.child("a"))).toEqual({ ok: true, ref: undefined });
    expect(await t.ask("startChild", t.child("b"))).toMatchObject({ ok: true });
    expect(await t.list()).toEqual(["b", "a (stopped)"]);
    expect(await t.counts()).toEqual([2, 1, 0, 2]);
  });

  test("sup_start_ignore_temporary_child: a temporary child that answers ignore is forgotten", async () => {
    const t = tree();
    t.world.next("a", "ignore");
    await t.start({ children: [t.child("a", { restart: "temporary" }), t.child("b", { restart: "temporary" })] });
    expect(await t.list()).toEqual(["b"]);
    expect(await t.counts()).toEqual([1, 1, 0, 1]);
  });

  test("sup_start_ignore_temporary_child_start_child: and so when it is started later", async () => {
    const t = await tree().start({});
    t.world.next("a", "ignore");
    expect(await t.ask("startChild", t.child("a", { restart: "temporary" }))).toEqual({ ok: true, ref: undefined });
    expect(await t.list()).toEqual([]);
  });

  test("sup_start_error_return: an answer that is no setup is bad_return", async () => {
    for (const bad of ["invalid", 7, null, [], Promise.resolve({})]) {
      const t = await tree().startAs(() => bad);
      expect(t.startError).toMatchObject({ code: "start_failed", cause: { bad_return: expect.anything() } });
    }
  });

  test("a child that cannot start takes those before it down in reverse, and the start fails with its reason", async () => {
    const t = tree();
    t.world.next("c", "throw");
    await t.start({ children: ["a", "b", "c", "d"] });
    expect(t.world.starts).toEqual(["a", "b", "c"]);
    expect(t.ends).toEqual(["c: error: c cannot start", "b: shutdown", "a: shutdown"]);
    expect(t.startError).toMatchObject({
      code: "start_failed",
      cause: { shutdown: { failed_to_start_child: ["c", { error: { message: "c cannot start" } }] } },
    });
    expect(t.reportLines()).toEqual(["start_error c: error: c cannot start"]);
  });

  test("a child that hangs in its start holds the supervisor's, until the child's own time-out", async () => {
    const t = tree();
    t.world.next("b", "hang");
    const started = t.start({ children: ["a", t.child("b", { startTimeoutMs: 300 })] });
    t.system.settle();
    await t.advance(299);
    expect(t.ends).toEqual([]);
    await t.advance(1);
    await started;
    expect(t.startError?.cause).toEqual({ shutdown: { failed_to_start_child: ["b", "init_timeout"] } });
    expect(t.ends).toEqual(["b: killed", "a: shutdown"]);
  });

  test("a call that comes while children start is answered after them", async () => {
    const t = tree();
    t.ref = t.ctx.spawn(supervisor, { children: [t.child("a"), t.child("b")] });
    expect(await t.counts()).toEqual([2, 2, 0, 2]);
  });

  test("a child whose actor cannot be spawned is a start that failed, not a fault of the supervisor", async () => {
    const t = await tree().start({});
    const outcome = await t.ask("startChild", t.child("a", { placement: { thread: 9 } }));
    expect(outcome).toMatchObject({
      ok: false,
      error: { code: "start_failed", reason: { error: { code: "invalid_placement" } } },
    });
    expect(t.isAlive).toBe(true);
  });

  test("already_started_outside_supervisor: a name that a stranger holds refuses the child, and nothing is kept", async () => {
    const t = await tree().start({});
    const stranger = t.ctx.spawn(scriptedChild, { world: t.world.number, id: "stranger" }, { name: "taken" });
    await t.settle();
    const outcome = await t.ask("startChild", t.child("a", { name: "taken" }));
    expect(outcome).toMatchObject({ ok: false, error: { code: "already_started" } });
    expect(!outcome.ok && "ref" in outcome.error && outcome.error.ref.toString()).toBe(stranger.toString());
    expect(await t.list()).toEqual([]);
  });
});

describe("administration", () => {
  test("child_adm: every answer of start, terminate, restart and delete", async () => {
    const t = await tree().start({});
    const spec = t.child("a");
    const first = await t.ask("startChild", spec);
    expect(first).toMatchObject({ ok: true });
    const ref = await t.refOf("a");
    expect(await t.ask("startChild", spec)).toEqual({ ok: false, error: { code: "already_started", ref } });
    expect(await t.ask("restartChild", "a")).toEqual({ ok: false, error: { code: "running" } });
    expect(await t.ask("deleteChild", "a")).toEqual({ ok: false, error: { code: "running" } });

    expect(await t.ask("terminateChild", ref)).toEqual({ ok: false, error: { code: "not_found" } });
    expect(await t.ask("terminateChild", "a")).toEqual({ ok: true });
    expect(await t.ask("terminateChild", "a")).toEqual({ ok: true });
    expect(await t.list()).toEqual(["a (stopped)"]);
    expect(await t.counts()).toEqual([1, 0, 0, 1]);
    expect(await t.ask("startChild", spec)).toEqual({ ok: false, error: { code: "already_present" } });

    expect(await t.ask("restartChild", "a")).toMatchObject({ ok: true });
    expect((await t.refOf("a")).toString()).not.toBe(ref.toString());
    await t.ask("terminateChild", "a");
    expect(await t.ask("deleteChild", "a")).toEqual({ ok: true });
    for (const name of ["terminateChild", "restartChild", "deleteChild", "getChildSpec"] as const) {
      expect(await t.ask(name, "a")).toEqual({ ok: false, error: { code: "not_found" } });
    }
    expect(await t.counts()).toEqual([0, 0, 0, 0]);

    t.ctx.exit(t.ref, "kill");
    await t.settle();
    expect(await t.until(failureOf(t.post("countChildren")))).toBe("noproc");
  });

  test("sup_start_child_returns_error: a failed start is an answer, and no child is kept", async () => {
    const t = await tree().start({});
    t.world.next("a", { stop: "out_of_paper" });
    expect(await t.ask("startChild", t.child("a"))).toEqual({
      ok: false,
      error: { code: "start_failed", reason: "out_of_paper" },
    });
    expect(await t.list()).toEqual([]);
    expect(t.reports).toEqual([]);
  });

  test("sup_start_restart_child_returns_error: a restart on request that fails leaves the child stopped", async () => {
    const t = await tree().start({ children: ["a"], intensity: 0 });
    await t.ask("terminateChild", "a");
    t.world.next("a", "throw");
    expect(await t.ask("restartChild", "a")).toMatchObject({ ok: false, error: { code: "start_failed" } });
    expect(await t.list()).toEqual(["a (stopped)"]);
    expect(await t.ask("restartChild", "a")).toMatchObject({ ok: true }); // and none of it counted: intensity is 0
  });

  test("which_children: newest first, one by id, restarting and stopped ones named so", async () => {
    const t = await tree().start({ children: ["a", t0("b")], intensity: 10 });
    function t0(id: string) {
      return { ...treeSpec, id };
    }
    expect((await t.ask("whichChildren")).map(({ id, type }) => [id, type])).toEqual([
      ["b", "supervisor"],
      ["a", "worker"],
    ]);
    expect(await t.ask("whichChild", "a")).toMatchObject({ ok: true, child: { id: "a", type: "worker" } });
    expect(await t.ask("whichChild", "x")).toEqual({ ok: false, error: { code: "not_found" } });
  });

  test("sup_start_map: defaults are filled in and can be read", async () => {
    const t = await tree().start({});
    const start = [scriptedChild, { world: t.world.number, id: "a" }];
    await t.ask("startChild", { id: "a", start });
    await t.ask("startChild", { id: "b", start, shutdown: "brutal_kill" });
    await t.ask("startChild", { id: "c", start, type: "supervisor" });
    const rest = { start, restart: "permanent", significant: false };
    expect(await t.ask("getChildSpec", "a")).toEqual({
      ok: true,
      spec: { id: "a", ...rest, shutdown: 5_000, type: "worker" },
    });
    expect(await t.ask("getChildSpec", "b")).toMatchObject({ spec: { shutdown: "brutal_kill", type: "worker" } });
    expect(await t.ask("getChildSpec", "c")).toMatchObject({ spec: { shutdown: "infinity", type: "supervisor" } });
  });

  test("do_not_save_start_parameters_for_temporary_children: only a temporary child's argument is dropped", async () => {
    for (const strategy of ["one_for_one", "one_for_all", "rest_for_one"] as const) {
      const t = await tree().start({ strategy });
      for (const restart of ["permanent", "transient", "temporary"] as const) {
        await t.ask("startChild", t.child(restart, { restart }));
        const answer = await t.ask("getChildSpec", restart);
        expect(answer.ok && answer.spec.start[1] !== undefined).toBe(restart !== "temporary");
      }
    }
  });

  test("a request that no supervisor knows is refused, and the supervisor lives", async () => {
    const t = await tree().start({ children: ["a"] });
    const stray = t.ctx.call(t.ref, "explode", undefined);
    expect(await t.until(failureOf(stray))).toBe("undef");
    t.ctx.cast(t.ref, "explode", 1);
    t.ctx.send(t.ref, "explode");
    await t.settle();
    expect(t.logs).toEqual(["Supervisor received unexpected message", "Supervisor received unexpected message"]);
    expect(await t.list()).toEqual(["a"]);
  });
});

const treeSpec = {
  id: "t",
  type: "supervisor",
  start: [
    {
      kind: "behaviourRef",
      url: new URL("../../supervisors/define-supervisor.js", import.meta.url).href,
      exportName: "supervisor",
    },
    {},
  ],
} as const;
