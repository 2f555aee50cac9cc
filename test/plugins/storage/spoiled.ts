/** What a store says of values that are not what was written, and that it goes on. */
import { expect } from "@jest/globals";
import { failureOf, type Store } from "./store.ts";

/** @param spoil cuts the last byte off every value in that column. It may stop and start the plugin. */
export async function expectSpoiledIsTold(
  store: Store,
  spoil: (table: string, column: string) => Promise<unknown>,
): Promise<void> {
  const [key, journal, collection] = ["spoiled/a", "spoiled", "spoiled"];
  await store.put({ key, value: "x" });
  await store.append({ journal, events: ["x"] });
  await store.saveSnapshot({ journal, seq: 1, state: "x" });
  await store.putVector({ collection, id: "v", vector: [1] });
  for (const [table, column] of [
    ["entries", "value"],
    ["events", "event"],
    ["snapshots", "state"],
    ["vectors", "value"],
  ] as const)
    await spoil(table, column);
  const told = async (promise: Promise<unknown>) => {
    expect(await failureOf(promise)).toMatchObject({
      code: "storage_corrupt",
      message: expect.stringMatching(/ of "spoiled.*" is not what was written there: take it from a backup$/),
    });
  };
  await told(store.get(key));
  await told(store.list({ prefix: key }));
  await told(store.read({ journal }));
  await told(store.loadSnapshot(journal));
  await told(store.getVector({ collection, id: "v" }));
  await told(store.searchVectors({ collection, vector: [1] }));
  await store.put({ key, value: "y" });
  await store.putVector({ collection, id: "v", vector: [2] });
  expect(await store.get(key)).toMatchObject({ value: "y" });
  expect(await store.searchVectors({ collection, vector: [1], metric: "dot" })).toMatchObject([{ id: "v", score: 2 }]);
}
