/** What is asked of a driver that is closed, or that nobody wants any more. Not in every placement: drivers alone. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import type { DriverWrite, StorageDriver } from "../../../core/index.ts";
import { MysqlDriver } from "../../../plugins/storage-mysql/mysql-driver.ts";
import { PostgresDriver } from "../../../plugins/storage-postgres/postgres-driver.ts";
import type { SqliteFile } from "../../../plugins/storage-sqlite/config.ts";
import { SqliteDriver } from "../../../plugins/storage-sqlite/sqlite-driver.ts";
import { sqlite3 } from "../../support/known-services.ts";
import { describeWith } from "../../support/service.ts";

/** More than are read at a time. */
const vectors = Array.from({ length: 600 }, (_, n): readonly DriverWrite[] => [
  { type: "putVector", collection: "c", id: `vector ${n}`, dimension: 1, value: Buffer.from("a vector") },
]);

function testClosed(name: string, open: (config: SqliteFile) => Promise<StorageDriver>): void {
  test(`by ${name} a search goes no further once the file is closed, and none begins`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "mofa-closed-"));
    const file = join(folder, "store.sqlite");
    try {
      const driver = await open({ file, durability: "normal", busyTimeoutMs: 1_000, maxPages: 0 });
      await driver.commit(vectors, 0);
      const search = driver.vectors("c")[Symbol.asyncIterator]();
      expect((await search.next()).value).toHaveLength(256);
      await driver.close();
      const closed = { code: "storage_failed", message: `${file} was closed` };
      await expect(search.next()).rejects.toMatchObject(closed);
      await expect(driver.vectors("c")[Symbol.asyncIterator]().next()).rejects.toMatchObject(closed);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

testClosed("node:sqlite", async (config) => new SqliteDriver(config));
await describeWith(sqlite3, () => {
  testClosed("sqlite3", async (config) => {
    const { Sqlite3Driver } = await import("../../../plugins/storage-sqlite/sqlite3-driver.ts");
    return await Sqlite3Driver.open(config);
  });
});

// Nobody listens there: one that tried would say so.
const server = { poolSize: 1, connectTimeoutMs: 5_000, silenceTimeoutMs: 0 };
const lost = {
  postgres: (signal: AbortSignal) =>
    PostgresDriver.open({ ...server, url: "postgres://127.0.0.1:1/test", schema: "s", statementTimeoutMs: 0 }, signal),
  mysql: (signal: AbortSignal) =>
    MysqlDriver.open({ ...server, url: "mysql://127.0.0.1:1/test", tablePrefix: "s", lockTimeoutS: 1 }, signal),
};

test.each(Object.entries(lost))("by %s no connection is made for a plugin that has ended already", async (_, open) => {
  await expect(open(AbortSignal.abort(new Error("it has ended")))).rejects.toThrow("it has ended");
});
