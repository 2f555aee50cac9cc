/** A store in a MySQL or MariaDB database, in tables of its own. Groups of writes come one after the other, also from several processes. */
import type { Socket } from "node:net";
import {
  type ConnectionOptions,
  createPool,
  type ExecuteValues,
  type Pool,
  type PoolConnection,
  type RowDataPacket,
} from "mysql2/promise";
import {
  byDeadline,
  type DriverEntry,
  type DriverEvent,
  type DriverOutcome,
  type DriverSnapshot,
  type DriverVector,
  type DriverWrite,
  RuntimeError,
  runGroup,
  runSweep,
  ServerSockets,
  type StorageDriver,
} from "../../core/index.ts";
import type { MysqlStore } from "./config.ts";
import { MysqlSession } from "./mysql-session.ts";
import { prepareSchema, type TableNames, tableNames } from "./schema.ts";

/** Vectors that are read at a time. */
const vectorsAtOnce = 256;

export class MysqlDriver implements StorageDriver {
  readonly #pool: Pool;
  readonly #tables: TableNames;
  readonly #config: MysqlStore;
  readonly #packetMax: number;

  private constructor(pool: Pool, config: MysqlStore, packetMax: number) {
    this.#pool = pool;
    this.#tables = tableNames(config.tablePrefix);
    this.#config = config;
    this.#packetMax = packetMax;
  }

  /** @param signal closes all its connections when it is aborted. @throws its reason where it is aborted already; what the server says; RuntimeError `storage_version`. */
  static async open(config: MysqlStore, signal: AbortSignal): Promise<MysqlDriver> {
    const { url, tablePrefix, poolSize, connectTimeoutMs, silenceTimeoutMs } = config;
    signal.throwIfAborted(); // as nothing would close them any more
    const sockets = new ServerSockets(silenceTimeoutMs, signal);
    const pool = createPool({
      uri: url.replace(/^mariadb:/, "mysql:"),
      connectionLimit: poolSize,
      connectTimeout: connectTimeoutMs,
      stream: ({ config }: { readonly config: ConnectionOptions }) => connected(sockets.create(), config),
      supportBigNumbers: true,
      // A list of another length is another one, and a server has a bound for all that its clients prepare.
      maxPreparedStatements: 100,
    });
    let packetMax: number;
    try {
      const connection = await pool.getConnection();
      try {
        await prepareSchema(connection, tablePrefix, tableNames(tablePrefix));
        const [rows] = await connection.query<RowDataPacket[]>("SELECT @@max_allowed_packet AS packetMax");
        packetMax = Number(rows[0]?.["packetMax"]);
      } finally {
        connection.release();
      }
    } catch (error) {
      await pool.end();
      throw error;
    }
    return new MysqlDriver(pool, config, packetMax);
  }

  async commit(transactions: readonly (readonly DriverWrite[])[], nowMs: number): Promise<readonly DriverOutcome[]> {
    return await runGroup(await this.#session(), transactions, nowMs);
  }

  async #session(): Promise<MysqlSession> {
    return new MysqlSession(await this.#connection(), this.#tables, this.#config.lockTimeoutS, this.#packetMax);
  }

  /** The package itself waits for ever while all are in use. One that comes too late is given back. */
  async #connection(): Promise<PoolConnection> {
    const { connectTimeoutMs, poolSize } = this.#config;
    const { promise, resolve, reject } = Promise.withResolvers<PoolConnection>();
    let isLate = false;
    const cancel = byDeadline(connectTimeoutMs, () => {
      isLate = true;
      const text = `none of poolSize (${poolSize}) connections could be had within connectTimeoutMs (${connectTimeoutMs})`;
      reject(new RuntimeError("storage_failed", text));
    });
    this.#pool.getConnection().then(
      (connection) => {
        cancel();
        if (isLate) connection.release();
        else resolve(connection);
      },
      (error: unknown) => {
        cancel();
        reject(error);
      },
    );
    return await promise;
  }

  async #rows(text: string, values: ExecuteValues): Promise<RowDataPacket[]> {
    return await this.#by(async (connection) => (await connection.execute<RowDataPacket[]>(text, values))[0]);
  }

  async #by<T>(ask: (connection: PoolConnection) => Promise<T>): Promise<T> {
    const connection = await this.#connection();
    try {
      return await ask(connection);
    } finally {
      connection.release();
    }
  }

  async get(key: string, nowMs: number): Promise<DriverEntry | undefined> {
    const rows = await this.#rows(
      `SELECT name, value, version, expires FROM ${this.#tables.entries} WHERE name = ? AND (expires IS NULL OR expires > ?)`,
      [Buffer.from(key), nowMs],
    );
    return rows[0] && entryOf(rows[0]);
  }

  async getMany(keys: readonly string[], nowMs: number): Promise<DriverEntry[]> {
    const text = `SELECT name, value, version, expires FROM ${this.#tables.entries} WHERE name IN (?) AND (expires IS NULL OR expires > ?)`;
    const names = keys.map((key) => Buffer.from(key));
    // As text, and not prepared: a list of another length would be another statement.
    const [rows] = await this.#by((connection) => connection.query<RowDataPacket[]>(text, [names, nowMs]));
    return rows.map(entryOf);
  }

  async list(prefix: string, after: string | undefined, limit: number, nowMs: number): Promise<DriverEntry[]> {
    const start = Buffer.from(prefix);
    const rows = await this.#rows(
      `SELECT name, value, version, expires FROM ${this.#tables.entries}
       WHERE name >= ? AND name > ? AND LEFT(name, ${start.length}) = ? AND (expires IS NULL OR expires > ?) ORDER BY name LIMIT ${limit}`,
      [start, Buffer.from(after ?? ""), start, nowMs],
    );
    return rows.map(entryOf);
  }

  async read(journal: string, fromSeq: number, limit: number): Promise<DriverEvent[]> {
    const rows = await this.#rows(
      `SELECT seq, event FROM ${this.#tables.events} WHERE journal = ? AND seq >= ? ORDER BY seq LIMIT ${limit}`,
      [Buffer.from(journal), fromSeq],
    );
    return rows.map(({ seq, event }) => ({ seq: Number(seq), event: event as Buffer }));
  }

  async lastSeq(journal: string): Promise<number> {
    const rows = await this.#rows(`SELECT last FROM ${this.#tables.journals} WHERE name = ?`, [Buffer.from(journal)]);
    return Number(rows[0]?.["last"] ?? 0);
  }

  async loadSnapshot(journal: string): Promise<DriverSnapshot | undefined> {
    const rows = await this.#rows(`SELECT seq, state FROM ${this.#tables.snapshots} WHERE journal = ?`, [
      Buffer.from(journal),
    ]);
    return rows[0] && { seq: Number(rows[0]["seq"]), state: rows[0]["state"] as Buffer };
  }

  async dimensionOf(collection: string): Promise<number> {
    const rows = await this.#rows(`SELECT dimension FROM ${this.#tables.collections} WHERE name = ?`, [
      Buffer.from(collection),
    ]);
    return Number(rows[0]?.["dimension"] ?? 0);
  }

  async getVector(collection: string, id: string): Promise<Uint8Array | undefined> {
    const rows = await this.#rows(`SELECT value FROM ${this.#tables.vectors} WHERE collection = ? AND id = ?`, [
      Buffer.from(collection),
      Buffer.from(id),
    ]);
    return rows[0]?.["value"] as Buffer | undefined;
  }

  async *vectors(collection: string): AsyncGenerator<DriverVector[]> {
    const connection = await this.#connection();
    let isDone = false;
    try {
      await connection.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
      await connection.query("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
      for (let after = ""; !isDone; ) {
        const [rows] = await connection.execute<RowDataPacket[]>(
          `SELECT id, value FROM ${this.#tables.vectors} WHERE collection = ? AND id > ? ORDER BY id LIMIT ${vectorsAtOnce}`,
          [Buffer.from(collection), Buffer.from(after)],
        );
        const page = rows.map(({ id, value }) => ({ id: (id as Buffer).toString("utf8"), value: value as Buffer }));
        if (page.length > 0) yield page;
        after = page.at(-1)?.id ?? "";
        if (page.length < vectorsAtOnce) {
          await connection.query("COMMIT");
          isDone = true;
        }
      }
    } finally {
      // One that is left in its midst still has a transaction: it is closed, and not given to others.
      if (isDone) connection.release();
      else connection.destroy();
    }
  }

  async sweep(nowMs: number): Promise<void> {
    await runSweep(await this.#session(), nowMs);
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

/** On its way to the server, as the package does it itself. */
function connected(socket: Socket, { socketPath, host = "localhost", port = 3306 }: ConnectionOptions): Socket {
  if (socketPath) return socket.connect(socketPath);
  return socket.setNoDelay(true).connect(port, host);
}

function entryOf({ name, value, version, expires }: RowDataPacket): DriverEntry {
  return {
    key: (name as Buffer).toString("utf8"),
    value: value as Buffer,
    version: Number(version),
    expiresAtMs: (expires as number | null) ?? undefined,
  };
}
