/** Values that expire, over every store. Not in every placement: no actors but the plugin's. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, test } from "@jest/globals";
import type { RowDataPacket } from "mysql2/promise";
import { storageMysql } from "../../../plugins/storage-mysql/index.ts";
import { storagePostgres } from "../../../plugins/storage-postgres/index.ts";
import type { SqliteConfig } from "../../../plugins/storage-sqlite/config.ts";
import { storageSqlite } from "../../../plugins/storage-sqlite/index.ts";
import { blocker, peek, peekedStore } from "../../fixtures/peeked-store.ts";
import { mysql, postgres, sqlite3 } from "../../support/known-services.ts";
import { askMysql, askPostgres, dropMysqlTables, dropPostgresSchema } from "../../support/server-side.ts";
import { describeWith } from "../../support/service.ts";
import { useSystem } from "../../support/use-system.ts";
import { describeExpiry, type ExpiryCase } from "./expiry.ts";
import { storeOf } from "./store.ts";

const folder = mkdtempSync(join(tmpdir(), "mofa-expiry-"));
afterAll(() => rmSync(folder, { recursive: true }));

function inFile(driver: SqliteConfig["driver"]): ExpiryCase {
  const file = join(folder, `${driver.replace(":", "-")}.sqlite`);
  return {
    use: { plugin: storageSqlite, config: { file, driver } },
    async keys() {
      const database = new DatabaseSync(file, { readOnly: true });
      try {
        return database
          .prepare("SELECT key FROM entries ORDER BY key")
          .all()
          .map(({ key }) => String(key));
      } finally {
        database.close();
      }
    },
  };
}

describeExpiry("storage-memory, by a driver that can be looked into", "peeked-store", () => ({
  use: { plugin: peekedStore },
  keys: async (store) => (await store.list({ prefix: peek })).map(({ key }) => key),
}));

describe("what cannot be taken away", () => {
  const system = useSystem({ clock: "manual", threads: 1 });
  const store = storeOf(system, "peeked-store");

  test("is told in the log, costs no write, and is tried again after a minute", async () => {
    await system().startPlugins([peekedStore]);
    const logs: unknown[] = [];
    system().events.on("log", ({ level, message, data }) => logs.push([level, message, data]));
    const kept = async () => (await store.list({ prefix: peek })).map(({ key }) => key);
    const minute = async (value: number) => {
      await system().clock.advance(60_000);
      await store.put({ key: "a", value });
      await store.put({ key: "a", value });
      await system().settled();
    };
    await store.put({ key: blocker, value: 1, ttlMs: 60_001 });
    await store.put({ key: "short", value: 1, ttlMs: 1 });
    await minute(1);
    const message = "what has expired could not be taken away";
    expect(logs).toEqual([["warning", message, expect.objectContaining({ message: "it is blocked" })]]);
    expect(await kept()).toEqual(["a", blocker, "short"]);
    await minute(2);
    expect([await kept(), logs.length]).toEqual([["a"], 1]);
  });
});

describeExpiry("storage-sqlite", "storage-sqlite", () => inFile("node:sqlite"));
await describeWith(sqlite3, () =>
  describeExpiry("storage-sqlite by sqlite3", "storage-sqlite", () => inFile("sqlite3")),
);

await describeWith(postgres, () => {
  const schema = `mofa_expiry_${process.pid}`;
  afterAll(() => dropPostgresSchema(schema));
  describeExpiry("storage-postgres", "storage-postgres", () => ({
    use: { plugin: storagePostgres, config: { url: postgres.url, schema } },
    keys: () =>
      askPostgres(async (client) => {
        const { rows } = await client.query<{ key: string }>(`SELECT key FROM ${schema}.entries ORDER BY key`);
        return rows.map(({ key }) => key);
      }),
  }));
});

await describeWith(mysql, () => {
  const tablePrefix = `mofa_expiry_${process.pid}_`;
  afterAll(() => dropMysqlTables(tablePrefix));
  describeExpiry("storage-mysql", "storage-mysql", () => ({
    use: { plugin: storageMysql, config: { url: mysql.url, tablePrefix } },
    keys: () =>
      askMysql(async (connection) => {
        const text = `SELECT name FROM ${tablePrefix}entries ORDER BY name`;
        return (await connection.query<RowDataPacket[]>(text))[0].map(({ name }) => (name as Buffer).toString());
      }),
  }));
});
