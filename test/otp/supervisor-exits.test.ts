/** Erlang/OTP, supervisor_SUITE: permanent, transient and temporary children. Cases by their names there; see cases.json. Not in every placement: as in OTP, supervisor and children stand in one place, main, unless a case says otherwise; for threads see supervisors/threads.test.ts. */
import { describe, expect, test } from "@jest/globals";
import type { Restart } from "../../supervisors/index.ts";
import { EventRecorder } from "../../testing/index.ts";
import { child } from "../fixtures/child.ts";
import { Supervised } from "../support/supervised.ts";
import { useSystem } from "../support/use-system.ts";

const system = useSystem();

const flags = { strategy: "one_for_one", intensity: 2, periodMs: 3_600_000 } as const;
type How = "normal" | "abnormal" | "shutdown" | { readonly shutdown: string };

/** Starts one child, lets it end each way in turn, and tells what was there after each. */
async function after(restart: Restart, ends: readonly How[]): Promise<string[]> {
  await using tree = await Supervised.start(system(), flags);
  const spec = { id: "child1", start: [child], restart, shutdown: 1_000 } as const;
  let ref = await tree.start(spec);
  const found: string[] = [];
  for (const [at, how] of ends.entries()) {
    if (at > 0 && restart === "transient") await tree.restartChild("child1");
    if (at > 0 && restart === "temporary") await tree.start(spec);
    if (at > 0) ref = await tree.child("child1");
    await tree.end(ref, how);
    const [entry] = await tree.whichChildren();
    const what = entry === undefined ? "no spec" : entry.ref === undefined ? "no actor" : entry.ref.toString();
    found.push(
      `${what === ref.toString() ? "the same" : /\./.test(what) ? "restarted" : what} ${(await tree.counts()).join()}`,
    );
  }
  return found;
}

describe("supervisor_SUITE", () => {
  test("permanent_normal: a permanent child is restarted after a normal end", async () => {
    expect(await after("permanent", ["normal"])).toEqual(["restarted 1,1,0,1"]);
  });

  test("transient_normal: a transient child is not restarted after a normal end, and its specification stays", async () => {
    expect(await after("transient", ["normal"])).toEqual(["no actor 1,0,0,1"]);
  });

  test("temporary_normal: a temporary child is not restarted after a normal end, and its specification goes", async () => {
    expect(await after("temporary", ["normal"])).toEqual(["no spec 0,0,0,0"]);
  });

  const shutdowns: How[] = ["shutdown", { shutdown: "some_info" }];

  test("permanent_shutdown: a permanent child is restarted after shutdown", async () => {
    expect(await after("permanent", shutdowns)).toEqual(["restarted 1,1,0,1", "restarted 1,1,0,1"]);
  });

  test("transient_shutdown: a transient child is not restarted after shutdown, and may be by hand", async () => {
    expect(await after("transient", shutdowns)).toEqual(["no actor 1,0,0,1", "no actor 1,0,0,1"]);
  });

  test("temporary_shutdown: a temporary child is not restarted after shutdown, and may be started again", async () => {
    expect(await after("temporary", shutdowns)).toEqual(["no spec 0,0,0,0", "no spec 0,0,0,0"]);
  });

  test("permanent_abnormal: a permanent child is restarted after a crash", async () => {
    expect(await after("permanent", ["abnormal"])).toEqual(["restarted 1,1,0,1"]);
  });

  test("transient_abnormal: a transient child is restarted after a crash", async () => {
    expect(await after("transient", ["abnormal"])).toEqual(["restarted 1,1,0,1"]);
  });

  test("temporary_abnormal: a temporary child is not restarted after a crash", async () => {
    expect(await after("temporary", ["abnormal"])).toEqual(["no spec 0,0,0,0"]);
  });

  test("temporary_bystander: a temporary child that is terminated with its siblings is not restarted with them", async () => {
    for (const strategy of ["one_for_all", "rest_for_one"] as const) {
      await using tree = await Supervised.start(system(), { ...flags, strategy });
      const first = await tree.start({ id: "child1", start: [child], shutdown: 100 });
      const bystander = await tree.start({ id: "child2", start: [child], restart: "temporary", shutdown: 100 });
      await tree.end(first, "normal");
      expect(await tree.isAlive()).toBe(true);
      expect(system().isAlive(bystander)).toBe(false);
      expect((await tree.children()).map(([id]) => id)).toEqual(["child1"]);
    }
  });

  test("external_start_no_progress_log: a permanent child's normal end is reported and its restart is progress", async () => {
    await using tree = await Supervised.start(system(), flags);
    const ref = await tree.start({ id: "child1", start: [child], shutdown: 1_000 });
    using recorder = new EventRecorder(system(), ["log"]);
    await tree.end(ref, "normal");
    const next = await tree.child("child1");
    expect(recorder.events).toEqual([
      expect.objectContaining({
        level: "error",
        message: "supervisor report",
        data: expect.objectContaining({
          errorContext: "child_terminated",
          reason: "normal",
          offender: expect.objectContaining({ id: "child1", ref }),
        }),
      }),
      expect.objectContaining({
        level: "info",
        message: "progress",
        data: expect.objectContaining({ started: expect.objectContaining({ id: "child1", ref: next }) }),
      }),
    ]);
  });
});
