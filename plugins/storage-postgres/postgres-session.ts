/** The statements of one transaction. */
import type { PoolClient } from "pg";
import type { PutRow, TransactionSession } from "../../core/index.ts";
import type { TableNames } from "./schema.ts";

export class PostgresSession implements TransactionSession {
  readonly #client: PoolClient;
  readonly #tables: TableNames;
  /** A list of bytes is sent as text, twice as long, and a message of PostgreSQL has at most 1 GB. */
  readonly valueBytesMax = 500_000_000;

  constructor(client: PoolClient, tables: TableNames) {
    this.#client = client;
    this.#tables = tables;
  }

  async begin(): Promise<number> {
    await this.#client.query("BEGIN");
    // Held to the end: whoever else writes to this store waits here.
    const { rows } = await this.#client.query<{ version: string }>(
      `SELECT version FROM ${this.#tables.counter} FOR UPDATE`,
    );
    return Number(rows[0]?.version);
  }

  async setVersion(version: number): Promise<void> {
    await this.#client.query(`UPDATE ${this.#tables.counter} SET version = $1`, [version]);
  }

  async commit(): Promise<void> {
    await this.#client.query("COMMIT");
  }

  async rollBack(): Promise<void> {
    await this.#client.query("ROLLBACK");
  }

  release(isBroken: boolean): void {
    this.#client.release(isBroken);
  }

  async versionOf(key: string, nowMs: number): Promise<number> {
    const { rows } = await this.#client.query<{ version: string }>(
      `SELECT version FROM ${this.#tables.entries} WHERE key = $1 AND (expires IS NULL OR expires > $2)`,
      [key, nowMs],
    );
    return Number(rows[0]?.version ?? 0);
  }

  async put(rows: readonly PutRow[]): Promise<void> {
    const into = `INSERT INTO ${this.#tables.entries}`;
    const orUpdate =
      "ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = excluded.version, expires = excluded.expires";
    const [row] = rows;
    // Many go as text; one that may be large as it is.
    if (row !== undefined && rows.length === 1) {
      const { key, value, version, expiresAtMs = null } = row;
      await this.#client.query(`${into} VALUES ($1, $2, $3, $4) ${orUpdate}`, [key, value, version, expiresAtMs]);
      return;
    }
    await this.#client.query(
      `${into} SELECT * FROM unnest($1::text[], $2::bytea[], $3::bigint[], $4::double precision[]) ${orUpdate}`,
      [
        rows.map(({ key }) => key),
        rows.map(({ value }) => value),
        rows.map(({ version }) => version),
        rows.map(({ expiresAtMs }) => expiresAtMs ?? null),
      ],
    );
  }

  async sweep(nowMs: number): Promise<void> {
    await this.#client.query(`DELETE FROM ${this.#tables.entries} WHERE expires <= $1`, [nowMs]);
  }

  async remove(key: string): Promise<void> {
    await this.#client.query(`DELETE FROM ${this.#tables.entries} WHERE key = $1`, [key]);
  }

  async lastSeq(journal: string): Promise<number> {
    const { rows } = await this.#client.query<{ last: string }>(
      `SELECT last FROM ${this.#tables.journals} WHERE name = $1`,
      [journal],
    );
    return Number(rows[0]?.last ?? 0);
  }

  async append(journal: string, firstSeq: number, events: readonly Uint8Array[]): Promise<void> {
    const [event] = events;
    if (events.length === 1)
      await this.#client.query(`INSERT INTO ${this.#tables.events} VALUES ($1, $2, $3)`, [journal, firstSeq, event]);
    else
      await this.#client.query(
        `INSERT INTO ${this.#tables.events} SELECT $1, $2::bigint + at - 1, event FROM unnest($3::bytea[]) WITH ORDINALITY AS given (event, at)`,
        [journal, firstSeq, events],
      );
    await this.#client.query(
      `INSERT INTO ${this.#tables.journals} VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET last = excluded.last`,
      [journal, firstSeq + events.length - 1],
    );
  }

  async snapshot(journal: string, seq: number, state: Uint8Array): Promise<void> {
    await this.#client.query(
      `INSERT INTO ${this.#tables.snapshots} AS kept VALUES ($1, $2, $3)
       ON CONFLICT (journal) DO UPDATE SET seq = excluded.seq, state = excluded.state WHERE excluded.seq >= kept.seq`,
      [journal, seq, state],
    );
  }

  async prune(journal: string, seq: number): Promise<void> {
    await this.#client.query(`DELETE FROM ${this.#tables.events} WHERE journal = $1 AND seq <= $2`, [journal, seq]);
  }

  async dimensionOf(collection: string): Promise<number> {
    const { rows } = await this.#client.query<{ dimension: number }>(
      `SELECT dimension FROM ${this.#tables.collections} WHERE name = $1`,
      [collection],
    );
    return rows[0]?.dimension ?? 0;
  }

  async createCollection(collection: string, dimension: number): Promise<void> {
    await this.#client.query(`INSERT INTO ${this.#tables.collections} VALUES ($1, $2)`, [collection, dimension]);
  }

  async putVector(collection: string, id: string, value: Uint8Array): Promise<void> {
    await this.#client.query(
      `INSERT INTO ${this.#tables.vectors} VALUES ($1, $2, $3) ON CONFLICT (collection, id) DO UPDATE SET value = excluded.value`,
      [collection, id, value],
    );
  }

  async removeVector(collection: string, id: string): Promise<boolean> {
    const { rowCount } = await this.#client.query(
      `DELETE FROM ${this.#tables.vectors} WHERE collection = $1 AND id = $2`,
      [collection, id],
    );
    return rowCount === 1;
  }

  async removeCollection(collection: string): Promise<void> {
    await this.#client.query(`DELETE FROM ${this.#tables.vectors} WHERE collection = $1`, [collection]);
    await this.#client.query(`DELETE FROM ${this.#tables.collections} WHERE name = $1`, [collection]);
  }

  async mark(): Promise<void> {
    await this.#client.query("SAVEPOINT one");
  }

  async goBack(): Promise<void> {
    await this.#client.query("ROLLBACK TO SAVEPOINT one");
  }
}
