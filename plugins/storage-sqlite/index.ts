/**
 * Storage in one SQLite file, by the driver that Node has built in, or by the package `sqlite3`, which is installed beside: `npm
 * install sqlite3`. The first blocks its thread, so it has one of its own. The second asks in threads of its package, and must not
 * have one: where a thread ends in the midst of what it has asked for there, the package ends the whole process.
 */
import { defineStorage, RuntimeError } from "../../core/index.ts";
import { sqliteConfig } from "./config.ts";
import { SqliteDriver } from "./sqlite-driver.ts";
import { SqliteSql } from "./sqlite-sql.ts";

export const storageSqlite = defineStorage({
  name: "storage-sqlite",
  version: "0.1.0",
  packages: [{ name: "sqlite3", version: "6.0.1", for: 'driver: "sqlite3"' }],
  config: sqliteConfig,
  isolation: ({ driver }) => (driver === "sqlite3" ? ["shared", "process"] : "thread"),
  openSql: (config) => Promise.resolve(config.sqlFile === "" ? undefined : new SqliteSql(config)),
  async open(config) {
    if (config.driver === "node:sqlite") return new SqliteDriver(config);
    const { Sqlite3Driver } = await import("./sqlite3-driver.ts").catch((error: unknown) => {
      throw new RuntimeError(
        "module_failed",
        'storage-sqlite with driver "sqlite3" needs the package sqlite3: npm install sqlite3, or leave driver out',
        { cause: error },
      );
    });
    return await Sqlite3Driver.open(config);
  },
});
