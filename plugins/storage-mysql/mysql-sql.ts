/** SQL for others: each statement on a connection of its own, which ends with it, and with it all that it may have set. */
import { Socket } from "node:net";
import { type Connection, type ConnectionOptions, createConnection, type FieldPacket } from "mysql2";
import { byDeadline, type SqlAnswer, type SqlDriver, type SqlRequest, SqlRows, ToolError } from "../../core/index.ts";
import type { MysqlConfig } from "./config.ts";
import { assertReads } from "./reading.ts";
import { farRightsOf } from "./rights.ts";

const sight = `SELECT
  EXISTS (SELECT 1 FROM information_schema.applicable_roles) AS hasRoles,
  EXISTS (SELECT 1 FROM information_schema.tables WHERE table_name = ?) AS seesStore, CURRENT_USER() AS user`;

/** Behind the limit from here, the server's own, for where nobody is left who could end it: some functions that are broken off by that give a value. */
const graceMs = 1_000;

/** ER_QUERY_TIMEOUT, ER_QUERY_INTERRUPTED, ER_STATEMENT_TIMEOUT of MariaDB. */
const timeouts: readonly unknown[] = [3024, 1317, 1969];

export class MysqlSql implements SqlDriver {
  readonly #config: MysqlConfig;

  constructor(config: MysqlConfig) {
    this.#config = config;
  }

  describe(table: string | undefined): Pick<SqlRequest, "sql" | "parameters"> {
    const wanted = table ?? null;
    return {
      sql: `SELECT table_schema, table_name, column_name, column_type, is_nullable = 'YES' FROM information_schema.columns
        WHERE table_schema = DATABASE() AND (? IS NULL OR table_name = ? OR CONCAT(table_schema, '.', table_name) = ?)
        ORDER BY table_schema, table_name, ordinal_position`,
      parameters: [wanted, wanted, wanted],
    };
  }

  async query(request: Omit<SqlRequest, "id">, signal: AbortSignal): Promise<SqlAnswer> {
    signal.throwIfAborted();
    if (request.mode === "read") assertReads(request.sql);
    const socket = new Socket();
    const connection = this.#open(socket);
    // The statement that is under way says so.
    connection.on("error", () => {});
    const rows = new SqlRows(request);
    // Of a socket that is closed from here its package says nothing to who waits for an answer.
    const { promise: left, reject } = Promise.withResolvers<never>();
    const leave = () => reject(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
    let isOver = false;
    try {
      const answer = await Promise.race([this.#answer(connection, socket, request, rows), left]);
      isOver = !rows.isCut;
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      if (timeouts.includes((error as { readonly errno?: unknown }).errno))
        throw new ToolError("timeout", `the server has ended the statement: ${(error as Error).message}`, error);
      throw error;
    } finally {
      signal.removeEventListener("abort", leave);
      if (isOver) socket.destroy();
      else await this.#end(connection, socket);
    }
  }

  async #answer(
    connection: Connection,
    socket: Socket,
    request: Omit<SqlRequest, "id">,
    rows: SqlRows,
  ): Promise<SqlAnswer> {
    await this.#settle(connection, request);
    const changed = await run(connection, socket, request, rows);
    if (request.mode === "read") return rows.answer();
    rows.assertWhole();
    await ask(connection, "COMMIT");
    return rows.answer(changed ?? 0);
  }

  #open(socket?: Socket): Connection {
    const { sqlUrl, connectTimeoutMs } = this.#config;
    return createConnection({
      uri: sqlUrl.replace(/^mariadb:/, "mysql:"),
      connectTimeout: connectTimeoutMs,
      supportBigNumbers: true,
      dateStrings: true,
      jsonStrings: true,
      // The package would read a shape within a shape as deep as it goes, and its failure is nobody's.
      typeCast: (field, next) => (field.type === "GEOMETRY" ? field.buffer() : next()),
      ...(socket && {
        stream: ({ config }: { readonly config: ConnectionOptions }) => {
          const { socketPath, host = "localhost", port = 3306 } = config;
          return socketPath ? socket.connect(socketPath) : socket.setNoDelay(true).connect(port, host);
        },
      }),
    });
  }

  /** A server does not see that its client has gone before it writes to it: it is told so, by another connection. */
  async #end(connection: Connection, socket: Socket): Promise<void> {
    const { threadId } = connection;
    socket.destroy();
    if (typeof threadId !== "number") return;
    const killer = this.#open();
    killer.on("error", () => {});
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = byDeadline(graceMs, resolve);
    try {
      // A server that does not answer holds nobody.
      await Promise.race([ask(killer, `KILL ${threadId}`), late]);
    } catch {
      // It has ended by itself meanwhile, or will by its own time limit.
    } finally {
      cancel();
      killer.destroy();
    }
  }

  async #settle(connection: Connection, { mode, timeoutMs }: Omit<SqlRequest, "id">): Promise<void> {
    const { tablePrefix } = this.#config;
    const grants = await ask(connection, "SHOW GRANTS");
    const far = farRightsOf(grants.map((grant) => String(Object.values(grant as object)[0])));
    const [row] = await ask(connection, sight, [`${tablePrefix}entries`]);
    const { hasRoles, seesStore, user } = row as Readonly<Record<string, unknown>>;
    // `SET ROLE` is a statement like others, and what a role may do is not seen before.
    if (Number(hasRoles) !== 0)
      throw new ToolError(
        "tool_denied",
        `the user ${String(user)} of sqlUrl has roles, which it could take: give it one that has none, and its rights directly`,
      );
    if (far.length > 0)
      throw new ToolError(
        "tool_denied",
        `the user ${String(user)} of sqlUrl may read files or rule the server (${far.join(", ")}): give it one that may not`,
      );
    if (Number(seesStore) !== 0)
      throw new ToolError(
        "tool_denied",
        `the user ${String(user)} of sqlUrl sees the tables ${tablePrefix}... of the store: give it one that does not`,
      );
    const [version] = await ask(connection, "SELECT VERSION() AS version");
    const isMaria = String((version as { readonly version?: unknown }).version).includes("MariaDB");
    await ask(
      connection,
      isMaria
        ? `SET SESSION max_statement_time = ${(timeoutMs + graceMs) / 1_000}`
        : `SET SESSION max_execution_time = ${timeoutMs + graceMs}`,
    );
    // Also for what begins a transaction of its own.
    if (mode === "read") await ask(connection, "SET SESSION TRANSACTION READ ONLY");
    await ask(connection, mode === "read" ? "START TRANSACTION READ ONLY" : "START TRANSACTION");
  }
}

async function ask(connection: Connection, text: string, values: readonly unknown[] = []): Promise<readonly unknown[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly unknown[]>();
  connection.query(text, [...values], (error, rows) =>
    error ? reject(error) : resolve(rows as unknown as readonly unknown[]),
  );
  return await promise;
}

/** Prepared by the server, which takes one statement, and values beside it. @returns how many rows it has written */
async function run(
  connection: Connection,
  socket: Socket,
  { sql, parameters = [], maxBytes }: Omit<SqlRequest, "id">,
  rows: SqlRows,
): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const query = connection.execute({ sql, values: [...parameters], rowsAsArray: true });
  let changed: number | undefined;
  query.on("fields", (fields: readonly FieldPacket[] | undefined) => {
    rows.columns = (fields ?? []).map(({ name }) => name);
  });
  query.on("result", (row: unknown) => {
    if (Array.isArray(row)) {
      try {
        if (!rows.add(row)) resolve(undefined);
      } catch (error) {
        // Nobody else would catch it: it is an event of the socket's.
        reject(error);
      }
    } else changed = (row as { readonly affectedRows?: number }).affectedRows;
  });
  query.on("error", reject);
  query.on("end", () => resolve(changed));
  let bytes = 0;
  // As it comes: a row is whole only when all of it has come.
  socket.on("data", (chunk: Uint8Array) => {
    bytes += chunk.length;
    if (bytes <= 4 * maxBytes + 65_536) return;
    rows.cut();
    resolve(undefined);
  });
  return await promise;
}
