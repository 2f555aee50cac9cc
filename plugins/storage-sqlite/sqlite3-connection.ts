/** One connection by the package `sqlite3`: what it does in threads of its own, as promises. */
import sqlite3, { type Database, type Statement } from "sqlite3";
import { closedError, type Row, sqliteError } from "./statements.ts";

export class Sqlite3Connection {
  readonly #file: string;
  readonly #database: Database;
  readonly #statements = new Map<string, Promise<Statement>>();
  #isClosed = false;

  private constructor(file: string, database: Database) {
    this.#file = file;
    this.#database = database;
  }

  /** @param mode of a `writer` the file is made where it is not there. */
  static async open(file: string, mode: "writer" | "reader", busyTimeoutMs: number): Promise<Sqlite3Connection> {
    const flags = mode === "reader" ? sqlite3.OPEN_READONLY : sqlite3.OPEN_READWRITE | sqlite3.OPEN_CREATE;
    const database = await new Promise<Database>((resolve, reject) => {
      const opened = new sqlite3.Database(file, flags, (error) => {
        if (error) reject(told(error, file));
        else resolve(opened);
      });
    });
    const connection = new Sqlite3Connection(file, database);
    await connection.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    return connection;
  }

  /** Several statements without parameters and rows. */
  exec(sql: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#database.exec(sql, (error) => (error ? reject(told(error, this.#file)) : resolve()));
    });
  }

  /** Its rows. It is run to its end: one that stopped at its first row would hold an old view of the file. */
  async all(sql: string, ...parameters: readonly unknown[]): Promise<Row[]> {
    this.#assertOpen();
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, (statement = this.#prepare(sql)));
    const prepared = await statement;
    this.#assertOpen();
    return await new Promise((resolve, reject) => {
      prepared.all(parameters, (error, rows) => (error ? reject(told(error, this.#file)) : resolve(rows)));
    });
  }

  async first(sql: string, ...parameters: readonly unknown[]): Promise<Row | undefined> {
    return (await this.all(sql, ...parameters))[0];
  }

  #assertOpen(): void {
    if (this.#isClosed) throw closedError(this.#file);
  }

  #prepare(sql: string): Promise<Statement> {
    return new Promise((resolve, reject) => {
      const statement = this.#database.prepare(sql, (error) => {
        if (error) {
          this.#statements.delete(sql);
          reject(told(error, this.#file));
        } else resolve(statement);
      });
    });
  }

  /** Also in the midst of a transaction, which is undone then. */
  async close(): Promise<void> {
    // A statement that came behind those here would keep the file open.
    this.#isClosed = true;
    for (const prepared of this.#statements.values()) {
      const statement = await prepared.catch(() => undefined); // who asked for it was told
      await new Promise<void>((resolve) => (statement === undefined ? resolve() : statement.finalize(resolve)));
    }
    await new Promise<void>((resolve, reject) => {
      this.#database.close((error) => (error ? reject(told(error, this.#file)) : resolve()));
    });
  }
}

function told(error: Error, file: string): unknown {
  return sqliteError(error, (error as Error & { readonly errno?: unknown }).errno, file);
}
