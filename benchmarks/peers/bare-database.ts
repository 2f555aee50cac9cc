/** A database by its driver alone: upserts of one table in explicit transactions of 100, and reads by key. */
import { rm } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import type { RowDataPacket } from "mysql2/promise";
import type { Contender } from "../harness.ts";
import { documentOf, type KeptDocument, keyOf, keys } from "./documents.ts";
import type { Repetition } from "./scenario.ts";
import type { StoreDeed } from "./store.ts";

const batch = 100;

/** What of a driver it takes; each may return a promise. */
export interface BareDatabase {
  begin(): unknown;
  put(key: string, text: string): unknown;
  commit(): unknown;
  /** The text. */
  get(key: string): unknown;
  close(): unknown;
}

/** @param readsAtOnce 1 for a driver that blocks */
export function bareDatabase(
  name: string,
  deed: StoreDeed,
  open: () => Promise<BareDatabase>,
  readsAtOnce: number,
): Contender {
  let opened: Promise<BareDatabase> | undefined;
  const start = async () => {
    const database = await open();
    if (deed === "read") await write(database, keys);
    return database;
  };
  return {
    name,
    dividedBy: 1,
    async run(size) {
      opened ??= start();
      return deed === "write" ? await write(await opened, size) : await read(await opened, size, readsAtOnce);
    },
    async close() {
      const database = await opened?.catch(() => undefined); // reported by the run that asked for it
      opened = undefined;
      await database?.close();
    },
  };
}

async function write(database: BareDatabase, size: number): Promise<Repetition> {
  const startMs = performance.now();
  let result = 0;
  while (result < size) {
    await database.begin();
    for (const end = Math.min(size, result + batch); result < end; result += 1)
      await database.put(keyOf(result), JSON.stringify(documentOf(result)));
    await database.commit();
  }
  return { result, elapsedMs: performance.now() - startMs };
}

async function read(database: BareDatabase, size: number, atOnce: number): Promise<Repetition> {
  const isRight = async (number: number) => {
    const { number: found } = JSON.parse((await database.get(keyOf(number))) as string) as KeptDocument;
    return found === number % keys ? 1 : 0;
  };
  const startMs = performance.now();
  let result = 0;
  for (let number = 0; number < size; number += atOnce) {
    const all = Array.from({ length: Math.min(atOnce, size - number) }, (_, at) => isRight(number + at));
    for (const count of await Promise.all(all)) result += count;
  }
  return { result, elapsedMs: performance.now() - startMs };
}

/** Of a SQLite file in WAL mode, each commit written through to the disk, as a store of the runtime has it by default. */
export const bareTable = {
  settings: `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS bare (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID`,
  put: "INSERT INTO bare VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
  get: "SELECT value FROM bare WHERE key = ?",
};

export function bareSqlite(file: string): Promise<BareDatabase> {
  const database = new DatabaseSync(file);
  database.exec(bareTable.settings);
  const [put, get] = [database.prepare(bareTable.put), database.prepare(bareTable.get)];
  return Promise.resolve({
    begin: () => database.exec("BEGIN"),
    put: (key, text) => put.run(key, text),
    commit: () => database.exec("COMMIT"),
    get: (key) => get.get(key)?.["value"],
    close: () => database.close(),
  });
}

export async function barePostgres(url: string): Promise<BareDatabase> {
  const { Pool } = await import("pg");
  const pool = new Pool({ connectionString: url, max: 4 });
  await pool.query("DROP TABLE IF EXISTS mofa_bench_bare");
  await pool.query("CREATE TABLE mofa_bench_bare (key TEXT PRIMARY KEY, value TEXT NOT NULL)");
  const writer = await pool.connect();
  return {
    begin: () => writer.query("BEGIN"),
    put: (key, text) =>
      writer.query({
        name: "put",
        text: "INSERT INTO mofa_bench_bare VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        values: [key, text],
      }),
    commit: () => writer.query("COMMIT"),
    async get(key) {
      const { rows } = await pool.query<{ readonly value: string }>({
        name: "get",
        text: "SELECT value FROM mofa_bench_bare WHERE key = $1",
        values: [key],
      });
      return rows[0]?.value;
    },
    async close() {
      writer.release();
      await pool.query("DROP TABLE mofa_bench_bare");
      await pool.end();
    },
  };
}

export async function bareMysql(url: string): Promise<BareDatabase> {
  const { createPool } = await import("mysql2/promise");
  const pool = createPool({ uri: url, connectionLimit: 4 });
  await pool.query("DROP TABLE IF EXISTS mofa_bench_bare");
  await pool.query("CREATE TABLE mofa_bench_bare (name VARCHAR(64) PRIMARY KEY, value TEXT NOT NULL)");
  const writer = await pool.getConnection();
  return {
    begin: () => writer.query("START TRANSACTION"),
    put: (key, text) =>
      writer.execute("INSERT INTO mofa_bench_bare VALUES (?, ?) ON DUPLICATE KEY UPDATE value = VALUES(value)", [
        key,
        text,
      ]),
    commit: () => writer.query("COMMIT"),
    async get(key) {
      const [rows] = await pool.execute<RowDataPacket[]>("SELECT value FROM mofa_bench_bare WHERE name = ?", [key]);
      return rows[0]?.["value"];
    },
    async close() {
      writer.release();
      await pool.query("DROP TABLE mofa_bench_bare");
      await pool.end();
    },
  };
}

/** The same, and what it has left in that folder is gone with it. */
export function withFolder(contender: Contender, folder: string): Contender {
  return {
    ...contender,
    async close() {
      await contender.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
