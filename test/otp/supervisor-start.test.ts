/** Erlang/OTP, supervisor_SUITE: starting. Cases by their names there; see cases.json. Not in every placement: as in OTP, supervisor and children stand in one place, main, unless a case says otherwise; for threads see supervisors/threads.test.ts. */
import { describe, expect, test } from "@jest/globals";
import type { ChildSpec, Restart } from "../../supervisors/index.ts";
import { defineSupervisor, type SupervisorSetup, supervisor } from "../../supervisors/index.ts";
import { Probe } from "../../testing/index.ts";
import { child } from "../fixtures/child.ts";
import { puppet } from "../fixtures/puppet.ts";
import { Supervised } from "../support/supervised.ts";
import { useSystem } from "../support/use-system.ts";

const system = useSystem();

const flags = { strategy: "one_for_one", intensity: 2, periodMs: 3_600_000 } as const;
const ignoring = (restart: Restart = "permanent"): ChildSpec => ({
  id: "child1",
  start: [child, { init: "ignore" }],
  restart,
  shutdown: 1_000,
});
const plain = (restart: Restart = "permanent"): ChildSpec => ({
  id: "child2",
  start: [child],
  restart,
  shutdown: 1_000,
});

const ignores = defineSupervisor(() => "ignore", { name: "ignores" });
// What is no setup, as from a program that is not type-checked.
const answersNonsense = defineSupervisor(() => "invalid" as "ignore", { name: "answersNonsense" });
const throws = defineSupervisor(
  () => {
    throw new Error("fail");
  },
  { name: "throws" },
);
/** A supervisor of a supervisor with that setup. */
const nested = defineSupervisor((setup: SupervisorSetup) => ({
  children: [{ id: "inner", start: [supervisor, setup], type: "supervisor" }],
}));

describe("supervisor_SUITE", () => {
  test("sup_start_normal: starts without children and stops with shutdown", async () => {
    await using tree = await Supervised.start(system(), flags);
    expect(await tree.counts()).toEqual([0, 0, 0, 0]);
    expect(await tree.stop("shutdown")).toBe("shutdown");
  });

  test("sup_start_ignore_init: an init that ignores is no supervisor, and the starter gets no exit", async () => {
    await using starter = await Probe.start(system());
    await expect(starter.run((ctx) => ctx.start(ignores))).rejects.toMatchObject({ code: "ignore" });
    expect(await starter.all()).toEqual([]);
  });

  test("sup_start_ignore_child: a child that ignores keeps its specification without an actor", async () => {
    await using tree = await Supervised.start(system(), flags);
    expect(await tree.startChild(ignoring())).toEqual({ ok: true, ref: undefined });
    const ref = await tree.start(plain());
    expect(await tree.children()).toEqual([
      ["child2", ref],
      ["child1", undefined],
    ]);
    expect(await tree.counts()).toEqual([2, 1, 0, 2]);
  });

  test("sup_start_ignore_temporary_child: a temporary child that ignores during init leaves no specification", async () => {
    await using tree = await Supervised.start(system(), {
      ...flags,
      children: [ignoring("temporary"), plain("temporary")],
    });
    expect(await tree.children()).toEqual([["child2", await tree.child("child2")]]);
    expect(await tree.counts()).toEqual([1, 1, 0, 1]);
  });

  test("sup_start_ignore_temporary_child_start_child: a temporary child that ignores in startChild leaves no specification", async () => {
    await using tree = await Supervised.start(system(), flags);
    expect(await tree.startChild(ignoring("temporary"))).toEqual({ ok: true, ref: undefined });
    const ref = await tree.start(plain("temporary"));
    expect(await tree.children()).toEqual([["child2", ref]]);
    expect(await tree.counts()).toEqual([1, 1, 0, 1]);
  });

  const simple = (restart: Restart) =>
    ({
      ...flags,
      strategy: "simple_one_for_one",
      children: [{ id: "child", start: [child], restart, shutdown: 1_000 }],
    }) as const;

  test("sup_start_ignore_temporary_child_start_child_simple: a temporary dynamic child that ignores is not kept", async () => {
    await using tree = await Supervised.start(system(), simple("temporary"));
    expect(await tree.startChild({ init: "ignore" })).toEqual({ ok: true, ref: undefined });
    const ref = await tree.start({});
    expect(await tree.children()).toEqual([[undefined, ref]]);
    expect(await tree.counts()).toEqual([1, 1, 0, 1]);
  });

  test("sup_start_ignore_permanent_child_start_child_simple: a permanent dynamic child that ignores is not kept, and the supervisor still stops cleanly", async () => {
    await using tree = await Supervised.start(system(), simple("permanent"));
    expect(await tree.startChild({ init: "ignore" })).toEqual({ ok: true, ref: undefined });
    const ref = await tree.start({});
    expect(await tree.children()).toEqual([[undefined, ref]]);
    expect(await tree.counts()).toEqual([1, 1, 0, 1]);
    expect(await tree.stop("shutdown")).toBe("shutdown");
  });

  test("sup_start_error_return: an init that returns no specification fails the start with bad_return", async () => {
    await using starter = await Probe.start(system());
    const failure = await starter.run((ctx) => ctx.start(answersNonsense)).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "start_failed",
      cause: expect.objectContaining({ bad_return: expect.anything() }),
    });
    expect(await starter.all()).toEqual([]);
  });

  test("sup_start_fail: an init that throws fails the start with its error, and the starter gets no exit", async () => {
    await using starter = await Probe.start(system());
    const failure = await starter.run((ctx) => ctx.start(throws)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "start_failed", message: expect.stringContaining("fail") });
    expect(await starter.all()).toEqual([]);
  });

  test("sup_start_child_returns_error: a child whose init fails is an error with its reason, and nothing is kept", async () => {
    await using tree = await Supervised.start(system(), flags);
    expect(await tree.startChild({ id: "child1", start: [child, { init: { stop: { because: "asked" } } }] })).toEqual({
      ok: false,
      error: { code: "start_failed", reason: { because: "asked" } },
    });
    expect(await tree.startChild({ id: "child2", start: [child, { init: "throw" }] })).toMatchObject({
      ok: false,
      error: { code: "start_failed", reason: { error: { message: "cannot start" } } },
    });
    expect(await tree.children()).toEqual([]);
  });

  test("sup_start_restart_child_returns_error: a restartChild that fails leaves the child stopped", async () => {
    await using tree = await Supervised.start(system(), {
      ...flags,
      childPlacement: { thread: 0 },
      children: [{ id: "child1", start: [child, { init: { once: "restart_child_returns_error" } }], shutdown: 1_000 }],
    });
    expect(await tree.terminateChild("child1")).toEqual({ ok: true });
    expect(await tree.restartChild("child1")).toMatchObject({ ok: false, error: { code: "start_failed" } });
    expect(await tree.children()).toEqual([["child1", undefined]]);
  });

  test("sup_start_child_returns_error_simple: a dynamic child whose init fails is an error with its reason, and nothing is kept", async () => {
    await using tree = await Supervised.start(system(), simple("permanent"));
    expect(await tree.startChild({ init: { stop: { because: "asked" } } })).toEqual({
      ok: false,
      error: { code: "start_failed", reason: { because: "asked" } },
    });
    expect(await tree.startChild({ init: "throw" })).toMatchObject({ ok: false, error: { code: "start_failed" } });
    expect(await tree.children()).toEqual([]);
  });

  test("sup_start_map: a specification is read back with its defaults filled in", async () => {
    await using tree = await Supervised.start(system(), {
      children: [
        { id: "child1", start: [child] },
        { id: "child2", start: [child], shutdown: "brutal_kill" },
        { id: "child3", start: [child], type: "supervisor" },
      ],
    });
    const defaults = { restart: "permanent", shutdown: 5_000, type: "worker", significant: false };
    for (const [id, own] of Object.entries({
      child1: {},
      child2: { shutdown: "brutal_kill" },
      child3: { shutdown: "infinity", type: "supervisor" },
    })) {
      expect(await tree.getChildSpec(id)).toMatchObject({ ok: true, spec: { id, ...defaults, ...own } });
    }
    expect(await tree.getChildSpec("child4")).toEqual({ ok: false, error: { code: "not_found" } });
    expect(await tree.stop("shutdown")).toBe("shutdown");
  });

  test("sup_start_map_simple: the specification of a dynamic child is read back by its ref", async () => {
    await using tree = await Supervised.start(system(), simple("temporary"));
    const refs = [await tree.start({}), await tree.start({}), await tree.start({})];
    for (const ref of refs) {
      expect(await tree.getChildSpec(ref)).toMatchObject({
        ok: true,
        spec: { restart: "temporary", type: "worker", shutdown: 1_000, significant: false },
      });
    }
    const stranger = await system().spawn(puppet);
    expect(await tree.getChildSpec(stranger)).toEqual({ ok: false, error: { code: "not_found" } });
    expect(await tree.stop("shutdown")).toBe("shutdown");
  });

  test("sup_start_map_faulty_specs: a specification without id or start is named, an unknown key is ignored", async () => {
    const faults: [unknown, object][] = [
      [{ start: [child] }, { code: "missing_id" }],
      [{ id: "child2" }, { code: "missing_start" }],
      ["child4", { code: "invalid_child_spec", value: "child4" }],
    ];
    for (const [spec, error] of faults) {
      // The types would refuse these; a program that is not type-checked gets them named.
      const failure = Supervised.start(system(), { children: [spec as ChildSpec] });
      await expect(failure).rejects.toMatchObject({ code: "start_failed", cause: { start_spec: error } });
    }
    const silly = { id: "child3", start: [child], sillyFlag: true } as const;
    await using tree = await Supervised.start(system(), { children: [silly] });
    expect(await tree.counts()).toEqual([1, 1, 0, 1]);
  });

  test("faulty_application_shutdown: the cause of a failed start reaches the top with its stack", async () => {
    await using starter = await Probe.start(system());
    const setup = { children: [{ id: "app_faulty", start: [child, { init: "throw" }] as const }] };
    const failure = await starter.run((ctx) => ctx.start(nested, setup)).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "start_failed",
      cause: {
        shutdown: {
          failed_to_start_child: [
            "inner",
            {
              shutdown: {
                failed_to_start_child: [
                  "app_faulty",
                  { error: { message: "cannot start", stack: expect.stringContaining("child") } },
                ],
              },
            },
          ],
        },
      },
    });
    expect(await starter.all()).toEqual([]);
  });

  test("already_started_outside_supervisor: a child whose name a stranger holds is already_started, and nothing is kept", async () => {
    await using tree = await Supervised.start(system(), {});
    const stranger = await system().spawn(puppet, undefined, { name: "registered_name" });
    expect(
      await tree.startChild({ id: "child", start: [child], name: "registered_name", restart: "transient" }),
    ).toEqual({
      ok: false,
      error: { code: "already_started", ref: stranger },
    });
    expect(await tree.children()).toEqual([]);
    expect(system().whereis("registered_name")).toEqual(stranger);
    expect(await tree.stop("shutdown")).toBe("shutdown");
  });
});
