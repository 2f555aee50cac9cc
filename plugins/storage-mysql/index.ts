/** Storage in a MySQL or MariaDB database, by the package `mysql2`, which is installed beside: `npm install mysql2`. */
import { defineStorage, RuntimeError } from "../../core/index.ts";
import { mysqlConfig } from "./config.ts";

export const storageMysql = defineStorage({
  name: "storage-mysql",
  version: "0.1.0",
  packages: [{ name: "mysql2", version: "3.24.6" }],
  config: { schema: mysqlConfig, secrets: ["url", "sqlUrl"] },
  async open(config, signal) {
    const { MysqlDriver } = await import("./mysql-driver.ts").catch((error: unknown) => {
      throw new RuntimeError("module_failed", "storage-mysql needs the package mysql2: npm install mysql2", {
        cause: error,
      });
    });
    return await MysqlDriver.open(config, signal);
  },
  async openSql(config) {
    if (config.sqlUrl === "") return undefined;
    const { MysqlSql } = await import("./mysql-sql.ts").catch((error: unknown) => {
      throw new RuntimeError("module_failed", "storage-mysql needs the package mysql2: npm install mysql2", {
        cause: error,
      });
    });
    return new MysqlSql(config);
  },
});
