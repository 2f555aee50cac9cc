/** Erlang/OTP, supervisor_SUITE: children, their specifications and the flags. Cases by their names there; see cases.json. Not in every placement: as in OTP, supervisor and children stand in one place, main, unless a case says otherwise; for threads see supervisors/threads.test.ts. */
import { describe, expect, test } from "@jest/globals";
import type { Ref } from "../../core/index.ts";
import {
  type ChildSpec,
  checkChildSpec,
  checkChildSpecs,
  type Restart,
  type SupervisorSetup,
} from "../../supervisors/index.ts";
import { Probe } from "../../testing/index.ts";
import { child } from "../fixtures/child.ts";
import { puppet } from "../fixtures/puppet.ts";
import { Supervised } from "../support/supervised.ts";
import { useSystem } from "../support/use-system.ts";

const system = useSystem();

const flags = { strategy: "one_for_one", intensity: 2, periodMs: 3_600_000 } as const;
const child1: ChildSpec = { id: "child1", start: [child], restart: "permanent", shutdown: 1_000 };
const refused = (code: string) => ({ ok: false, error: { code } });

/** The walk that child_adm and extra_return have in common: every request in every state of a child. */
async function walk(tree: Supervised, ref: Ref): Promise<void> {
  const watch = await tree.parent.watch(ref);
  expect(await tree.startChild(child1)).toEqual({ ok: false, error: { code: "already_started", ref } });
  for (const request of [tree.terminateChild("hej"), tree.deleteChild("hej"), tree.restartChild("hej")]) {
    expect(await request).toEqual(refused("not_found"));
  }
  expect(await tree.deleteChild("child1")).toEqual(refused("running"));
  expect(await tree.restartChild("child1")).toEqual(refused("running"));
  expect(await tree.children()).toEqual([["child1", ref]]);

  expect(await tree.terminateChild("child1")).toEqual({ ok: true });
  expect(await watch.reason()).toBe("shutdown");
  expect(await tree.children()).toEqual([["child1", undefined]]);
  expect(await tree.counts()).toEqual([1, 0, 0, 1]);
  expect(await tree.terminateChild("child1")).toEqual({ ok: true }); // like deleting what is not there
  expect(await tree.startChild(child1)).toEqual(refused("already_present"));

  const restarted = await tree.restartChild("child1");
  expect(restarted).toEqual({ ok: true, ref: expect.anything() });
  expect(await tree.counts()).toEqual([1, 1, 0, 1]);

  expect(await tree.terminateChild("child1")).toEqual({ ok: true });
  expect(await tree.deleteChild("child1")).toEqual({ ok: true });
  expect(await tree.restartChild("child1")).toEqual(refused("not_found"));
  expect(await tree.children()).toEqual([]);
  expect(await tree.counts()).toEqual([0, 0, 0, 0]);
}

describe("supervisor_SUITE", () => {
  test("child_adm: start, terminate, restart and delete answer as OTP's do in every state of a child", async () => {
    await using tree = await Supervised.start(system(), { intensity: 1, periodMs: 1_000, children: [child1] });
    await walk(tree, await tree.child("child1"));
    const ref = await tree.start(child1);
    expect(await tree.terminateChild(ref)).toEqual(refused("not_found")); // a ref names a child of a template only
    expect(await tree.children()).toEqual([["child1", ref]]);

    await using absent = await Supervised.start(system(), {});
    await absent.stop("shutdown");
    for (const request of [
      absent.startChild(child1),
      absent.terminateChild("child1"),
      absent.deleteChild("child1"),
      absent.restartChild("child1"),
      absent.whichChildren(),
      absent.counts(),
    ]) {
      await expect(request).rejects.toMatchObject({ code: "noproc" });
    }
  });

  test("child_adm_simple: a simple_one_for_one supervisor takes refs, refuses ids, and tells a dead child from a stranger", async () => {
    await using tree = await Supervised.start(system(), {
      ...flags,
      strategy: "simple_one_for_one",
      children: [{ id: "child", start: [child], shutdown: 1_000 }],
    });
    expect(await tree.children()).toEqual([]);
    expect(await tree.counts()).toEqual([1, 0, 0, 0]);
    const first = await tree.start();
    expect(await tree.children()).toEqual([[undefined, first]]);
    const second = await tree.start();
    expect(await tree.children()).toEqual(
      expect.arrayContaining([
        [undefined, first],
        [undefined, second],
      ]),
    );
    expect(await tree.counts()).toEqual([1, 2, 0, 2]);

    expect(await tree.terminateChild("child1")).toEqual(refused("simple_one_for_one"));
    expect(await tree.terminateChild(first)).toEqual({ ok: true });
    expect(system().isAlive(first)).toBe(false);
    expect(await tree.terminateChild(first)).toEqual({ ok: true });
    expect(await tree.children()).toEqual([[undefined, second]]);
    const stranger = await system().spawn(puppet);
    expect(await tree.terminateChild(stranger)).toEqual(refused("not_found"));
    expect(system().isAlive(stranger)).toBe(true);
    expect(await tree.restartChild("child1")).toEqual(refused("simple_one_for_one"));
    expect(await tree.deleteChild("child1")).toEqual(refused("simple_one_for_one"));
  });

  test("extra_return: terminate, restart and delete answer the same for a child whose start returned extra information", async () => {
    // A start has nothing to return but the ref; what its init makes stays inside. The walk and the restart remain.
    const extra: ChildSpec = { ...child1, start: [child, { ballast: "extra information" }] };
    await using tree = await Supervised.start(system(), { ...flags, children: [extra] });
    await walk(tree, await tree.child("child1"));
    const ref = await tree.start(extra);
    expect(await tree.end(ref, "abnormal")).toMatchObject({ error: { message: "died" } });
    const next = await tree.child("child1");
    expect(next).not.toEqual(ref);
    expect(await tree.counts()).toEqual([1, 1, 0, 1]);
    expect(await next.call("start")).toEqual({ ballast: "extra information" });
  });

  const faults: [string, object, object][] = [
    ["start", { start: "mfa" }, { code: "invalid_mfa", value: "mfa" }],
    ["restart", { restart: "prmanent" }, { code: "invalid_restart_type", value: "prmanent" }],
    ["shutdown", { shutdown: -10 }, { code: "invalid_shutdown", value: -10 }],
    ["type", { type: "wrker" }, { code: "invalid_child_type", value: "wrker" }],
    ["significant", { significant: "maybe" }, { code: "invalid_significant", value: "maybe" }],
  ];

  test("child_specs: each faulty field of a specification is named, and a duplicate id is refused", async () => {
    await using tree = await Supervised.start(system(), flags);
    expect(await tree.startChild("hej")).toMatchObject({ ok: false });
    for (const [field, wrong, error] of faults) {
      const spec = { id: "child", start: [child], ...wrong } as unknown as ChildSpec; // wrong on purpose
      expect([field, checkChildSpec(spec, { autoShutdown: "any_significant" })]).toEqual([field, { ok: false, error }]);
      if (field === "significant") continue; // with autoShutdown never it is the combination that is bad
      expect([field, await tree.startChild(spec)]).toEqual([field, { ok: false, error }]);
      const started = Supervised.start(system(), { ...flags, children: [spec] });
      await expect(started).rejects.toMatchObject({ code: "start_failed", cause: { start_spec: error } });
    }
    expect(checkChildSpecs([child1, child1], { autoShutdown: "never" })).toEqual({
      ok: false,
      error: { code: "duplicate_child_name", value: "child1" },
    });
    for (const children of [[], [child1, { ...child1, id: "child2" }]]) {
      const started = Supervised.start(system(), { ...flags, strategy: "simple_one_for_one", children });
      await expect(started).rejects.toMatchObject({
        code: "start_failed",
        cause: { bad_start_spec: expect.anything() },
      });
    }
    expect(await tree.children()).toEqual([]);
  });

  test("child_specs_map: every combination of valid fields is accepted, save the two that contradict each other", async () => {
    let combinations = 0;
    for (const autoShutdown of ["never", "any_significant", "all_significant"] as const) {
      for (const restart of [undefined, "permanent", "transient", "temporary"]) {
        for (const shutdown of [undefined, 0, 1_000, "infinity", "brutal_kill"]) {
          for (const type of [undefined, "supervisor", "worker"]) {
            for (const significant of [undefined, true, false]) {
              for (const dummy of [undefined, "dummy"]) {
                const all = { id: "child", start: [child], restart, shutdown, type, significant, dummy };
                const spec = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
                const contradicts =
                  significant === true &&
                  (autoShutdown === "never" || restart === undefined || restart === "permanent");
                const outcome = checkChildSpec(spec, { autoShutdown });
                const expected = contradicts ? { ok: false, error: { code: "bad_combination" } } : { ok: true };
                expect([spec, autoShutdown, outcome]).toMatchObject([spec, autoShutdown, expected]);
                combinations += 1;
              }
            }
          }
        }
      }
    }
    expect(combinations).toBe(1_080);
  });

  test("sup_flags: each faulty flag is named, an unknown flag is ignored", async () => {
    const wrong: [object, object][] = [
      [{ strategy: "none_for_one" }, { code: "invalid_strategy", value: "none_for_one" }],
      [{ intensity: Number.POSITIVE_INFINITY }, { code: "invalid_intensity", value: Number.POSITIVE_INFINITY }],
      [{ intensity: -1 }, { code: "invalid_intensity", value: -1 }],
      [{ periodMs: 0 }, { code: "invalid_period", value: 0 }],
      [{ periodMs: "infinity" }, { code: "invalid_period", value: "infinity" }],
      [{ autoShutdown: "sometimes" }, { code: "invalid_auto_shutdown", value: "sometimes" }],
    ];
    for (const [setup, error] of wrong) {
      const started = Supervised.start(system(), setup as SupervisorSetup);
      await expect(started).rejects.toMatchObject({ code: "start_failed", cause: { supervisor_data: error } });
    }
    await using tree = await Supervised.start(system(), { sillyFlag: true } as SupervisorSetup);
    expect(await tree.stop("shutdown")).toBe("shutdown");
  });

  test("which_children: whichChildren lists the newest first, whichChild one of them", async () => {
    await using tree = await Supervised.start(system(), {});
    const entry = (id: string, ref: Ref | undefined) => ({ id, ref, type: "worker" });
    const found = (id: string, ref: Ref | undefined) => ({ ok: true, child: entry(id, ref) });
    expect(await tree.whichChildren()).toEqual([]);
    expect(await tree.whichChild("childx")).toEqual(refused("not_found"));
    const one = await tree.start({ id: "child1", start: [child] });
    const two = await tree.start({ id: "child2", start: [child] });
    expect(await tree.whichChildren()).toEqual([entry("child2", two), entry("child1", one)]);
    expect(await tree.whichChild("child1")).toEqual(found("child1", one));
    expect(await tree.whichChild("child2")).toEqual(found("child2", two));
    await tree.terminateChild("child1");
    expect(await tree.whichChildren()).toEqual([entry("child2", two), entry("child1", undefined)]);
    expect(await tree.whichChild("child1")).toEqual(found("child1", undefined));
    await tree.deleteChild("child1");
    expect(await tree.whichChildren()).toEqual([entry("child2", two)]);
    expect(await tree.whichChild("child1")).toEqual(refused("not_found"));
  });

  test("which_children_simple_one_for_one: whichChildren lists dynamic children without ids, whichChild takes a ref", async () => {
    await using tree = await Supervised.start(system(), {
      strategy: "simple_one_for_one",
      children: [{ id: "child", start: [child], restart: "temporary" }],
    });
    const stranger = await system().spawn(puppet);
    expect(await tree.whichChild(stranger)).toEqual(refused("not_found"));
    const one = await tree.start();
    const two = await tree.start();
    expect(await tree.children()).toEqual(
      expect.arrayContaining([
        [undefined, one],
        [undefined, two],
      ]),
    );
    expect(await tree.whichChild(one)).toEqual({ ok: true, child: { id: undefined, ref: one, type: "worker" } });
    await tree.terminateChild(one);
    expect(await tree.whichChild(one)).toEqual(refused("not_found"));
    expect(await tree.children()).toEqual([[undefined, two]]);
    expect(await tree.whichChild("not_a_ref")).toEqual(refused("simple_one_for_one"));
  });

  test("get_callback_module: a supervisor tells which behaviour it runs", async () => {
    await using watcher = await Probe.start(system());
    const behaviours: string[] = [];
    const stop = system().events.on("spawned", (event) => void behaviours.push(event.behaviour));
    await using tree = await Supervised.start(system(), {});
    await watcher.all();
    stop();
    expect(behaviours).toContain("supervisor");
    expect(await tree.isAlive()).toBe(true);
  });

  const dynamic = (type: "worker" | "supervisor") =>
    ({
      ...flags,
      strategy: "simple_one_for_one",
      childPlacement: "spread",
      children: [{ id: "child", start: [puppet], restart: "temporary", type }],
    }) as const;

  async function startMany(tree: Supervised, count: number): Promise<Ref[]> {
    return await Promise.all(Array.from({ length: count }, () => tree.start()));
  }

  test("count_children: two thousand dynamic workers are counted, and none once they are killed", async () => {
    await using tree = await Supervised.start(system(), dynamic("worker"));
    const refs = await startMany(tree, 1_000);
    expect(await tree.counts()).toEqual([1, 1_000, 0, 1_000]);
    refs.push(...(await startMany(tree, 1_000)));
    expect(await tree.counts()).toEqual([1, 2_000, 0, 2_000]);
    expect(await tree.whichChildren()).toHaveLength(2_000);
    for (const ref of refs) system().exit(ref, "kill");
    await system().settled();
    expect(await tree.counts()).toEqual([1, 0, 0, 0]);
  });

  test("count_children_supervisor: two thousand dynamic supervisors are counted as supervisors", async () => {
    await using tree = await Supervised.start(system(), dynamic("supervisor"));
    const refs = await startMany(tree, 2_000);
    expect(await tree.counts()).toEqual([1, 2_000, 2_000, 0]);
    for (const ref of refs) system().exit(ref, "kill");
    await system().settled();
    expect(await tree.counts()).toEqual([1, 0, 0, 0]);
  });

  test("do_not_save_child_specs_for_temporary_children: a temporary child leaves no specification, however it ends", async () => {
    for (const strategy of ["one_for_all", "one_for_one", "rest_for_one"] as const) {
      for (const how of ["kill", "normal", "abnormal", "supervisor"] as const) {
        await using tree = await Supervised.start(system(), { ...flags, intensity: 100, strategy });
        const outcomes: unknown[] = [];
        for (const restart of ["permanent", "transient", "temporary"] satisfies Restart[]) {
          const spec: ChildSpec = { id: restart, start: [child], restart, shutdown: 1_000 };
          const ref = await tree.start(spec);
          if (how === "supervisor") await tree.terminateChild(restart);
          else await tree.end(ref, how);
          const again = await tree.startChild(spec);
          outcomes.push(again.ok ? "started" : again.error.code);
        }
        const transient = how === "kill" || how === "abnormal" ? "already_started" : "already_present";
        const permanent = how === "supervisor" ? "already_present" : "already_started";
        expect([strategy, how, outcomes]).toEqual([strategy, how, [permanent, transient, "started"]]);
      }
    }
  });
});
