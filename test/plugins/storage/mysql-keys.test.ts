/** The configuration of storage-mysql, key by key. Not in every placement: no actors but the plugin's. */
import { afterAll, afterEach, beforeAll, describe, expect } from "@jest/globals";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { mysqlConfig } from "../../../plugins/storage-mysql/config.ts";
import { storageMysql } from "../../../plugins/storage-mysql/index.ts";
import { keyTests } from "../../support/key-tests.ts";
import { mysql } from "../../support/known-services.ts";
import { askMysql } from "../../support/server-side.ts";
import { describeWith } from "../../support/service.ts";
import { useSystem } from "../../support/use-system.ts";
import { ServerKeys } from "./server-keys.ts";

/** A database of this run alone: the names of the tables are those that the plugin takes by itself. */
const database = `mofa_keys_${process.pid}`;
const urlOf = (name: string) => Object.assign(new URL(mysql.url), { pathname: `/${name}` }).href;
const url = urlOf(database);

async function lock(): Promise<() => Promise<void>> {
  const connection = await createConnection(url);
  await connection.query("START TRANSACTION");
  await connection.query("SELECT version FROM mofa_counter FOR UPDATE");
  return async () => {
    await connection.query("ROLLBACK");
    await connection.end();
  };
}

async function someoneWaits(): Promise<void> {
  // Not by innodb_trx, which is not looked up anew for who asks all the time.
  const text = "SELECT 1 FROM information_schema.processlist WHERE db = ? AND info LIKE '%counter% FOR UPDATE'";
  await askMysql(async (connection) => {
    while ((await connection.query<RowDataPacket[]>(text, [database]))[0].length === 0);
  });
}

const tablesOf = (prefix: string) =>
  askMysql(async (connection) => {
    const text = "SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND LEFT(table_name, ?) = ?";
    return (await connection.query<RowDataPacket[]>(text, [database, prefix.length, prefix]))[0].length;
  });

await describeWith(mysql, () => {
  describe("configuration of storage-mysql", () => {
    const key = keyTests("storage-mysql", mysqlConfig);
    const systems = [useSystem({ clock: "system", threads: 1 }), useSystem({ clock: "system", threads: 1 })] as const;
    const keys = new ServerKeys({ plugin: storageMysql, name: "storage-mysql", url, lock, someoneWaits }, systems);

    beforeAll(async () => {
      for (const name of [database, `${database}_b`])
        await askMysql((connection) => connection.query(`CREATE DATABASE ${name}`));
    });
    afterEach(() => keys.stop());
    afterAll(async () => {
      for (const name of [database, `${database}_b`])
        await askMysql((connection) => connection.query(`DROP DATABASE ${name}`));
    });

    key("url", "each database has what was written to it", async () => {
      await keys.open();
      await keys.store.put({ key: "a", value: 1 });
      await keys.stop();
      await keys.open({ url: urlOf(`${database}_b`) });
      expect(await keys.store.get("a")).toBeUndefined();
      await keys.stop();
      await keys.open();
      expect(await keys.store.get("a")).toMatchObject({ value: 1 });
    });

    key("tablePrefix", "the tables are named mofa_..., or as it says, and apart", async () => {
      await keys.open();
      await keys.store.put({ key: "b", value: 1 });
      await keys.stop();
      expect([await tablesOf("mofa_"), await tablesOf("apart_")]).toEqual([expect.any(Number), 0]);
      await keys.open({ tablePrefix: "apart_" });
      expect(await keys.store.get("b")).toBeUndefined();
      expect(await tablesOf("apart_")).toBe(await tablesOf("mofa_"));
    });

    key("poolSize", "a read goes beside a write that is held up, unless there is one connection", async () => {
      expect(await keys.readBesideWrite()).toEqual(["get", "put"]);
      await keys.stop();
      expect(await keys.readBesideWrite({ poolSize: 1 })).toEqual(["put", "get"]);
    });

    key("connectTimeoutMs", "so long a server may take to answer, and a pool of which all are in use", async () => {
      expect(await keys.slowServer({ connectTimeoutMs: 50 })).toMatchObject({
        code: "start_failed",
        message: expect.stringMatching(/ETIMEDOUT/),
      });
      const patient = await keys.usedUpPool({});
      expect(patient.reads).toEqual(patient.reads.map(() => ({ value: expect.objectContaining({ value: 2 }) })));
      await keys.stop();
      const { reads, write, after } = await keys.usedUpPool({ connectTimeoutMs: 100 });
      for (const refused of reads)
        expect(refused).toMatchObject({
          code: "storage_failed",
          message: expect.stringMatching(
            /^none of poolSize \(1\) connections could be had within connectTimeoutMs \(100\)$/,
          ),
        });
      expect(reads).toHaveLength(20);
      expect([write, after]).toMatchObject([{ value: { version: expect.any(Number) } }, { value: { value: 2 } }]);
    });

    key("lockTimeoutS", "so long a write may wait for others", async () => {
      expect(await keys.heldWrite({ lockTimeoutS: 1 })).toMatchObject({
        code: "storage_failed",
        message: expect.stringMatching(/Lock wait timeout/),
      });
      await keys.stop();
      expect(await keys.patientWrite()).toMatchObject({ value: { version: expect.any(Number) } });
    });

    key("silenceTimeoutMs", "so long a server may say nothing", async () => {
      expect(await keys.silentServer({ silenceTimeoutMs: 100 })).toMatchObject({
        code: "storage_failed",
        message: "the server has said nothing for silenceTimeoutMs (100)",
      });
    });
  });
});
