/** The tables of a store in MySQL or MariaDB, and how an older one becomes a newer one. */
import type { PoolConnection, RowDataPacket } from "mysql2/promise";
import { RuntimeError } from "../../core/index.ts";

export type TableNames = Readonly<Record<(typeof tables)[number], string>>;

const tables = [
  "counter",
  "entries",
  "journals",
  "events",
  "snapshots",
  "collections",
  "vectors",
  "migrations",
] as const;

/** With their prefix, quoted. */
export function tableNames(prefix: string): TableNames {
  return Object.fromEntries(tables.map((table) => [table, `\`${prefix}${table}\``])) as TableNames;
}

/**
 * Each brings the tables from the version that is its place to the next, and may have been broken off in its midst, since the
 * server keeps each statement by itself. Names are bytes: texts would be compared without the blanks at their ends.
 */
const migrations: readonly ((names: TableNames) => readonly string[])[] = [
  ({ counter, entries, journals, events, snapshots }) => [
    `CREATE TABLE IF NOT EXISTS ${counter} (id INT PRIMARY KEY, version BIGINT NOT NULL) ENGINE = InnoDB`,
    `INSERT IGNORE INTO ${counter} VALUES (0, 0)`,
    `CREATE TABLE IF NOT EXISTS ${entries} (name VARBINARY(2048) PRIMARY KEY, value LONGBLOB NOT NULL, version BIGINT NOT NULL, expires DOUBLE, INDEX (expires)) ENGINE = InnoDB`,
    `CREATE TABLE IF NOT EXISTS ${journals} (name VARBINARY(2048) PRIMARY KEY, last BIGINT NOT NULL) ENGINE = InnoDB`,
    `CREATE TABLE IF NOT EXISTS ${events} (journal VARBINARY(2048), seq BIGINT, event LONGBLOB NOT NULL, PRIMARY KEY (journal, seq)) ENGINE = InnoDB`,
    `CREATE TABLE IF NOT EXISTS ${snapshots} (journal VARBINARY(2048) PRIMARY KEY, seq BIGINT NOT NULL, state LONGBLOB NOT NULL) ENGINE = InnoDB`,
  ],
  ({ collections, vectors }) => [
    `CREATE TABLE IF NOT EXISTS ${collections} (name VARBINARY(512) PRIMARY KEY, dimension INT NOT NULL) ENGINE = InnoDB`,
    `CREATE TABLE IF NOT EXISTS ${vectors} (collection VARBINARY(512), id VARBINARY(2048), value LONGBLOB NOT NULL, PRIMARY KEY (collection, id)) ENGINE = InnoDB`,
  ],
];

/** Time for another process to make the tables. */
const lockSeconds = 30;

/** @throws RuntimeError `storage_version`: a newer version of the plugin was here. `storage_failed`: another one is at it for too long. */
export async function prepareSchema(connection: PoolConnection, prefix: string, names: TableNames): Promise<void> {
  const lock = `${prefix}migrations`;
  const [locked] = await connection.query<RowDataPacket[]>("SELECT GET_LOCK(?, ?) AS isMine", [lock, lockSeconds]);
  if (locked[0]?.["isMine"] !== 1)
    throw new RuntimeError(
      "storage_failed",
      `another process has been making the tables ${prefix}... for ${lockSeconds} s`,
    );
  try {
    await connection.query(`CREATE TABLE IF NOT EXISTS ${names.migrations} (version INT NOT NULL) ENGINE = InnoDB`);
    const [rows] = await connection.query<RowDataPacket[]>(`SELECT MAX(version) AS version FROM ${names.migrations}`);
    const version = Number(rows[0]?.["version"] ?? 0);
    if (version > migrations.length)
      throw new RuntimeError(
        "storage_version",
        `the tables ${prefix}... are of version ${version}, and this plugin knows up to ${migrations.length}: use the newer one`,
      );
    for (const [at, migrate] of migrations.entries()) {
      if (at < version) continue;
      for (const statement of migrate(names)) await connection.query(statement);
      await connection.query(`INSERT INTO ${names.migrations} VALUES (?)`, [at + 1]);
    }
  } finally {
    // On a connection that was lost it is gone, and why stands in the first error.
    await connection.query("SELECT RELEASE_LOCK(?)", [lock]).catch(() => {});
  }
}
