/** How many of the writes that wait are kept together. Not in every placement: one thread asks, and the store is on another. */
import { afterEach, expect, test } from "@jest/globals";
import { type MofaSystem, startSystem } from "../../../index.ts";
import { countingStore } from "../../fixtures/counting-store.ts";
import { storeOf } from "./store.ts";

let system: MofaSystem;
const store = storeOf(() => system, "counting-store");

async function start(groups: "whole" | "parts"): Promise<void> {
  system = await startSystem({ threads: 1, spare: false });
  await system.startPlugins([{ plugin: countingStore, config: { groups } }]);
}

afterEach(() => system.stop());

/** The size of the largest group. */
async function ofWrites(count: number): Promise<number> {
  const all = Array.from({ length: count }, (_, at) => store.put({ key: `key ${at}`, value: at }));
  const versions = (await Promise.all(all)).map(({ version }) => version);
  expect(versions).toEqual(Array.from({ length: count }, (_, at) => at + 1));
  return await store.lastSeq("any");
}

test.each([
  ["whole", 300, 300],
  ["whole", 1_500, 1_000],
  ["parts", 300, 150],
  ["parts", 60, 60],
  ["parts", 3_000, 1_000],
] as const)("in groups that are %s, of %i at once so many are kept together: %i", async (groups, count, largest) => {
  await start(groups);
  expect(await ofWrites(count)).toBe(largest);
});
