/**
 * The contract of SQL: one statement in a database of the program's own, beside what a store keeps. A storage plugin over such a database
 * provides it by its own name, where its configuration says which database that is.
 */
export const sqlVersion = "0.1.0";

export type SqlParameter = string | number | boolean | null;

export interface SqlRequest {
  /** The caller's own, by which it can be given up: nobody else's at the same time. */
  readonly id: string;
  /** One statement. What is a value stands in it as a place of a parameter, as the database writes these: `?`, or `$1`. */
  readonly sql: string;
  /** In the order of their places. Default none. */
  readonly parameters?: readonly SqlParameter[];
  /** `read`: in a transaction that the database itself keeps from writing. `write`: in one that is kept when the statement has gone well. */
  readonly mode: "read" | "write";
  /** Rows that are given at most; the statement is ended there. */
  readonly maxRows: number;
  /** Of the rows as JSON, at most. */
  readonly maxBytes: number;
  /** Then the statement is ended in the database itself. */
  readonly timeoutMs: number;
}

export interface SqlAnswer {
  readonly columns: readonly string[];
  /** In the order of the columns. What JSON has no value for is a text; bytes are `{ base64 }`. */
  readonly rows: readonly (readonly unknown[])[];
  /** There were more. */
  readonly isCut: boolean;
  /** Rows that a statement has written. */
  readonly changed?: number;
}

/** Of each column that can be read: schema (or null), table, column, type, and whether it may be null. */
export type SqlColumnRow = readonly [
  schema: string | null,
  table: string,
  column: string,
  type: string,
  isNullable: boolean,
];

/**
 * The calls of the capability. They fail with `tool_denied` (what may not be), `tool_failed` (what the database says), `tool_limit`
 * (a bound) and `timeout`.
 */
export interface SqlCalls {
  querySql(request: SqlRequest): SqlAnswer;
  /** As a query whose rows are `SqlColumnRow`s, and which has no statement of its own. `table`: of that one alone, with its schema (`shop.orders`) or without. */
  describeSql(request: Omit<SqlRequest, "sql" | "parameters" | "mode"> & { readonly table?: string }): SqlAnswer;
  /** False: it has ended, or was never asked for. */
  cancelSql(id: string): boolean;
}

/** How a database is asked. */
export interface SqlDriver {
  /** Asks for its `SqlColumnRow`s, in the order of schema, table and place: of one table, or of all. */
  describe(table: string | undefined): Pick<SqlRequest, "sql" | "parameters">;
  /** @param signal aborted when the statement is to end, also in the database: its reason is what it then fails with. */
  query(request: Omit<SqlRequest, "id">, signal: AbortSignal): Promise<SqlAnswer>;
}
