/** Real processes as children of supervisors, which need not know (core/SEMANTICS.md, S9.2; supervisors/README.md). */
import { expect, test } from "@jest/globals";
import { type ChildSpec, type MofaSystem, type Ref, type RuntimeEvent, sameRef } from "../../../index.ts";
import { EventRecorder } from "../../../testing/index.ts";
import { logger, stubborn } from "../../fixtures/process-tests.ts";
import { goneFromSystem, next, pidOf } from "../../support/in-process.ts";
import { useSystem } from "../../support/use-system.ts";

const shared = useSystem({ threads: 1, clock: "system", spare: false });

function child(id: string, options: Partial<ChildSpec> = {}): ChildSpec {
  return { id, start: [logger, id], isolation: "process", ...options };
}

type Tree = Awaited<ReturnType<MofaSystem["supervise"]>>;

async function childOf(tree: Tree, id: string): Promise<Ref> {
  const found = (await tree.whichChildren()).find((entry) => entry.id === id)?.ref;
  if (found === undefined || found === "restarting") throw new Error(`child ${id} has no actor`);
  return found as Ref;
}

/** What the children logged of their starts and ends, oldest first. */
function logs(recorder: EventRecorder<RuntimeEvent>): string[] {
  return recorder.events
    .flatMap((event) => (event.type === "log" ? [event.message] : []))
    .filter((message) => /^(start|end) /.test(message));
}

test("a child whose process is killed from outside is restarted in a new one, under its name", async () => {
  const system = shared();
  const tree = await system.supervise({ children: [child("a", { name: "named" }), child("b")] });
  const [former, sibling] = [await childOf(tree, "a"), await childOf(tree, "b")];
  const pid = pidOf(system, former);
  const restarted = next(system, "restarted");
  process.kill(pid, "SIGKILL");
  await restarted;
  const successor = await childOf(tree, "a");
  expect(sameRef(successor, former)).toBe(false);
  expect(sameRef(system.whereis("named"), successor)).toBe(true);
  expect(await system.call(successor, "pid")).toBe(pidOf(system, successor));
  expect(pidOf(system, successor)).not.toBe(pid);
  expect(sameRef(await childOf(tree, "b"), sibling)).toBe(true);
  await system.stopActor(tree.ref);
});

test("processes that are killed again and again use up the intensity, and the supervisor ends with all its processes", async () => {
  const system = shared();
  const tree = await system.supervise({ intensity: 1, periodMs: 60_000, children: [child("a"), child("b")] });
  const sibling = pidOf(system, await childOf(tree, "b"));
  const restarted = next(system, "restarted");
  process.kill(pidOf(system, await childOf(tree, "a")), "SIGKILL");
  await restarted;
  const last = pidOf(system, await childOf(tree, "a"));
  process.kill(last, "SIGKILL");
  expect(await tree.exit).toBe("shutdown");
  await Promise.all([last, sibling].map(goneFromSystem));
});

test("a transient child that calls process.exit is restarted, one that ends normally is not", async () => {
  const system = shared();
  const tree = await system.supervise({ children: [child("a", { restart: "transient" })] });
  const restarted = next(system, "restarted");
  system.cast(await childOf(tree, "a"), "exit");
  await restarted;
  const successor = await childOf(tree, "a");
  await system.stopActor(successor, "normal");
  expect((await tree.whichChildren())[0]?.ref).toBeUndefined();
  await system.stopActor(tree.ref);
});

test("processes start in order, and are shut down in the reverse order, each before the next", async () => {
  const system = shared();
  using recorder = new EventRecorder<RuntimeEvent>(system, ["log"]);
  const tree = await system.supervise({ children: ["a", "b", "c"].map((id) => child(id)) });
  const pids = system.processes().map(({ pid }) => pid);
  expect((await tree.whichChildren()).map(({ id }) => id)).toEqual(["c", "b", "a"]);
  await system.stopActor(tree.ref, "shutdown");
  expect(logs(recorder)).toEqual([
    "start a",
    "start b",
    "start c",
    'end c "shutdown"',
    'end b "shutdown"',
    'end a "shutdown"',
  ]);
  await Promise.all(pids.map(goneFromSystem));
});

test("brutal_kill runs no terminate in a process, and a terminate that never ends is killed at its time", async () => {
  const system = shared();
  using recorder = new EventRecorder<RuntimeEvent>(system, ["log"]);
  const tree = await system.supervise({
    children: [
      child("brutal", { shutdown: "brutal_kill" }),
      { id: "stubborn", start: [stubborn], isolation: "process", shutdown: 100 },
    ],
  });
  const pids = system.processes().map(({ pid }) => pid);
  await system.stopActor(tree.ref, "shutdown");
  expect(logs(recorder)).toEqual(["start brutal"]);
  await Promise.all(pids.map(goneFromSystem));
});

test("one_for_all replaces every process when one is lost", async () => {
  const system = shared();
  const tree = await system.supervise({ strategy: "one_for_all", children: [child("a"), child("b")] });
  const before = system.processes().map(({ pid }) => pid);
  using recorder = new EventRecorder(system, ["processStarted"]);
  const restarted = next(system, "restarted");
  process.kill(before[1] as number, "SIGKILL");
  await restarted;
  await tree.whichChildren();
  expect(recorder.events.length).toBe(2);
  await Promise.all(before.map(goneFromSystem));
  const after = [await childOf(tree, "a"), await childOf(tree, "b")];
  expect(await Promise.all(after.map((ref) => system.call(ref, "ping")))).toEqual(["pong", "pong"]);
  await system.stopActor(tree.ref);
});
