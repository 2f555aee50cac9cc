/**
 * Servers whose disk is full, as far as a client can see: a trigger says it, with the server's own code, of each value whose key
 * begins with `full`. Whoever asked is told the same as by a full file of SQLite. Not in every placement: no actors but the plugin's.
 */
import { afterAll, afterEach, describe, expect, test } from "@jest/globals";
import type { AnyPlugin } from "../../../index.ts";
import { storageMysql } from "../../../plugins/storage-mysql/index.ts";
import { storagePostgres } from "../../../plugins/storage-postgres/index.ts";
import { mysql, postgres } from "../../support/known-services.ts";
import { askMysql, askPostgres, dropMysqlTables, dropPostgresSchema } from "../../support/server-side.ts";
import { describeWith } from "../../support/service.ts";
import { useSystem } from "../../support/use-system.ts";
import { failureOf, storeOf } from "./store.ts";

/** Of this run alone. */
const place = `mofa_full_${process.pid}`;

type Config = Readonly<Record<string, unknown>>;

/** How it is made to say that it is full, and that again there is room. */
type Way = readonly [title: string, said: RegExp, fill: () => Promise<unknown>];

function describeFull(
  name: string,
  plugin: AnyPlugin,
  config: Config,
  ways: Way[],
  free: () => Promise<unknown>,
): void {
  describe(`${name}, whose server is full`, () => {
    const system = useSystem({ clock: "system", threads: 1 });
    const store = storeOf(system, name);
    let stop = async () => {};

    afterEach(async () => {
      await stop();
      await free();
    });

    test.each(ways)("%s: its words are told, nothing is kept, and it goes on", async (title, said, fill) => {
      const handle = await system().startPlugins([{ plugin, config }]);
      stop = async () => {
        system().exit(handle.ref, "shutdown");
        await handle.exit;
      };
      await fill();
      const key = `full, ${title}`;
      const isFull = { code: "storage_failed", message: expect.stringMatching(said) };
      expect(await failureOf(store.put({ key, value: 1, ifVersion: 0 }))).toMatchObject(isFull);
      const writes = [
        { type: "append", journal: key, events: [1] },
        { type: "put", key: `beside ${key}`, value: 1 },
        { type: "put", key, value: 1 },
      ] as const;
      expect(await failureOf(store.transact(writes))).toMatchObject(isFull);
      // What needs no room.
      expect(await store.put({ key: "small", value: 1 })).toEqual({ version: expect.any(Number) });
      expect([await store.get(`beside ${key}`), await store.lastSeq(key)]).toEqual([undefined, 0]);
      await free();
      await store.transact(writes);
      expect([await store.get(key), await store.lastSeq(key)]).toMatchObject([{ value: 1 }, 1]);
    });
  });
}

await describeWith(postgres, () => {
  afterAll(() => dropPostgresSchema(place));
  const entries = `${place}.entries`;
  const fill =
    (trigger: string, timing = "") =>
    () =>
      askPostgres((client) =>
        client.query(`
        CREATE OR REPLACE FUNCTION ${place}.full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          IF NEW.key LIKE 'full%' THEN
            RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
          END IF;
          RETURN NEW;
        END $$;
        ${trigger} INSERT OR UPDATE ON ${entries} ${timing} FOR EACH ROW EXECUTE FUNCTION ${place}.full()`),
      );
  const said = /No space left on device/;
  describeFull(
    "storage-postgres",
    storagePostgres,
    { url: postgres.url, schema: place },
    [
      ["disk_full by a statement", said, fill("CREATE TRIGGER is_full BEFORE")],
      // It could still say no, so that nothing is in doubt.
      [
        "disk_full by the commit",
        said,
        fill("CREATE CONSTRAINT TRIGGER is_full AFTER", "DEFERRABLE INITIALLY DEFERRED"),
      ],
    ],
    () => askPostgres((client) => client.query(`DROP TRIGGER IF EXISTS is_full ON ${entries}`)),
  );
});

await describeWith(mysql, () => {
  const tablePrefix = `${place}_`;
  afterAll(() => dropMysqlTables(tablePrefix));
  const fill = (errno: number, words: string) => () =>
    askMysql((connection) =>
      connection.query(`
        CREATE TRIGGER ${place} BEFORE INSERT ON ${tablePrefix}entries FOR EACH ROW
        IF NEW.name LIKE 'full%' THEN
          SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = ${errno}, MESSAGE_TEXT = '${words}';
        END IF`),
    );
  describeFull(
    "storage-mysql",
    storageMysql,
    { url: mysql.url, tablePrefix },
    [
      ["ER_DISK_FULL", /No space left on device/, fill(1021, "Disk full (entries): No space left on device")],
      ["ER_RECORD_FILE_FULL", /is full/, fill(1114, "The table entries is full")],
    ],
    () => askMysql((connection) => connection.query(`DROP TRIGGER IF EXISTS ${place}`)),
  );
});
