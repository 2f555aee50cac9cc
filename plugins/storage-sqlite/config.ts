/** The configuration of `storage-sqlite`. */
import { choiceKey, configSchema, countKey, textKey } from "../../core/index.ts";

/** What a driver has to know. */
export type SqliteFile = Omit<SqliteConfig, "driver" | "sqlFile">;

export interface SqliteConfig {
  /** Path of the file; made when it is not there. */
  readonly file: string;
  /** `node:sqlite` (default): what Node has built in; it blocks its thread. `sqlite3`: that package, installed beside. */
  readonly driver: "node:sqlite" | "sqlite3";
  /** `full` (default): what is answered survives a loss of power. `normal`: a crash of the process, and not more. */
  readonly durability: "full" | "normal";
  /** How long another process may hold the file before a write fails. Default 5,000. */
  readonly busyTimeoutMs: number;
  /** The file's pages, of 4,096 bytes, at most; 0 (default): no bound. */
  readonly maxPages: number;
  /** The file of a database that the contract of SQL asks, and no store. Default none. */
  readonly sqlFile: string;
}

export const sqliteConfig = configSchema<SqliteConfig>({
  file: textKey(undefined, /^(?!:memory:$)./, "is the path of a file (storage in memory is storage-memory)"),
  driver: choiceKey("node:sqlite", ["node:sqlite", "sqlite3"]),
  durability: choiceKey("full", ["full", "normal"]),
  busyTimeoutMs: countKey(5_000, 0),
  maxPages: countKey(0, 0),
  sqlFile: textKey("", /^(?!:memory:$)/, 'is the path of a file, or "" for none'),
});
