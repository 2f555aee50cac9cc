/** The calls of the contract of SQL over a driver: checked, each with its time, and given up by whoever has asked. */
import { byDeadline } from "../clock.ts";
import { describe, errorData, RuntimeError } from "../errors.ts";
import { assertKeys } from "../known-keys.ts";
import { checkedCount, wrong } from "./checked-values.ts";
import type { SqlAnswer, SqlDriver, SqlParameter, SqlRequest } from "./sql.ts";
import { ToolError } from "./tool-failure.ts";

/** Statements of one plugin that may be under way. */
const runningMax = 1_000;

export class SqlStatements {
  readonly #name: string;
  readonly #driver: SqlDriver | undefined;
  readonly #running = new Map<string, AbortController>();
  readonly #ended: Set<Promise<unknown>> = new Set();

  /** @param driver undefined: no database is named */
  constructor(name: string, driver: SqlDriver | undefined) {
    this.#name = name;
    this.#driver = driver;
  }

  query(given: unknown): Promise<SqlAnswer> {
    return this.#run(checkedRequest("querySql", given));
  }

  describe(given: unknown): Promise<SqlAnswer> {
    assertKeys("describeSql", given, ["id", "maxRows", "maxBytes", "timeoutMs", "table"]);
    const { table, ...rest } = given as { readonly table?: unknown };
    if (table !== undefined && typeof table !== "string") throw wrong("describeSql", "table is a name", table);
    const asked = this.#driver?.describe(table) ?? { sql: "" };
    return this.#run(checkedRequest("describeSql", { ...rest, ...asked, mode: "read" }));
  }

  cancel(id: unknown): boolean {
    if (typeof id !== "string") throw wrong("cancelSql", "it takes the id of a statement", id);
    const running = this.#running.get(id);
    running?.abort(new ToolError("cancelled", "the statement was given up"));
    return running !== undefined;
  }

  /** Ends what is under way. Resolves when nothing is any more. */
  async end(): Promise<void> {
    for (const running of this.#running.values()) running.abort(new ToolError("shutdown", `${this.#name} has ended`));
    await Promise.allSettled(this.#ended);
  }

  async #run({ id, ...request }: SqlRequest): Promise<SqlAnswer> {
    const driver = this.#driver;
    if (driver === undefined)
      throw new ToolError("tool_denied", `the configuration of ${this.#name} names no database for SQL`);
    if (this.#running.size >= runningMax)
      throw new RuntimeError("queue_full", `${runningMax} statements are under way already: ask again later`);
    if (this.#running.has(id)) throw wrong("querySql", "no other statement has its id", id);
    const controller = new AbortController();
    this.#running.set(id, controller);
    const { timeoutMs } = request;
    const over = byDeadline(timeoutMs, () =>
      controller.abort(
        new ToolError("timeout", `the statement had no end within its time limit (${timeoutMs} ms): ask for less`),
      ),
    );
    const running = driver.query(request, controller.signal);
    this.#ended.add(running);
    try {
      return await running;
    } catch (error) {
      controller.signal.throwIfAborted();
      if (error instanceof RuntimeError) throw error;
      throw new ToolError("tool_failed", errorData(error).message, error);
    } finally {
      over();
      this.#running.delete(id);
      this.#ended.delete(running);
    }
  }
}

function checkedRequest(where: string, given: unknown): SqlRequest {
  assertKeys(where, given, ["id", "sql", "parameters", "mode", "maxRows", "maxBytes", "timeoutMs"]);
  const { id, sql, parameters = [], mode, ...counts } = given as Readonly<Record<string, unknown>>;
  if (typeof id !== "string" || id === "") throw wrong(where, "id is a text", id);
  if (typeof sql !== "string" || sql.includes("\0")) throw wrong(where, "sql is the text of one statement", sql);
  if (mode !== "read" && mode !== "write") throw wrong(where, "mode is read or write", mode);
  if (!Array.isArray(parameters) || !parameters.every(isParameter))
    throw new RuntimeError(
      "bad_argument",
      `${where}: parameters are a list of texts, numbers, true, false and null, got ${describe(parameters)}`,
    );
  const [maxRows, maxBytes, timeoutMs] = (["maxRows", "maxBytes", "timeoutMs"] as const).map((key) => {
    const count = checkedCount(counts[key], where, key);
    if (count < 1 || count > 2 ** 31 - 1) throw wrong(where, `${key} is a whole number from 1 to 2147483647`, count);
    return count;
  }) as [number, number, number];
  return { id, sql, parameters: parameters as SqlParameter[], mode, maxRows, maxBytes, timeoutMs };
}

function isParameter(value: unknown): boolean {
  return value === null || typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);
}
