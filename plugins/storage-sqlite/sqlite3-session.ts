/** The statements of one transaction, by the package `sqlite3`. */
import type { PutRow, TransactionSession } from "../../core/index.ts";
import type { Sqlite3Connection } from "./sqlite3-connection.ts";
import { putMany, rowsAtOnce, sql } from "./statements.ts";

export class Sqlite3Session implements TransactionSession {
  readonly #writer: Sqlite3Connection;
  #isMarked = false;
  /** SQLITE_MAX_LENGTH, of a row. */
  readonly valueBytesMax = 1_000_000_000 - 8_192;

  constructor(writer: Sqlite3Connection) {
    this.#writer = writer;
  }

  async begin(): Promise<number> {
    await this.#writer.exec("BEGIN IMMEDIATE");
    return Number((await this.#writer.first(sql.version))?.["version"]);
  }

  async setVersion(version: number): Promise<void> {
    await this.#writer.all(sql.setVersion, version);
  }

  async commit(): Promise<void> {
    await this.#writer.exec("COMMIT");
  }

  async rollBack(): Promise<void> {
    try {
      await this.#writer.exec("ROLLBACK");
    } catch (error) {
      // A disk that is full or broken has taken it back already.
      if (!(error as Error).message.includes("no transaction is active")) throw error;
    }
  }

  /** The connection stays: a failed one is that of a file that is full or broken, and may do again. */
  release(): void {}

  async versionOf(key: string, nowMs: number): Promise<number> {
    return Number((await this.#writer.first(sql.versionOf, key, nowMs))?.["version"] ?? 0);
  }

  async put(rows: readonly PutRow[]): Promise<void> {
    // The way to the package's threads and back costs as much as ten rows.
    for (let at = 0; at < rows.length; ) {
      const count = rows.length - at < rowsAtOnce ? 1 : rowsAtOnce;
      const fields = rows
        .slice(at, at + count)
        .flatMap(({ key, value, version, expiresAtMs }) => [key, value, version, expiresAtMs ?? null]);
      await this.#writer.all(count === 1 ? sql.put : putMany, ...fields);
      at += count;
    }
  }

  async sweep(nowMs: number): Promise<void> {
    await this.#writer.all(sql.sweep, nowMs);
  }

  async remove(key: string): Promise<void> {
    await this.#writer.all(sql.delete, key);
  }

  async lastSeq(journal: string): Promise<number> {
    return Number((await this.#writer.first(sql.last, journal))?.["last"] ?? 0);
  }

  async append(journal: string, firstSeq: number, events: readonly Uint8Array[]): Promise<void> {
    for (const [at, event] of events.entries()) await this.#writer.all(sql.append, journal, firstSeq + at, event);
    await this.#writer.all(sql.setLast, journal, firstSeq + events.length - 1);
  }

  async snapshot(journal: string, seq: number, state: Uint8Array): Promise<void> {
    await this.#writer.all(sql.snapshot, journal, seq, state);
  }

  async prune(journal: string, seq: number): Promise<void> {
    await this.#writer.all(sql.prune, journal, seq);
  }

  async dimensionOf(collection: string): Promise<number> {
    return Number((await this.#writer.first(sql.dimension, collection))?.["dimension"] ?? 0);
  }

  async createCollection(collection: string, dimension: number): Promise<void> {
    await this.#writer.all(sql.createCollection, collection, dimension);
  }

  async putVector(collection: string, id: string, value: Uint8Array): Promise<void> {
    await this.#writer.all(sql.putVector, collection, id, value);
  }

  async removeVector(collection: string, id: string): Promise<boolean> {
    return (await this.#writer.all(sql.removeVector, collection, id)).length > 0;
  }

  async removeCollection(collection: string): Promise<void> {
    await this.#writer.all(sql.removeVectors, collection);
    await this.#writer.all(sql.removeCollection, collection);
  }

  async mark(): Promise<void> {
    await this.#writer.exec(this.#isMarked ? "RELEASE one; SAVEPOINT one" : "SAVEPOINT one");
    this.#isMarked = true;
  }

  async goBack(): Promise<void> {
    await this.#writer.exec("ROLLBACK TO one");
  }
}
