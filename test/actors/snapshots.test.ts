/** Snapshots that are not taken. Not in every placement: store and state matter. */
import { describe, expect, test } from "@jest/globals";
import { storageMemory } from "../../plugins/storage-memory/index.ts";
import { eagerAccount, unkeptAccount } from "../fixtures/accounts.ts";
import { noSnapshots } from "../fixtures/no-snapshots.ts";
import { useSystem } from "../support/use-system.ts";

describe("by a store that does not take them", () => {
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
});

describe("of a state that is none", () => {
  const system = useSystem();
  test("a state that is no data is in no snapshot: the actor ends, with what is none, and its event is kept", async () => {
    await system().startPlugins([storageMemory]);
    const ref = await system().spawn(unkeptAccount, "bob");
    expect(await ref.call("pay", 5)).toBe(5);
    await expect(ref.call("pay", 2)).rejects.toMatchObject({
      message: expect.stringMatching(/journal "account bob": its snapshot: message /),
    });
    await system().settled();
    expect(system().isAlive(ref)).toBe(false);
    expect(await system().call("plugin.storage-memory", "lastSeq", "account bob")).toBe(2);
  });
});
