/** The contract over MySQL or MariaDB, and what a server adds. Not in every placement: the plugin shares a thread. */
import { afterAll } from "@jest/globals";
import { storageMysql } from "../../../plugins/storage-mysql/index.ts";
import { mysql } from "../../support/known-services.ts";
import { askMysql, disconnectMysql, dropMysqlTables } from "../../support/server-side.ts";
import { describeWith } from "../../support/service.ts";
import { describeStorage } from "./conformance.ts";
import { describeServer } from "./server.ts";

/** Of this run alone. */
const tablePrefix = `mofa_test_${process.pid}_`;
const config = { url: mysql.url, tablePrefix };

await describeWith(mysql, () => {
  afterAll(() => dropMysqlTables(tablePrefix));

  describeStorage("storage-mysql", "storage-mysql", () => ({ plugin: storageMysql, config }));
  describeServer("storage-mysql, as a server", {
    plugin: storageMysql,
    config,
    disconnect: disconnectMysql,
    age: (version) =>
      askMysql((connection) => connection.query(`INSERT INTO ${tablePrefix}migrations VALUES (?)`, [version])),
    unage: () => askMysql((connection) => connection.query(`DELETE FROM ${tablePrefix}migrations WHERE version > 50`)),
    spoil: (table, column) =>
      askMysql((connection) =>
        connection.query(`UPDATE ${tablePrefix}${table} SET ${column} = LEFT(${column}, LENGTH(${column}) - 1)`),
      ),
    wrongUrl: "mysql://root@127.0.0.1:1/test",
  });
});
