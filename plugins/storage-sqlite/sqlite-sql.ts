/** SQL for others, in a file of the program's own: each statement in a process, which is killed where the statement is to end. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type SqlAnswer, type SqlDriver, type SqlRequest, SqlRows, ToolError } from "../../core/index.ts";
import type { SqliteConfig } from "./config.ts";
import { keepWord, type SqlAsked, type SqlTold } from "./sql-process.ts";

const entry = fileURLToPath(new URL("./sql-thread-entry.js", import.meta.url));

/** Of the process: what it holds beside SQLite's own memory. */
const flags = ["--max-old-space-size=128", "--no-warnings"];

export class SqliteSql implements SqlDriver {
  readonly #config: SqliteConfig;

  constructor(config: SqliteConfig) {
    this.#config = config;
  }

  describe(table: string | undefined): Pick<SqlRequest, "sql" | "parameters"> {
    return {
      sql: `SELECT NULL, m.name, p.name, p.type, p."notnull" = 0 FROM sqlite_schema m JOIN pragma_table_info(m.name) p
        WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND (?1 IS NULL OR m.name = ?1)
        ORDER BY m.name, p.cid`,
      parameters: [table ?? null],
    };
  }

  async query(request: Omit<SqlRequest, "id">, signal: AbortSignal): Promise<SqlAnswer> {
    signal.throwIfAborted();
    const { sqlFile, busyTimeoutMs } = this.#config;
    const { timeoutMs: _timeoutMs, parameters = [], ...rest } = request;
    const asked: SqlAsked = { ...rest, parameters, file: sqlFile, busyTimeoutMs };
    // Of the environment nothing: a preload of the program's is none of it.
    const child = spawn(process.execPath, [...flags, entry], { stdio: ["pipe", "pipe", "ignore"], env: {} });
    const leave = () => child.kill("SIGKILL");
    signal.addEventListener("abort", leave, { once: true });
    const failed = new Promise<never>((_resolve, reject) => child.once("error", reject));
    // One that ends before it has read what it is asked says so by having no answer.
    child.stdin.on("error", () => {});
    child.stdin.write(`${JSON.stringify(asked)}\n`);
    try {
      const keep = () => child.stdin.write(`${keepWord}\n`);
      return await Promise.race([failed, answerOf(createInterface({ input: child.stdout }), request, keep)]);
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener("abort", leave);
      child.kill("SIGKILL");
    }
  }
}

/** @param keep lets what was written be committed */
async function answerOf(
  lines: AsyncIterable<string>,
  request: Omit<SqlRequest, "id">,
  keep: () => void,
): Promise<SqlAnswer> {
  const rows = new SqlRows(request);
  const isReading = request.mode === "read";
  for await (const line of lines) {
    const told = JSON.parse(line) as SqlTold;
    switch (told.type) {
      case "columns":
        rows.columns = told.columns;
        break;
      case "row":
        if (!rows.add(told.row) && isReading) return rows.answer();
        break;
      case "cut":
        rows.cut();
        break;
      case "whole":
        rows.assertWhole();
        keep();
        break;
      case "end":
        return isReading ? rows.answer() : rows.answer(told.changed);
      case "denied":
        throw new ToolError("tool_denied", told.message);
      case "error":
        throw /not authorized|prohibited/.test(told.message)
          ? new ToolError(
              "tool_denied",
              `${told.message}: only what reads, and no PRAGMA, ATTACH or transaction of its own`,
            )
          : new ToolError("tool_failed", told.message);
    }
  }
  throw new ToolError("tool_failed", "the process that ran the statement ended: it may have had too little memory");
}
