/** A store in a PostgreSQL database, in tables of its own. Groups of writes come one after the other, also from several processes. */
import { Pool, type PoolClient, type QueryResult, type QueryResultRow } from "pg";
import {
  type DriverEntry,
  type DriverEvent,
  type DriverOutcome,
  type DriverSnapshot,
  type DriverVector,
  type DriverWrite,
  errorData,
  RuntimeError,
  runGroup,
  runSweep,
  ServerSockets,
  type StorageDriver,
} from "../../core/index.ts";
import type { PostgresStore } from "./config.ts";
import { PostgresSession } from "./postgres-session.ts";
import { prepareSchema, type TableNames, tableNames } from "./schema.ts";

/** Vectors that are read at a time. */
const vectorsAtOnce = 256;

interface EntryRow {
  readonly key: string;
  readonly value: Buffer;
  readonly version: string;
  readonly expires: number | null;
}

export class PostgresDriver implements StorageDriver {
  readonly #pool: Pool;
  readonly #tables: TableNames;
  readonly #config: PostgresStore;

  private constructor(pool: Pool, tables: TableNames, config: PostgresStore) {
    this.#pool = pool;
    this.#tables = tables;
    this.#config = config;
  }

  /** @param signal closes all its connections when it is aborted. @throws its reason where it is aborted already; what the server says; RuntimeError `storage_version`. */
  static async open(config: PostgresStore, signal: AbortSignal): Promise<PostgresDriver> {
    const { url, schema, poolSize, connectTimeoutMs, statementTimeoutMs, silenceTimeoutMs } = config;
    signal.throwIfAborted(); // as nothing would close them any more
    const sockets = new ServerSockets(silenceTimeoutMs, signal);
    const pool = new Pool({
      connectionString: url,
      max: poolSize,
      connectionTimeoutMillis: connectTimeoutMs,
      statement_timeout: statementTimeoutMs,
      application_name: "mofa",
      stream: () => sockets.create(),
    });
    // A connection that goes while nobody uses it: the next write or read gets another one, or says why not.
    pool.on("error", () => {});
    // And one that goes while it is used: the query that is under way says so.
    pool.on("connect", (client) => client.on("error", () => {}));
    const tables = tableNames(schema);
    try {
      const client = await pool.connect();
      try {
        await prepareSchema(client, schema, tables);
      } finally {
        client.release();
      }
    } catch (error) {
      await pool.end();
      throw error;
    }
    return new PostgresDriver(pool, tables, config);
  }

  async commit(transactions: readonly (readonly DriverWrite[])[], nowMs: number): Promise<readonly DriverOutcome[]> {
    return await runGroup(await this.#session(), transactions, nowMs);
  }

  async #session(): Promise<PostgresSession> {
    return new PostgresSession(await this.#connect(), this.#tables);
  }

  async #connect(): Promise<PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw this.#told(error);
    }
  }

  async #query<R extends QueryResultRow>(text: string, values: readonly unknown[]): Promise<QueryResult<R>> {
    try {
      return await this.#pool.query<R>(text, [...values]);
    } catch (error) {
      throw this.#told(error);
    }
  }

  /** Of a pool whose connections are all in use the package says only that it took long. */
  #told(error: unknown): unknown {
    if (errorData(error).message !== "timeout exceeded when trying to connect") return error;
    const { poolSize, connectTimeoutMs } = this.#config;
    const text = `none of poolSize (${poolSize}) connections could be had within connectTimeoutMs (${connectTimeoutMs})`;
    return new RuntimeError("storage_failed", text, { cause: error });
  }

  async get(key: string, nowMs: number): Promise<DriverEntry | undefined> {
    const { rows } = await this.#query<EntryRow>(
      `SELECT key, value, version, expires FROM ${this.#tables.entries} WHERE key = $1 AND (expires IS NULL OR expires > $2)`,
      [key, nowMs],
    );
    return rows[0] && entryOf(rows[0]);
  }

  async getMany(keys: readonly string[], nowMs: number): Promise<DriverEntry[]> {
    const { rows } = await this.#query<EntryRow>(
      `SELECT key, value, version, expires FROM ${this.#tables.entries} WHERE key = ANY($1) AND (expires IS NULL OR expires > $2)`,
      [keys, nowMs],
    );
    return rows.map(entryOf);
  }

  async list(prefix: string, after: string | undefined, limit: number, nowMs: number): Promise<DriverEntry[]> {
    const { rows } = await this.#query<EntryRow>(
      `SELECT key, value, version, expires FROM ${this.#tables.entries}
       WHERE key >= $1 AND key > $2 AND starts_with(key, $1) AND (expires IS NULL OR expires > $3) ORDER BY key LIMIT $4`,
      [prefix, after ?? "", nowMs, limit],
    );
    return rows.map(entryOf);
  }

  async read(journal: string, fromSeq: number, limit: number): Promise<DriverEvent[]> {
    const { rows } = await this.#query<{ seq: string; event: Buffer }>(
      `SELECT seq, event FROM ${this.#tables.events} WHERE journal = $1 AND seq >= $2 ORDER BY seq LIMIT $3`,
      [journal, fromSeq, limit],
    );
    return rows.map(({ seq, event }) => ({ seq: Number(seq), event }));
  }

  async lastSeq(journal: string): Promise<number> {
    const { rows } = await this.#query<{ last: string }>(`SELECT last FROM ${this.#tables.journals} WHERE name = $1`, [
      journal,
    ]);
    return Number(rows[0]?.last ?? 0);
  }

  async loadSnapshot(journal: string): Promise<DriverSnapshot | undefined> {
    const { rows } = await this.#query<{ seq: string; state: Buffer }>(
      `SELECT seq, state FROM ${this.#tables.snapshots} WHERE journal = $1`,
      [journal],
    );
    return rows[0] && { seq: Number(rows[0].seq), state: rows[0].state };
  }

  async dimensionOf(collection: string): Promise<number> {
    const { rows } = await this.#query<{ dimension: number }>(
      `SELECT dimension FROM ${this.#tables.collections} WHERE name = $1`,
      [collection],
    );
    return rows[0]?.dimension ?? 0;
  }

  async getVector(collection: string, id: string): Promise<Uint8Array | undefined> {
    const { rows } = await this.#query<{ value: Buffer }>(
      `SELECT value FROM ${this.#tables.vectors} WHERE collection = $1 AND id = $2`,
      [collection, id],
    );
    return rows[0]?.value;
  }

  async *vectors(collection: string): AsyncGenerator<DriverVector[]> {
    const client = await this.#connect();
    let isDone = false;
    try {
      await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
      for (let after = ""; !isDone; ) {
        const { rows: page } = await client.query<DriverVector>(
          `SELECT id, value FROM ${this.#tables.vectors} WHERE collection = $1 AND id > $2 ORDER BY id LIMIT $3`,
          [collection, after, vectorsAtOnce],
        );
        if (page.length > 0) yield page;
        after = page.at(-1)?.id ?? "";
        if (page.length < vectorsAtOnce) {
          await client.query("COMMIT");
          isDone = true;
        }
      }
    } finally {
      // One that is left in its midst still has a transaction: it is closed, and not given to others.
      client.release(!isDone);
    }
  }

  async sweep(nowMs: number): Promise<void> {
    await runSweep(await this.#session(), nowMs);
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

function entryOf({ key, value, version, expires }: EntryRow): DriverEntry {
  return { key, value, version: Number(version), expiresAtMs: expires ?? undefined };
}
