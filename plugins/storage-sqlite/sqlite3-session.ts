/** The statements of one transaction, by the package `sqlite3`. */
import type { TransactionSession } from "../../core/index.ts";
import type { Sqlite3Connection } from "./sqlite3-connection.ts";
import { sql } from "./statements.ts";

export class Sqlite3Session implements TransactionSession {
  readonly #writer: Sqlite3Connection;
  #isMarked = false;

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
    await this.#writer.exec("ROLLBACK");
  }

  /** The connection stays: a failed one is that of a file that is full or broken, and may do again. */
  release(): void {}

  async versionOf(key: string, nowMs: number): Promise<number> {
    return Number((await this.#writer.first(sql.versionOf, key, nowMs))?.["version"] ?? 0);
  }

  async put(key: string, value: Uint8Array, version: number, expiresAtMs: number | undefined): Promise<void> {
    await this.#writer.all(sql.put, key, value, version, expiresAtMs ?? null);
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

  async mark(): Promise<void> {
    await this.#writer.exec(this.#isMarked ? "RELEASE one; SAVEPOINT one" : "SAVEPOINT one");
    this.#isMarked = true;
  }

  async goBack(): Promise<void> {
    await this.#writer.exec("ROLLBACK TO one");
  }
}
