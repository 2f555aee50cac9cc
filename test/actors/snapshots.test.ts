/** Snapshots that a store does not take. Not in every placement: it is the store that matters. */
import { expect, test } from "@jest/globals";
import { eagerAccount } from "../fixtures/accounts.ts";
import { noSnapshots } from "../fixtures/no-snapshots.ts";
import { useSystem } from "../support/use-system.ts";

const system = useSystem();

test("a snapshot that the store does not take costs nothing: the log says so, and the next event tries again", async () => {
  await system().startPlugins([noSnapshots]);
  const logs: unknown[] = [];
  system().events.on("log", (event) => logs.push(event));
  const ref = await system().spawn(eagerAccount, "ann");
  expect(await ref.call("pay", 5)).toBe(5);
  expect(logs).toMatchObject([
    { level: "warning", message: 'journal "account ann": no snapshot of event 1', data: { code: "storage_failed" } },
  ]);
  await system().call("plugin.no-snapshots", "beWilling");
  expect(await ref.call("pay", 2)).toBe(7);
  expect(logs).toHaveLength(1);
  expect(await system().call("plugin.no-snapshots", "loadSnapshot")).toMatchObject({ seq: 2 });
});
