/** What both drivers ask of SQLite, and what its rows mean. */
import { type DriverEntry, type DriverVector, RuntimeError } from "../../core/index.ts";

export const sql = {
  get: "SELECT key, value, version, expires FROM entries WHERE key = ? AND (expires IS NULL OR expires > ?)",
  getMany:
    "SELECT key, value, version, expires FROM entries WHERE key IN (SELECT value FROM json_each(?)) AND (expires IS NULL OR expires > ?)",
  versionOf: "SELECT version FROM entries WHERE key = ? AND (expires IS NULL OR expires > ?)",
  put: "INSERT INTO entries VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = excluded.version, expires = excluded.expires",
  delete: "DELETE FROM entries WHERE key = ?",
  version: "SELECT version FROM counter",
  setVersion: "UPDATE counter SET version = ?",
  list: "SELECT key, value, version, expires FROM entries WHERE key >= ? AND key > ? AND substr(key, 1, ?) = ? AND (expires IS NULL OR expires > ?) ORDER BY key LIMIT ?",
  last: "SELECT last FROM journals WHERE name = ?",
  setLast: "INSERT INTO journals VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET last = excluded.last",
  append: "INSERT INTO events VALUES (?, ?, ?)",
  read: "SELECT seq, event FROM events WHERE journal = ? AND seq >= ? ORDER BY seq LIMIT ?",
  prune: "DELETE FROM events WHERE journal = ? AND seq <= ?",
  snapshot:
    "INSERT INTO snapshots VALUES (?, ?, ?) ON CONFLICT (journal) DO UPDATE SET seq = excluded.seq, state = excluded.state WHERE excluded.seq >= snapshots.seq",
  loadSnapshot: "SELECT seq, state FROM snapshots WHERE journal = ?",
  dimension: "SELECT dimension FROM collections WHERE name = ?",
  createCollection: "INSERT INTO collections VALUES (?, ?)",
  removeCollection: "DELETE FROM collections WHERE name = ?",
  putVector: "INSERT INTO vectors VALUES (?, ?, ?) ON CONFLICT (collection, id) DO UPDATE SET value = excluded.value",
  removeVector: "DELETE FROM vectors WHERE collection = ? AND id = ? RETURNING id",
  removeVectors: "DELETE FROM vectors WHERE collection = ?",
  getVector: "SELECT value FROM vectors WHERE collection = ? AND id = ?",
  vectors: "SELECT id, value FROM vectors WHERE collection = ? AND id > ? ORDER BY id LIMIT ?",
  sweep: "DELETE FROM entries WHERE expires <= ?",
} as const;

/** Rows that are put by one statement: that halves what SQLite has to do for a row beside its pages. */
export const rowsAtOnce = 50;
export const putMany = sql.put.replace("(?, ?, ?, ?)", (row) => Array(rowsAtOnce).fill(row).join(", "));

/** Vectors that are read at a time. */
export const vectorsAtOnce = 256;

export type Row = Readonly<Record<string, unknown>>;

export function entryOf({ key, value, version, expires }: Row): DriverEntry {
  return {
    key: key as string,
    value: value as Uint8Array,
    version: Number(version),
    expiresAtMs: expires === null ? undefined : (expires as number),
  };
}

export function vectorOf({ id, value }: Row): DriverVector {
  return { id: id as string, value: value as Uint8Array };
}

/** The substring that `list` compares is counted in code points, as SQLite counts. */
export function listArguments(
  prefix: string,
  after: string | undefined,
  limit: number,
  nowMs: number,
): [string, string, number, string, number, number] {
  return [prefix, after ?? "", Array.from(prefix).length, prefix, nowMs, limit];
}

/** What was asked of a store that has ended. */
export function closedError(file: string): RuntimeError {
  return new RuntimeError("storage_failed", `${file} was closed`);
}

/** SQLITE_CORRUPT and SQLITE_NOTADB, of which there are extended codes above the first eight bits. */
const brokenCodes = [11, 26];

/** @param code SQLite's number of an error, if it is one. @param where of what it is told, for people. */
export function sqliteError(error: unknown, code: unknown, where: string): unknown {
  if (error instanceof RuntimeError || typeof code !== "number") return error;
  const isBroken = brokenCodes.includes(code & 0xff);
  // One driver begins with the name of the code, the other does not.
  const message = `${where}: ${(error as Error).message.replace(/^SQLITE_[A-Z]+: /, "")}`;
  return new RuntimeError(isBroken ? "storage_corrupt" : "storage_failed", message, { cause: error });
}
