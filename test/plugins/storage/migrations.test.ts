/** Stores of the first version of the tables, over each of those that last. Not in every placement: no actors but the plugin's. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { Client } from "pg";
import { storageMysql } from "../../../plugins/storage-mysql/index.ts";
import { storagePostgres } from "../../../plugins/storage-postgres/index.ts";
import type { SqliteConfig } from "../../../plugins/storage-sqlite/config.ts";
import { storageSqlite } from "../../../plugins/storage-sqlite/index.ts";
import { mysql, postgres, sqlite3 } from "../../support/known-services.ts";
import { askMysql, askPostgres, dropMysqlTables, dropPostgresSchema } from "../../support/server-side.ts";
import { describeWith } from "../../support/service.ts";
import { describeOldStore, type OldStore } from "./old-store.ts";

function oldSqlite(driver: SqliteConfig["driver"]): OldStore {
  const folder = mkdtempSync(join(tmpdir(), "mofa-old-"));
  const file = join(folder, "old.sqlite");
  const ask = async <T>(does: (database: DatabaseSync) => T): Promise<T> => {
    const database = new DatabaseSync(file);
    try {
      return does(database);
    } finally {
      database.close();
    }
  };
  return {
    plugin: storageSqlite,
    config: { file, driver },
    tables: [
      "PRAGMA journal_mode = WAL",
      "PRAGMA application_id = 1836017249",
      "CREATE TABLE counter (id INTEGER PRIMARY KEY CHECK (id = 0), version INTEGER NOT NULL) STRICT",
      "INSERT INTO counter VALUES (0, 0)",
      "CREATE TABLE entries (key TEXT PRIMARY KEY, value BLOB NOT NULL, version INTEGER NOT NULL, expires REAL) STRICT, WITHOUT ROWID",
      "CREATE INDEX entries_expires ON entries (expires) WHERE expires IS NOT NULL",
      "CREATE TABLE journals (name TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT, WITHOUT ROWID",
      "CREATE TABLE events (journal TEXT NOT NULL, seq INTEGER NOT NULL, event BLOB NOT NULL, PRIMARY KEY (journal, seq)) STRICT, WITHOUT ROWID",
      "CREATE TABLE snapshots (journal TEXT PRIMARY KEY, seq INTEGER NOT NULL, state BLOB NOT NULL) STRICT, WITHOUT ROWID",
    ],
    name: (table) => table,
    bytes: (hex) => `x'${hex}'`,
    keys: { entries: "key", journals: "name" },
    run: (statement) => ask((database) => database.exec(statement)),
    version: () => ask((database) => Number(database.prepare("PRAGMA user_version").get()?.["user_version"])),
    // It has no list of them: a second time would have failed.
    migrated: async () => 1,
    ofVersion: (version) => `PRAGMA user_version = ${version}`,
    tableNames: () =>
      ask((database) =>
        database
          .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
          .all()
          .map(({ name }) => String(name)),
      ),
    isUndone: true,
    remove: async () => rmSync(folder, { recursive: true }),
  };
}

function oldPostgres(): OldStore {
  const schema = `mofa_old_${process.pid}`;
  return {
    plugin: storagePostgres,
    config: { url: postgres.url, schema },
    tables: [
      `CREATE SCHEMA ${schema}`,
      `CREATE TABLE ${schema}.migrations (version int NOT NULL)`,
      `CREATE TABLE ${schema}.counter (id int PRIMARY KEY CHECK (id = 0), version bigint NOT NULL)`,
      `INSERT INTO ${schema}.counter VALUES (0, 0)`,
      `CREATE TABLE ${schema}.entries (key text COLLATE "C" PRIMARY KEY, value bytea NOT NULL, version bigint NOT NULL, expires float8)`,
      `CREATE INDEX ON ${schema}.entries (expires) WHERE expires IS NOT NULL`,
      `CREATE TABLE ${schema}.journals (name text COLLATE "C" PRIMARY KEY, last bigint NOT NULL)`,
      `CREATE TABLE ${schema}.events (journal text COLLATE "C" NOT NULL, seq bigint NOT NULL, event bytea NOT NULL, PRIMARY KEY (journal, seq))`,
      `CREATE TABLE ${schema}.snapshots (journal text COLLATE "C" PRIMARY KEY, seq bigint NOT NULL, state bytea NOT NULL)`,
    ],
    name: (table) => `${schema}.${table}`,
    bytes: (hex) => `'\\x${hex}'`,
    keys: { entries: "key", journals: "name" },
    run: (statement) => askPostgres((client) => client.query(statement)),
    version: () =>
      askPostgres(async (client) => {
        const { rows } = await client.query<{ version: number }>(
          `SELECT max(version) AS version FROM ${schema}.migrations`,
        );
        return rows[0]?.version ?? 0;
      }),
    migrated: () =>
      askPostgres(
        async (client) => (await client.query(`SELECT 1 FROM ${schema}.migrations WHERE version = 2`)).rowCount ?? 0,
      ),
    ofVersion: (version) => `INSERT INTO ${schema}.migrations VALUES (${version})`,
    tableNames: () =>
      askPostgres(async (client) => {
        const text =
          "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = $1 ORDER BY table_name";
        return (await client.query<{ name: string }>(text, [schema])).rows.map(({ name }) => name);
      }),
    isUndone: true,
    remove: () => dropPostgresSchema(schema),
    async hold() {
      const client = new Client(postgres.url);
      await client.connect();
      await client.query("BEGIN");
      await client.query(`LOCK TABLE ${schema}.migrations IN ACCESS EXCLUSIVE MODE`);
      return {
        async waiting(count) {
          const text =
            "SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND application_name = 'mofa'";
          // By another client: within a transaction who is active is looked up once.
          await askPostgres(async (looking) => {
            while (((await looking.query(text)).rowCount ?? 0) < count);
          });
        },
        release: async () => {
          await client.query("COMMIT");
          await client.end();
        },
      };
    },
  };
}

function oldMysql(): OldStore {
  const prefix = `mofa_old_${process.pid}_`;
  return {
    plugin: storageMysql,
    config: { url: mysql.url, tablePrefix: prefix },
    tables: [
      `CREATE TABLE ${prefix}migrations (version INT NOT NULL) ENGINE = InnoDB`,
      `CREATE TABLE ${prefix}counter (id INT PRIMARY KEY, version BIGINT NOT NULL) ENGINE = InnoDB`,
      `INSERT INTO ${prefix}counter VALUES (0, 0)`,
      `CREATE TABLE ${prefix}entries (name VARBINARY(2048) PRIMARY KEY, value LONGBLOB NOT NULL, version BIGINT NOT NULL, expires DOUBLE, INDEX (expires)) ENGINE = InnoDB`,
      `CREATE TABLE ${prefix}journals (name VARBINARY(2048) PRIMARY KEY, last BIGINT NOT NULL) ENGINE = InnoDB`,
      `CREATE TABLE ${prefix}events (journal VARBINARY(2048), seq BIGINT, event LONGBLOB NOT NULL, PRIMARY KEY (journal, seq)) ENGINE = InnoDB`,
      `CREATE TABLE ${prefix}snapshots (journal VARBINARY(2048) PRIMARY KEY, seq BIGINT NOT NULL, state LONGBLOB NOT NULL) ENGINE = InnoDB`,
    ],
    name: (table) => `${prefix}${table}`,
    bytes: (hex) => `x'${hex}'`,
    keys: { entries: "name", journals: "name" },
    run: (statement) => askMysql((connection) => connection.query(statement)),
    version: () =>
      askMysql(async (connection) => {
        const text = `SELECT MAX(version) AS version FROM ${prefix}migrations`;
        return Number((await connection.query<RowDataPacket[]>(text))[0][0]?.["version"]);
      }),
    migrated: () =>
      askMysql(async (connection) => {
        const text = `SELECT 1 FROM ${prefix}migrations WHERE version = 2`;
        return (await connection.query<RowDataPacket[]>(text))[0].length;
      }),
    ofVersion: (version) => `INSERT INTO ${prefix}migrations VALUES (${version})`,
    tableNames: () =>
      askMysql(async (connection) => {
        const text =
          "SELECT SUBSTRING(table_name, ?) AS name FROM information_schema.tables WHERE LEFT(table_name, ?) = ? ORDER BY name";
        const [rows] = await connection.query<RowDataPacket[]>(text, [prefix.length + 1, prefix.length, prefix]);
        return rows.map((row) => String(row["name"]));
      }),
    // The server keeps each statement by itself.
    isUndone: false,
    remove: () => dropMysqlTables(prefix),
    async hold() {
      const connection = await createConnection(mysql.url);
      await connection.query(`LOCK TABLES ${prefix}migrations WRITE`);
      return {
        async waiting(count) {
          const text =
            "SELECT 1 FROM information_schema.processlist WHERE state IN ('Waiting for table metadata lock', 'User lock') AND info LIKE CONCAT('%', ?, '%')";
          while ((await connection.query<RowDataPacket[]>(text, [prefix]))[0].length < count);
        },
        release: () => connection.end(),
      };
    },
  };
}

describeOldStore("storage-sqlite", "storage-sqlite", () => oldSqlite("node:sqlite"));
await describeWith(sqlite3, () =>
  describeOldStore("storage-sqlite by sqlite3", "storage-sqlite", () => oldSqlite("sqlite3")),
);
await describeWith(postgres, () => describeOldStore("storage-postgres", "storage-postgres", oldPostgres));
await describeWith(mysql, () => describeOldStore("storage-mysql", "storage-mysql", oldMysql));
