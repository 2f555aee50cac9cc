/** Erlang/OTP, supervisor_SUITE: significant children and auto shutdown. Cases by their names there; see cases.json. Not in every placement: as in OTP, supervisor and children stand in one place, main, unless a case says otherwise; for threads see supervisors/threads.test.ts. */
import { describe, expect, test } from "@jest/globals";
import type { Ref } from "../../core/index.ts";
import {
  type AutoShutdown,
  type ChildSpec,
  type Restart,
  type Strategy,
  type SupervisorSetup,
  supervisor,
} from "../../supervisors/index.ts";
import { child } from "../fixtures/child.ts";
import { Supervised } from "../support/supervised.ts";
import { useSystem } from "../support/use-system.ts";

const system = useSystem();

const spec = (id: string, restart: Restart, significant: boolean): ChildSpec => ({
  id,
  start: [child],
  restart,
  significant,
});

/** Two significant children and one that is not. */
async function family(autoShutdown: AutoShutdown, restart: Restart): Promise<{ tree: Supervised; refs: Ref[] }> {
  const tree = await Supervised.start(system(), { intensity: 5, autoShutdown });
  const refs: Ref[] = [];
  for (const [id, significant] of [
    ["child1", true],
    ["child2", true],
    ["child3", false],
  ] as const) {
    refs.push(await tree.start(spec(id, restart, significant)));
  }
  return { tree, refs };
}

const alive = (refs: readonly Ref[]) => refs.map((ref) => system().isAlive(ref));

describe("supervisor_SUITE", () => {
  const everyAutoShutdown: AutoShutdown[] = ["never", "any_significant", "all_significant"];

  test("nonsignificant_temporary: a temporary child that is not significant never shuts its supervisor down", async () => {
    for (const autoShutdown of everyAutoShutdown) {
      await using tree = await Supervised.start(system(), { autoShutdown });
      for (const how of ["supervisor", "kill", "abnormal", "normal"] as const) {
        const ref = await tree.start(spec("child1", "temporary", false));
        if (how === "supervisor") await tree.terminateChild("child1");
        else await tree.end(ref, how);
        expect([autoShutdown, how, await tree.isAlive()]).toEqual([autoShutdown, how, true]);
      }
      expect(await tree.stop("shutdown")).toBe("shutdown");
    }
  });

  test("nonsignificant_transient: a transient child that is not significant never shuts its supervisor down", async () => {
    for (const autoShutdown of everyAutoShutdown) {
      await using tree = await Supervised.start(system(), { intensity: 5, autoShutdown });
      await tree.start(spec("child1", "transient", false));
      await tree.terminateChild("child1");
      expect(await tree.isAlive()).toBe(true);
      await tree.restartChild("child1");
      for (const how of ["kill", "abnormal", "normal"] as const) {
        await tree.end(await tree.child("child1"), how);
        expect([autoShutdown, how, await tree.isAlive()]).toEqual([autoShutdown, how, true]);
      }
      expect(await tree.counts()).toEqual([1, 0, 0, 1]);
      expect(await tree.stop("shutdown")).toBe("shutdown");
    }
  });

  test("significant_temporary: a significant temporary child that ends by itself shuts its supervisor down", async () => {
    const any = await family("any_significant", "temporary");
    await using asked = any.tree;
    await asked.terminateChild("child1");
    expect(alive(any.refs)).toEqual([false, true, true]);
    expect(await asked.isAlive()).toBe(true);

    for (const how of ["kill", "abnormal", "normal"] as const) {
      const { tree, refs } = await family("any_significant", "temporary");
      await using _closing = tree;
      await tree.end(refs[0] as Ref, how);
      expect([how, await tree.exitReason(), alive(refs)]).toEqual([how, "shutdown", [false, false, false]]);
    }

    const all = await family("all_significant", "temporary");
    await using tree = all.tree;
    await tree.end(all.refs[0] as Ref, "normal");
    expect(alive(all.refs)).toEqual([false, true, true]);
    expect(await tree.isAlive()).toBe(true);
    await tree.end(all.refs[1] as Ref, "normal");
    expect(await tree.exitReason()).toBe("shutdown");
    expect(alive(all.refs)).toEqual([false, false, false]);
  });

  test("significant_transient: a significant transient child shuts its supervisor down by a normal end alone", async () => {
    const { tree, refs } = await family("any_significant", "transient");
    await using _closing = tree;
    await tree.terminateChild("child1");
    expect(await tree.isAlive()).toBe(true);
    await tree.restartChild("child1");
    for (const how of ["kill", "abnormal"] as const) {
      await tree.end(await tree.child("child1"), how);
      expect([how, await tree.counts()]).toEqual([how, [3, 3, 0, 3]]);
    }
    await tree.end(await tree.child("child1"), "normal");
    expect(await tree.exitReason()).toBe("shutdown");
    expect(alive(refs)).toEqual([false, false, false]);

    const all = await family("all_significant", "transient");
    await using second = all.tree;
    await second.end(all.refs[0] as Ref, "normal");
    expect(await second.isAlive()).toBe(true);
    await second.end(all.refs[1] as Ref, "normal");
    expect(await second.exitReason()).toBe("shutdown");
    expect(alive(all.refs)).toEqual([false, false, false]);
  });

  test("significant_simple: auto shutdown is refused with simple_one_for_one", async () => {
    const setup = (autoShutdown: AutoShutdown): SupervisorSetup => ({
      strategy: "simple_one_for_one",
      autoShutdown,
      children: [{ id: "child1", start: [child] }],
    });
    for (const autoShutdown of ["any_significant", "all_significant"] as const) {
      await expect(Supervised.start(system(), setup(autoShutdown))).rejects.toMatchObject({
        code: "start_failed",
        cause: { supervisor_data: { code: "bad_combination" } },
      });
    }
    await using tree = await Supervised.start(system(), setup("never"));
    expect(await tree.stop("shutdown")).toBe("shutdown");
  });

  test("significant_bystander: a significant child that is terminated for its sibling's sake shuts nothing down", async () => {
    const gone: Record<string, boolean[]> = {
      one_for_one: [true, false, true],
      one_for_all: [false, false, false],
      rest_for_one: [true, false, false],
    };
    for (const strategy of ["one_for_one", "one_for_all", "rest_for_one"] satisfies Strategy[]) {
      for (const autoShutdown of ["any_significant", "all_significant"] as const) {
        await using tree = await Supervised.start(system(), { strategy, intensity: 5, autoShutdown });
        const refs: Ref[] = [];
        for (const id of ["child1", "child2", "child3"])
          refs.push(await tree.start(spec(id, "transient", id !== "child2")));
        await tree.end(refs[1] as Ref, "kill");
        expect([strategy, autoShutdown, alive(refs)]).toEqual([strategy, autoShutdown, gone[strategy]]);
        expect(await tree.isAlive()).toBe(true);
        expect(await tree.counts()).toEqual([3, 3, 0, 3]);
      }
    }
  });

  test("significant_escalation: a shutdown climbs through significant supervisors only", async () => {
    for (const significant of [true, false]) {
      await using top = await Supervised.start(system(), { autoShutdown: "any_significant" });
      const inner: ChildSpec = {
        id: "sup1",
        start: [supervisor, { autoShutdown: "any_significant", children: [spec("child1", "transient", true)] }],
        restart: "transient",
        type: "supervisor",
        significant,
        placement: { thread: 0 },
      };
      const ref = await top.start(inner);
      const worker = await firstChild(ref);
      await top.end(worker, "normal");
      expect([system().isAlive(worker), system().isAlive(ref)]).toEqual([false, false]);
      expect([significant, await top.isAlive()]).toEqual([significant, !significant]);
      if (significant) expect(await top.exitReason()).toBe("shutdown");
    }
  });

  /** Starts without children, so that an upgrade is all that changes. */
  const start = (autoShutdown: AutoShutdown) => Supervised.start(system(), { autoShutdown });
  const significant = (id: string) => spec(id, "transient", true);
  const badCombination = { ok: false, error: { code: "bad_combination" } };

  test("significant_upgrade_never_any: auto shutdown may be switched from never to any_significant", async () => {
    await using tree = await start("never");
    expect(await tree.startChild(significant("child1"))).toMatchObject(badCombination);
    expect(await tree.changeCode({ autoShutdown: "any_significant" })).toEqual({ ok: true });
    const refs = [await tree.start(significant("child1")), await tree.start(significant("child2"))];
    await tree.end(refs[0] as Ref, "normal");
    expect(await tree.exitReason()).toBe("shutdown");
    expect(alive(refs)).toEqual([false, false]);
  });

  test("significant_upgrade_never_all: auto shutdown may be switched from never to all_significant", async () => {
    await using tree = await start("never");
    expect(await tree.startChild(significant("child1"))).toMatchObject(badCombination);
    expect(await tree.changeCode({ autoShutdown: "all_significant" })).toEqual({ ok: true });
    const refs = [await tree.start(significant("child1")), await tree.start(significant("child2"))];
    await tree.end(refs[0] as Ref, "normal");
    expect(await tree.isAlive()).toBe(true);
    await tree.end(refs[1] as Ref, "normal");
    expect(await tree.exitReason()).toBe("shutdown");
  });

  /** What holds after a switch to never, whatever it was before. */
  async function toNever(before: AutoShutdown): Promise<void> {
    await using tree = await start(before);
    const ref = await tree.start(significant("child1"));
    expect(await tree.changeCode({ autoShutdown: "never" })).toEqual({ ok: true });
    expect(alive([ref])).toEqual([true]);
    expect(await tree.startChild(significant("child2"))).toMatchObject(badCombination);
    await tree.end(ref, "normal");
    expect(await tree.isAlive()).toBe(true);
    expect(await tree.restartChild("child1")).toMatchObject({ ok: true });
    expect(await tree.stop("shutdown")).toBe("shutdown");
  }

  test("significant_upgrade_any_never: auto shutdown may be switched from any_significant to never", () =>
    toNever("any_significant"));

  test("significant_upgrade_all_never: auto shutdown may be switched from all_significant to never", () =>
    toNever("all_significant"));

  test("significant_upgrade_any_all: auto shutdown may be switched from any_significant to all_significant", async () => {
    await using tree = await start("any_significant");
    const refs = [await tree.start(significant("child1")), await tree.start(significant("child2"))];
    expect(await tree.changeCode({ autoShutdown: "all_significant" })).toEqual({ ok: true });
    expect(alive(refs)).toEqual([true, true]);
    await tree.end(refs[0] as Ref, "normal");
    expect(await tree.isAlive()).toBe(true);
    await tree.end(refs[1] as Ref, "normal");
    expect(await tree.exitReason()).toBe("shutdown");
  });

  test("significant_upgrade_all_any: auto shutdown may be switched from all_significant to any_significant", async () => {
    await using tree = await start("all_significant");
    const refs = [await tree.start(significant("child1")), await tree.start(significant("child2"))];
    expect(await tree.changeCode({ autoShutdown: "any_significant" })).toEqual({ ok: true });
    expect(alive(refs)).toEqual([true, true]);
    await tree.end(refs[0] as Ref, "normal");
    expect(await tree.exitReason()).toBe("shutdown");
    expect(alive(refs)).toEqual([false, false]);
  });

  test("significant_upgrade_child: a child may become significant and cease to be, if the supervisor's flag allows it", async () => {
    const setup = (autoShutdown: AutoShutdown, isSignificant: boolean): SupervisorSetup => ({
      autoShutdown,
      children: [spec("child", "transient", isSignificant)],
    });
    await using never = await Supervised.start(system(), setup("never", false));
    expect(await never.changeCode(setup("never", true))).toMatchObject(badCombination);
    expect(await never.isAlive()).toBe(true);

    await using becoming = await Supervised.start(system(), setup("any_significant", false));
    const first = await becoming.child("child");
    expect(await becoming.changeCode(setup("any_significant", true))).toEqual({ ok: true });
    expect(await becoming.child("child")).toEqual(first);
    await becoming.end(first, "normal");
    expect(await becoming.exitReason()).toBe("shutdown");

    await using ceasing = await Supervised.start(system(), setup("any_significant", true));
    expect(await ceasing.changeCode(setup("any_significant", false))).toEqual({ ok: true });
    await ceasing.end(await ceasing.child("child"), "normal");
    expect(await ceasing.isAlive()).toBe(true);
  });
});

async function firstChild(ref: Ref): Promise<Ref> {
  const [entry] = (await ref.call("whichChildren")) as { ref: Ref }[];
  if (entry === undefined) throw new Error("the supervisor has no child");
  return entry.ref;
}
