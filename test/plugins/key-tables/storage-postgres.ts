/** What users see of each key of `storage-postgres`. */
import { postgresConfig } from "../../../plugins/storage-postgres/config.ts";
import { storagePostgres } from "../../../plugins/storage-postgres/index.ts";
import { postgres } from "../../support/known-services.ts";
import { askPostgres } from "../../support/server-side.ts";
import { postgresLock } from "../storage/server-locks.ts";
import { serverTable } from "./server-table.ts";

const database = `mofa_key_table_${process.pid}`;
const databases = [database, `${database}_b`] as const;
const urlOf = (name: string) => Object.assign(new URL(postgres.url), { pathname: `/${name}` }).href;
const [url, otherUrl] = [urlOf(databases[0]), urlOf(databases[1])];
const schemas = ["mofa", "apart"];

export const table = serverTable({
  plugin: storagePostgres,
  name: "storage-postgres",
  schema: postgresConfig,
  service: postgres,
  url,
  otherUrl,
  place: ["schema", "apart"],
  patience: ["statementTimeoutMs", 500, 1_500],
  async prepare() {
    for (const name of databases) await askPostgres((client) => client.query(`CREATE DATABASE ${name}`));
  },
  async remove() {
    for (const name of databases) await askPostgres((client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
  },
  async empty() {
    for (const at of [url, otherUrl])
      await askPostgres(async (client) => {
        for (const name of schemas) await client.query(`DROP SCHEMA IF EXISTS ${name} CASCADE`);
      }, at);
  },
  places: (at) =>
    askPostgres(async (client) => {
      const text = "SELECT schema_name AS name FROM information_schema.schemata WHERE schema_name = ANY ($1)";
      return (await client.query<{ name: string }>(text, [schemas])).rows.map(({ name }) => name);
    }, at),
  ...postgresLock(url, database),
});
