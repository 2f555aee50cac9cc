/** The contract over MySQL or MariaDB, and what a server adds. Not in every placement: the plugin shares a thread. */
import { afterAll } from "@jest/globals";
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { storageMysql } from "../../../plugins/storage-mysql/index.ts";
import { mysql } from "../../support/known-services.ts";
import { describeWith } from "../../support/service.ts";
import { describeStorage } from "./conformance.ts";
import { describeServer } from "./server.ts";

/** Of this run alone. */
const tablePrefix = `mofa_test_${process.pid}_`;
const config = { url: mysql.url, tablePrefix };

async function asked<T>(question: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await createConnection(mysql.url);
  try {
    return await question(connection);
  } finally {
    await connection.end();
  }
}

await describeWith(mysql, () => {
  afterAll(async () => {
    await asked(async (connection) => {
      for (const table of ["counter", "entries", "journals", "events", "snapshots", "migrations"])
        await connection.query(`DROP TABLE IF EXISTS ${tablePrefix}${table}`);
    });
  });

  describeStorage("storage-mysql", "storage-mysql", () => ({ plugin: storageMysql, config }));
  describeServer("storage-mysql, as a server", {
    plugin: storageMysql,
    config,
    kick: () =>
      asked(async (connection) => {
        const [rows] = await connection.query<RowDataPacket[]>("SHOW PROCESSLIST");
        const own = connection.threadId;
        let kicked = 0;
        for (const { Id, db, Command } of rows) {
          if (Id === own || db !== "test" || Command === "Killed") continue;
          await connection.query(`KILL ${Number(Id)}`);
          kicked++;
        }
        return kicked;
      }),
    age: (version) =>
      asked((connection) => connection.query(`INSERT INTO ${tablePrefix}migrations VALUES (?)`, [version])),
    unage: () => asked((connection) => connection.query(`DELETE FROM ${tablePrefix}migrations WHERE version > 50`)),
    wrongUrl: "mysql://root@127.0.0.1:1/test",
  });
});
