/** SQL over `storage-postgres`, in a database beside the store, by a role of its own. Not in every placement: the server is asked. */
import { expect, test } from "@jest/globals";
import { toolsOf } from "../../../index.ts";
import { storagePostgres } from "../../../plugins/storage-postgres/index.ts";
import { sqlOverPostgres } from "../../fixtures/sql-plugins.ts";
import { postgres } from "../../support/known-services.ts";
import { askPostgres } from "../../support/server-side.ts";
import { describeWith } from "../../support/service.ts";
import { TcpRelay } from "../../support/tcp-relay.ts";
import { useSystem } from "../../support/use-system.ts";
import { describeSql, makeBaskets, type SqlRows } from "./sql-cases.ts";

const own = `mofa_sql_${process.pid}`;
const database = Object.assign(new URL(postgres.url), { pathname: `/${own}` }).href;
const sqlUrl = Object.assign(new URL(database), { username: own, password: own }).href;
const ask = (text: string, at?: string) => askPostgres((client) => client.query(text), at);
const remove = async () => {
  await ask(`DROP DATABASE IF EXISTS ${own} WITH (FORCE)`);
  await ask(`DROP ROLE IF EXISTS ${own}`);
};

await describeWith(postgres, () => {
  describeSql("PostgreSQL", {
    storage: storagePostgres,
    tools: sqlOverPostgres,
    config: { url: database, sqlUrl },
    async prepare() {
      await remove();
      await ask(`CREATE DATABASE ${own}`);
      await ask(`CREATE ROLE ${own} LOGIN PASSWORD '${own}'`);
      await ask(
        `CREATE TABLE shop (id INTEGER NOT NULL, name TEXT NOT NULL, price DOUBLE PRECISION);
         INSERT INTO shop VALUES (1, 'apple', 2.5), (2, 'pear', NULL);
         ${makeBaskets}; CREATE TABLE hidden (id INTEGER); CREATE SEQUENCE tickets; GRANT ALL ON shop, baskets, tickets TO ${own}; GRANT CREATE ON SCHEMA public TO ${own}`,
        database,
      );
    },
    remove,
    place: (number) => `$${number}`,
    endless: "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT 1 FROM n) SELECT count(*) FROM n",
    numbers: (to) => `SELECT x FROM generate_series(1, ${to}) AS x`,
    text: (length) => `repeat('x', ${length})`,
    underWay: async () =>
      Number(
        (await ask(`SELECT count(*) FROM pg_stat_activity WHERE usename = '${own}' AND state = 'active'`)).rows[0]
          .count,
      ),
    refused: [
      ["a statement that writes", "INSERT INTO shop VALUES (3, 'plum', 1)", "tool_failed"],
      ["one that writes by a query", "WITH a AS (DELETE FROM shop RETURNING id) SELECT * FROM a", "tool_failed"],
      ["a table that is made", "CREATE TABLE other (id INTEGER)", "tool_failed"],
      ["a sequence that goes on", "SELECT nextval('tickets')", "tool_failed"],
      ["a table that the role may not read", "SELECT * FROM hidden", "tool_failed"],
      ["the store", "SELECT * FROM mofa.entries", "tool_failed"],
      ["a file of the server", "SELECT pg_read_file('/etc/passwd')", "tool_failed"],
      ["a folder of the server", "SELECT pg_ls_dir('/')", "tool_failed"],
      ["a program", "COPY shop TO PROGRAM 'cat'", "tool_failed"],
      ["a file that is written", "COPY shop TO '/tmp/mofa-shop'", "tool_failed"],
      ["a file that is read", "COPY shop FROM '/etc/passwd'", "tool_failed"],
      ["a large object of a file", "SELECT lo_import('/etc/passwd')", "tool_failed"],
      [
        "a transaction that writes after all",
        "DO $$ BEGIN PERFORM set_config('transaction_read_only', 'off', true); DELETE FROM shop; END $$",
        "tool_failed",
      ],
      ["a transaction that is ended within", "DO $$ BEGIN COMMIT; DELETE FROM shop; COMMIT; END $$", "tool_failed"],
      ["a second statement", "SELECT 1; DELETE FROM shop", "tool_failed"],
      ["a longer time", "SELECT set_config('statement_timeout', '0', false), pg_sleep('never')", "tool_failed"],
    ],
  });

  const system = useSystem({ clock: "system", threads: 1 });
  /** What a query gives, or fails with, by a role of no rights. */
  const answers = async (url: string, ...texts: string[]) => {
    const handle = await system().startPlugins([
      { plugin: storagePostgres, config: { url: database, sqlUrl: url } },
      sqlOverPostgres,
    ]);
    try {
      const found: unknown[] = [];
      for (const sql of texts)
        found.push(
          await toolsOf(system(), "tool-sql")
            .call("query", { sql })
            .then(
              (answer) => (answer as SqlRows).rows,
              ({ code, message }: { readonly code: unknown; readonly message: unknown }) => ({ code, message }),
            ),
        );
      return found;
    } finally {
      system().exit(handle.ref, "shutdown");
      await handle.exit;
    }
  };
  const make = async () => {
    await remove();
    await ask(`CREATE DATABASE ${own}`);
    await ask(`CREATE ROLE ${own} LOGIN PASSWORD '${own}'`);
  };

  test("JSON is the server's text, whatever stands in it", async () => {
    await make();
    const depth = 5_000;
    const deep = `SELECT (repeat('[', ${depth}) || repeat(']', ${depth}))::json`;
    const large = `SELECT '{"a":12345678901234567890}'::json, '[1, 1e400]'::jsonb, 'null'::jsonb`;
    const [nested, numbers] = await answers(sqlUrl, deep, large);
    await remove();
    expect(nested).toEqual([["[".repeat(depth) + "]".repeat(depth)]]);
    expect(numbers).toEqual([['{"a":12345678901234567890}', `[1, 1${"0".repeat(400)}]`, "null"]]);
  });

  test("an answer that cannot be read fails its query alone", async () => {
    await make();
    await using relay = await TcpRelay.open(sqlUrl);
    relay.rewrite((text) => text.replace("1234567890123", "12345678901x3"));
    const [broken, next] = await answers(relay.url, "SELECT 1234567890123::bigint", "SELECT 1");
    await remove();
    expect(broken).toEqual({ code: "tool_failed", message: expect.stringContaining("12345678901x3") });
    expect(next).toEqual([[1]]);
  });

  const [far, near] = ["may read files of the server", "may use the schema mofa"];

  test.each([
    [far, "is a member of one", `GRANT pg_read_server_files TO ${own}`],
    [far, "is a member of a superuser", `ALTER ROLE ${own}_keeper SUPERUSER`],
    [far, "may make roles", `ALTER ROLE ${own} CREATEROLE`],
    [
      far,
      "is a superuser that begins as another",
      `ALTER ROLE ${own} SUPERUSER; ALTER ROLE ${own} SET role TO ${own}_keeper`,
    ],
    [near, "is a member of one that sees the store", `GRANT USAGE ON SCHEMA mofa TO ${own}_keeper`],
    [
      near,
      "sees the store and begins as another",
      `GRANT USAGE ON SCHEMA mofa TO ${own}; ALTER ROLE ${own} SET role TO ${own}_keeper`,
    ],
  ])("a role that %s once it has become another is refused: it %s", async (message, _what, grant) => {
    await remove();
    await ask(`CREATE DATABASE ${own}`);
    await ask(`DROP ROLE IF EXISTS ${own}_keeper`);
    await ask(`CREATE ROLE ${own} LOGIN PASSWORD '${own}' NOINHERIT`);
    await ask(`CREATE ROLE ${own}_keeper; GRANT ${own}_keeper TO ${own}; CREATE SCHEMA mofa; ${grant}`, database);
    const handle = await system().startPlugins([
      { plugin: storagePostgres, config: { url: database, sqlUrl } },
      sqlOverPostgres,
    ]);
    try {
      await expect(toolsOf(system(), "tool-sql").call("query", { sql: "SELECT 1" })).rejects.toMatchObject({
        code: "tool_denied",
        message: expect.stringContaining(message) as unknown,
      });
    } finally {
      system().exit(handle.ref, "shutdown");
      await handle.exit;
      await remove();
      await ask(`DROP ROLE IF EXISTS ${own}_keeper`);
    }
  });

  test.each([
    ["one that may read files", postgres.url, "may read files of the server or run programs there"],
    ["one that sees the store", sqlUrl, "may use the schema mofa, which has the store"],
  ])("a role of too many rights is refused: %s", async (_what, url, message) => {
    await remove();
    await ask(`CREATE DATABASE ${own}`);
    await ask(`CREATE ROLE ${own} LOGIN PASSWORD '${own}'`);
    await ask(`CREATE SCHEMA mofa; GRANT USAGE ON SCHEMA mofa TO ${own}`, database);
    const handle = await system().startPlugins([
      { plugin: storagePostgres, config: { url: database, sqlUrl: url } },
      sqlOverPostgres,
    ]);
    try {
      await expect(toolsOf(system(), "tool-sql").call("query", { sql: "SELECT 1" })).rejects.toMatchObject({
        code: "tool_denied",
        message: expect.stringContaining(message) as unknown,
      });
    } finally {
      system().exit(handle.ref, "shutdown");
      await handle.exit;
      await remove();
    }
  });
});
