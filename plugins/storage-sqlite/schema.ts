/** The tables of a store in SQLite, and how an older one becomes a newer one. */
import { RuntimeError } from "../../core/index.ts";
import type { SqliteFile } from "./config.ts";
import type { Row } from "./statements.ts";

/** Each brings the tables from the version that is its place to the next. Never changed once released. */
const migrations: readonly string[] = [
  `CREATE TABLE counter (id INTEGER PRIMARY KEY CHECK (id = 0), version INTEGER NOT NULL) STRICT;
   INSERT INTO counter VALUES (0, 0);
   CREATE TABLE entries (key TEXT PRIMARY KEY, value BLOB NOT NULL, version INTEGER NOT NULL, expires REAL) STRICT, WITHOUT ROWID;
   CREATE INDEX entries_expires ON entries (expires) WHERE expires IS NOT NULL;
   CREATE TABLE journals (name TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE events (journal TEXT NOT NULL, seq INTEGER NOT NULL, event BLOB NOT NULL, PRIMARY KEY (journal, seq)) STRICT, WITHOUT ROWID;
   CREATE TABLE snapshots (journal TEXT PRIMARY KEY, seq INTEGER NOT NULL, state BLOB NOT NULL) STRICT, WITHOUT ROWID;`,
  `CREATE TABLE collections (name TEXT PRIMARY KEY, dimension INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE vectors (collection TEXT NOT NULL, id TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (collection, id)) STRICT;`,
];

/** Says whose file it is: "mofa". */
const applicationId = 0x6d6f6661;

/** Has one row. */
export const schemaQuery = `SELECT (SELECT application_id FROM pragma_application_id) AS id,
  (SELECT user_version FROM pragma_user_version) AS version, (SELECT count(*) FROM sqlite_schema) AS tables`;

/**
 * What brings a file to this plugin's version; nothing if it is there. To be run in the transaction in which the row was read,
 * since another process may be about the same.
 * @param found the row of `schemaQuery`
 * @throws RuntimeError `storage_version`: the file is another program's, or a newer version's.
 */
export function migrationsOf(found: Row | undefined, file: string): string {
  const [id, version, tables] = [found?.["id"], found?.["version"], found?.["tables"]].map(Number) as [
    number,
    number,
    number,
  ];
  const isNew = id === 0 && version === 0 && tables === 0;
  if (!isNew && id !== applicationId)
    throw new RuntimeError(
      "storage_version",
      `${file} is a database, but no store of this plugin: give it a file of its own`,
    );
  if (version > migrations.length)
    throw new RuntimeError(
      "storage_version",
      `${file} is of version ${version}, and this plugin knows up to ${migrations.length}: use the newer one`,
    );
  if (version === migrations.length) return "";
  return `${migrations.slice(version).join("\n")}
    PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${migrations.length};`;
}

/** How a file is used, by whatever driver. */
export function settings({ durability, maxPages }: SqliteFile): string {
  return `PRAGMA journal_mode = WAL; PRAGMA synchronous = ${durability};
    ${maxPages > 0 ? `PRAGMA max_page_count = ${maxPages};` : ""}`;
}
