/** The stores that keep what they answer, as the suites that kill need them: one row a store. */
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import { Client } from "pg";
import type { AnyPlugin, StandardSchema, StorageDriver } from "../../core/index.ts";
import { mysqlConfig } from "../../plugins/storage-mysql/config.ts";
import { storageMysql } from "../../plugins/storage-mysql/index.ts";
import { MysqlDriver } from "../../plugins/storage-mysql/mysql-driver.ts";
import { postgresConfig } from "../../plugins/storage-postgres/config.ts";
import { storagePostgres } from "../../plugins/storage-postgres/index.ts";
import { PostgresDriver } from "../../plugins/storage-postgres/postgres-driver.ts";
import { sqliteConfig } from "../../plugins/storage-sqlite/config.ts";
import { storageSqlite } from "../../plugins/storage-sqlite/index.ts";
import { SqliteDriver } from "../../plugins/storage-sqlite/sqlite-driver.ts";
import { mysql, postgres, whyMissing } from "../support/known-services.ts";

/** As it is given to the plugin. */
export type StoreConfig = Readonly<Record<string, string | number>>;

export interface DurableStore {
  readonly name: string;
  readonly plugin: AnyPlugin;
  /** Undefined: it can be used on this machine. */
  whyMissing(): Promise<string | undefined>;
  /** Of a store of its own. @param label small letters and digits */
  config(label: string): StoreConfig;
  open(config: StoreConfig): Promise<StorageDriver>;
  remove(config: StoreConfig): Promise<void>;
  /** Only of a server: ends from its side the connections that came from these ports. How many there were. */
  readonly disconnect?: (ports: readonly number[]) => Promise<number>;
}

/** What the plugin makes of it. */
function checked<C>(schema: StandardSchema<C>, config: StoreConfig): C {
  const result = schema["~standard"].validate(config) as { readonly value?: C; readonly issues?: readonly unknown[] };
  if (result.value === undefined) throw new Error(JSON.stringify(result.issues));
  return result.value;
}

async function withPostgres<T>(ask: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(postgres.url);
  await client.connect();
  try {
    return await ask(client);
  } finally {
    await client.end();
  }
}

async function withMysql<T>(ask: (connection: Awaited<ReturnType<typeof createConnection>>) => Promise<T>): Promise<T> {
  const connection = await createConnection(mysql.url);
  try {
    return await ask(connection);
  } finally {
    await connection.end();
  }
}

function fileOf(label: string): string {
  return join(tmpdir(), `mofa-kills-${process.pid}-${label}.sqlite`);
}

export const durableStores: readonly DurableStore[] = [
  {
    name: "storage-sqlite",
    plugin: storageSqlite,
    whyMissing: () => Promise.resolve(undefined),
    config: (label) => ({ file: fileOf(label) }),
    open: (config) => Promise.resolve().then(() => new SqliteDriver(checked(sqliteConfig, config))),
    remove: ({ file }) => {
      for (const end of ["", "-wal", "-shm"]) rmSync(`${file}${end}`, { force: true });
      return Promise.resolve();
    },
  },
  {
    name: "storage-postgres",
    plugin: storagePostgres,
    whyMissing: () => whyMissing(postgres),
    config: (label) => ({ url: postgres.url, schema: `mofa_kills_${process.pid}_${label}` }),
    open: (config) => PostgresDriver.open(checked(postgresConfig, config)),
    remove: async ({ schema }) => {
      await withPostgres((client) => client.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`));
    },
    disconnect: (ports) =>
      withPostgres(async (client) => {
        const text = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE client_port = ANY ($1)";
        return (await client.query(text, [ports])).rowCount ?? 0;
      }),
  },
  {
    name: "storage-mysql",
    plugin: storageMysql,
    whyMissing: () => whyMissing(mysql),
    config: (label) => ({ url: mysql.url, tablePrefix: `mofa_kills_${process.pid}_${label}_` }),
    open: (config) => MysqlDriver.open(checked(mysqlConfig, config)),
    remove: ({ tablePrefix }) =>
      withMysql(async (connection) => {
        for (const table of ["counter", "entries", "journals", "events", "snapshots", "migrations"])
          await connection.query(`DROP TABLE IF EXISTS \`${tablePrefix}${table}\``);
      }),
    disconnect: (ports) =>
      withMysql(async (connection) => {
        const [rows] = await connection.query("SHOW PROCESSLIST");
        let ended = 0;
        for (const { Id, Host } of rows as { Id: number; Host: string }[]) {
          if (!ports.includes(Number(Host.slice(Host.lastIndexOf(":") + 1)))) continue;
          await connection.query(`KILL ${Id}`);
          ended++;
        }
        return ended;
      }),
  },
];

/** @throws Error there is no row of that name. */
export function durableStore(name: string): DurableStore {
  const found = durableStores.find((store) => store.name === name);
  if (found === undefined)
    throw new Error(`no store ${name}: there are ${durableStores.map((store) => store.name).join(", ")}`);
  return found;
}
