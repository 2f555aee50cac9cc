/** What has expired is taken away from a server's tables while nobody else writes: two that lock the same rows would end one another. No actor runs. */
import { expect, test } from "@jest/globals";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { Client } from "pg";
import type { StorageDriver } from "../../../core/index.ts";
import { MysqlDriver } from "../../../plugins/storage-mysql/mysql-driver.ts";
import { PostgresDriver } from "../../../plugins/storage-postgres/postgres-driver.ts";
import { mysql, postgres } from "../../support/known-services.ts";
import { askMysql, askPostgres, dropMysqlTables, dropPostgresSchema } from "../../support/server-side.ts";
import { describeWith } from "../../support/service.ts";

const limits = { poolSize: 2, connectTimeoutMs: 5_000, silenceTimeoutMs: 0 };
const value = Uint8Array.of(1);

/** @param held what another one that writes holds, until it is released. */
async function expectSweepWaits(
  driver: StorageDriver,
  held: { someoneWaits(): Promise<void>; release(): Promise<unknown> },
): Promise<void> {
  const swept = driver.sweep(10);
  await held.someoneWaits();
  expect(await driver.get("old", 0)).toMatchObject({ expiresAtMs: 10 });
  await held.release();
  await swept;
  expect([await driver.get("old", 0), await driver.get("young", 0)]).toEqual([undefined, expect.anything()]);
}

async function fill(driver: StorageDriver): Promise<void> {
  const put = (key: string, expiresAtMs: number) =>
    [{ type: "put", key, value, ifVersion: undefined, expiresAtMs }] as const;
  await driver.commit([put("old", 10), put("young", 11)], 0);
}

await describeWith(postgres, () => {
  test("in PostgreSQL it waits for a group of writes of another process", async () => {
    const schema = `mofa_sweep_${process.pid}`;
    const config = { ...limits, url: postgres.url, schema, statementTimeoutMs: 30_000 };
    const driver = await PostgresDriver.open(config, new AbortController().signal);
    const other = new Client(postgres.url);
    try {
      await fill(driver);
      await other.connect();
      await other.query("BEGIN");
      await other.query(`SELECT version FROM ${schema}.counter FOR UPDATE`);
      const text = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND strpos(query, $1) > 0";
      await expectSweepWaits(driver, {
        someoneWaits: () =>
          askPostgres(async (client) => {
            while ((await client.query(text, [`"${schema}"."counter"`])).rowCount === 0);
          }),
        release: () => other.query("ROLLBACK"),
      });
    } finally {
      await other.end();
      await driver.close();
      await dropPostgresSchema(schema);
    }
  });
});

await describeWith(mysql, () => {
  test("in MySQL it waits for a group of writes of another process", async () => {
    const tablePrefix = `mofa_sweep_${process.pid}_`;
    const config = { ...limits, url: mysql.url, tablePrefix, lockTimeoutS: 30 };
    const driver = await MysqlDriver.open(config, new AbortController().signal);
    const other = await createConnection(mysql.url);
    try {
      await fill(driver);
      await other.query("START TRANSACTION");
      await other.query(`SELECT version FROM ${tablePrefix}counter FOR UPDATE`);
      const text =
        "SELECT 1 FROM information_schema.processlist WHERE info LIKE CONCAT('SELECT version FROM `', ?, '%')";
      await expectSweepWaits(driver, {
        someoneWaits: () =>
          askMysql(async (connection) => {
            while ((await connection.query<RowDataPacket[]>(text, [tablePrefix]))[0].length === 0);
          }),
        release: () => other.query("ROLLBACK"),
      });
    } finally {
      await other.end();
      await driver.close();
      await dropMysqlTables(tablePrefix);
    }
  });
});
