/** What supervisors tell in the event stream: who was started again, and who goes down. Not in every placement: the kernels are real, threads and time are simulated. */
import { expect, test } from "@jest/globals";
import { type RefData, reasonText } from "../../core/index.ts";
import { supervisor } from "../../supervisors/index.ts";
import { SimulatedTree } from "../support/simulated-tree.ts";

/** A tree, and a line for each event: `restarted b n` with the restarts that count, `shutdown reason`. */
function watched(threads = 1): { t: SimulatedTree; lines: string[]; replaced: [RefData | undefined, RefData][] } {
  const t = new SimulatedTree({ threads });
  const lines: string[] = [];
  const replaced: [RefData | undefined, RefData][] = [];
  t.system.events.on("restarted", ({ id, restarts, former, ref }) => {
    lines.push(`restarted ${id} ${restarts}`);
    replaced.push([former, ref]);
  });
  t.system.events.on("shutdown", ({ reason }) => lines.push(`shutdown ${reasonText(reason)}`));
  return { t, lines, replaced };
}

test("a child that is started again is told of, with the actor before, the new one, and the restarts that count", async () => {
  const { t, lines, replaced } = watched(2);
  await t.start({ intensity: 5, children: ["a", t.child("b", { placement: { thread: 1 } })] });
  const before = await t.refOf("b");
  await t.end("b", "boom");
  expect(lines).toEqual(["restarted b 1"]);
  expect(replaced).toEqual([[before.toJSON(), (await t.refOf("b")).toJSON()]]);
  await t.end("a", "boom");
  expect(lines).toEqual(["restarted b 1", "restarted a 2"]);
});

test("restarts that are older than the period do not count", async () => {
  const { t, lines } = watched();
  await t.start({ intensity: 5, periodMs: 1_000, children: ["a"] });
  await t.end("a", "boom");
  await t.advance(1_001);
  await t.end("a", "boom");
  expect(lines).toEqual(["restarted a 1", "restarted a 1"]);
});

test.each([
  ["one_for_one", ["restarted b 1"]],
  ["rest_for_one", ["restarted b 1", "restarted c 1"]],
  ["one_for_all", ["restarted a 1", "restarted b 1", "restarted c 1"]],
] as const)("%s tells of each child that was started again", async (strategy, expected) => {
  const { t, lines } = watched();
  await t.start({ strategy, children: ["a", "b", "c"] });
  await t.end("b", "boom");
  expect(lines).toEqual(expected);
});

test("a child of a template is told of by the template's id", async () => {
  const { t, lines, replaced } = watched();
  await t.start({ strategy: "simple_one_for_one", children: [t.child("template")] });
  const started = await t.ask("startChild", "a");
  await t.end("a", "boom");
  expect(lines).toEqual(["restarted template 1"]);
  expect(replaced).toEqual([[started.ok && started.ref?.toJSON(), (await t.refOf("a")).toJSON()]]);
});

test("a start on request is no restart, and neither is one that fails or answers ignore", async () => {
  const { t, lines } = watched();
  await t.start({ intensity: 5, children: ["a", "b"] });
  await t.ask("terminateChild", "a");
  await t.ask("restartChild", "a");
  t.world.next("b", "throw", "ignore");
  await t.end("b", "boom");
  expect(lines).toEqual([]);
});

test("a supervisor that gives up says so before its children go down", async () => {
  const { t, lines } = watched();
  t.system.events.on("exited", ({ ref }) => lines.push(`exited ${t.idOf(ref) ?? "supervisor"}`));
  await t.start({ intensity: 0, children: ["a", "b"] });
  await t.end("b", "boom");
  expect(lines).toEqual(["exited b", "shutdown reached_max_restart_intensity", "exited a", "exited supervisor"]);
});

test("a supervisor that is stopped, or whose significant children have ended, says why it goes down", async () => {
  const stopped = watched();
  await stopped.t.start({ children: ["a"] });
  stopped.t.ctx.exit(stopped.t.ref, "shutdown");
  await stopped.t.settle();
  expect(stopped.lines).toEqual(["shutdown shutdown"]);
  const { t, lines } = watched();
  await t.start({
    autoShutdown: "any_significant",
    children: [t.child("a", { restart: "temporary", significant: true })],
  });
  await t.end("a", "shutdown");
  expect(lines).toEqual(["shutdown auto_shutdown"]);
});

test("a start that fails says which child could not be started", async () => {
  const { t } = watched();
  const reasons: unknown[] = [];
  t.system.events.on("shutdown", ({ reason }) => reasons.push(reason));
  t.world.next("b", "throw");
  await t.start({ children: ["a", "b"] });
  expect(reasons).toMatchObject([
    { shutdown: { failed_to_start_child: ["b", { error: { message: "b cannot start" } }] } },
  ]);
});

test("both say which supervisor it is, by ref and name", async () => {
  const t = new SimulatedTree();
  const who: unknown[] = [];
  t.system.events.on("restarted", ({ supervisor: ref, name }) => who.push([ref, name]));
  t.system.events.on("shutdown", ({ supervisor: ref, name }) => who.push([ref, name]));
  t.ref = t.ctx.spawn(supervisor, { children: [t.child("a")] }, { name: "top" });
  await t.settle();
  await t.end("a", "boom");
  await t.end("a", "boom");
  const ref = t.ref.toJSON();
  expect(who).toEqual([
    [ref, "top"],
    [ref, "top"],
  ]);
});
