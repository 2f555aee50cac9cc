/** Event-sourced actors whose store has other bytes than were written, or what a newer version wrote. Not in every placement: the store matters. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Ref } from "../../index.ts";
import { storageSqlite } from "../../plugins/storage-sqlite/index.ts";
import { eagerAccount, newerEagerAccount } from "../fixtures/accounts.ts";
import { useSystem } from "../support/use-system.ts";

const system = useSystem({ clock: "system", threads: 1 });
let folder: string;
let file: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mofa-journals-"));
  file = join(folder, "store.sqlite");
  await system().startPlugins([{ plugin: storageSqlite, config: { file } }]);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Leaves an account into which so much was paid, one by one, behind a snapshot after each. */
async function leave(owner: string, amounts: readonly number[]): Promise<void> {
  const ref = await system().spawn(eagerAccount, owner);
  for (const amount of amounts) await ref.call("pay", amount);
  await system().stopActor(ref);
}

/** What the file has of it. */
function rowsOf(owner: string): unknown {
  using database = new DatabaseSync(file);
  return ["events", "snapshots", "journals"].map((table) =>
    database
      .prepare(`SELECT * FROM ${table} WHERE ${table === "journals" ? "name" : "journal"} = ?`)
      .all(`account ${owner}`),
  );
}

/** Cuts the last byte off, behind the back of the store. Returns what makes it whole again. */
function spoil(owner: string, table: "events" | "snapshots", seq: number): () => void {
  const column = table === "events" ? "event" : "state";
  using database = new DatabaseSync(file);
  const where = `WHERE journal = 'account ${owner}' AND seq = ${seq}`;
  const whole = database.prepare(`SELECT ${column} AS value FROM ${table} ${where}`).get()?.["value"] as Uint8Array;
  const write = (value: Uint8Array) => {
    using again = new DatabaseSync(file);
    again.prepare(`UPDATE ${table} SET ${column} = ? ${where}`).run(value);
  };
  write(whole.subarray(0, -1));
  return () => write(whole);
}

const failureOf = async (owner: string) =>
  await system()
    .spawn(eagerAccount, owner)
    .then(
      () => "it has started",
      ({ code, message, cause }: { code: string; message: string; cause: { code: string } }) => ({
        code,
        message,
        cause: cause.code,
      }),
    );

test.each([
  ["snapshots", 3, 'the snapshot of "account snapshots"'],
  ["events", 3, 'event 3 of "account events"'],
] as const)(
  "a journal with spoiled %s is refused, which names store, journal and remedy; made whole again it is read",
  async (table, seq, what) => {
    await leave(table, [5, 7, 1]);
    if (table === "events") {
      using database = new DatabaseSync(file);
      // One that is read behind the snapshot.
      database.exec("DELETE FROM snapshots WHERE journal = 'account events'");
    }
    const mend = spoil(table, table, seq);
    const before = rowsOf(table);
    expect(await failureOf(table)).toEqual({
      code: "start_failed",
      cause: "storage_corrupt",
      message: expect.stringContaining(
        `plugin storage-sqlite: ${what} is not what was written there: take it from a backup`,
      ),
    });
    expect(rowsOf(table)).toEqual(before);
    mend();
    expect(await (await system().spawn(eagerAccount, table)).call("look")).toMatchObject({ balance: 13, events: 3 });
  },
);

test("a snapshot of a newer version is refused, and so is an event, by number, and nothing of them changes", async () => {
  await leave("newer", [5]);
  const newer = await system().spawn(newerEagerAccount, "newer");
  await newer.call("pay", 7);
  await system().stopActor(newer);
  const before = rowsOf("newer");
  const refused = (what: string) => ({
    code: "start_failed",
    cause: "storage_version",
    message: expect.stringContaining(
      `journal "account newer": ${what} is of version 2, and this behaviour knows up to 1: run the newer one`,
    ),
  });
  expect(await failureOf("newer")).toEqual(refused("the snapshot"));
  expect(rowsOf("newer")).toEqual(before);
  {
    using database = new DatabaseSync(file);
    database.exec("DELETE FROM snapshots WHERE journal = 'account newer'");
  }
  expect(await failureOf("newer")).toEqual(refused("event 2"));
});

test("a supervised one whose journal was spoiled is started no more, and its neighbours and the store go on", async () => {
  await leave("spoiled", [5]);
  const top = await system().supervise({
    intensity: 1,
    children: [{ id: "ann", start: [eagerAccount, "spoiled"], name: "ann" }],
  });
  spoil("spoiled", "snapshots", 1);
  system().exit(system().whereis("ann") as Ref, "kill");
  expect(await top.exit).toEqual("shutdown");
  expect(system().whereis("ann")).toBeUndefined();
  const neighbour = await system().spawn(eagerAccount, "neighbour");
  expect(await neighbour.call("pay", 5)).toBe(5);
});
