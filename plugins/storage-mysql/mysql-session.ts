/** The statements of one transaction. */
import type { PoolConnection, ResultSetHeader, RowDataPacket } from "mysql2/promise";
import type { PutRow, TransactionSession } from "../../core/index.ts";
import type { TableNames } from "./schema.ts";

/** Events in one statement, and their bytes, which take twice as many there: what a server takes at a time has a bound. */
const eventsAtOnce = 500;
const eventBytesAtOnce = 2 ** 18;

/** Of a statement with one value, all that is not that value. */
const besideValue = 8_192;

export class MysqlSession implements TransactionSession {
  readonly #connection: PoolConnection;
  readonly #tables: TableNames;
  readonly #lockTimeoutS: number;
  readonly valueBytesMax: number;

  /** @param packetMax the bytes that the server takes at a time */
  constructor(connection: PoolConnection, tables: TableNames, lockTimeoutS: number, packetMax: number) {
    this.#connection = connection;
    this.#tables = tables;
    this.#lockTimeoutS = lockTimeoutS;
    this.valueBytesMax = packetMax - besideValue;
  }

  async begin(): Promise<number> {
    await this.#connection.query("SET SESSION innodb_lock_wait_timeout = ?", [this.#lockTimeoutS]);
    await this.#connection.query("START TRANSACTION");
    // Held to the end: whoever else writes to this store waits here.
    const [rows] = await this.#connection.query<RowDataPacket[]>(
      `SELECT version FROM ${this.#tables.counter} FOR UPDATE`,
    );
    return Number(rows[0]?.["version"]);
  }

  async setVersion(version: number): Promise<void> {
    await this.#connection.execute(`UPDATE ${this.#tables.counter} SET version = ?`, [version]);
  }

  async commit(): Promise<void> {
    await this.#connection.query("COMMIT");
  }

  async rollBack(): Promise<void> {
    await this.#connection.query("ROLLBACK");
  }

  release(isBroken: boolean): void {
    if (isBroken) this.#connection.destroy();
    else this.#connection.release();
  }

  async versionOf(key: string, nowMs: number): Promise<number> {
    const [rows] = await this.#connection.execute<RowDataPacket[]>(
      `SELECT version FROM ${this.#tables.entries} WHERE name = ? AND (expires IS NULL OR expires > ?)`,
      [Buffer.from(key), nowMs],
    );
    return Number(rows[0]?.["version"] ?? 0);
  }

  async put(rows: readonly PutRow[]): Promise<void> {
    const values = rows.map(({ key, value, version, expiresAtMs }) => [
      Buffer.from(key),
      bufferOf(value),
      version,
      expiresAtMs ?? null,
    ]);
    const [row] = values;
    const into = `INSERT INTO ${this.#tables.entries} VALUES`;
    const orUpdate =
      "ON DUPLICATE KEY UPDATE value = VALUES(value), version = VALUES(version), expires = VALUES(expires)";
    // Many go as text, in which bytes are twice as long; one that may be large does not.
    if (values.length === 1 && row !== undefined)
      await this.#connection.execute(`${into} (?, ?, ?, ?) ${orUpdate}`, row);
    else await this.#connection.query(`${into} ? ${orUpdate}`, [values]);
  }

  async sweep(nowMs: number): Promise<void> {
    await this.#connection.execute(`DELETE FROM ${this.#tables.entries} WHERE expires <= ?`, [nowMs]);
  }

  async remove(key: string): Promise<void> {
    await this.#connection.execute(`DELETE FROM ${this.#tables.entries} WHERE name = ?`, [Buffer.from(key)]);
  }

  async lastSeq(journal: string): Promise<number> {
    const [rows] = await this.#connection.execute<RowDataPacket[]>(
      `SELECT last FROM ${this.#tables.journals} WHERE name = ?`,
      [Buffer.from(journal)],
    );
    return Number(rows[0]?.["last"] ?? 0);
  }

  async append(journal: string, firstSeq: number, events: readonly Uint8Array[]): Promise<void> {
    const name = Buffer.from(journal);
    const all = events.map(bufferOf);
    for (let from = 0, to = 0; from < all.length; from = to) {
      for (let bytes = 0; to < all.length && to - from < eventsAtOnce; to++) {
        bytes += (all[to] as Buffer).length;
        if (to > from && bytes > eventBytesAtOnce) break;
      }
      const rows = all.slice(from, to).map((event, at) => [name, firstSeq + from + at, event] as const);
      // One goes as it is, which may be as large as the server takes.
      if (rows.length === 1)
        await this.#connection.execute(`INSERT INTO ${this.#tables.events} VALUES (?, ?, ?)`, [...(rows[0] ?? [])]);
      else await this.#connection.query(`INSERT INTO ${this.#tables.events} VALUES ?`, [rows]);
    }
    await this.#connection.execute(
      `INSERT INTO ${this.#tables.journals} VALUES (?, ?) ON DUPLICATE KEY UPDATE last = VALUES(last)`,
      [name, firstSeq + events.length - 1],
    );
  }

  async snapshot(journal: string, seq: number, state: Uint8Array): Promise<void> {
    // From left to right: the state is looked at while the number is still the old one.
    await this.#connection.execute(
      `INSERT INTO ${this.#tables.snapshots} VALUES (?, ?, ?)
       ON DUPLICATE KEY UPDATE state = IF(VALUES(seq) >= seq, VALUES(state), state), seq = GREATEST(seq, VALUES(seq))`,
      [Buffer.from(journal), seq, bufferOf(state)],
    );
  }

  async prune(journal: string, seq: number): Promise<void> {
    await this.#connection.execute(`DELETE FROM ${this.#tables.events} WHERE journal = ? AND seq <= ?`, [
      Buffer.from(journal),
      seq,
    ]);
  }

  async dimensionOf(collection: string): Promise<number> {
    const [rows] = await this.#connection.execute<RowDataPacket[]>(
      `SELECT dimension FROM ${this.#tables.collections} WHERE name = ?`,
      [Buffer.from(collection)],
    );
    return Number(rows[0]?.["dimension"] ?? 0);
  }

  async createCollection(collection: string, dimension: number): Promise<void> {
    await this.#connection.execute(`INSERT INTO ${this.#tables.collections} VALUES (?, ?)`, [
      Buffer.from(collection),
      dimension,
    ]);
  }

  async putVector(collection: string, id: string, value: Uint8Array): Promise<void> {
    await this.#connection.execute(
      `INSERT INTO ${this.#tables.vectors} VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE value = VALUES(value)`,
      [Buffer.from(collection), Buffer.from(id), bufferOf(value)],
    );
  }

  async removeVector(collection: string, id: string): Promise<boolean> {
    const [{ affectedRows }] = await this.#connection.execute<ResultSetHeader>(
      `DELETE FROM ${this.#tables.vectors} WHERE collection = ? AND id = ?`,
      [Buffer.from(collection), Buffer.from(id)],
    );
    return affectedRows === 1;
  }

  async removeCollection(collection: string): Promise<void> {
    const name = Buffer.from(collection);
    await this.#connection.execute(`DELETE FROM ${this.#tables.vectors} WHERE collection = ?`, [name]);
    await this.#connection.execute(`DELETE FROM ${this.#tables.collections} WHERE name = ?`, [name]);
  }

  async mark(): Promise<void> {
    await this.#connection.query("SAVEPOINT one");
  }

  async goBack(): Promise<void> {
    await this.#connection.query("ROLLBACK TO SAVEPOINT one");
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
