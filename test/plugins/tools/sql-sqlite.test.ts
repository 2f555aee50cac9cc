/** SQL over `storage-sqlite`, in a file beside the store. Not in every placement: statements run in processes of their own. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { storageOf, toolsOf } from "../../../index.ts";
import { storageSqlite } from "../../../plugins/storage-sqlite/index.ts";
import { sqlOverSqlite } from "../../fixtures/sql-plugins.ts";
import { runProgram } from "../../support/run-program.ts";
import { useSystem } from "../../support/use-system.ts";
import { describeSql, makeBaskets } from "./sql-cases.ts";

const folder = mkdtempSync(join(tmpdir(), "mofa-sql-"));
const [file, sqlFile] = [join(folder, "store.sqlite"), join(folder, "shop.sqlite")];

describeSql("SQLite", {
  storage: storageSqlite,
  tools: sqlOverSqlite,
  config: { file, sqlFile },
  async prepare() {
    using database = new DatabaseSync(sqlFile);
    database.exec(makeBaskets);
    database.exec("CREATE TABLE shop (id INTEGER NOT NULL, name TEXT NOT NULL, price REAL)");
    database.exec("INSERT INTO shop VALUES (1, 'apple', 2.5), (2, 'pear', NULL)");
  },
  async remove() {
    expect(existsSync(join(folder, "copy.sqlite"))).toBe(false);
    rmSync(folder, { recursive: true });
  },
  place: () => "?",
  endless: "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n",
  numbers: (to) => `WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < ${to}) SELECT x FROM n`,
  text: (length) => `printf('%.*c', ${length}, 'x')`,
  async underWay() {
    const { stdout } = await runProgram("pgrep", ["-c", "-P", String(process.pid), "-f", "sql-thread-entry"]);
    return Number(stdout);
  },
  refused: [
    ["a statement that writes", "INSERT INTO shop VALUES (3, 'plum', 1)", "tool_denied"],
    ["a table that is made", "CREATE TABLE other (id INTEGER)", "tool_denied"],
    ["a table in memory", "CREATE TEMP TABLE other (id INTEGER)", "tool_denied"],
    ["another file", `ATTACH '${file}' AS other`, "tool_denied"],
    ["a copy into a file", `VACUUM INTO '${join(folder, "copy.sqlite")}'`, "tool_failed"],
    ["a setting", "PRAGMA query_only = OFF", "tool_denied"],
    ["a setting by a table", "SELECT * FROM pragma_query_only", "tool_denied"],
    ["an extension", "SELECT load_extension('/tmp/x.so')", "tool_denied"],
    ["a transaction", "BEGIN", "tool_denied"],
    ["a second statement", "SELECT 1; SELECT 2", "tool_denied"],
    ["a value of 600 MB", "SELECT length(hex(zeroblob(300000000)))", "tool_failed"],
  ],
});

const system = useSystem({ clock: "system", threads: 1 });

test("what JSON has no value for is a text, as of the other databases, and bytes are base64", async () => {
  const own = mkdtempSync(join(tmpdir(), "mofa-sql-values-"));
  const config = { file: join(own, "store.sqlite"), sqlFile: join(own, "values.sqlite") };
  new DatabaseSync(config.sqlFile).close();
  const handle = await system().startPlugins([{ plugin: storageSqlite, config }, sqlOverSqlite]);
  try {
    const sql = "SELECT 9007199254740991, 9007199254740993, 9e999, 1.5, x'00ff', NULL, '{\"a\":1}'";
    const row = [9_007_199_254_740_991, "9007199254740993", "Infinity", 1.5, { base64: "AP8=" }, null, '{"a":1}'];
    expect(await toolsOf(system(), "tool-sql").call("query", { sql })).toMatchObject({ rows: [row] });
  } finally {
    system().exit(handle.ref, "shutdown");
    await handle.exit;
    rmSync(own, { recursive: true });
  }
});

test("the file of a store is refused", async () => {
  const own = join(tmpdir(), `mofa-sql-own-${process.pid}.sqlite`);
  const handle = await system().startPlugins([
    { plugin: storageSqlite, config: { file: own, sqlFile: own } },
    sqlOverSqlite,
  ]);
  try {
    await storageOf(system(), "storage-sqlite").put({ key: "secret", value: 1 });
    await expect(toolsOf(system(), "tool-sql").call("query", { sql: "SELECT * FROM entries" })).rejects.toMatchObject({
      code: "tool_denied",
    });
  } finally {
    system().exit(handle.ref, "shutdown");
    await handle.exit;
    for (const end of ["", "-wal", "-shm"]) rmSync(`${own}${end}`, { force: true });
  }
});

test("where no database is named, that is said", async () => {
  const own = join(tmpdir(), `mofa-sql-none-${process.pid}.sqlite`);
  const handle = await system().startPlugins([{ plugin: storageSqlite, config: { file: own } }, sqlOverSqlite]);
  try {
    await expect(toolsOf(system(), "tool-sql").call("query", { sql: "SELECT 1" })).rejects.toMatchObject({
      code: "tool_denied",
      message: "the configuration of storage-sqlite names no database for SQL",
    });
  } finally {
    system().exit(handle.ref, "shutdown");
    await handle.exit;
    for (const end of ["", "-wal", "-shm"]) rmSync(`${own}${end}`, { force: true });
  }
});

test("a statement of a program that is killed ends with it", async () => {
  const program = fileURLToPath(new URL("../../fixtures/programs/endless-sql.js", import.meta.url));
  const own = mkdtempSync(join(tmpdir(), "mofa-sql-killed-"));
  const found = await runProgram(process.execPath, [program, own], {
    onStdout: (_text, kill) => kill("SIGKILL"),
  });
  const pid = Number(found.stdout);
  expect([found.signal, pid > 0]).toEqual(["SIGKILL", true]);
  for (let look = 0; look < 200 && (await isThere(pid)); look++);
  expect(await isThere(pid)).toBe(false);
  rmSync(own, { recursive: true });
});

async function isThere(pid: number): Promise<boolean> {
  const { stdout } = await runProgram("ps", ["-ww", "-o", "stat=", "-o", "args=", "-p", String(pid)]);
  return stdout.includes("sql-thread-entry") && !stdout.startsWith("Z");
}
