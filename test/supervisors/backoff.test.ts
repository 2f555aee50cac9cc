/** Delays between restarts, in a running supervisor. Ours. Not in every placement: the kernel is real, threads and time are simulated. */
import { expect, test } from "@jest/globals";
import { SimulatedTree } from "../support/simulated-tree.ts";

const backoff = { initialMs: 100, maxMs: 1_000, factor: 2, jitter: 0, resetAfterMs: 5_000 };
const intensity = 100;

/** After how many milliseconds the child was started again. */
async function delayOf(t: SimulatedTree, startsMax = 2_000): Promise<number> {
  const before = t.world.starts.length;
  for (let ms = 0; ms < startsMax; ms += 10) {
    if (t.world.starts.length > before) return ms;
    await t.advance(10);
  }
  return Number.NaN;
}

test("each restart in a row waits longer, up to the bound, and anew after a long life", async () => {
  const t = new SimulatedTree();
  await t.start({ children: [t.child("a", { backoff }), "b"], intensity });
  const delays: number[] = [];
  // In all longer than resetAfterMs: it is the child's own life that counts.
  for (let i = 0; i < 12; i++) {
    await t.end("a", "boom");
    expect(await t.list()).toEqual(["b", "a (restarting)"]);
    delays.push(await delayOf(t));
  }
  expect(delays).toEqual([100, 200, 400, 800, ...(Array(8).fill(1_000) as number[])]);
  await t.advance(5_000);
  await t.end("a", "boom");
  expect(await delayOf(t)).toBe(100);
});

test("a start that fails waits for its next attempt as well, and counts", async () => {
  const t = new SimulatedTree();
  await t.start({ children: [t.child("a", { backoff })], intensity: 2 });
  t.world.next("a", "throw", "throw");
  await t.end("a", "boom");
  await t.advance(100);
  expect(t.world.starts).toEqual(["a", "a"]);
  await t.advance(199);
  expect(t.world.starts).toEqual(["a", "a"]);
  await t.advance(1);
  expect(t.world.starts).toEqual(["a", "a", "a"]);
  expect(t.isAlive).toBe(false); // the third count was one too many
});

test("one_for_all: the others go down at once and come back with it, after the delay", async () => {
  const t = new SimulatedTree();
  await t.start({ strategy: "one_for_all", children: ["a", t.child("b", { backoff }), "c"] });
  t.forget();
  await t.end("b", "boom");
  expect(t.ends).toEqual(["b: boom", "c: shutdown", "a: shutdown"]);
  expect(await t.list()).toEqual(["c (stopped)", "b (restarting)", "a (stopped)"]);
  await t.advance(100);
  expect(t.world.starts).toEqual(["a", "b", "c"]);
});

test("a child that waits can be terminated, and does not come back; deleted and started anew it is not started twice", async () => {
  const t = new SimulatedTree();
  await t.start({ children: [t.child("a", { backoff })], intensity });
  await t.end("a", "boom");
  expect(await t.ask("restartChild", "a")).toEqual({ ok: false, error: { code: "restarting" } });
  expect(await t.ask("terminateChild", "a")).toEqual({ ok: true });
  await t.advance(2_000);
  expect(t.world.starts).toEqual(["a"]);
  await t.ask("deleteChild", "a");
  await t.ask("startChild", t.child("a", { backoff }));
  await t.end("a", "boom");
  await t.ask("terminateChild", "a");
  await t.ask("restartChild", "a");
  await t.advance(2_000);
  expect(t.world.starts).toEqual(["a", "a", "a"]);
});

test("a retry that was held back while its child was terminated does nothing", async () => {
  const t = new SimulatedTree();
  t.world.onExit = (_id, _reason, ctx) => void ctx.sendAfter(100, { do: "exit", reason: "shutdown" });
  await t.start({ children: [t.child("a", { backoff }), t.child("b", { trap: true })], intensity });
  await t.end("a", "boom"); // due at 100
  await t.advance(50);
  const busy = t.post("terminateChild", "b"); // until 150
  const ended = t.post("terminateChild", "a");
  await t.advance(100);
  expect(await t.until(Promise.all([busy, ended]))).toEqual([{ ok: true }, { ok: true }]);
  await t.settle();
  expect(t.world.starts).toEqual(["a", "b"]);
  expect(await t.list()).toEqual(["b (stopped)", "a (stopped)"]);
});

test("all_significant: a child that waits for its restart is not gone", async () => {
  const t = new SimulatedTree();
  const child = (id: string) => t.child(id, { restart: "transient", significant: true, backoff });
  await t.start({ autoShutdown: "all_significant", children: [child("a"), child("b")], intensity });
  await t.end("b", "boom");
  t.tell(await t.refOf("a"), { do: "exit" });
  await t.settle();
  expect(t.isAlive).toBe(true);
  await t.advance(100);
  t.tell(await t.refOf("b"), { do: "exit" });
  await t.settle();
  expect(t.isAlive).toBe(false);
});

test("a supervisor that is shut down while children wait does not wait for them", async () => {
  const t = new SimulatedTree();
  await t.start({ children: [t.child("a", { backoff }), "b"] });
  await t.end("a", "boom");
  t.ctx.exit(t.ref, "shutdown");
  await t.settle();
  expect(t.ends).toEqual(["a: boom", "b: shutdown", "supervisor: shutdown"]);
});

test("children of a template each have a row of their own", async () => {
  const t = new SimulatedTree();
  await t.start({ strategy: "simple_one_for_one", children: [t.child("template", { backoff })], intensity });
  await t.ask("startChild", "a");
  await t.ask("startChild", "b");
  await t.end("a", "boom");
  expect(await t.counts()).toEqual([1, 1, 0, 2]);
  expect(await delayOf(t)).toBe(100);
  await t.end("a", "boom");
  expect(await delayOf(t)).toBe(200);
  await t.end("b", "boom");
  expect(await delayOf(t)).toBe(100);
  expect(t.world.starts).toEqual(["a", "b", "a", "a", "b"]);
});

test("by default there is no delay", async () => {
  const t = await new SimulatedTree().start({ children: ["a"] });
  await t.end("a", "boom");
  expect(t.world.starts).toEqual(["a", "a"]);
});
