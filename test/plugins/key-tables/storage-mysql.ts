/** What users see of each key of `storage-mysql`. */
import type { RowDataPacket } from "mysql2/promise";
import { mysqlConfig } from "../../../plugins/storage-mysql/config.ts";
import { storageMysql } from "../../../plugins/storage-mysql/index.ts";
import { mysql } from "../../support/known-services.ts";
import { askMysql } from "../../support/server-side.ts";
import { mysqlLock } from "../storage/server-locks.ts";
import { serverTable } from "./server-table.ts";

const database = `mofa_key_table_${process.pid}`;
const databases = [database, `${database}_b`] as const;
const urlOf = (name: string) => Object.assign(new URL(mysql.url), { pathname: `/${name}` }).href;
const [url, otherUrl] = [urlOf(databases[0]), urlOf(databases[1])];

async function create(): Promise<void> {
  for (const name of databases) await askMysql((connection) => connection.query(`CREATE DATABASE ${name}`));
}

async function remove(): Promise<void> {
  for (const name of databases) await askMysql((connection) => connection.query(`DROP DATABASE ${name}`));
}

export const table = serverTable({
  plugin: storageMysql,
  name: "storage-mysql",
  schema: mysqlConfig,
  service: mysql,
  url,
  otherUrl,
  place: ["tablePrefix", "apart_"],
  patience: ["lockTimeoutS", 1, 3],
  prepare: create,
  remove,
  async empty() {
    await remove();
    await create();
  },
  places: (at) =>
    askMysql(async (connection) => {
      const text =
        "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY name";
      return (await connection.query<RowDataPacket[]>(text))[0].map((row) => String(row["name"]));
    }, at),
  ...mysqlLock(url, database),
});
