/** A store's client beside a turn that is cut down. On main no turn is cut, so placements do not matter here. */
import { expect, test } from "@jest/globals";
import { runaway } from "../../fixtures/runaway.ts";
import { type AskedOfStore, storeKeeper } from "../../fixtures/store-keeper.ts";
import { storeWriter } from "../../fixtures/store-writer.ts";
import { useSystem } from "../../support/use-system.ts";
import { failureOf } from "./store.ts";

const system = useSystem({ threads: 1, clock: "system", asyncGraceMs: 200 });
const there = { placement: { thread: 1 } } as const;

test("what was to leave behind another's loop leaves after its cut, and so do later ones", async () => {
  const keeper = await system().spawn(storeKeeper, undefined, { placement: { thread: 0 } });
  const culprit = await system().spawn(runaway, undefined, { ...there, turnLimitMs: 50 });
  const writer = await system().spawn(storeWriter, keeper, there);
  // One publication, so one drain and one checkpoint: the loop begins before the write leaves.
  const [end] = await Promise.all([failureOf(culprit.call("afterAwait")), writer.call("tell", "told")]);
  expect(end).toMatchObject({ code: "turn_limit" });
  await writer.call("put", "later");
  // Together or one after the other: the loop has ended by then, or not.
  const asked = (await keeper.call("asked")) as AskedOfStore[];
  const writes = asked.flatMap((one) => (one.call === "batch" ? (one.argument as AskedOfStore[]) : [one]));
  expect(writes).toEqual([
    { call: "put", argument: { key: "told", json: "1" } },
    { call: "put", argument: { key: "later", json: "1" } },
  ]);
});
