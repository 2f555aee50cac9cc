/** The configuration of storage-mysql, key by key. Not in every placement: no actors but the plugin's. */
import { afterAll, afterEach, beforeAll, describe, expect } from "@jest/globals";
import type { RowDataPacket } from "mysql2/promise";
import { mysqlConfig } from "../../../plugins/storage-mysql/config.ts";
import { storageMysql } from "../../../plugins/storage-mysql/index.ts";
import { keyTests } from "../../support/key-tests.ts";
import { mysql } from "../../support/known-services.ts";
import { askMysql } from "../../support/server-side.ts";
import { describeWith } from "../../support/service.ts";
import { useSystem } from "../../support/use-system.ts";
import { ServerKeys } from "./server-keys.ts";
import { mysqlLock } from "./server-locks.ts";

/** A database of this run alone: the names of the tables are those that the plugin takes by itself. */
const database = `mofa_keys_${process.pid}`;
const urlOf = (name: string) => Object.assign(new URL(mysql.url), { pathname: `/${name}` }).href;
const url = urlOf(database);

const tablesOf = (prefix: string) =>
  askMysql(async (connection) => {
    const text = "SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND LEFT(table_name, ?) = ?";
    return (await connection.query<RowDataPacket[]>(text, [database, prefix.length, prefix]))[0].length;
  });

await describeWith(mysql, () => {
  describe("configuration of storage-mysql", () => {
    const key = keyTests("storage-mysql", mysqlConfig);
    const systems = [useSystem({ clock: "system", threads: 1 }), useSystem({ clock: "system", threads: 1 })] as const;
    const keys = new ServerKeys(
      { plugin: storageMysql, name: "storage-mysql", url, ...mysqlLock(url, database) },
      systems,
    );

    beforeAll(async () => {
      for (const name of [database, `${database}_b`])
        await askMysql((connection) => connection.query(`CREATE DATABASE ${name}`));
    });
    afterEach(() => keys.stop());
    afterAll(async () => {
      for (const name of [database, `${database}_b`])
        await askMysql((connection) => connection.query(`DROP DATABASE ${name}`));
    });

    key("sqlUrl", "nobody is asked by SQL; the database that it names is", async () => {
      const request = { id: "a", sql: "SELECT 1", mode: "read", maxRows: 9, maxBytes: 900, timeoutMs: 30_000 };
      const ask = async () =>
        await systems[0]().call("plugin.storage-mysql", "querySql", request, { timeoutMs: 30_000 });
      await keys.open();
      await expect(ask()).rejects.toMatchObject({
        message: "the configuration of storage-mysql names no database for SQL",
      });
      await keys.stop();
      // Nobody listens there: that the right one is asked is in the suite of SQL.
      await keys.open({ sqlUrl: Object.assign(new URL(url), { host: "127.0.0.1:1" }).href });
      await expect(ask()).rejects.toMatchObject({ message: expect.stringContaining("ECONNREFUSED") });
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
      await keys.expectPoolBound({ connectTimeoutMs: 100 });
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
