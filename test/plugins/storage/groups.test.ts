/** How many of the writes that wait are kept together. Not in every placement: one thread asks, and the store is on another. */
import { afterEach, expect, test } from "@jest/globals";
import { type MofaSystem, startSystem } from "../../../index.ts";
import { countingStore, type Question } from "../../fixtures/counting-store.ts";
import { storeOf } from "./store.ts";

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
