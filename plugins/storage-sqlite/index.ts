/** Storage in one SQLite file, by the driver that Node has built in. Give it a thread of its own: `isolation: "thread"`. */
import { defineStorage } from "../../core/index.ts";
import { sqliteConfig } from "./config.ts";
import { SqliteDriver } from "./sqlite-driver.ts";

export const storageSqlite = defineStorage({
  name: "storage-sqlite",
  version: "0.1.0",
  config: sqliteConfig,
  open: (config) => Promise.resolve().then(() => new SqliteDriver(config)),
});
