/** The tools, as a model sees them. */
import { randomUUID } from "node:crypto";
import {
  defineTool,
  type JsonSchema,
  type PluginBus,
  type SqlAnswer,
  type SqlColumnRow,
  type SqlParameter,
  type SqlRequest,
  type Tool,
} from "../../core/index.ts";
import type { SqlToolsConfig } from "./config.ts";

interface Statement {
  readonly sql: string;
  readonly parameters?: readonly SqlParameter[];
}

const statement: JsonSchema = {
  type: "object",
  properties: {
    sql: {
      type: "string",
      minLength: 1,
      maxLength: 20_000,
      description: "One statement. Values stand in it as places of parameters, in the database's own way: ? or $1.",
    },
    parameters: {
      type: "array",
      maxItems: 1_000,
      items: { type: ["string", "number", "boolean", "null"] },
      description: "The values, in the order of their places.",
    },
  },
  required: ["sql"],
  additionalProperties: false,
};

const columnsMax = 5_000;

/** Behind the time of the statement itself, for its answer to come. */
const graceMs = 5_000;

/** @param over the capability */
export function sqlToolList(over: string, config: SqlToolsConfig, bus: PluginBus): readonly Tool[] {
  const { maxRows, maxBytes, timeoutMs } = config;
  const ask = async (call: "querySql" | "describeSql", given: object, signal: AbortSignal) => {
    const id = randomUUID();
    // What has ended meanwhile needs no end, and what cannot be told to has its own time.
    const leave = () => void bus.request(over, "cancelSql", id).catch(() => {});
    signal.addEventListener("abort", leave, { once: true });
    try {
      return (await bus.request(over, call, { id, ...given }, { timeoutMs: timeoutMs + graceMs })) as SqlAnswer;
    } finally {
      signal.removeEventListener("abort", leave);
    }
  };
  const bounds = { maxRows, maxBytes, timeoutMs };
  const run = (mode: SqlRequest["mode"]) => (given: Statement, call: { readonly signal: AbortSignal }) =>
    ask("querySql", { ...given, mode, ...bounds }, call.signal);
  const reading = [
    defineTool<Statement, unknown>({
      name: "query",
      description: `Asks the database by one statement of SQL that reads. At most ${maxRows} rows; isCut says that there were more.`,
      input: statement,
      isReadOnly: true,
      run: run("read"),
    }),
    defineTool<{ readonly table?: string }, unknown>({
      name: "describe_schema",
      description: "Lists the tables of the database with their columns, or one of them.",
      input: {
        type: "object",
        properties: { table: { type: "string", description: "Default: all." } },
        additionalProperties: false,
      },
      isReadOnly: true,
      async run({ table }, { signal }) {
        const asked = { maxRows: columnsMax, maxBytes, timeoutMs, ...(table !== undefined && { table }) };
        const { rows, isCut } = await ask("describeSql", asked, signal);
        return { tables: tablesOf(rows as unknown as readonly SqlColumnRow[]), isCut };
      },
    }),
  ];
  if (config.writes === "deny") return reading;
  return [
    ...reading,
    defineTool<Statement, unknown>({
      name: "execute",
      description: "Changes the database by one statement of SQL. It is kept as a whole, or not at all.",
      input: statement,
      needsApproval: true,
      run: run("write"),
    }),
  ];
}

function tablesOf(rows: readonly SqlColumnRow[]) {
  const tables = new Map<string, { readonly name: string; readonly columns: object[] }>();
  for (const [schema, table, column, type, isNullable] of rows) {
    const name = schema === null ? table : `${schema}.${table}`;
    const found = tables.get(name) ?? { name, columns: [] };
    tables.set(name, found);
    found.columns.push({ name: column, type, isNullable: Boolean(isNullable) });
  }
  return [...tables.values()];
}
