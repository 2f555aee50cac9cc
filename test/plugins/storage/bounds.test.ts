/** How much a store takes on. Not in every placement: no actors but the plugin's. */
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { StoredEntry } from "../../../core/index.ts";
import { gatedStore } from "../../fixtures/gated-store.ts";
import { useSystem } from "../../support/use-system.ts";
import { failureOf, storeOf } from "./store.ts";

const system = useSystem({ clock: "system", threads: 1 });
const store = storeOf(system, "gated-store");
let stop: () => Promise<void>;

beforeEach(async () => {
  const handle = await system().startPlugins([gatedStore]);
  stop = async () => {
    system().exit(handle.ref, "shutdown");
    await handle.exit;
  };
});
afterEach(() => stop());

const openGate = () => store.put({ key: "open", value: 1 });

test("at most 65,536 reads wait; more are queue_full, writes go on, and so do reads when those are answered", async () => {
  await store.put({ key: "a", value: 1 });
  const patiently = { timeoutMs: 60_000 };
  const waiting = Array.from({ length: 65_536 }, () => system().call("plugin.gated-store", "get", "a", patiently));
  const beyond = ["get", "lastSeq"].map((call) => failureOf(system().call("plugin.gated-store", call, "a", patiently)));
  const full = {
    code: "queue_full",
    message: "65536 reads wait for the store already: ask again later",
  };
  expect(await Promise.all(beyond)).toMatchObject([full, full]);
  expect(await store.put({ key: "b", value: 2 })).toEqual({ version: 2 });
  await openGate();
  const found = await Promise.all(waiting);
  expect(found.every((entry) => (entry as StoredEntry).value === 1)).toBe(true);
  expect(await store.get("b")).toMatchObject({ value: 2 });
});

test("at most 1,000 searches wait; more are queue_full, reads and writes go on, and so do searches when those are answered", async () => {
  const vector = [1];
  await store.putVector({ collection: "a", id: "one", vector });
  const search = () => store.searchVectors({ collection: "a", vector });
  const waiting = Array.from({ length: 1_000 }, search);
  expect(await failureOf(search())).toMatchObject({
    code: "queue_full",
    message: "1000 searches wait for the store already: ask again later",
  });
  expect([await store.lastSeq("j"), await store.getVector({ collection: "a", id: "one" })]).toMatchObject([
    0,
    { vector },
  ]);
  await openGate();
  for (const found of await Promise.all(waiting)) expect(found).toEqual([{ id: "one", score: 1, metadata: {} }]);
  expect(await search()).toHaveLength(1);
});
