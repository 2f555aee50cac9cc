/**
 * A store in one SQLite file, in WAL mode, by the package `sqlite3`, which does its work in threads of its own. One connection
 * writes and another reads, so that no read sees half a group.
 */
import {
  type DriverEntry,
  type DriverEvent,
  type DriverOutcome,
  type DriverSnapshot,
  type DriverVector,
  type DriverWrite,
  runGroup,
  type StorageDriver,
} from "../../core/index.ts";
import type { SqliteFile } from "./config.ts";
import { migrationsOf, schemaQuery, settings } from "./schema.ts";
import { Sqlite3Connection } from "./sqlite3-connection.ts";
import { Sqlite3Session } from "./sqlite3-session.ts";
import { closedError, entryOf, listArguments, sql, vectorOf, vectorsAtOnce } from "./statements.ts";

export class Sqlite3Driver implements StorageDriver {
  readonly #writer: Sqlite3Connection;
  readonly #reader: Sqlite3Connection;
  readonly #openReader: () => Promise<Sqlite3Connection>;
  readonly #file: string;
  #isClosed = false;

  private constructor(
    writer: Sqlite3Connection,
    reader: Sqlite3Connection,
    openReader: () => Promise<Sqlite3Connection>,
    file: string,
  ) {
    this.#file = file;
    this.#openReader = openReader;
    this.#writer = writer;
    this.#reader = reader;
  }

  /** @throws RuntimeError `storage_version`, `storage_corrupt`, `storage_failed`. */
  static async open(config: SqliteFile): Promise<Sqlite3Driver> {
    const { file, busyTimeoutMs } = config;
    const writer = await Sqlite3Connection.open(file, "writer", busyTimeoutMs);
    try {
      // Before anything is changed in a file of somebody else.
      migrationsOf(await writer.first(schemaQuery), file);
      await writer.exec(settings(config));
      await writer.exec("BEGIN IMMEDIATE");
      await writer.exec(migrationsOf(await writer.first(schemaQuery), file));
      await writer.exec("COMMIT");
      const openReader = () => Sqlite3Connection.open(file, "reader", busyTimeoutMs);
      return new Sqlite3Driver(writer, await openReader(), openReader, file);
    } catch (error) {
      await writer.close();
      throw error;
    }
  }

  async commit(transactions: readonly (readonly DriverWrite[])[], nowMs: number): Promise<readonly DriverOutcome[]> {
    return await runGroup(new Sqlite3Session(this.#writer), transactions, nowMs);
  }

  async get(key: string, nowMs: number): Promise<DriverEntry | undefined> {
    const row = await this.#reader.first(sql.get, key, nowMs);
    return row && entryOf(row);
  }

  async getMany(keys: readonly string[], nowMs: number): Promise<DriverEntry[]> {
    return (await this.#reader.all(sql.getMany, JSON.stringify(keys), nowMs)).map(entryOf);
  }

  async list(prefix: string, after: string | undefined, limit: number, nowMs: number): Promise<DriverEntry[]> {
    return (await this.#reader.all(sql.list, ...listArguments(prefix, after, limit, nowMs))).map(entryOf);
  }

  async read(journal: string, fromSeq: number, limit: number): Promise<DriverEvent[]> {
    const rows = await this.#reader.all(sql.read, journal, fromSeq, limit);
    return rows.map(({ seq, event }) => ({ seq: Number(seq), event: event as Uint8Array }));
  }

  async lastSeq(journal: string): Promise<number> {
    return Number((await this.#reader.first(sql.last, journal))?.["last"] ?? 0);
  }

  async loadSnapshot(journal: string): Promise<DriverSnapshot | undefined> {
    const row = await this.#reader.first(sql.loadSnapshot, journal);
    return row && { seq: Number(row["seq"]), state: row["state"] as Uint8Array };
  }

  async dimensionOf(collection: string): Promise<number> {
    return Number((await this.#reader.first(sql.dimension, collection))?.["dimension"] ?? 0);
  }

  async getVector(collection: string, id: string): Promise<Uint8Array | undefined> {
    return (await this.#reader.first(sql.getVector, collection, id))?.["value"] as Uint8Array | undefined;
  }

  async *vectors(collection: string): AsyncGenerator<DriverVector[]> {
    // One of its own, whose view of the file stays that of its first page. It is closed here, also where the driver is meanwhile.
    this.#assertOpen();
    const reader = await this.#openReader();
    try {
      await reader.exec("BEGIN");
      for (let after = ""; ; ) {
        this.#assertOpen();
        const page = (await reader.all(sql.vectors, collection, after, vectorsAtOnce)).map(vectorOf);
        if (page.length > 0) yield page;
        if (page.length < vectorsAtOnce) return;
        after = page.at(-1)?.id ?? "";
      }
    } finally {
      await reader.close();
    }
  }

  #assertOpen(): void {
    if (this.#isClosed) throw closedError(this.#file);
  }

  async sweep(nowMs: number): Promise<void> {
    await new Sqlite3Session(this.#writer).sweep(nowMs);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    try {
      await this.#reader.close();
    } finally {
      await this.#writer.close();
    }
  }
}
