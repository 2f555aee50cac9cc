/** SQL over `storage-mysql`, in a database beside the store, by a user of its own. Not in every placement: the server is asked. */
import { expect, test } from "@jest/globals";
import type { RowDataPacket } from "mysql2/promise";
import { toolsOf } from "../../../index.ts";
import { storageMysql } from "../../../plugins/storage-mysql/index.ts";
import { MysqlSql } from "../../../plugins/storage-mysql/mysql-sql.ts";
import { sqlOverMysql } from "../../fixtures/sql-plugins.ts";
import { mysql } from "../../support/known-services.ts";
import { askMysql } from "../../support/server-side.ts";
import { describeWith } from "../../support/service.ts";
import { TcpRelay } from "../../support/tcp-relay.ts";
import { useSystem } from "../../support/use-system.ts";
import { describeSql, makeBaskets } from "./sql-cases.ts";

const own = `mofa_sql_${process.pid}`;
const store = `${own}_store`;
const at = (name: string) => Object.assign(new URL(mysql.url), { pathname: `/${name}` }).href;
const sqlUrl = Object.assign(new URL(at(own)), { username: own, password: own }).href;
const ask = async (...texts: string[]) => {
  for (const text of texts) await askMysql((connection) => connection.query(text));
};
/** MariaDB's; to MySQL it is no statement. */
const block = "BEGIN NOT ATOMIC COMMIT; START TRANSACTION READ WRITE; DELETE FROM shop; COMMIT; END";
const remove = () =>
  ask(
    `DROP DATABASE IF EXISTS ${own}`,
    `DROP DATABASE IF EXISTS ${store}`,
    `DROP USER IF EXISTS '${own}'@'%'`,
    `DROP ROLE IF EXISTS ${own}_reader`,
  );
const make = async () => {
  await remove();
  await ask(
    `CREATE DATABASE ${own}`,
    `CREATE DATABASE ${store}`,
    `CREATE USER '${own}'@'%' IDENTIFIED BY '${own}'`,
    `GRANT ALL ON ${own}.* TO '${own}'@'%'`,
  );
};
/** Statements of its user that the server has at work. */
const underWay = () =>
  askMysql(async (connection) => {
    const text = "SELECT COUNT(*) AS count FROM information_schema.processlist WHERE user = ? AND command <> 'Sleep'";
    const [rows] = await connection.query<RowDataPacket[]>(text, [own]);
    return Number(rows[0]?.["count"]);
  });

await describeWith(mysql, () => {
  describeSql("MySQL or MariaDB", {
    storage: storageMysql,
    tools: sqlOverMysql,
    config: { url: at(store), sqlUrl },
    async prepare() {
      await make();
      await ask(
        makeBaskets.replace("baskets", `${own}.baskets`),
        `CREATE TABLE ${own}.shop (id INTEGER NOT NULL, name TEXT NOT NULL, price DOUBLE)`,
        `INSERT INTO ${own}.shop VALUES (1, 'apple', 2.5), (2, 'pear', NULL)`,
        `CREATE PROCEDURE ${own}.empty_shop() BEGIN COMMIT; DELETE FROM shop; COMMIT; END`,
        `CREATE PROCEDURE ${own}.empty_anew() BEGIN COMMIT; START TRANSACTION READ WRITE; DELETE FROM shop; COMMIT; END`,
        `CREATE FUNCTION ${own}.take_apples() RETURNS INTEGER MODIFIES SQL DATA BEGIN DELETE FROM shop; RETURN 1; END`,
      );
    },
    remove,
    place: () => "?",
    endless: "SELECT BENCHMARK(1000000000000, MD5('x'))",
    numbers: (to) =>
      `SELECT x FROM (SELECT ${[1_000_000, 100_000, 10_000, 1_000, 100, 10].map((unit, place) => `(d${place}.d * ${unit})`).join(" + ")} + d6.d + 1 AS x FROM ${Array.from({ length: 7 }, (_, place) => `(SELECT 0 d${[1, 2, 3, 4, 5, 6, 7, 8, 9].map((digit) => ` UNION ALL SELECT ${digit}`).join("")}) d${place}`).join(" CROSS JOIN ")}) n WHERE x <= ${to}`,
    text: (length) => (length > 1_000_000 ? `REPEAT(REPEAT('x', 1000000), 15)` : `REPEAT('x', ${length})`),
    underWay,
    refused: [
      ["a statement that writes", "INSERT INTO shop VALUES (3, 'plum', 1)", "tool_denied"],
      ["one behind a comment", "/* for reading */ -- or so\n# really\n DELETE FROM shop", "tool_denied"],
      ["one in a comment that is run", "/*!50000 DELETE FROM shop */", "tool_denied"],
      ["one in a comment that MariaDB runs", "/*M!100000 DELETE FROM shop */", "tool_denied"],
      ["one behind a comment that is run", "SELECT 1 /*! INTO OUTFILE '/tmp/mofa-shop' */", "tool_denied"],
      ["a table that is made", "CREATE TABLE other (id INTEGER)", "tool_denied"],
      ["a table that is taken away", "DROP TABLE shop", "tool_denied"],
      ["a block that begins a transaction of its own", block, "tool_denied"],
      ["the same in brackets", "((BEGIN NOT ATOMIC COMMIT; DELETE FROM shop; END))", "tool_denied"],
      ["a block whose name begins as a query", `SELECT_x: ${block}`, "tool_denied"],
      ["one behind what may be a comment", `--\x01 SELECT\n${block}`, "tool_denied"],
      ["a procedure that begins another transaction", "CALL empty_anew()", "tool_denied"],
      ["a setting for one statement", "SET STATEMENT tx_read_only = 0 FOR DELETE FROM shop", "tool_denied"],
      ["an explanation of a function that writes", "EXPLAIN SELECT (SELECT take_apples())", "tool_failed"],
      ["a list that asks one", "SHOW TABLES WHERE take_apples()", "tool_failed"],
      ["nothing", " -- nothing\n", "tool_denied"],
      ["a transaction", "START TRANSACTION READ WRITE", "tool_denied"],
      ["a setting of the session", "SET SESSION TRANSACTION READ WRITE", "tool_denied"],
      ["a statement made of a text", "EXECUTE IMMEDIATE 'DELETE FROM shop'", "tool_denied"],
      ["a function that writes", "SELECT take_apples()", "tool_failed"],
      ["one that explains itself by being run", "ANALYZE DELETE FROM shop", "tool_denied"],
      ["a query that locks", "SELECT * FROM shop FOR UPDATE INTO @x", "tool_failed"],
      ["the store", `SELECT * FROM ${store}.mofa_entries`, "tool_failed"],
      ["a file of the server that is written", "SELECT 1 INTO OUTFILE '/tmp/mofa-shop'", "tool_failed"],
      ["a file of the server that is read", "LOAD DATA INFILE '/etc/passwd' INTO TABLE shop", "tool_denied"],
      ["a file of this machine", "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE shop", "tool_denied"],
      ["a procedure that ends the transaction and writes", "CALL empty_shop()", "tool_denied"],
      ["a setting of the server", "SET GLOBAL max_connections = 1", "tool_denied"],
      ["a second statement", "SELECT 1; DELETE FROM shop", "tool_failed"],
    ],
  });

  const system = useSystem({ clock: "system", threads: 1 });
  const first = async (config: object, sql = "SELECT LOAD_FILE('/etc/passwd')") => {
    const handle = await system().startPlugins([{ plugin: storageMysql, config: { ...config } }, sqlOverMysql]);
    try {
      return await toolsOf(system(), "tool-sql")
        .call("query", { sql })
        .catch(({ code, message }: { readonly code: unknown; readonly message: unknown }) => ({ code, message }));
    } finally {
      system().exit(handle.ref, "shutdown");
      await handle.exit;
      await remove();
    }
  };

  test.each([
    ["one that may read files", () => ({ url: at(store), sqlUrl: at(own) }), "may read files or rule the server"],
    ["one that sees the store", () => ({ url: at(own), sqlUrl }), "sees the tables mofa_... of the store"],
  ])("a user of too many rights is refused: %s", async (_what, config, message) => {
    await make();
    expect(await first(config())).toMatchObject({ code: "tool_denied", message: expect.stringContaining(message) });
  });

  test("one that has roles is refused, whatever they may do", async () => {
    await make();
    await ask(`CREATE ROLE ${own}_reader`, `GRANT FILE ON *.* TO ${own}_reader`, `GRANT ${own}_reader TO '${own}'@'%'`);
    expect(await first({ url: at(store), sqlUrl })).toMatchObject({
      code: "tool_denied",
      message: expect.stringContaining("has roles, which it could take") as unknown,
    });
  });

  test("without the right to files one reads as null", async () => {
    await make();
    expect(await first({ url: at(store), sqlUrl })).toMatchObject({ rows: [[null]] });
  });

  test.each([
    "select(1)",
    " ( -- a\n ( /* b */ SELECT 1 ) )",
    "--\r\n#\n/**/SELECT/**/1",
    "WITH a AS (SELECT 1) SELECT * FROM a",
    "EXPLAIN SELECT 1",
    "SHOW DATABASES",
    "describe information_schema.tables table_name",
  ])("what reads is done: %j", async (sql) => {
    await make();
    expect(await first({ url: at(store), sqlUrl }, sql)).toHaveProperty("columns");
  });

  test("what is refused learns how it begins, how it may, and where else it may go", async () => {
    await make();
    expect(await first({ url: at(store), sqlUrl }, "/* SELECT */ Begin NOT ATOMIC COMMIT; END")).toEqual({
      code: "tool_denied",
      message: expect.stringMatching(/begins with SELECT, WITH, .* got "Begin": .* for writing \(execute\)$/),
    });
  });

  test("a geometry is bytes, and JSON is the server's text", async () => {
    await make();
    const sql = "SELECT ST_GeomFromText('POINT(1 2)'), JSON_ARRAY(12345678901234567890)";
    const point = "AAAAAAEBAAAAAAAAAAAA8D8AAAAAAAAAQA==";
    expect(await first({ url: at(store), sqlUrl }, sql)).toMatchObject({
      rows: [[{ base64: point }, "[12345678901234567890]"]],
    });
  });

  test("a server that does not answer when a statement is to be ended holds nobody", async () => {
    await make();
    await using relay = await TcpRelay.open(sqlUrl);
    const times = { connectTimeoutMs: 5_000, lockTimeoutS: 30, silenceTimeoutMs: 0 };
    const driver = new MysqlSql({ url: at(store), sqlUrl: relay.url, tablePrefix: "mofa_", poolSize: 1, ...times });
    const silent = relay.silenceAt("KILL", "before");
    const controller = new AbortController();
    const request = { sql: "SELECT SLEEP(60)", mode: "read", maxRows: 1, maxBytes: 100, timeoutMs: 1_000 } as const;
    const call = driver.query(request, controller.signal);
    while ((await underWay()) === 0);
    controller.abort(new Error("given up"));
    await silent;
    await expect(call).rejects.toThrow("given up");
    await remove();
  });
});
