/** core/SEMANTICS.md, S15.5: what is wrong in main's tables is thrown out, on every thread. Simulated threads, by seeds. */
import { beforeEach, expect, test } from "@jest/globals";
import { type Ref, refKey } from "../../../core/index.ts";
import type { Kernel } from "../../../core/kernel/kernel.ts";
import { Table } from "../../../core/kernel/replica.ts";
import type { Registry } from "../../../core/registry/registry.ts";
import { supervisor } from "../../../supervisors/index.ts";
import { SimulatedTree } from "../../support/simulated-tree.ts";

const lookAfterMs = 10_000;
const perTurn = 250;
const betweenTurnsMs = 10;
const threads = [0, 1, 2] as const;

interface Thrown {
  readonly table: string;
  readonly key: string;
  readonly fault: string;
}

let tree: SimulatedTree;
let thrown: Thrown[];

/** A system with a registry under a supervisor of the test's, and one good actor on each thread: named, in a group, declared. */
async function start(seed = 1): Promise<void> {
  tree = new SimulatedTree({ seed, threads: threads.length });
  thrown = [];
  tree.system.events.on("log", ({ message, data }) => {
    if (message === "a wrong entry was thrown out") thrown.push(data as Thrown);
  });
  main().host.startService = ({ name, behaviour }) => {
    tree.ctx.spawn(supervisor, { intensity: 100_000, children: [{ id: name, start: [behaviour], name }] });
  };
  await tree.start({
    children: threads.map((thread) => tree.child(`good ${thread}`, { name: `good ${thread}`, placement: { thread } })),
  });
  for (const thread of threads) {
    const kernel = tree.system.kernel(thread);
    const ref = good(thread);
    await tree.until(tree.ctx.join("good", ref));
    const cell = kernel.cellOf(ref);
    if (cell !== undefined) kernel.scheduler.commit(() => kernel.agents.declare(cell, { tags: ["good"] }));
  }
  await tree.advance(lookAfterMs);
}

const main = () => tree.system.kernel(0);
const registry = () => main().registry as Registry;
const good = (thread: number) => tree.ctx.whereis(`good ${thread}`) as Ref;

/** What each thread has of what is good. */
const goodOf = (kernel: Kernel) => [
  kernel.names
    .all()
    .map(([name]) => name)
    .filter((name) => name.startsWith("good"))
    .sort(),
  kernel.groups.members("good").length,
  kernel.agents.find({ tags: ["good"] }).length,
];
const allGood = threads.map(() => [threads.map((thread) => `good ${thread}`), 3, 3]);

/** As if everybody lived: so that an entry of somebody who does not can be planted. */
function asIfAlive(plant: (kernel: Kernel) => void): void {
  const kernel = main();
  const { isAlive } = kernel;
  kernel.isAlive = () => true;
  plant(kernel);
  kernel.isAlive = isAlive;
}

/** In main's copy alone. */
function putOnMain(kernel: Kernel, table: number, key: string, holder: Ref, value: unknown): void {
  const { push } = kernel.peers;
  kernel.peers.push = () => {};
  kernel.replica.entryReceived(0, 0, [table as 0, key, holder, value]);
  kernel.peers.push = push;
}

/** In every copy. */
const putEverywhere = (kernel: Kernel, table: number, key: string, holder: Ref, value: unknown) =>
  kernel.replica.entryReceived(0, 0, [table as 0, key, holder, value]);

/** The maps that a call writes a key to. */
function mapsWritten(key: unknown, write: () => void): Map<unknown, unknown>[] {
  const maps: Map<unknown, unknown>[] = [];
  const { set } = Map.prototype;
  // oxlint-disable-next-line no-extend-native
  Map.prototype.set = function (this: Map<unknown, unknown>, at, value) {
    if (at === key) maps.push(this);
    return set.call(this, at, value);
  };
  write();
  // oxlint-disable-next-line no-extend-native
  Map.prototype.set = set;
  return maps;
}

const lost = () => {
  const thread = tree.system.memory.threadAt(2) as number;
  tree.system.killThread(thread, "lost");
  return thread;
};

beforeEach(() => start());

test.each<[string, string, (kernel: Kernel) => void, string, string]>([
  ["a name that is none", "names", (kernel) => kernel.names.set("", good(1)), "", "it is no name"],
  ["a holder that is no ref", "names", (kernel) => kernel.names.set("bad", "junk" as never), "bad", "is no ref"],
  [
    "a holder that never was",
    "names",
    (kernel) => kernel.names.set("bad", kernel.makeRef(1, 5, 1_000)),
    "bad",
    "its holder never was",
  ],
  [
    "a slot that never was",
    "names",
    (kernel) => kernel.names.set("bad", kernel.makeRef(1, 1e9, 0)),
    "bad",
    "its holder never was",
  ],
  [
    "a thread that never was",
    "names",
    (kernel) => kernel.names.set("bad", kernel.makeRef(77, 5, 0)),
    "bad",
    "its thread 77 never was",
  ],
  [
    "an actor with two names",
    "names",
    (kernel) => {
      const index = mapsWritten(refKey(good(1)), () => kernel.names.set("bad", good(1))).at(-1);
      index?.set(refKey(good(1)), "good 1");
    },
    "bad",
    'its holder is "good 1"',
  ],
  [
    "a name that is not noted of its holder",
    "names",
    (kernel) => {
      const index = mapsWritten(refKey(good(1)), () => kernel.names.set("good 1", good(1))).at(-1);
      index?.delete(refKey(good(1)));
    },
    "good 1",
    "its holder is noted as undefined, which it is not",
  ],
  [
    "a name noted of somebody who has not got it",
    "names",
    (kernel) => {
      const index = mapsWritten(refKey(good(1)), () => kernel.names.set("good 1", good(1))).at(-1);
      index?.set("1.99.0", "good 1");
    },
    "good 1",
    "it is noted as the name of 1.99.0",
  ],
  [
    "a group that is none",
    "groups",
    (kernel) => putOnMain(kernel, Table.groups, "", good(1), 1),
    "",
    "it is no name of a group",
  ],
  [
    "a count that is none",
    "groups",
    (kernel) => putOnMain(kernel, Table.groups, "bad", good(1), -3),
    "bad",
    "it counts -3",
  ],
  [
    "a count that is none on every thread",
    "groups",
    (kernel) => putEverywhere(kernel, Table.groups, "bad", good(1), 0.5),
    "bad",
    "it counts 0.5",
  ],
  [
    "a declaration that is none",
    "agents",
    (kernel) => putOnMain(kernel, Table.agents, "", good(1), { declaration: { version: 1, tags: ["good"] } }),
    "",
    "version is a text",
  ],
  [
    "a pattern that is none",
    "interests",
    (kernel) => {
      const [patterns] = mapsWritten("fine", () => putOnMain(kernel, Table.interests, "fine", good(1), true));
      patterns?.set("a..b", patterns.get("fine"));
      putOnMain(kernel, Table.interests, "fine", good(1), undefined);
      patterns?.set("a..b", new Map([[refKey(good(1)), { holder: good(1), value: true }]]));
    },
    "a..b",
    "topic",
  ],
  [
    "a count of tasks that is none",
    "concurrency",
    (kernel) => putOnMain(kernel, Table.concurrency, "", good(1), "many"),
    "",
    'it may have "many" tasks',
  ],
  ["a table that is none", "9", (kernel) => putOnMain(kernel, 9, "bad", good(1), 1), "bad", "there is no such table"],
  [
    "an entry under another's key",
    "groups",
    (kernel) => {
      const [entries] = mapsWritten(refKey(good(1)), () => putOnMain(kernel, Table.groups, "bad", good(1), 1));
      entries?.set("1.99.0", entries.get(refKey(good(1))));
      entries?.delete(refKey(good(1)));
    },
    "bad",
    "it stands under 1.99.0",
  ],
])("S15.5: %s is thrown out, counted and told", async (_what, table, plant, key, fault) => {
  plant(main());
  await tree.advance(lookAfterMs);
  expect(thrown.filter((one) => one.table === table)).toEqual(
    expect.arrayContaining([expect.objectContaining({ table, key, fault: expect.stringContaining(fault) })]),
  );
  expect(registry().stats().discarded).toBe(thrown.length);
  await tree.advance(lookAfterMs);
  const before = thrown.length;
  await tree.advance(lookAfterMs);
  expect(thrown.length).toBe(before);
  for (const thread of threads) {
    const kernel = tree.system.kernel(thread);
    expect([kernel.names.whereis("bad"), kernel.groups.members("bad"), kernel.replica.keys(9 as 0)]).toEqual([
      undefined,
      [],
      [],
    ]);
  }
  expect(threads.map((thread) => goodOf(tree.system.kernel(thread)))).toEqual(allGood);
});

test("S15.5: an entry whose holder has ended is thrown out when it stands there for a second look", async () => {
  const ended = main().makeRef(1, 5, -1);
  main().names.set("bad", ended);
  asIfAlive((kernel) => putOnMain(kernel, Table.groups, "bad", ended, 1));
  await tree.advance(lookAfterMs);
  expect(thrown).toEqual([]);
  await tree.advance(lookAfterMs);
  const fault = { key: "bad", fault: "its holder has ended" };
  expect(thrown).toMatchObject([
    { table: "names", ...fault },
    { table: "groups", ...fault },
  ]);
});

test("S15.5: an entry whose holder has ended is not wrong when the word of it comes later", async () => {
  const member = (count: number | undefined) =>
    asIfAlive((kernel) => putOnMain(kernel, Table.groups, "late", kernel.makeRef(1, 5, -1), count));
  member(1);
  await tree.advance(lookAfterMs);
  member(undefined);
  await tree.advance(2 * lookAfterMs);
  expect([thrown.length, registry().stats().discarded]).toEqual([0, 0]);
});

test("S15.5: entries of a thread that is lost are thrown out", async () => {
  const holder = good(2);
  const thread = lost();
  await tree.settle();
  asIfAlive((kernel) => {
    kernel.names.set("bad", holder);
    putOnMain(kernel, Table.groups, "bad", holder, 1);
  });
  await tree.advance(lookAfterMs);
  const why = expect.objectContaining({ fault: `its thread ${thread} is lost` });
  expect(thrown).toEqual(expect.arrayContaining([why, why]));
});

test("S15.5: of what is thrown out of main's copy its own thread tells again what is right", async () => {
  const holder = good(1);
  putOnMain(main(), Table.groups, "good", holder, "many");
  await tree.settle();
  expect(main().groups.members("good")).toHaveLength(2);
  await tree.advance(lookAfterMs);
  expect(threads.map((thread) => goodOf(tree.system.kernel(thread)))).toEqual(allGood);
});

test("S15.5: an entry over which the registry crashes is thrown out by the next, and the rest is right", async () => {
  let looks = 0;
  const evil = Object.create(main().makeRef(1, 5, 0), {
    thread: {
      get: () => {
        looks++;
        throw new Error("a bug");
      },
    },
  }) as Ref;
  const [names] = mapsWritten("bad", () => main().names.set("bad", good(1)));
  main().names.set("good 1", good(1));
  names?.set("bad", evil);
  await tree.advance(lookAfterMs);
  expect(thrown).toEqual(
    expect.arrayContaining([expect.objectContaining({ key: "bad", fault: "the registry crashed over it" })]),
  );
  await tree.advance(lookAfterMs);
  expect(threads.map((thread) => goodOf(tree.system.kernel(thread)))).toEqual(allGood);
  expect(main().names.whereis("bad")).toBeUndefined();
  expect(looks).toBeLessThan(10);
});

test("S15.5: it looks in slices, and whoever is killed between two of them is followed by one that leaves the tables right", async () => {
  const wrongEvery = 250;
  for (const seed of [1, 2, 3]) {
    await start(seed);
    const kernel = main();
    const count = 8 * perTurn;
    asIfAlive(() => {
      for (let n = 0; n < count; n++) {
        const isWrong = n % wrongEvery === 0;
        putEverywhere(kernel, Table.groups, isWrong ? `bad ${n}` : `kept ${n}`, good(n % 3), isWrong ? -1 : 1);
      }
    });
    let kills = 0;
    const before = kernel.lifecycle.living;
    tree.system.advance(lookAfterMs);
    for (let step = 0; step < 200; step++) {
      // Time enough for some slices, and seldom for all.
      if (step % 2 === 0) tree.system.advance(tree.system.random.below(8) * betweenTurnsMs);
      for (let n = tree.system.random.below(6); n > 0 && tree.system.step(); n--);
      const actor = tree.ctx.whereis("system.registry");
      if (actor !== undefined && step % 2 === 0) {
        tree.ctx.exit(actor, "kill");
        kills++;
      }
    }
    await tree.settle();
    await tree.advance(lookAfterMs);
    expect(kernel.lifecycle.living).toBe(before);
    expect(kills).toBeGreaterThan(10);
    expect(registry().stats().discarded).toBe(thrown.length);
    expect(new Set(thrown.map(({ key }) => key)).size).toBe(count / wrongEvery);
    for (const thread of threads) {
      const groups = tree.system.kernel(thread).groups.all();
      expect(groups.filter((group) => group.startsWith("bad"))).toEqual([]);
    }
    expect(
      main()
        .groups.all()
        .filter((group) => group.startsWith("kept")),
    ).toHaveLength(count - count / wrongEvery);
    expect(threads.map((thread) => goodOf(tree.system.kernel(thread)))).toEqual(allGood);
  }
});

test("S15.5: it looks again only where something has changed, 10 s after that", async () => {
  const looks = { count: 0 };
  const all = registry().looks.bind(registry());
  registry().looks = () => {
    looks.count++;
    return all();
  };
  await tree.advance(100 * lookAfterMs);
  expect(looks.count).toBe(0);
  await tree.until(tree.ctx.join("another", good(1)));
  await tree.advance(lookAfterMs - 1);
  expect(looks.count).toBe(0);
  await tree.advance(1);
  expect(looks.count).toBe(1);
});

test("S15.5: main is left to others for 10 ms behind each slice of 250 entries", async () => {
  const kernel = main();
  for (let n = 0; n < perTurn * 4; n++) putEverywhere(kernel, Table.groups, `kept ${n}`, good(n % 3), 1);
  let looked = 0;
  const all = registry().looks.bind(registry());
  registry().looks = function* () {
    for (const look of all()) {
      looked++;
      yield look;
    }
  };
  await tree.advance(lookAfterMs);
  const after: number[] = [];
  for (let turn = 1; turn < 5; turn++) {
    after.push(looked);
    await tree.advance(betweenTurnsMs);
  }
  expect(after).toEqual([perTurn, 2 * perTurn, 3 * perTurn, 4 * perTurn]);
});
