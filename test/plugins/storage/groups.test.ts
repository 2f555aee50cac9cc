/** How many of the writes that wait are kept together. Not in every placement: one thread asks, and the store is on another. */
import { afterEach, expect, test } from "@jest/globals";
import { type MofaSystem, startSystem } from "../../../index.ts";
import { countingStore, type Question } from "../../fixtures/counting-store.ts";
import { failureOf, storeOf } from "./store.ts";

let system: MofaSystem;
const store = storeOf(() => system, "counting-store");

async function start(groups: "whole" | "parts"): Promise<void> {
  system = await startSystem({ threads: 1, spare: false });
  await system.startPlugins([{ plugin: countingStore, config: { groups } }]);
}

afterEach(() => system.stop());

const ask = (question: Question) => store.lastSeq(question);

/** The size of the largest group, of writes that all wait before any is kept. */
async function ofWrites(count: number): Promise<number> {
  const first = store.put({ key: "first", value: 0 });
  await ask("begun");
  const all = Array.from({ length: count }, (_, at) => store.put({ key: `key ${at}`, value: at }));
  await ask("go on"); // behind them, as one sender's
  const versions = (await Promise.all([first, ...all])).map(({ version }) => version);
  expect(versions).toEqual(Array.from({ length: count + 1 }, (_, at) => at + 1));
  return await ask("largest");
}

test.each([
  ["whole", 300, 300],
  ["whole", 1_500, 1_000],
  // Half of these and of the first, which has been answered and may ask anew.
  ["parts", 300, 151],
  ["parts", 60, 60],
  ["parts", 3_000, 1_000],
] as const)("in groups that are %s, of %i at once so many are kept together: %i", async (groups, count, largest) => {
  await start(groups);
  expect(await ofWrites(count)).toBe(largest);
});

/** Batches behind a write that is under way. */
async function ofBatches(...sizes: readonly number[]): Promise<number> {
  const first = store.put({ key: "first", value: 0 });
  await ask("begun");
  const all = sizes.map((size, at) =>
    store.batch(
      Array.from(
        { length: size },
        (_, one) => ({ call: "put", argument: { key: `${at} ${one}`, value: one } }) as const,
      ),
    ),
  );
  await ask("go on");
  await first;
  expect((await Promise.all(all)).map((outcomes) => outcomes.length)).toEqual(sizes);
  return await ask("largest");
}

test.each([
  ["whole", [600, 400, 500], 1_000],
  ["whole", [600, 500], 600],
  // Half would be 251.
  ["parts", [200, 200, 100], 200],
  ["parts", [500], 500],
] as const)(
  "in groups that are %s, batches of %j are not parted: %i are kept together",
  async (groups, sizes, largest) => {
    await start(groups);
    expect(await ofBatches(...sizes)).toBe(largest);
  },
);

test("at most 65,536 wait, those of batches among them: a batch that is too much is refused as a whole", async () => {
  await start("whole");
  const first = store.put({ key: "first", value: 0 });
  await ask("begun");
  const batch = (size: number) =>
    store.batch(
      Array.from({ length: size }, (_, one) => ({ call: "put", argument: { key: `${one}`, value: 1 } }) as const),
    );
  const kept = Array.from({ length: 65 }, () => batch(1_000));
  const refused = failureOf(batch(537));
  const last = batch(536);
  const one = failureOf(store.put({ key: "more", value: 1 }));
  expect([await refused, await one]).toEqual([
    expect.objectContaining({ code: "queue_full", message: expect.stringContaining("65536 transactions wait") }),
    expect.objectContaining({ code: "queue_full" }),
  ]);
  await ask("go on");
  await Promise.all([first, ...kept, last]);
  expect(await store.get("more")).toBeUndefined();
  await store.put({ key: "more", value: 1 });
});

test.each(["whole", "parts"] as const)(
  "in groups that are %s, what has expired is taken away behind the first of them that are due, though more wait",
  async (groups) => {
    system = await startSystem({ threads: 1, spare: false, clock: "manual" });
    await system.startPlugins([{ plugin: countingStore, config: { groups } }]);
    await system.clock.advance(60_000);
    const first = store.put({ key: "first", value: 0 });
    await ask("begun");
    const all = Array.from({ length: 2_500 }, (_, at) => store.put({ key: `key ${at}`, value: at }));
    await ask("go on");
    await Promise.all([first, ...all]);
    expect(await ask("swept behind")).toBe(1);
  },
);
