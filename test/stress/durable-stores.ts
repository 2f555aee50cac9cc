/** The stores that keep what they answer, as the suites that kill need them: one row a store. */
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
import {
  areServicesRequired,
  mysql,
  type PackageBeside,
  postgres,
  type Service,
  sqlite3,
  whyMissing,
} from "../support/known-services.ts";
import { disconnectMysql, disconnectPostgres, dropMysqlTables, dropPostgresSchema } from "../support/server-side.ts";

/** As it is given to the plugin. */
export type StoreConfig = Readonly<Record<string, string | number>>;

export interface DurableStore {
  readonly name: string;
  readonly plugin: AnyPlugin;
  /** What a machine may lack for it. */
  readonly needs?: Service | PackageBeside;
  /** Of a store of its own. @param label small letters and digits */
  config(label: string): StoreConfig;
  open(config: StoreConfig): Promise<StorageDriver>;
  remove(config: StoreConfig): Promise<void>;
  /** Of a server: its URL, and what ends from its side the connections that came from these ports. How many there were. */
  readonly server?: { readonly url: string; disconnect(ports: readonly number[]): Promise<number> };
}

/** What the plugin makes of it. */
function checked<C>(schema: StandardSchema<C>, config: StoreConfig): C {
  const result = schema["~standard"].validate(config) as { readonly value?: C; readonly issues?: readonly unknown[] };
  if (result.value === undefined) throw new Error(JSON.stringify(result.issues));
  return result.value;
}

function fileOf(label: string): string {
  return join(tmpdir(), `mofa-kills-${process.pid}-${label}.sqlite`);
}

function removeFile({ file }: StoreConfig): Promise<void> {
  for (const end of ["", "-wal", "-shm"]) rmSync(`${file}${end}`, { force: true });
  return Promise.resolve();
}

export const durableStores: readonly DurableStore[] = [
  {
    name: "storage-sqlite",
    plugin: storageSqlite,
    config: (label) => ({ file: fileOf(label) }),
    open: (config) => Promise.resolve().then(() => new SqliteDriver(checked(sqliteConfig, config))),
    remove: removeFile,
  },
  {
    name: "storage-sqlite by sqlite3",
    plugin: storageSqlite,
    needs: sqlite3,
    config: (label) => ({ file: fileOf(`by-sqlite3-${label}`), driver: "sqlite3" }),
    open: async (config) => {
      const { Sqlite3Driver } = await import("../../plugins/storage-sqlite/sqlite3-driver.ts");
      return await Sqlite3Driver.open(checked(sqliteConfig, config));
    },
    remove: removeFile,
  },
  {
    name: "storage-postgres",
    plugin: storagePostgres,
    needs: postgres,
    config: (label) => ({ url: postgres.url, schema: `mofa_kills_${process.pid}_${label}` }),
    open: (config) => PostgresDriver.open(checked(postgresConfig, config), new AbortController().signal),
    remove: ({ schema }) => dropPostgresSchema(String(schema)),
    server: { url: postgres.url, disconnect: disconnectPostgres },
  },
  {
    name: "storage-mysql",
    plugin: storageMysql,
    needs: mysql,
    config: (label) => ({ url: mysql.url, tablePrefix: `mofa_kills_${process.pid}_${label}_` }),
    open: (config) => MysqlDriver.open(checked(mysqlConfig, config), new AbortController().signal),
    remove: ({ tablePrefix }) => dropMysqlTables(String(tablePrefix)),
    server: { url: mysql.url, disconnect: disconnectMysql },
  },
];

/** @throws Error there is no row of that name. */
export function durableStore(name: string): DurableStore {
  const found = durableStores.find((store) => store.name === name);
  if (found === undefined)
    throw new Error(`no store ${name}: there are ${durableStores.map((store) => store.name).join(", ")}`);
  return found;
}

/** Those that are there. The others are said to be left out; or it fails, where services are required. */
export async function usableStores(stores: readonly DurableStore[]): Promise<DurableStore[]> {
  const found: DurableStore[] = [];
  for (const store of stores) {
    const why = store.needs && (await whyMissing(store.needs));
    if (why === undefined) found.push(store);
    else if (areServicesRequired()) throw new Error(`broken: ${store.name}: ${why}`);
    else console.log(`left out: ${store.name}: ${why}`);
  }
  return found;
}
