/** Erlang/OTP, supervisor_SUITE: a change of code. Cases by their names there; see cases.json. Not in every placement: as in OTP, supervisor and children stand in one place, main, unless a case says otherwise; for threads see supervisors/threads.test.ts. */
import { describe, expect, test } from "@jest/globals";
import { type ChildSpec, defineSupervisor, type SetupAnswer, type SupervisorSetup } from "../../supervisors/index.ts";
import { child } from "../fixtures/child.ts";
import { Supervised } from "../support/supervised.ts";
import { useSystem } from "../support/use-system.ts";

const system = useSystem();

/** Answers whatever it is asked with, so that an upgrade can be anything: OTP's suite fakes it the same way. */
const answers = defineSupervisor((answer: SetupAnswer) => answer, { name: "answers" });
const start = (setup: SupervisorSetup) => Supervised.startAs<SetupAnswer>(system(), answers, setup);

const spec = (id: string, more: Partial<ChildSpec> = {}): ChildSpec => ({ id, start: [child], ...more });

/** The walk of code_change and code_change_map. */
async function walk(flags: SupervisorSetup, faulty: [unknown, string][]): Promise<void> {
  await using tree = await start(flags);
  expect(await tree.changeCode({ ...flags, intensity: 1, periodMs: 3_000 })).toEqual({ ok: true });
  for (const [children, code] of faulty) {
    expect([code, await tree.changeCode({ ...flags, children })]).toMatchObject([code, { ok: false, error: { code } }]);
  }

  expect(await tree.changeCode({ ...flags, children: [spec("child1", { shutdown: 2_000 }), spec("child2")] })).toEqual({
    ok: true,
  });
  expect(await tree.children()).toEqual([
    ["child2", undefined],
    ["child1", undefined],
  ]); // added, not started
  await tree.restartChild("child1");
  await tree.restartChild("child2");
  const [one, two] = [await tree.child("child1"), await tree.child("child2")];
  expect(await tree.getChildSpec("child1")).toMatchObject({ spec: { shutdown: 2_000 } });

  const changed = [spec("child1", { shutdown: 1_000 }), spec("child3")];
  expect(await tree.changeCode({ ...flags, children: changed })).toEqual({ ok: true });
  // What an upgrade no longer names stays.
  expect(new Map(await tree.children())).toEqual(
    new Map([
      ["child2", two],
      ["child3", undefined],
      ["child1", one],
    ] as const),
  );
  expect((await tree.children()).map(([id]) => id)).toEqual(["child2", "child3", "child1"]);
  expect(await tree.getChildSpec("child1")).toMatchObject({ spec: { shutdown: 1_000 } });

  expect(await tree.changeCode("ignore")).toEqual({ ok: true });
  expect(await tree.changeCode("faulty_return")).toMatchObject({ ok: false, error: { code: "bad_return" } });
  expect(await tree.changeCode({ ...flags, intensity: "faulty_intensity" })).toEqual({
    ok: false,
    error: { code: "invalid_intensity", value: "faulty_intensity" },
  });
  expect([await tree.child("child1"), await tree.child("child2")]).toEqual([one, two]);
  expect(await tree.stop("shutdown")).toBe("shutdown");
}

describe("supervisor_SUITE", () => {
  test("code_change: an upgrade changes flags and specifications, keeps running children and refuses faulty ones", () =>
    walk({ strategy: "one_for_one", intensity: 0, periodMs: 1_000 }, [
      [["child1"], "invalid_child_spec"],
      [[spec("child1", { restart: "prmanent" as "permanent" })], "invalid_restart_type"],
    ]));

  test("code_change_map: an upgrade with specifications as maps behaves the same", () =>
    walk({}, [
      [[{ id: "faulty_child" }], "missing_start"],
      [[spec("child1"), spec("child1")], "duplicate_child_name"],
    ]));

  async function simpleWalk(flags: SupervisorSetup): Promise<void> {
    await using tree = await start({ ...flags, children: [spec("child1")] });
    const ref = await tree.start();
    expect(await tree.changeCode({ ...flags, children: [spec("child1", { shutdown: 1_000 })] })).toEqual({ ok: true });
    expect(await tree.getChildSpec(ref)).toMatchObject({ spec: { shutdown: 1_000 } });
    for (const children of [[spec("child1"), spec("child2")], []]) {
      expect(await tree.changeCode({ ...flags, children })).toMatchObject({
        ok: false,
        error: { code: "bad_start_spec" },
      });
    }
    expect(await tree.children()).toEqual([[undefined, ref]]);
    expect(await tree.stop("shutdown")).toBe("shutdown");
  }

  test("code_change_simple: an upgrade of a simple_one_for_one supervisor needs exactly one specification", () =>
    simpleWalk({ strategy: "simple_one_for_one", intensity: 0, periodMs: 1_000 }));

  test("code_change_simple_map: an upgrade of a simple_one_for_one supervisor with maps behaves the same", () =>
    simpleWalk({ strategy: "simple_one_for_one" }));
});
