/** Storage in a PostgreSQL database, by the package `pg`, which is installed beside: `npm install pg`. */
import { defineStorage, RuntimeError } from "../../core/index.ts";
import { postgresConfig } from "./config.ts";

export const storagePostgres = defineStorage({
  name: "storage-postgres",
  version: "0.1.0",
  packages: [{ name: "pg", version: "8.23.1" }],
  config: { schema: postgresConfig, secrets: ["url", "sqlUrl"] },
  async open(config, signal) {
    const { PostgresDriver } = await import("./postgres-driver.ts").catch((error: unknown) => {
      throw new RuntimeError("module_failed", "storage-postgres needs the package pg: npm install pg", {
        cause: error,
      });
    });
    return await PostgresDriver.open(config, signal);
  },
  async openSql(config) {
    if (config.sqlUrl === "") return undefined;
    const { PostgresSql } = await import("./postgres-sql.ts").catch((error: unknown) => {
      throw new RuntimeError("module_failed", "storage-postgres needs the package pg: npm install pg", {
        cause: error,
      });
    });
    return new PostgresSql(config);
  },
});
