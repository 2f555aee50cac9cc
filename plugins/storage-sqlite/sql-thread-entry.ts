/**
 * The program that runs one statement of SQL. SQLite holds its thread until the statement has come to an end, and nothing in Node ends it
 * before that: so it has a thread, and that has a process, which is killed. It ends also with whoever has started it, whose end of its
 * input is closed then.
 */

import { createInterface } from "node:readline";
import { constants, DatabaseSync } from "node:sqlite";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { keepWord, type SqlAsked, type SqlTold } from "./sql-process.ts";

/** Of one value: what a function makes of little may be large. */
const valueBytesMax = 67_108_864;

const mofaId = 0x6d6f6661;

/** What may be read of a database's own tables; all others could set something. */
const pragmas = [
  "table_info",
  "table_xinfo",
  "table_list",
  "index_list",
  "index_info",
  "index_xinfo",
  "foreign_key_list",
];
const functionsDenied = [
  "load_extension",
  "fts3_tokenizer",
  "sqlite_rename_column",
  "sqlite_rename_table",
  "sqlite_rename_test",
];

interface Work {
  readonly asked: SqlAsked;
  /** 1 when what was written is to be kept. */
  readonly word: Int32Array;
}

if (isMainThread) {
  const word = new Int32Array(new SharedArrayBuffer(4));
  createInterface({ input: process.stdin })
    .on("line", (line) => {
      if (line === keepWord) {
        Atomics.store(word, 0, 1);
        Atomics.notify(word, 0);
      } else begin({ asked: JSON.parse(line) as SqlAsked, word });
    })
    .on("close", () => process.kill(process.pid, "SIGKILL"));
} else {
  run(workerData as Work);
}

function begin(work: Work): void {
  const say = (told: SqlTold) => process.stdout.write(`${JSON.stringify(told)}\n`);
  const worker = new Worker(new URL(import.meta.url), { workerData: work });
  worker.on("message", say);
  worker.on("error", (error: Error) => say({ type: "error", message: error.message }));
}

/** Not in the types of Node yet. */
type Limited = DatabaseSync & { readonly limits: { length: number } };

function tell(told: SqlTold): void {
  parentPort?.postMessage(told);
}

function run({ asked, word }: Work): void {
  const { file, sql, parameters, mode, maxRows, maxBytes, busyTimeoutMs } = asked;
  try {
    const isReading = mode === "read";
    const database = new DatabaseSync(file, { readOnly: isReading, timeout: busyTimeoutMs });
    if (Number(database.prepare("PRAGMA application_id").get()?.["application_id"]) === mofaId)
      return tell({ type: "denied", message: "the file of sqlFile is a store: name a database of the program's own" });
    // A file that somebody else has made may have views and triggers with functions of their own choice.
    database.exec("PRAGMA trusted_schema = OFF");
    const { setAuthorizer, limits } = database as Partial<Limited>;
    if (setAuthorizer === undefined || limits === undefined)
      return tell({ type: "denied", message: `SQL over a file needs Node 26, and this is ${process.version}` });
    limits.length = valueBytesMax;
    // Also for reading: as of one moment, and what a transaction keeps from being done is not done.
    database.exec(isReading ? "PRAGMA query_only = ON; BEGIN" : "BEGIN IMMEDIATE");
    database.setAuthorizer((action, first, second) =>
      isAllowed(action, first, second, isReading) ? constants.SQLITE_OK : constants.SQLITE_DENY,
    );
    const statement = database.prepare(sql);
    const rest = sql.slice(statement.sourceSQL.length);
    if (/[^\s;]/.test(rest.replaceAll(/--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g, "")))
      return tell({ type: "denied", message: "it takes one statement: leave out what stands behind the first" });
    statement.setReturnArrays(true);
    statement.setReadBigInts(true);
    tell({ type: "columns", columns: statement.columns().map(({ name }) => name) });
    let [rows, bytes] = [0, 0];
    for (const row of statement.iterate(...parameters.map((one) => (typeof one === "boolean" ? Number(one) : one)))) {
      const values = row as unknown as unknown[];
      bytes += values.reduce<number>((sum, value) => sum + leastBytesOf(value), 0);
      // The other side counts for itself, and more: this keeps what it does not take from filling the memory here.
      if (bytes > maxBytes) {
        tell({ type: "cut" });
        break;
      }
      tell({ type: "row", row: values.map(plainOf) });
      if (++rows > maxRows) break;
    }
    if (isReading) return tell({ type: "end", changed: 0 });
    database.setAuthorizer(null);
    const changed = Number(database.prepare("SELECT changes()").get()?.["changes()"]);
    tell({ type: "whole" });
    // Without it the process is killed, and nothing is kept.
    Atomics.wait(word, 0, 0);
    database.exec("COMMIT");
    tell({ type: "end", changed });
  } catch (error) {
    tell({ type: "error", message: (error as Error).message });
  }
}

function isAllowed(action: number, first: string | null, second: string | null, isReading: boolean): boolean {
  switch (action) {
    case constants.SQLITE_SELECT:
    case constants.SQLITE_READ:
    case constants.SQLITE_RECURSIVE:
      return true;
    case constants.SQLITE_FUNCTION:
      return !functionsDenied.includes((second ?? "").toLowerCase());
    case constants.SQLITE_PRAGMA:
      return pragmas.includes((first ?? "").toLowerCase());
    case constants.SQLITE_ATTACH:
    case constants.SQLITE_DETACH:
    case constants.SQLITE_TRANSACTION:
    case constants.SQLITE_SAVEPOINT:
    case constants.SQLITE_CREATE_VTABLE:
    case constants.SQLITE_DROP_VTABLE:
      return false;
    default:
      return !isReading;
  }
}

/** Of its JSON: never more than that has. */
function leastBytesOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  return value instanceof Uint8Array ? value.length : 1;
}

/** As JSON has it; the other side makes of it what a caller gets. */
function plainOf(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString("base64") };
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}
