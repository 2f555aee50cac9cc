/** The tables of a store in PostgreSQL, and how an older one becomes a newer one. */
import type { PoolClient } from "pg";
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

/** With their schema, quoted. */
export function tableNames(schema: string): TableNames {
  const names = tables.map((table) => [table, `"${schema}"."${table}"`]);
  return Object.fromEntries(names) as TableNames;
}

/** Each brings the tables from the version that is its place to the next. Never changed once released. */
const migrations: readonly ((names: TableNames) => string)[] = [
  ({ counter, entries, journals, events, snapshots }) => `
    CREATE TABLE ${counter} (id int PRIMARY KEY CHECK (id = 0), version bigint NOT NULL);
    INSERT INTO ${counter} VALUES (0, 0);
    CREATE TABLE ${entries} (key text COLLATE "C" PRIMARY KEY, value bytea NOT NULL, version bigint NOT NULL, expires float8);
    CREATE INDEX ON ${entries} (expires) WHERE expires IS NOT NULL;
    CREATE TABLE ${journals} (name text COLLATE "C" PRIMARY KEY, last bigint NOT NULL);
    CREATE TABLE ${events} (journal text COLLATE "C" NOT NULL, seq bigint NOT NULL, event bytea NOT NULL, PRIMARY KEY (journal, seq));
    CREATE TABLE ${snapshots} (journal text COLLATE "C" PRIMARY KEY, seq bigint NOT NULL, state bytea NOT NULL);`,
  ({ collections, vectors }) => `
    CREATE TABLE ${collections} (name text COLLATE "C" PRIMARY KEY, dimension int NOT NULL);
    CREATE TABLE ${vectors} (collection text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, value bytea NOT NULL, PRIMARY KEY (collection, id));`,
];

/** Of those that start at once one makes the tables. Any number will do that is the same everywhere. */
const lock = 0x6d6f6661;

/** @throws RuntimeError `storage_version`: a newer version of the plugin was here. */
export async function prepareSchema(client: PoolClient, schema: string, names: TableNames): Promise<void> {
  await client.query("BEGIN");
  try {
    await client.query("SELECT pg_advisory_xact_lock($1)", [lock]);
    await client.query(`CREATE SCHEMA IF NOT EXISTS "${schema}"`);
    await client.query(`CREATE TABLE IF NOT EXISTS ${names.migrations} (version int NOT NULL)`);
    const { rows } = await client.query<{ version: number | null }>(
      `SELECT max(version) AS version FROM ${names.migrations}`,
    );
    const version = rows[0]?.version ?? 0;
    if (version > migrations.length)
      throw new RuntimeError(
        "storage_version",
        `schema ${schema} is of version ${version}, and this plugin knows up to ${migrations.length}: use the newer one`,
      );
    for (const [at, migrate] of migrations.entries()) {
      if (at < version) continue;
      await client.query(migrate(names));
      await client.query(`INSERT INTO ${names.migrations} VALUES ($1)`, [at + 1]);
    }
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {}); // a connection that was lost has undone it
    throw error;
  }
}
