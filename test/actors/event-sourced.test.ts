/** Event-sourced actors over a store in a file. In every placement. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { JournalEntry, Ref } from "../../index.ts";
import { storageSqlite } from "../../plugins/storage-sqlite/index.ts";
import {
  account,
  forgetfulAccount,
  newAccount,
  newForgetfulAccount,
  shortAccount,
  strictAccount,
} from "../fixtures/accounts.ts";
import { describePlacements } from "../support/describe-placements.ts";
import { useSystem } from "../support/use-system.ts";

describePlacements("Event-sourced actors", (place) => {
  const system = useSystem({ clock: "system" });
  let folder: string;
  let count = 0;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "mofa-events-"));
    await system().startPlugins([{ plugin: storageSqlite, config: { file: join(folder, "store.sqlite") } }]);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const owner = () => `owner ${count++}`;
  const store = async (call: string, argument: unknown) => await system().call("plugin.storage-sqlite", call, argument);
  const end = async (ref: Ref) => await system().stopActor(ref);

  test("persist resolves when the event is kept and has changed the state", async () => {
    const name = owner();
    const ref = await place.spawn(system(), account, name, {});
    expect(await ref.call("pay", 5)).toEqual([0, 5]);
    expect(await store("read", { journal: `account ${name}` })).toEqual([
      { seq: 1, event: { version: 1, value: { type: "paid", amount: 5 } } },
    ]);
  });

  test("a new incarnation has what has happened to those before", async () => {
    const name = owner();
    const first = await place.spawn(system(), account, name, {});
    await first.call("pay", 5);
    await first.call("payTwice", 7);
    await first.call("rename", "somebody else");
    await end(first);
    const second = await place.spawn(system(), account, name, {});
    expect(await second.call("look")).toEqual({ owner: "somebody else", balance: 19, events: 4 });
    expect(await second.call("pay", 1)).toEqual([19, 20]);
  });

  test("what is said to have happened when its turn is over is refused, and is in no journal", async () => {
    const name = owner();
    const ref = await place.spawn(system(), account, name, {});
    await ref.call("keepPersist", undefined);
    await ref.call("pay", 5);
    await expect(ref.call("payLate", 7)).rejects.toMatchObject({
      message: expect.stringMatching(/^persist was called after its turn was over/),
    });
    await system().settled();
    expect(system().isAlive(ref)).toBe(false);
    expect(await (await place.spawn(system(), account, name, {})).call("look")).toMatchObject({ balance: 5 });
  });

  test("two hundred calls at once are decided one after the other, and all of them are kept", async () => {
    const name = owner();
    const ref = await place.spawn(system(), account, name, {});
    const answers = await Promise.all(Array.from({ length: 200 }, () => ref.call("pay", 1)));
    expect(answers).toEqual(answers.map((_, n) => [n, n + 1]));
    await end(ref);
    expect(await (await place.spawn(system(), account, name, {})).call("look")).toMatchObject({ balance: 200 });
  });

  test("after so many events there is a snapshot, and those before it are forgotten but for so many", async () => {
    const name = owner();
    const ref = await place.spawn(system(), shortAccount, name, {});
    for (let n = 1; n <= 7; n++) await ref.call("pay", n);
    const journal = `account ${name}`;
    expect(await store("loadSnapshot", journal)).toMatchObject({ seq: 6, state: { value: { balance: 21 } } });
    expect(((await store("read", { journal })) as JournalEntry[]).map(({ seq }) => seq)).toEqual([6, 7]);
    await end(ref);
    expect(await (await place.spawn(system(), shortAccount, name, {})).call("look")).toMatchObject({
      balance: 28,
      events: 7,
    });
  });

  test("events of an older version are made new ones; a journal with newer ones is refused", async () => {
    const name = owner();
    const old = await place.spawn(system(), account, name, {});
    await old.call("pay", 5);
    await end(old);
    const newer = await place.spawn(system(), newAccount, name, {});
    expect(await newer.call("pay", 1)).toBe(501);
    await end(newer);
    await expect(place.spawn(system(), account, name, {})).rejects.toMatchObject({
      message: expect.stringMatching(/event 2 is of version 2, and this behaviour knows up to 1: run the newer one/),
    });
  });

  test("a journal in which an event is missing is refused", async () => {
    const name = owner();
    const ref = await place.spawn(system(), account, name, {});
    await ref.call("payTwice", 5);
    await end(ref);
    await store("prune", { journal: `account ${name}`, seq: 1 });
    await expect(place.spawn(system(), account, name, {})).rejects.toMatchObject({
      message: expect.stringMatching(/event 1 is missing, and the next is 2/),
    });
  });

  test("a journal of which nothing is left but the number of its last event is refused", async () => {
    const name = owner();
    const ref = await place.spawn(system(), forgetfulAccount, name, {});
    expect(await ref.call("pay", 5)).toBe(5);
    await end(ref);
    // Its snapshot is of an older version, and its events are gone.
    await expect(place.spawn(system(), newForgetfulAccount, name, {})).rejects.toMatchObject({
      message: expect.stringMatching(/event 1 is missing, and all up to the last, 1/),
    });
    expect(await (await place.spawn(system(), forgetfulAccount, name, {})).call("look")).toMatchObject({ balance: 5 });
  });

  test("a snapshot that is ahead of its journal is refused", async () => {
    const name = owner();
    const ref = await place.spawn(system(), account, name, {});
    await ref.call("pay", 5);
    await end(ref);
    const journal = `account ${name}`;
    await store("saveSnapshot", {
      journal,
      seq: 7,
      state: { version: 1, value: { owner: name, balance: 1, events: 7 } },
    });
    await expect(place.spawn(system(), account, name, {})).rejects.toMatchObject({
      message: expect.stringMatching(/the snapshot is of event 7, and the last is 1/),
    });
  });

  test("an event that no event-sourced actor has written is refused", async () => {
    const name = owner();
    await store("append", { journal: `account ${name}`, events: [{ type: "paid", amount: 5 }] });
    await expect(place.spawn(system(), account, name, {})).rejects.toMatchObject({
      message: expect.stringMatching(/event 1 was written by no event-sourced actor: \{"type":"paid","amount":5\}/),
    });
  });

  test("what has happened is kept before its turn is over, also where the handler does not await it", async () => {
    const name = owner();
    const ref = await place.spawn(system(), account, name, {});
    expect(await ref.call("payAndGo", 5)).toBe("gone");
    expect(await store("lastSeq", `account ${name}`)).toBe(2);
    expect(await ref.call("look")).toMatchObject({ balance: 11, events: 2 });
  });

  test("one whose event cannot be applied ends, whatever its handler catches", async () => {
    const ref = await place.spawn(system(), strictAccount, owner(), {});
    await expect(ref.call("payAndBear", -5)).rejects.toMatchObject({
      message: expect.stringMatching(/a negative amount/),
    });
    expect(system().isAlive(ref)).toBe(false);
  });

  test("of two that write one journal one ends, and its successor knows what the other has written", async () => {
    const name = owner();
    const one = await place.spawn(system(), account, name, {});
    const two = await place.spawn(system(), account, name, {});
    await one.call("pay", 5);
    await expect(two.call("payAndBear", 7)).rejects.toMatchObject({
      code: "version_conflict",
      message: expect.stringMatching(/^journal ".+": somebody else has written to it, and one actor .+stands at/),
    });
    expect(system().isAlive(two)).toBe(false);
    expect(await (await place.spawn(system(), account, name, {})).call("look")).toMatchObject({ balance: 5 });
  });
});
