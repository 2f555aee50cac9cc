/** A change of flags and specs at run time. Semantics: Erlang/OTP, supervisor:code_change/3. Not in every placement: the kernel is real, threads and time are simulated. */
import { expect, test } from "@jest/globals";
import { SimulatedTree } from "../support/simulated-tree.ts";

test("code_change: flags and specs change, children that run go on, new ones are added unstarted, unnamed ones stay", async () => {
  const t = await new SimulatedTree().start({ children: ["a", "b"], intensity: 1 });
  const a = await t.refOf("a");
  const b = await t.refOf("b");
  const setup = { intensity: 0, children: [t.child("c"), t.child("b", { shutdown: "brutal_kill" })] };
  expect(await t.ask("changeCode", setup)).toEqual({ ok: true });
  // The new order: what the new setup names, then what it does not name.
  expect(await t.list()).toEqual(["a", "b", "c (stopped)"]);
  expect((await t.refOf("a")).toString()).toBe(a.toString());
  expect((await t.refOf("b")).toString()).toBe(b.toString());
  expect(await t.ask("getChildSpec", "b")).toMatchObject({ spec: { shutdown: "brutal_kill" } });
  expect(await t.ask("restartChild", "c")).toMatchObject({ ok: true });
  t.ctx.exit(b, "boom");
  await t.settle();
  expect(t.isAlive).toBe(false); // intensity 0 holds now
  expect(t.ends).toEqual(["b: boom", "a: shutdown", "c: shutdown", "supervisor: shutdown"]);
});

test("a change that is refused leaves everything as it was", async () => {
  const t = await new SimulatedTree().start({ children: ["a"], intensity: 1 });
  const refused: [unknown, string][] = [
    ["nonsense", "bad_return"],
    [{ strategy: "nobody" }, "invalid_strategy"],
    [{ children: [{ id: "x" }] }, "missing_start"],
    [{ children: [t.child("x"), t.child("x")] }, "duplicate_child_name"],
    [{ strategy: "simple_one_for_one", children: [t.child("x")] }, "bad_combination"],
  ];
  for (const [setup, code] of refused) {
    expect(await t.ask("changeCode", setup)).toMatchObject({ ok: false, error: { code } });
  }
  expect(await t.ask("changeCode", "ignore")).toEqual({ ok: true });
  expect(await t.list()).toEqual(["a"]);
  await t.end("a", "boom");
  expect(await t.list()).toEqual(["a"]);
});

test("code_change_simple: the template changes for children to come and for restarts", async () => {
  const t = new SimulatedTree();
  const strategy = "simple_one_for_one";
  await t.start({ strategy, children: [t.child("old")] });
  await t.ask("startChild");
  expect(await t.ask("changeCode", { strategy, children: [t.child("new")] })).toEqual({ ok: true });
  expect(await t.ask("changeCode", { strategy, children: [] })).toMatchObject({ error: { code: "bad_start_spec" } });
  await t.ask("startChild");
  await t.end("old", "boom");
  expect(t.world.starts).toEqual(["old", "new", "new"]);
});

test("significant_upgrade_child_spec: a child becomes significant, and then ends the supervisor", async () => {
  const t = new SimulatedTree();
  const child = (significant: boolean) => t.child("a", { restart: "transient", significant });
  await t.start({ children: [child(false)] });
  expect(await t.ask("changeCode", { children: [child(true)] })).toMatchObject({ error: { code: "bad_combination" } });
  const setup = { autoShutdown: "any_significant", children: [child(true)] };
  expect(await t.ask("changeCode", setup)).toEqual({ ok: true });
  t.tell(await t.refOf("a"), { do: "exit" });
  await t.settle();
  expect(t.isAlive).toBe(false);
});

test("a change while a child is restarting leaves it restarting", async () => {
  const t = await new SimulatedTree().start({ children: ["a"], intensity: 1_000 });
  t.world.next("a", "throw", "throw");
  t.ctx.exit(await t.refOf("a"), "boom");
  const changed = t.post("changeCode", { intensity: 1_000, children: [t.child("b"), t.child("a")] });
  const listed = t.post("whichChildren");
  await t.until(changed);
  expect((await t.until(listed)).map(({ id, ref }) => [id, ref])).toEqual([
    ["a", "restarting"],
    ["b", undefined],
  ]);
  await t.settle();
  expect(await t.list()).toEqual(["a", "b (stopped)"]);
});
