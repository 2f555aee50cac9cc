/**
 * What can go wrong in an actor on a worker thread, with the four answers of the table in core/README.md: how it ends, what
 * becomes of its neighbours, what its supervisor does, and where it is seen. Real threads and real time.
 */
import { describe, expect, test } from "@jest/globals";
import type { MofaSystem, Ref, RuntimeEvent } from "../index.ts";
import { EventRecorder } from "../testing/index.ts";
import { type Fault, faulty } from "./fixtures/faulty.ts";
import { bystander, runaway } from "./fixtures/runaway.ts";
import { shapeOf } from "./support/bad-input.ts";
import { missing, readTables } from "./support/fault-page.ts";
import { useSystem } from "./support/use-system.ts";

const page = "core/README.md";
const rows = readTables(page, "## What can go wrong and what happens then");
const tested: string[] = [];

const shared = useSystem({ threads: 1, spare: false, clock: "system" });
const there = { placement: { thread: 1 } } as const;
const limitMs = 100;

/** Ordinary life, and what is told by time alone: a busy machine warns of turns, and holds main. */
const quiet = new Set<string>([
  "spawned",
  "exited",
  "log",
  "threadStarted",
  "processStarted",
  "shutdown",
  "turnWarning",
  "mainBlocked",
  "restarted",
]);

/** Of numbers by name those that have grown. */
function grown(before: object, after: object, path = "stats()"): string[] {
  const earlier = before as Record<string, unknown>;
  return Object.entries(after).flatMap(([name, value]) => {
    const was = earlier[name];
    if (name === "turns" || name === "threads" || name === "actors") return [];
    if (typeof value === "object" && value !== null) return grown(was ?? {}, value, `${path}.${name}`);
    return typeof value === "number" && value > Number(was) ? [`${path}.${name}`] : [];
  });
}

type Strike = (child: Ref, system: MofaSystem, neighbour: Ref) => unknown;

/** The words of the four cells, as it happened to a supervised child among two neighbours in its thread. */
async function outcomeOf(strike: Strike, turnLimitMs: number): Promise<readonly (readonly string[])[]> {
  const system = shared();
  const tree = await system.supervise({
    children: [
      { id: "faulty", start: [faulty], ...there, turnLimitMs },
      { id: "sibling", start: [bystander], ...there },
    ],
  });
  const neighbour = await system.spawn(bystander, undefined, there);
  const children = new Map((await tree.whichChildren()).map(({ id, ref }) => [id, ref as Ref]));
  const child = children.get("faulty") as Ref;
  const others = [neighbour, children.get("sibling") as Ref];
  for (const other of others) system.cast(other, "count");
  const ends: string[] = [];
  for (const other of others)
    void (await system.monitor(other)).down.then(({ reason }) => void ends.push(shapeOf(reason)));
  const { down } = await system.monitor(child);
  const before = await system.stats();
  using recorder = new EventRecorder<RuntimeEvent>(system);
  const restarted = new Promise<string>((resolve) =>
    system.events.on("restarted", ({ id, restarts }) => id === "faulty" && resolve(`restarts: ${restarts}`)),
  );
  await strike(child, system, neighbour);
  const { reason } = await down;
  const supervisor = await restarted;
  await system.settled();
  for (const other of others)
    if (system.isAlive(other)) expect(await system.call(other, "count", undefined, { timeoutMs: 30_000 })).toBe(1);
  const after = await system.stats();
  const neighbours = [...new Set(ends)];
  const kinds = new Set(recorder.events.map(({ type }) => type).filter((type) => !quiet.has(type)));
  await system.stopActor(tree.ref);
  return [[shapeOf(reason)], neighbours, [supervisor], [...kinds, ...grown(before, after)].sort()];
}

const cast = (fault: Fault) => (child: Ref, system: MofaSystem) => system.cast(child, "do", fault);
const call = (fault: Fault) => (child: Ref, system: MofaSystem) =>
  void system.call(child, "do", fault).catch(() => undefined);

describe("what can go wrong", () => {
  function row(what: string, strike: Strike, turnLimitMs = limitMs): void {
    tested.push(what);
    test(what, async () => {
      const [, ...cells] = rows.find(([first]) => first?.text === what) ?? [];
      const [actor, neighbours, supervisor, seen] = cells.map(({ words }) => words);
      expect(await outcomeOf(strike, turnLimitMs)).toEqual([actor, neighbours, supervisor, [...(seen ?? [])].sort()]);
    });
  }

  row("a throw in a turn", cast("throw"));
  row("a promise that a handler returns rejects", cast("reject"));
  row("a rejection that nobody awaits", cast("rejectUnawaited"));
  row("an exception in a timer", cast("throwInTimer"));
  row("a throw in `terminate`", (child, system) => system.cast(child, "stop"));
  row("an endless loop in a turn", cast("loop"));
  row("an endless loop behind an `await`", call("loopAfterAwait"));
  row("an endless loop that catches everything", cast("loopAndCatch"));
  row("a regular expression that never ends", cast("regex"));
  row("`process.exit` in a turn", cast("exit"));
  const kill: Strike = async (child, system, neighbour) => {
    system.cast(child, "do", "loop");
    // It holds the thread.
    await expect(system.call(neighbour, "ping", undefined, { timeoutMs: 30 })).rejects.toThrow();
    system.exit(child, "kill");
  };
  row("`kill` of an actor in its turn", kill, Number.POSITIVE_INFINITY);
  row("its continuation stood behind another's loop", (child, system) => {
    void system.spawn(runaway, undefined, { ...there, turnLimitMs: limitMs }).then((culprit) => {
      // One publication, so one drain and one checkpoint.
      culprit.call("afterAwait").catch(() => undefined);
      system.cast(child, "do", "later");
    });
  });
  row("its thread is lost", (_child, system) => void system.terminateThread(1, "for a test"));

  test("every row that names this file has its test here", () => {
    const named = rows.filter(([first]) => first?.tests.some(({ file }) => file === "test/faults.test.ts"));
    expect(named.map(([first]) => first?.text)).toEqual(tested);
  });
});

describe("the table", () => {
  test("every row names its test, or each of its cells one", () => {
    expect(rows.length).toBeGreaterThan(30);
    const bare = rows.filter(
      ([first, ...cells]) => first?.tests.length === 0 && cells.some(({ tests }) => tests.length === 0),
    );
    expect(bare.map(([first]) => first?.text)).toEqual([]);
    expect(rows.filter((cells) => cells.length !== 5)).toEqual([]);
  });

  test("every test that it names is there", () => {
    expect(missing(rows.flatMap((cells) => cells.flatMap(({ tests }) => tests)))).toEqual([]);
  });
});
