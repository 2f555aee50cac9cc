/**
 * Real threads, and real time, which is what a turn limit counts: turns that do not end are cut down, and nobody else
 * notices (core/SEMANTICS.md, S8). On main no turn is cut, so placements do not matter here.
 */
import { pbkdf2Sync } from "node:crypto";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { type AnyApi, type ExitReason, type Ref, startSystem } from "../../../index.ts";
import { EventRecorder } from "../../../testing/index.ts";
import { bystander, endlessInit, endlessTerminate, runaway } from "../../fixtures/runaway.ts";
import { packageRoot } from "../../support/package-root.ts";
import { useSystem } from "../../support/use-system.ts";

const there = { placement: { thread: 1 } } as const;
const limitMs = 100;
/** The culprit alone has the short limit: on a busy machine a thread may well stand still for so long. */
const limited = { ...there, turnLimitMs: limitMs } as const;

async function start() {
  return await startSystem({ threads: 1, spare: false, turnLimitMs: 10_000 });
}

/** How an actor ends: what its watcher is told. */
type System = Awaited<ReturnType<typeof start>>;
async function endOf(system: System, ref: Parameters<System["monitor"]>[0]): Promise<ExitReason> {
  return (await (await system.monitor(ref)).down).reason;
}

const kinds = [
  "loop",
  "swallow",
  "send",
  "spawn",
  "timers",
  "regex",
  "getter",
  "answer",
  "emitter",
  "storage",
  "target",
  "afterAwait",
  "afterCall",
  "nextTick",
  "timeout",
  "immediate",
  "wait",
] as const;

const shared = useSystem({ threads: 1, spare: false, clock: "system", turnLimitMs: 10_000 });

test.each(kinds)("a turn that does not end is cut down at its limit, and its neighbours live on: %s", async (kind) => {
  const system = shared();
  const neighbour = await system.spawn(bystander, undefined, there);
  const ref = await system.spawn(runaway, undefined, limited);
  const down = endOf(system, ref);
  await expect(system.call(ref, kind, neighbour)).rejects.toMatchObject({ code: "turn_limit" });
  expect(await down).toEqual({ turnLimit: limitMs });
  expect(await neighbour.call("ping")).toBe("pong");
  expect((await system.stats()).threadsLost).toBe(0);
});

test.each(kinds)("a kill ends a turn that is under way: %s", async (kind) => {
  const system = shared();
  const neighbour = await system.spawn(bystander, undefined, there);
  const ref = await system.spawn(runaway, undefined, { ...there, turnLimitMs: Number.POSITIVE_INFINITY });
  const answer = system.call(ref, kind, neighbour, { timeoutMs: 60_000 });
  answer.catch(() => undefined);
  const down = endOf(system, ref);
  await held(neighbour);
  system.exit(ref, "kill");
  expect(await down).toBe("killed");
  await expect(answer).rejects.toMatchObject({ code: "killed" });
  expect(await neighbour.call("ping")).toBe("pong");
  expect((await system.stats()).threadsLost).toBe(0);
});

/** Resolves when the neighbour does not get to answer. */
async function held(neighbour: Ref<AnyApi>): Promise<void> {
  const answers = () =>
    neighbour.call("ping", undefined, { timeoutMs: 30 }).then(
      () => true,
      () => false,
    );
  while (await answers());
}

test("the crash report shows where the actor looped, and the message in hand", async () => {
  await using system = await start();
  const ref = await system.spawn(runaway, undefined, limited);
  ref.send("first");
  await ref.call("loop").catch(() => undefined);
  const [report] = system.crashes();
  expect(report).toMatchObject({ behaviour: "runaway", message: "call loop()", reason: { turnLimit: limitMs } });
  expect(report?.stack?.split("\n").slice(0, 3).join("\n")).toMatch(/at forever .*runaway\.[jt]s:\d+:\d+\)[^]*at loop/);
});

test("a loop that began behind another's cut, before its recovery, is counted and reported as well", async () => {
  await using system = await start();
  const later = await system.spawn(runaway, undefined, { ...there, turnLimitMs: Number.POSITIVE_INFINITY });
  const first = await system.spawn(runaway, undefined, { ...there, turnLimitMs: 400 });
  const ends = [endOf(system, first), endOf(system, later)];
  // Its kill comes before the recovery, which takes up all that came.
  system.events.on("turnWarning", () => system.exit(later, "kill"));
  const starter = await system.spawn(runaway, undefined, there);
  // Its answer leaves the thread behind the loops.
  await starter.call("tellBoth", { later, first }, { timeoutMs: 60_000 });
  expect(await Promise.all(ends)).toEqual([{ turnLimit: 400 }, "killed"]);
  expect((await system.stats()).cuts).toBe(2);
  expect(system.crashes().map(({ stack }) => stack?.includes("at forever"))).toEqual([true, true]);
});

test("half of the limit is a warning", async () => {
  await using system = await start();
  using recorder = new EventRecorder(system, ["turnWarning"]);
  const ref = await system.spawn(runaway, undefined, limited);
  await ref.call("loop").catch(() => undefined);
  expect(recorder.of("turnWarning")).toEqual([
    { type: "turnWarning", ref: ref.toJSON(), ms: expect.any(Number), limitMs },
  ]);
});

test("an init that does not end is a start that failed", async () => {
  await using system = await start();
  await expect(system.spawn(endlessInit, undefined, limited)).rejects.toMatchObject({
    code: "start_failed",
    message: expect.stringContaining("turnLimit"),
  });
  expect((await system.stats()).threadsLost).toBe(0);
});

test("a terminate that does not end is cut down as well", async () => {
  await using system = await start();
  const ref = await system.spawn(endlessTerminate, undefined, limited);
  const down = endOf(system, ref);
  ref.send("end");
  expect(await down).toEqual({ turnLimit: limitMs });
});

test("a listener of a dead actor's signal is cut down, though the actor had no limit, and its thread goes on", async () => {
  await using system = await start();
  const neighbour = await system.spawn(bystander, undefined, there);
  const ref = await system.spawn(runaway, undefined, { ...there, turnLimitMs: Number.POSITIVE_INFINITY });
  const down = endOf(system, ref);
  ref.cast("listen");
  expect(await down).toBe("normal");
  expect(await neighbour.call("ping")).toBe("pong");
  expect((await system.stats()).threadsLost).toBe(0);
});

test("a timer that was left behind and does not end, in a thread that rests, is cut down when the thread is needed", async () => {
  const system = shared();
  const neighbour = await system.spawn(bystander, undefined, there);
  const ref = await system.spawn(runaway, undefined, limited);
  const down = endOf(system, ref);
  await ref.call("leaveTimer");
  await held(neighbour);
  expect(await down).toEqual({ turnLimit: limitMs });
  expect(await neighbour.call("ping")).toBe("pong");
});

test("an actor that has no limit of its own has the system's", async () => {
  await using system = await startSystem({ threads: 1, spare: false, turnLimitMs: limitMs });
  const ref = await system.spawn(runaway, undefined, there);
  await expect(ref.call("loop")).rejects.toMatchObject({ code: "turn_limit" });
});

test("a dedicated thread has no limit but its actor's own", async () => {
  await using system = await startSystem({ threads: 1, spare: false, turnLimitMs: limitMs });
  const ref = await system.spawn(runaway, undefined, { isolation: "thread" });
  const down = endOf(system, ref);
  await expect(system.call(ref, "loop", undefined, { timeoutMs: limitMs * 3 })).rejects.toMatchObject({
    code: "timeout",
  });
  system.exit(ref, "kill");
  expect(await down).toBe("killed");
  const impatient = await system.spawn(runaway, undefined, { isolation: "thread", turnLimitMs: limitMs });
  await expect(impatient.call("loop")).rejects.toMatchObject({ code: "turn_limit" });
});

test("a module whose top level does not end is refused there, others load", async () => {
  await using system = await startSystem({ threads: 1, spare: false, loadTimeoutMs: 400 });
  using recorder = new EventRecorder(system, ["threadTainted"]);
  const endless = { kind: "behaviourRef", url: fixture("endless-module"), exportName: "behaviour" } as const;
  await expect(system.spawn(endless as never, undefined, there)).rejects.toMatchObject({
    message: expect.stringContaining("did not come to the end of its top level"),
  });
  await expect(system.spawn(endless as never, undefined, there)).rejects.toMatchObject({
    message: expect.stringContaining("cannot be loaded here any more"),
  });
  const importer = { kind: "behaviourRef", url: fixture("imports-endless"), exportName: "behaviour" } as const;
  await expect(system.spawn(importer as never, undefined, there)).rejects.toMatchObject({
    code: "deadlocked_load",
    message: expect.stringMatching(/a module that it imports did not end loading here before \(.*endless-module/),
  });
  const ref = await system.spawn(bystander, undefined, there);
  expect(await ref.call("ping")).toBe("pong");
  expect(recorder.events).toEqual([]);
});

test("a turn that waits for a timer of Node's, in a thread that does nothing else, may do so for many limits", async () => {
  await using system = await startSystem({ threads: 1, spare: false, turnLimitMs: 60 });
  using recorder = new EventRecorder(system, ["threadLost", "crashed"]);
  const ref = await system.spawn(bystander, undefined, there);
  expect(await ref.call("sleep", 1_000)).toBe("slept");
  expect(recorder.events).toEqual([]);
});

test("a cut waits for main while that is in native code, and no thread is lost for it", async () => {
  await using system = await start();
  const neighbour = await system.spawn(bystander, undefined, there);
  const ref = await system.spawn(runaway, undefined, limited);
  const watched = await system.monitor(ref);
  const warned = new Promise((resolve) => system.events.on("turnWarning", resolve));
  using recorder = new EventRecorder(system, ["threadLost"]);
  ref.cast("loop");
  await warned;
  pbkdf2Sync("a", "b", 4_000_000, 64, "sha512");
  expect((await watched.down).reason).toEqual({ turnLimit: limitMs });
  expect(recorder.events).toEqual([]);
  expect(await neighbour.call("ping")).toBe("pong");
});

function fixture(name: string): string {
  return new URL(`dist/test/fixtures/${name}.js`, `file://${join(packageRoot, "/")}`).href;
}
