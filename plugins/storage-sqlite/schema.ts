/** The tables of a store in SQLite, and how an older one becomes a newer one. */
import { type DatabaseSync } from "node:sqlite";
import { RuntimeError } from "../../core/index.ts";

/** Each brings the tables from the version that is its place to the next. Never changed once released. */
const migrations: readonly string[] = [
  `CREATE TABLE counter (id INTEGER PRIMARY KEY CHECK (id = 0), version INTEGER NOT NULL) STRICT;
   INSERT INTO counter VALUES (0, 0);
   CREATE TABLE entries (key TEXT PRIMARY KEY, value BLOB NOT NULL, version INTEGER NOT NULL, expires REAL) STRICT, WITHOUT ROWID;
   CREATE INDEX entries_expires ON entries (expires) WHERE expires IS NOT NULL;
   CREATE TABLE journals (name TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE events (journal TEXT NOT NULL, seq INTEGER NOT NULL, event BLOB NOT NULL, PRIMARY KEY (journal, seq)) STRICT, WITHOUT ROWID;
   CREATE TABLE snapshots (journal TEXT PRIMARY KEY, seq INTEGER NOT NULL, state BLOB NOT NULL) STRICT, WITHOUT ROWID;`,
];

/** Says whose file it is: "mofa". */
const applicationId = 0x6d6f6661;

/** @throws RuntimeError `storage_version`: the file is another program's, or a newer version's. */
export function prepareSchema(database: DatabaseSync, file: string): void {
  const id = pragma(database, "application_id");
  const version = pragma(database, "user_version");
  if (id === 0 && version === 0 && isEmpty(database)) database.exec(`PRAGMA application_id = ${applicationId}`);
  else if (id !== applicationId)
    throw new RuntimeError(
      "storage_version",
      `${file} is a database, but no store of this plugin: give it a file of its own`,
    );
  if (version > migrations.length)
    throw new RuntimeError(
      "storage_version",
      `${file} is of version ${version}, and this plugin knows up to ${migrations.length}: use the newer one`,
    );
  for (let at = version; at < migrations.length; at++)
    database.exec(`BEGIN IMMEDIATE; ${migrations[at]} PRAGMA user_version = ${at + 1}; COMMIT;`);
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
}

function isEmpty(database: DatabaseSync): boolean {
  return database.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.["n"] === 0;
}
