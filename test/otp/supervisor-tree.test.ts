/** Erlang/OTP, supervisor_SUITE: trees, names, many children, reports. Cases by their names there; see cases.json. Not in every placement: as in OTP, supervisor and children stand in one place, main, unless a case says otherwise; for threads see supervisors/threads.test.ts. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "@jest/globals";
import type { Ref } from "../../core/index.ts";
import {
  type ChildSpec,
  type ProgressReport,
  type Restart,
  reportText,
  type Strategy,
  type SupervisorReport,
  type SupervisorSetup,
  supervisor,
} from "../../supervisors/index.ts";
import { EventRecorder, Probe } from "../../testing/index.ts";
import { child } from "../fixtures/child.ts";
import { puppet } from "../fixtures/puppet.ts";
import { Supervised } from "../support/supervised.ts";
import { useSystem } from "../support/use-system.ts";

const system = useSystem();

const hour = { periodMs: 3_600_000 } as const;
const worker = (id: string): ChildSpec => ({ id, start: [child], shutdown: 1_000 });

/** A supervisor on main as a child. */
const inner = (id: string, setup: SupervisorSetup, restart: Restart = "permanent", name?: string): ChildSpec => ({
  id,
  start: [supervisor, setup],
  restart,
  type: "supervisor",
  shutdown: "infinity",
  placement: { thread: 0 },
  ...(name !== undefined && { name }),
});

type Entry = { id: string; ref: Ref | undefined };
const childrenOf = async (ref: Ref) => (await ref.call("whichChildren")) as Entry[];
const countsOf = async (ref: Ref) => {
  const { specs, active, supervisors, workers } = (await ref.call("countChildren")) as Record<string, number>;
  return [specs, active, supervisors, workers];
};

describe("supervisor_SUITE", () => {
  test("tree: a tree of supervisors restarts what failed and nothing else, and loses dynamic children with their supervisor", async () => {
    const four = { ...hour, intensity: 4, childPlacement: { thread: 0 } } as const;
    await using top = await Supervised.start(system(), { ...four, strategy: "one_for_all" });
    const one = await top.start(inner("supchild1", { ...four, children: [worker("child1"), worker("child2")] }));
    const two = await top.start(inner("supchild2", four));
    await top.start(inner("supchild3", four, "transient"));
    await top.terminateChild("supchild3");
    expect(await top.counts()).toEqual([3, 2, 3, 0]);
    const workersOfOne = await childrenOf(one);
    expect(workersOfOne.map(({ id }) => id)).toEqual(["child2", "child1"]);
    expect(await countsOf(two)).toEqual([0, 0, 0, 0]);

    const start = async (spec: ChildSpec) => ((await two.call("startChild", spec)) as { ref: Ref }).ref;
    const three = await start({ ...worker("child3"), start: [child, { init: { once: "tree" } }] });
    const fourth = await start(worker("child4"));
    await top.end(fourth, "abnormal");
    expect(await childrenOf(one)).toEqual(workersOfOne);
    const [restarted, same] = await childrenOf(two);
    expect(same).toMatchObject({ id: "child3", ref: three });
    expect(restarted?.ref).not.toEqual(fourth);

    await top.end(three, "abnormal"); // it cannot start again: its supervisor gives up, and the top starts all anew
    const fresh = (await top.whichChildren()) as Entry[];
    expect(fresh.map(({ id }) => id)).toEqual(["supchild3", "supchild2", "supchild1"]);
    expect(await top.counts()).toEqual([3, 3, 3, 0]);
    const [freshThree, freshTwo, freshOne] = fresh.map(({ ref }) => ref as Ref);
    expect(await countsOf(freshOne as Ref)).toEqual([2, 2, 0, 2]);
    expect(await countsOf(freshTwo as Ref)).toEqual([0, 0, 0, 0]);
    expect(await countsOf(freshThree as Ref)).toEqual([0, 0, 0, 0]);
  });

  test("simple_global_supervisor: supervisor and worker come back under their names, whichever is killed, ended or restarted", async () => {
    const setup = (): SupervisorSetup => ({ strategy: "one_for_all", intensity: 3, periodMs: 60_000 });
    const middle = {
      ...setup(),
      childPlacement: "spread",
      children: [{ ...worker("child"), name: "server" }],
    } as const;
    const held = (name: string): Ref => {
      const ref = system().whereis(name);
      if (ref === undefined) throw new Error(`nobody is registered as ${name}`);
      return ref;
    };
    const ways: [string, (sup2: Ref, server: Ref) => Promise<unknown> | void][] = [
      ["kill supervisor", (sup2) => system().exit(sup2, "kill")],
      ["kill worker", (_sup2, server) => system().exit(server, "kill")],
      ["exit worker", (_sup2, server) => void system().cast(server, "stop")],
      [
        "restart worker",
        async (sup2) => {
          await sup2.call("terminateChild", "child");
          await sup2.call("restartChild", "child");
        },
      ],
    ];
    for (const [way, act] of ways) {
      await using top = await Supervised.start(system(), {
        ...setup(),
        children: [inner("middle", middle, "permanent", "sup2")],
      });
      const [sup2, server] = [held("sup2"), held("server")];
      await act(sup2, server);
      await system().settled();
      expect([way, system().isAlive(server), system().isAlive(held("server"))]).toEqual([way, false, true]);
      expect([way, system().isAlive(sup2)]).toEqual([way, way !== "kill supervisor"]);
      system().exit(top.ref, "kill");
      await system().settled();
      expect([way, system().whereis("sup2"), system().whereis("server")]).toEqual([way, undefined, undefined]);
    }
  });

  /** The argument that a supervisor has kept for the restart of a child. */
  async function keptArgument(strategy: Strategy, restart: Restart): Promise<unknown> {
    const ballast = "Potentially large".repeat(10);
    const setup: SupervisorSetup =
      strategy === "simple_one_for_one"
        ? { strategy, intensity: 2, children: [{ id: "child", start: [child], restart }] }
        : { strategy, intensity: 2 };
    await using tree = await Supervised.start(system(), setup);
    await tree.start(
      strategy === "simple_one_for_one" ? { ballast } : { id: "child", start: [child, { ballast }], restart },
    );
    const spec = await tree.getChildSpec(
      strategy === "simple_one_for_one" ? ((await tree.children())[0]?.[1] as Ref) : "child",
    );
    return spec.ok ? spec.spec.start[1] : spec.error;
  }

  test("do_not_save_start_parameters_for_temporary_children: arguments of temporary children are not kept under any strategy", async () => {
    for (const strategy of ["one_for_all", "one_for_one", "rest_for_one"] as const) {
      expect([strategy, await keptArgument(strategy, "permanent")]).toEqual([
        strategy,
        { ballast: expect.any(String) },
      ]);
      expect([strategy, await keptArgument(strategy, "transient")]).toEqual([
        strategy,
        { ballast: expect.any(String) },
      ]);
      expect([strategy, await keptArgument(strategy, "temporary")]).toEqual([strategy, undefined]);
    }
    expect(await keptArgument("simple_one_for_one", "temporary")).toBeUndefined(); // the template has none
  });

  test("simple_one_for_one_corruption: arguments of temporary dynamic children are not kept, also after one has died", async () => {
    // A puppet keeps nothing of its argument.
    await using tree = await Supervised.start(system(), {
      strategy: "simple_one_for_one",
      childPlacement: { thread: 0 },
      children: [{ id: "child", start: [puppet], restart: "temporary", shutdown: 1_000 }],
    });
    await tree.end(await tree.start({}), "kill");
    let isCollected = false;
    const registry = new FinalizationRegistry(() => {
      isCollected = true;
    });
    const second = await tree.start(watched(registry));
    const collect = collector();
    for (let round = 0; round < 50 && !isCollected; round += 1) {
      collect();
      await system().settled();
    }
    expect([isCollected, system().isAlive(second)]).toEqual([true, true]);
  });

  test("simple_one_for_one_scale_many_temporary_children: thousands of temporary dynamic children are terminated one by one", async () => {
    await using tree = await Supervised.start(system(), {
      strategy: "simple_one_for_one",
      childPlacement: { thread: 0 },
      children: [{ id: "child", start: [puppet], restart: "temporary", shutdown: 1_000 }],
    });
    const refs = await Promise.all(Array.from({ length: 3_000 }, () => tree.start()));
    for (const ref of refs) await tree.terminateChild(ref);
    expect(await tree.counts()).toEqual([1, 0, 0, 0]);
  });

  test("scale_start_stop_many_children: thousands of children are started and stopped one by one", async () => {
    await using tree = await Supervised.start(system(), { childPlacement: { thread: 0 } });
    const ids = Array.from({ length: 3_000 }, (_, n) => n);
    for (const id of ids) await tree.startChild({ id, start: [puppet], shutdown: 1_000 });
    expect(await tree.counts()).toEqual([3_000, 3_000, 0, 3_000]);
    for (const id of ids) await tree.terminateChild(id);
    expect(await tree.counts()).toEqual([3_000, 0, 0, 3_000]);
  });

  test("scale_mass_exit_children: thousands of children that are killed at once are all taken note of", async () => {
    await using tree = await Supervised.start(system(), { intensity: 10, childPlacement: "spread" });
    const refs = await Promise.all(
      Array.from({ length: 3_000 }, (_, id) => tree.start({ id, start: [puppet], restart: "temporary" })),
    );
    for (const ref of refs) system().exit(ref, "kill");
    await system().settled();
    expect(await tree.counts()).toEqual([0, 0, 0, 0]);
    expect(await tree.isAlive()).toBe(true);
  });

  test("format_log_1: a report has supervisor, context, reason and offender", async () => {
    using recorder = new EventRecorder(system(), ["log"]);
    await using tree = await Supervised.start(system(), {
      children: [{ ...worker("any_id"), shutdown: "brutal_kill" }],
    });
    const ref = await tree.child("any_id");
    await tree.end(ref, "kill");
    const reports = recorder.events.map((event) => (event as unknown as { data: object }).data);
    expect(reports).toContainEqual({
      supervisor: tree.ref,
      errorContext: "child_terminated",
      reason: "killed",
      offender: {
        ref,
        id: "any_id",
        start: "child",
        restart: "permanent",
        significant: false,
        shutdown: "brutal_kill",
        type: "worker",
      },
    });
    expect(reports.filter((report) => "started" in report)).toHaveLength(2);
  });

  test("format_log_2: a report is one line or several, with bounds on depth and length", async () => {
    await using probe = await Probe.start(system());
    const ref = probe.ref;
    const shown = ref.toString();
    const offender = {
      id: "any_id",
      start: "mod",
      restart: "temporary",
      significant: false,
      shutdown: "brutal_kill",
      type: "worker",
    } as const;
    const report: SupervisorReport = {
      supervisor: ref,
      errorContext: "shutdown_error",
      reason: "killed",
      offender: { ...offender, ref },
    };
    expect(reportText(report)).toMatch(
      new RegExp(
        `^    supervisor: ${shown}\\n    errorContext: shutdown_error\\n    reason: killed\\n    offender: .*any_id.*\\n$`,
      ),
    );
    expect(reportText(report, { singleLine: true })).toBe(
      `Supervisor: ${shown}. Context: shutdown_error. Reason: killed. Offender: id=any_id,ref=${shown}.`,
    );
    const progress: ProgressReport = { supervisor: ref, started: { ...offender, ref } };
    expect(reportText(progress, { singleLine: true })).toBe(`Supervisor: ${shown}. Started: id=any_id,ref=${shown}.`);
    const many: SupervisorReport = { ...report, offender: { ...offender, nbChildren: 7 } };
    expect(reportText(many, { singleLine: true })).toContain("Offender: id=any_id,nbChildren=7.");
    const deep: SupervisorReport = { ...report, reason: { shutdown: { a: { b: { c: "deep" } } } } };
    expect(reportText(deep)).toContain("deep");
    expect(reportText(deep, { depth: 1 })).not.toContain("deep");
    const text = reportText(deep, { charsMax: 60 });
    expect(text).toHaveLength(60);
    expect(reportText(deep).startsWith(text.slice(0, 50))).toBe(true);
  });
});

/** An argument whose end the registry tells. Made in a function of its own, so that no frame of the test holds it. */
function watched(registry: FinalizationRegistry<string>): object {
  const argument = { ballast: "x".repeat(50_000) };
  registry.register(argument, "argument");
  return argument;
}

/** V8's collector, which is not there unless asked for. */
function collector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
