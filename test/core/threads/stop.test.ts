/** Real threads: what holds while a system stops, and after it. */
import { expect, test } from "@jest/globals";
import { type MofaSystem, type SupervisorSetup, startSystem } from "../../../index.ts";
import {
  failsAtOnce,
  idle,
  neverStarts,
  ordered,
  orderedTree,
  treeOwner,
  worker,
} from "../../fixtures/thread-tests.ts";

test.each([
  ["main", 0],
  ["a worker", 1],
])("a ref of an actor that was on %s is refused with not_started after the stop", async (_where, thread) => {
  const system = await startSystem({ threads: 1, spare: false });
  const ref = await system.spawn(worker, undefined, { placement: { thread } });
  await system.stop();
  await expect(ref.call("ping")).rejects.toMatchObject({ code: "not_started" });
  expect(() => ref.send("anything")).toThrow(/the system has stopped/);
  expect(system.isAlive(ref)).toBe(false);
  await system.settled();
});

test("every promise that is open when a system stops settles", async () => {
  const system = await startSystem({ threads: 1, spare: false });
  const places = [{ placement: { thread: 0 } }, { placement: { thread: 1 } }, { isolation: "thread" }] as const;
  const refs = await Promise.all(places.map((place) => system.spawn(worker, undefined, place)));
  const monitors = await Promise.all(refs.map((ref) => system.monitor(ref)));
  const calls = refs.map((ref) => ref.call("never", undefined, { timeoutMs: Number.POSITIVE_INFINITY }));
  const starts = places.map((place) => system.spawn(neverStarts, undefined, place));
  const stops = [system.stop(), system.stop()];
  const results = await Promise.allSettled([...calls, ...starts]);
  expect(results.map(({ status }) => status)).toEqual(Array(6).fill("rejected"));
  expect(await Promise.all(monitors.map(async ({ down }) => typeof (await down).reason))).toHaveLength(3);
  await Promise.all(stops);
});

test.each([
  ["main", 0],
  ["a worker", 1],
])("settled() and clock.advance that an open turn on %s holds up end with the stop", async (_where, thread) => {
  const system = await startSystem({ threads: 1, spare: false, clock: "manual" });
  const ref = await system.spawn(worker, undefined, { placement: { thread } });
  const call = expect(ref.call("foreverAsync")).rejects.toThrow();
  const pending = [system.settled(), system.clock.advance(1_000)];
  await system.stop();
  await Promise.all([...pending, call]);
});

test("who ends with the system is told, each of thousands on a thread", async () => {
  const system = await startSystem({ threads: 1, spare: false });
  const all = 5_000;
  await Promise.all(Array.from({ length: all }, () => system.spawn(idle, undefined, { placement: { thread: 1 } })));
  let ended = 0;
  system.events.on("exited", () => ended++);
  await system.settled();
  await system.stop();
  expect(ended).toBe(all);
});

test("the clock is advanced by a finite time, and stays where it was if it is not", async () => {
  await using system = await startSystem({ threads: 1, spare: false, clock: "manual" });
  for (const ms of [Number.POSITIVE_INFINITY, Number.NaN, -1, "1" as never])
    await expect(system.clock.advance(ms)).rejects.toMatchObject({
      code: "bad_argument",
      message: expect.stringMatching(/finite number of milliseconds from 0, got /),
    });
  expect(system.clock.nowMs()).toBe(0);
});

test("more monitors than one drain serves all get their down from a stop", async () => {
  const system = await startSystem({ threads: 1, spare: false });
  const ref = await system.spawn(idle, undefined, { placement: "local" });
  const monitors = await Promise.all(Array.from({ length: 25_000 }, () => system.monitor(ref)));
  await system.stop();
  expect(new Set(await Promise.all(monitors.map(async ({ down }) => (await down).reason)))).toEqual(
    new Set(["shutdown"]),
  );
});

test("a tree whose children are still starting is stopped: supervise rejects, and all is down", async () => {
  const system = await startSystem({ threads: 1, spare: false });
  const started = new Promise((resolve) =>
    system.events.on("spawned", (event) => event.behaviour === "neverStarts" && resolve(event)),
  );
  const tree = system.supervise({ children: [{ id: "slow", start: [neverStarts] }] });
  const failed = expect(tree).rejects.toMatchObject({ code: "not_started" });
  await started;
  await system.stop();
  await failed;
});

test("a stop while a tree is starting takes down in order what has started, and starts no more", async () => {
  const system = await startSystem({ threads: 1, spare: false });
  const lines: string[] = [];
  const { promise: isStarting, resolve } = Promise.withResolvers<void>();
  system.events.on("log", ({ message }) => lines.push(message));
  system.events.on("spawned", ({ behaviour }) => behaviour === "neverStarts" && resolve());
  system.events.on("exited", ({ behaviour }) => lines.push(`exit ${behaviour}`));
  const tree = system.supervise({
    children: [
      { id: "one", start: [ordered, "one"] },
      { id: "slow", start: [neverStarts] },
      { id: "three", start: [ordered, "three"] },
    ],
  });
  const failed = expect(tree).rejects.toMatchObject({ code: "not_started" });
  await isStarting;
  await system.stop();
  await failed;
  expect(lines.filter((line) => line !== "progress")).toEqual([
    "start one",
    "exit neverStarts",
    "ending one",
    "ended one",
    "exit ordered",
    "exit supervisor",
  ]);
});

/** What the children of a tree said while the system stopped. */
async function linesOfStop(start: (system: MofaSystem) => Promise<unknown>): Promise<string[]> {
  const system = await startSystem({ threads: 2, spare: false });
  const said: { readonly message: string; readonly at: bigint }[] = [];
  system.events.on("log", ({ message, data }) => said.push({ message, at: data as bigint }));
  await start(system);
  await system.settled();
  await system.stop();
  return said
    .filter(({ message }) => message.startsWith("end"))
    .sort((a, b) => (a.at < b.at ? -1 : 1))
    .map(({ message }) => message);
}

const inOrder = ["ending c", "ended c", "ending b", "ended b", "ending a", "ended a"];

test("a supervisor that is spawned is stopped in order, as one that is supervised", async () => {
  for (const thread of [0, 1]) {
    const spawnRoot = (system: MofaSystem) => system.spawn(orderedTree, undefined, { placement: { thread } });
    expect(await linesOfStop(spawnRoot)).toEqual(inOrder);
  }
});

test("so is a supervisor that an actor has spawned, linked or not", async () => {
  for (const isLinked of [true, false]) {
    for (const thread of [0, 1]) {
      const spawnOwner = (system: MofaSystem) => system.spawn(treeOwner, isLinked, { placement: { thread } });
      expect(await linesOfStop(spawnOwner)).toEqual(inOrder);
    }
  }
});

test("trees go down in the reverse order of their starts, one after the other", async () => {
  const lines = await linesOfStop(async (system) => {
    await system.supervise({ children: [{ id: "a", start: [ordered, "a"] }] });
    await system.spawn(orderedTree);
  });
  expect(lines).toEqual([...inOrder, "ending a", "ended a"]);
});

test.each([undefined, { thread: 0 }, { thread: 1 }])(
  "why a supervisor ended is known also when it gives up at once (placement %j)",
  async (placement) => {
    await using system = await startSystem({ threads: 1, spare: false });
    const setup: SupervisorSetup = {
      intensity: 0,
      childPlacement: "local",
      children: [{ id: "a", start: [failsAtOnce] }],
    };
    const tree = await system.supervise(setup, placement && { placement });
    expect(await tree.exit).toBe("shutdown");
  },
);
