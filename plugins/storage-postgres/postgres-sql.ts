/** SQL for others: each statement on a connection of its own, which ends with it, and with it all that it may have set. */
import { Socket } from "node:net";
import { Client, type FieldDef, Query, type QueryResult } from "pg";
import { type SqlAnswer, type SqlDriver, type SqlRequest, SqlRows, ToolError } from "../../core/index.ts";
import type { PostgresConfig } from "./config.ts";

/** How soon the server sees that nobody waits for a statement any more. */
const checkIntervalMs = 250;

/**
 * Roles that reach beyond the database: what a statement of theirs does to files and programs no transaction keeps from them. Who may become
 * one of them, or a superuser, is one: `RESET ROLE` and `SET ROLE` are statements like others. So is who may make roles: before PostgreSQL 16
 * that one can give itself any of these.
 */
const farReaching = ["pg_read_server_files", "pg_write_server_files", "pg_execute_server_program"];

/** A query with a table's values is in its midst: what a transaction is, nobody can change behind it. */
const settings = `SELECT set_config('statement_timeout', $1, true),
  (SELECT set_config(name, $2, true) FROM pg_settings WHERE name = 'client_connection_check_interval'),
  EXISTS (SELECT FROM pg_roles WHERE (rolname = ANY ($3) OR rolsuper OR rolcreaterole) AND pg_has_role(session_user, oid, 'MEMBER')) AS is_mighty,
  EXISTS (SELECT FROM pg_namespace n, pg_roles r WHERE n.nspname = $4 AND pg_has_role(session_user, r.oid, 'MEMBER')
    AND has_schema_privilege(r.oid, n.oid, 'USAGE')) AS sees_store,
  session_user::text AS role`;

interface Seen {
  readonly is_mighty: boolean;
  readonly sees_store: boolean;
  readonly role: string;
}

export class PostgresSql implements SqlDriver {
  readonly #config: PostgresConfig;

  constructor(config: PostgresConfig) {
    this.#config = config;
  }

  describe(table: string | undefined): Pick<SqlRequest, "sql" | "parameters"> {
    return {
      sql: `SELECT table_schema, table_name, column_name, data_type, is_nullable = 'YES' FROM information_schema.columns
        WHERE table_schema NOT IN ('pg_catalog', 'information_schema')
        AND ($1::text IS NULL OR table_name = $1 OR table_schema || '.' || table_name = $1)
        ORDER BY table_schema, table_name, ordinal_position`,
      parameters: [table ?? null],
    };
  }

  async query(request: Omit<SqlRequest, "id">, signal: AbortSignal): Promise<SqlAnswer> {
    signal.throwIfAborted();
    const { sqlUrl, connectTimeoutMs } = this.#config;
    const socket = new Socket();
    const client = new Client({
      connectionString: sqlUrl,
      connectionTimeoutMillis: connectTimeoutMs,
      application_name: "mofa sql",
      stream: () => socket,
    });
    // The query that is under way says so.
    client.on("error", () => {});
    const leave = () => socket.destroy();
    signal.addEventListener("abort", leave, { once: true });
    try {
      await client.connect();
      await client.query(
        request.mode === "read" ? "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY" : "BEGIN",
      );
      await this.#settle(client, request.timeoutMs);
      const rows = new SqlRows(request);
      const result = await run(client, request, rows);
      if (request.mode === "read") return rows.answer();
      rows.assertWhole();
      await client.query("COMMIT");
      return rows.answer(result?.rowCount ?? 0);
    } catch (error) {
      signal.throwIfAborted();
      if ((error as { readonly code?: unknown }).code === "57014")
        throw new ToolError("timeout", `the server has ended the statement: ${(error as Error).message}`, error);
      throw error;
    } finally {
      signal.removeEventListener("abort", leave);
      // Whatever is still under way there ends with it.
      socket.destroy();
    }
  }

  async #settle(client: Client, timeoutMs: number): Promise<void> {
    const { schema } = this.#config;
    const { rows } = await client.query<Seen>(settings, [`${timeoutMs}`, `${checkIntervalMs}`, farReaching, schema]);
    const { is_mighty, sees_store, role } = rows[0] as Seen; // it is one row
    if (is_mighty)
      throw new ToolError(
        "tool_denied",
        `the role ${role} of sqlUrl may read files of the server or run programs there, or become one that may: give it one that may not`,
      );
    if (sees_store)
      throw new ToolError(
        "tool_denied",
        `the role ${role} of sqlUrl may use the schema ${schema}, which has the store: give it one that may not`,
      );
  }
}

/** By the extended protocol, in which the server takes one statement, and values beside it. */
async function run(
  client: Client,
  { sql, parameters, maxBytes }: Omit<SqlRequest, "id">,
  rows: SqlRows,
): Promise<QueryResult | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<QueryResult | undefined>();
  const config = {
    text: sql,
    values: [...(parameters ?? [])],
    rowMode: "array" as const,
    queryMode: "extended",
    types: { getTypeParser: () => (text: string) => text },
  };
  const query = new Query(config);
  const take = (row: unknown, result: QueryResult | undefined) => {
    const fields = result?.fields ?? [];
    rows.columns = fields.map(({ name }) => name);
    try {
      const values = (row as readonly (string | null)[]).map((text, place) => valueOf(text, fields[place]));
      if (!rows.add(values)) resolve(undefined);
    } catch (error) {
      // Nobody else would catch it: it is an event of the socket's.
      reject(error);
    }
  };
  query.on("row", take);
  query.on("end", (result: QueryResult) => {
    rows.columns = (result.fields ?? []).map(({ name }) => name);
    resolve(result);
  });
  query.on("error", reject);
  let bytes = 0;
  // As it comes: a row is whole only when all of it has come.
  streamOf(client).on("data", (chunk: Uint8Array) => {
    bytes += chunk.length;
    if (bytes <= 4 * maxBytes + 65_536) return;
    rows.cut();
    resolve(undefined);
  });
  client.query(query);
  return await promise;
}

/** Behind TLS, where there is some. */
function streamOf(client: Client): NodeJS.ReadableStream {
  return (client as unknown as { readonly connection: { readonly stream: NodeJS.ReadableStream } }).connection.stream;
}

/** What JSON has a value for; all else is the server's text, its JSON too: numbers in it may be more than they can be here. */
function valueOf(text: string | null, field: FieldDef | undefined): unknown {
  if (text === null) return null;
  switch (field?.dataTypeID) {
    case 16:
      return text === "t";
    case 20:
      return BigInt(text);
    case 21:
    case 23:
    case 26:
    case 700:
    case 701:
      return Number(text);
    case 17:
      return text.startsWith("\\x") ? Buffer.from(text.slice(2), "hex") : text;
    default:
      return text;
  }
}
