/** A store in one SQLite file, in WAL mode, by the driver that Node has built in. It blocks its thread, so that should be its own. */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import {
  assertAt,
  type DriverEntry,
  type DriverEvent,
  type DriverOutcome,
  type DriverSnapshot,
  type DriverWrite,
  failPoint,
  RuntimeError,
  type StorageDriver,
} from "../../core/index.ts";
import type { SqliteConfig } from "./config.ts";
import { prepareSchema } from "./schema.ts";

const sql = {
  get: "SELECT key, value, version, expires FROM entries WHERE key = ? AND (expires IS NULL OR expires > ?)",
  put: "INSERT INTO entries VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = excluded.version, expires = excluded.expires",
  delete: "DELETE FROM entries WHERE key = ?",
  version: "UPDATE counter SET version = version + 1 RETURNING version",
  list: "SELECT key, value, version, expires FROM entries WHERE key >= ? AND key > ? AND substr(key, 1, ?) = ? AND (expires IS NULL OR expires > ?) ORDER BY key LIMIT ?",
  last: "SELECT last FROM journals WHERE name = ?",
  setLast: "INSERT INTO journals VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET last = excluded.last",
  append: "INSERT INTO events VALUES (?, ?, ?)",
  read: "SELECT seq, event FROM events WHERE journal = ? AND seq >= ? ORDER BY seq LIMIT ?",
  prune: "DELETE FROM events WHERE journal = ? AND seq <= ?",
  snapshot:
    "INSERT INTO snapshots VALUES (?, ?, ?) ON CONFLICT (journal) DO UPDATE SET seq = excluded.seq, state = excluded.state WHERE excluded.seq >= snapshots.seq",
  loadSnapshot: "SELECT seq, state FROM snapshots WHERE journal = ?",
  sweep: "DELETE FROM entries WHERE expires <= ?",
} as const;

type Row = Readonly<Record<string, unknown>>;

export class SqliteDriver implements StorageDriver {
  readonly #database: DatabaseSync;
  readonly #statements: Readonly<Record<keyof typeof sql, StatementSync>>;

  /** @throws RuntimeError `storage_version`, `storage_failed`. */
  constructor({ file, durability, busyTimeoutMs, maxPages }: SqliteConfig) {
    try {
      this.#database = new DatabaseSync(file, { timeout: busyTimeoutMs });
      this.#database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${durability}`);
      if (maxPages > 0) this.#database.exec(`PRAGMA max_page_count = ${maxPages}`);
      prepareSchema(this.#database, file);
    } catch (error) {
      if (error instanceof RuntimeError) throw error;
      throw new RuntimeError("storage_failed", `${file}: ${(error as Error).message}`, { cause: error });
    }
    const prepared = Object.entries(sql).map(([name, text]) => [name, this.#database.prepare(text)]);
    this.#statements = Object.fromEntries(prepared) as Record<keyof typeof sql, StatementSync>;
  }

  async commit(transactions: readonly (readonly DriverWrite[])[], nowMs: number): Promise<DriverOutcome[]> {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const outcomes = transactions.map((writes) => this.#transact(writes, nowMs));
      failPoint("before-commit");
      this.#database.exec("COMMIT");
      return outcomes;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  #transact(writes: readonly DriverWrite[], nowMs: number): DriverOutcome {
    const results: unknown[] = [];
    this.#database.exec("SAVEPOINT one");
    for (const [at, write] of writes.entries()) {
      try {
        results.push(this.#write(write, nowMs));
      } catch (error) {
        // A full disk has taken back the whole group.
        if (!(error instanceof RuntimeError)) throw error;
        this.#database.exec("ROLLBACK TO one; RELEASE one");
        const message = writes.length === 1 ? error.message : `[${at}]: ${error.message}`;
        return { ok: false, error: new RuntimeError(error.code, message) };
      }
    }
    this.#database.exec("RELEASE one");
    return { ok: true, results };
  }

  #write(write: DriverWrite, nowMs: number): unknown {
    const { put, version: next, delete: remove, append, setLast, snapshot, prune } = this.#statements;
    switch (write.type) {
      case "put":
      case "delete": {
        const { key, ifVersion } = write;
        const version = this.#entry(key, nowMs)?.version ?? 0;
        if (ifVersion !== undefined) assertAt(key, ifVersion, version);
        if (write.type === "delete") return { isDeleted: Number(remove.run(key).changes) > 0 && version > 0 };
        const newVersion = Number((next.get() as Row)["version"]);
        put.run(key, write.value, newVersion, write.expiresAtMs ?? null);
        return { version: newVersion };
      }
      case "append": {
        const { journal, events, ifSeq } = write;
        let seq = this.#last(journal);
        if (ifSeq !== undefined) assertAt(journal, ifSeq, seq);
        for (const event of events) append.run(journal, ++seq, event);
        setLast.run(journal, seq);
        return { seq };
      }
      case "snapshot":
        snapshot.run(write.journal, write.seq, write.state);
        return undefined;
      case "prune":
        prune.run(write.journal, write.seq);
        return undefined;
    }
  }

  #entry(key: string, nowMs: number): DriverEntry | undefined {
    const row = this.#statements.get.get(key, nowMs) as Row | undefined;
    return row && entryOf(row);
  }

  #last(journal: string): number {
    return Number((this.#statements.last.get(journal) as Row | undefined)?.["last"] ?? 0);
  }

  async get(key: string, nowMs: number): Promise<DriverEntry | undefined> {
    return this.#entry(key, nowMs);
  }

  async list(prefix: string, after: string | undefined, limit: number, nowMs: number): Promise<DriverEntry[]> {
    const points = Array.from(prefix).length;
    const rows = this.#statements.list.all(prefix, after ?? "", points, prefix, nowMs, limit) as Row[];
    return rows.map(entryOf);
  }

  async read(journal: string, fromSeq: number, limit: number): Promise<DriverEvent[]> {
    const rows = this.#statements.read.all(journal, fromSeq, limit) as Row[];
    return rows.map(({ seq, event }) => ({ seq: Number(seq), event: event as Uint8Array }));
  }

  async lastSeq(journal: string): Promise<number> {
    return this.#last(journal);
  }

  async loadSnapshot(journal: string): Promise<DriverSnapshot | undefined> {
    const row = this.#statements.loadSnapshot.get(journal) as Row | undefined;
    return row && { seq: Number(row["seq"]), state: row["state"] as Uint8Array };
  }

  async sweep(nowMs: number): Promise<void> {
    this.#statements.sweep.run(nowMs);
  }

  async close(): Promise<void> {
    this.#database.close();
  }
}

function entryOf({ key, value, version, expires }: Row): DriverEntry {
  return {
    key: key as string,
    value: value as Uint8Array,
    version: Number(version),
    expiresAtMs: expires === null ? undefined : (expires as number),
  };
}
