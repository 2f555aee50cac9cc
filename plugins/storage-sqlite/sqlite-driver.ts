/** A store in one SQLite file, in WAL mode, by the driver that Node has built in. It blocks its thread, so that should be its own. */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import {
  assertAt,
  assertDimension,
  type DriverEntry,
  type DriverEvent,
  type DriverOutcome,
  type DriverSnapshot,
  type DriverVector,
  type DriverWrite,
  failPoint,
  RuntimeError,
  type StorageDriver,
  stopwatchMs,
} from "../../core/index.ts";
import type { SqliteFile } from "./config.ts";
import { PutRows } from "./put-rows.ts";
import { migrationsOf, schemaQuery, settings } from "./schema.ts";
import {
  closedError,
  entryOf,
  listArguments,
  type Row,
  sql,
  sqliteError,
  vectorOf,
  vectorsAtOnce,
} from "./statements.ts";

type NodeError = Error & { readonly errcode?: unknown };

const meanOver = 8;
/** A disk that takes longer for one group is better given a large one: about as long as the rest of it takes. */
const partedBelowMs = 4;

export class SqliteDriver implements StorageDriver {
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #statements: Readonly<Record<keyof typeof sql, StatementSync>>;

  readonly #puts: PutRows;
  /** How long it takes to write a group through to the disk, whatever is in it: the mean of late. */
  #commitMs = 0;
  /** The last that was given, in a group of writes. */
  #version = 0;

  /** @throws RuntimeError `storage_version`, `storage_corrupt`, `storage_failed`. */
  constructor(config: SqliteFile) {
    const { file, busyTimeoutMs } = config;
    this.#file = file;
    this.#database = this.#told(() => new DatabaseSync(file, { timeout: busyTimeoutMs }));
    try {
      this.#statements = this.#told(() => this.#prepare(config));
      this.#puts = new PutRows(this.#database);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  #prepare(config: SqliteFile): Record<keyof typeof sql, StatementSync> {
    const database = this.#database;
    const migrations = () => migrationsOf(database.prepare(schemaQuery).get(), config.file);
    migrations(); // before anything is changed in a file of somebody else
    database.exec(settings(config));
    database.exec("BEGIN IMMEDIATE");
    database.exec(migrations());
    database.exec("COMMIT");
    const prepared = Object.entries(sql).map(([name, text]) => [name, database.prepare(text)]);
    return Object.fromEntries(prepared) as Record<keyof typeof sql, StatementSync>;
  }

  #told<T>(does: () => T): T {
    try {
      return does();
    } catch (error) {
      throw sqliteError(error, (error as NodeError).errcode, this.#file);
    }
  }

  get commitsInParts(): boolean {
    return this.#commitMs < partedBelowMs;
  }

  async commit(transactions: readonly (readonly DriverWrite[])[], nowMs: number): Promise<DriverOutcome[]> {
    return this.#told(() => this.#commit(transactions, nowMs));
  }

  #commit(transactions: readonly (readonly DriverWrite[])[], nowMs: number): DriverOutcome[] {
    const { version, setVersion } = this.#statements;
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const before = Number((version.get() as Row)["version"]);
      this.#version = before;
      const outcomes = transactions.map((writes) => this.#transact(writes, nowMs));
      this.#puts.flush();
      if (this.#version !== before) setVersion.run(this.#version);
      failPoint("before-commit");
      const beganMs = stopwatchMs();
      this.#database.exec("COMMIT");
      this.#commitMs += (stopwatchMs() - beganMs - this.#commitMs) / meanOver;
      return outcomes;
    } catch (error) {
      this.#puts.forget();
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  #transact(writes: readonly DriverWrite[], nowMs: number): DriverOutcome {
    const [first] = writes;
    if (writes.length === 1 && first?.type === "put" && first.ifVersion === undefined) {
      const version = ++this.#version;
      this.#puts.add(first.key, first.value, version, first.expiresAtMs);
      return { ok: true, results: [{ version }] };
    }
    // It may look at what they put.
    this.#puts.flush();
    const before = this.#version;
    const results: unknown[] = [];
    // One write that cannot be has changed nothing.
    const isMarked = writes.length > 1;
    if (isMarked) this.#database.exec("SAVEPOINT one");
    for (const [at, write] of writes.entries()) {
      try {
        results.push(this.#write(write, nowMs));
      } catch (error) {
        // A full disk has taken back the whole group.
        if (!(error instanceof RuntimeError)) throw error;
        this.#version = before;
        if (!isMarked) return { ok: false, error };
        this.#database.exec("ROLLBACK TO one; RELEASE one");
        return { ok: false, error: new RuntimeError(error.code, `[${at}]: ${error.message}`) };
      }
    }
    if (isMarked) this.#database.exec("RELEASE one");
    return { ok: true, results };
  }

  #write(write: DriverWrite, nowMs: number): unknown {
    const { put, delete: remove, append, setLast, snapshot, prune } = this.#statements;
    switch (write.type) {
      case "put": {
        const { key, value, ifVersion, expiresAtMs } = write;
        if (ifVersion !== undefined) assertAt(key, ifVersion, this.#versionOf(key, nowMs));
        put.run(key, value, ++this.#version, expiresAtMs ?? null);
        return { version: this.#version };
      }
      case "delete": {
        const { key, ifVersion } = write;
        const version = this.#versionOf(key, nowMs);
        if (ifVersion !== undefined) assertAt(key, ifVersion, version);
        remove.run(key);
        return { isDeleted: version > 0 };
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
      default:
        return this.#writeVector(write);
    }
  }

  #writeVector(write: Extract<DriverWrite, { readonly collection: string }>): unknown {
    const { putVector, removeVector, removeVectors, createCollection, removeCollection } = this.#statements;
    const { collection } = write;
    const is = this.#dimension(collection);
    switch (write.type) {
      case "putVector":
        if (is === 0) createCollection.run(collection, write.dimension);
        else assertDimension(collection, is, write.dimension);
        putVector.run(collection, write.id, write.value);
        return undefined;
      case "deleteVector":
        return { isDeleted: removeVector.get(collection, write.id) !== undefined };
      case "dropVectors":
        removeVectors.run(collection);
        removeCollection.run(collection);
        return { isDropped: is > 0 };
    }
  }

  #dimension(collection: string): number {
    return Number((this.#statements.dimension.get(collection) as Row | undefined)?.["dimension"] ?? 0);
  }

  #versionOf(key: string, nowMs: number): number {
    return Number((this.#statements.versionOf.get(key, nowMs) as Row | undefined)?.["version"] ?? 0);
  }

  #last(journal: string): number {
    return Number((this.#statements.last.get(journal) as Row | undefined)?.["last"] ?? 0);
  }

  async get(key: string, nowMs: number): Promise<DriverEntry | undefined> {
    const row = this.#told(() => this.#statements.get.get(key, nowMs)) as Row | undefined;
    return row && entryOf(row);
  }

  async getMany(keys: readonly string[], nowMs: number): Promise<DriverEntry[]> {
    const { get } = this.#statements;
    const rows = this.#told(() => this.#atOnce(() => keys.map((key) => get.get(key, nowMs)))) as (Row | undefined)[];
    return rows.filter((row) => row !== undefined).map(entryOf);
  }

  /** The file is locked once, and not for each read, which takes as long as the half of it. */
  #atOnce<T>(does: () => T): T {
    this.#database.exec("BEGIN");
    try {
      return does();
    } finally {
      // SQLite may have ended it by itself, and then the read's own error is told.
      if (this.#database.isTransaction) this.#database.exec("COMMIT");
    }
  }

  async list(prefix: string, after: string | undefined, limit: number, nowMs: number): Promise<DriverEntry[]> {
    const given = listArguments(prefix, after, limit, nowMs);
    return (this.#told(() => this.#statements.list.all(...given)) as Row[]).map(entryOf);
  }

  async read(journal: string, fromSeq: number, limit: number): Promise<DriverEvent[]> {
    const rows = this.#told(() => this.#statements.read.all(journal, fromSeq, limit)) as Row[];
    return rows.map(({ seq, event }) => ({ seq: Number(seq), event: event as Uint8Array }));
  }

  async lastSeq(journal: string): Promise<number> {
    return this.#told(() => this.#last(journal));
  }

  async loadSnapshot(journal: string): Promise<DriverSnapshot | undefined> {
    const row = this.#told(() => this.#statements.loadSnapshot.get(journal)) as Row | undefined;
    return row && { seq: Number(row["seq"]), state: row["state"] as Uint8Array };
  }

  async dimensionOf(collection: string): Promise<number> {
    return this.#told(() => this.#dimension(collection));
  }

  async getVector(collection: string, id: string): Promise<Uint8Array | undefined> {
    const row = this.#told(() => this.#statements.getVector.get(collection, id)) as Row | undefined;
    return row?.["value"] as Uint8Array | undefined;
  }

  async *vectors(collection: string): AsyncGenerator<DriverVector[]> {
    // A connection of its own, whose view of the file stays that of its first page. It is closed here, also where the driver is meanwhile.
    this.#assertOpen();
    const reader = this.#told(() => new DatabaseSync(this.#file, { readOnly: true }));
    try {
      const statement = this.#told(() => {
        reader.exec("BEGIN");
        return reader.prepare(sql.vectors);
      });
      for (let after = ""; ; ) {
        this.#assertOpen();
        const page = (this.#told(() => statement.all(collection, after, vectorsAtOnce)) as Row[]).map(vectorOf);
        if (page.length > 0) yield page;
        if (page.length < vectorsAtOnce) return;
        after = page.at(-1)?.id ?? "";
      }
    } finally {
      reader.close();
    }
  }

  #assertOpen(): void {
    if (!this.#database.isOpen) throw closedError(this.#file);
  }

  async sweep(nowMs: number): Promise<void> {
    this.#told(() => this.#statements.sweep.run(nowMs));
  }

  async close(): Promise<void> {
    this.#database.close();
  }
}
