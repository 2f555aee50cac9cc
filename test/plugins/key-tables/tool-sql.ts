/** What users see of each key of what `sqlTools` makes. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { toolsOf } from "../../../index.ts";
import { storageSqlite } from "../../../plugins/storage-sqlite/index.ts";
import { sqlToolsConfig } from "../../../plugins/tool-sql/config.ts";
import { sqlOverSqlite } from "../../fixtures/sql-plugins.ts";
import type { KeyDifference, KeyTable } from "./key-table.ts";
import { toolKeys } from "./tool-keys.ts";

const name = "tool-sql";
const folder = mkdtempSync(join(tmpdir(), "mofa-key-table-"));
const sqlFile = join(folder, "shop.sqlite");
const one = { tool: "query", arguments: { sql: "SELECT 1" } };
const numbers = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 500) SELECT x FROM n";

const withStore = (look: KeyDifference["look"]): KeyDifference["look"] =>
  async function withIts(run) {
    const config = { file: join(folder, "store.sqlite"), sqlFile };
    const store = await run.system.startPlugins([{ plugin: storageSqlite, config }]);
    try {
      return await look(run);
    } finally {
      // The plugin is stopped later, and needs no store for that.
      run.system.exit(store.ref, "shutdown");
      await store.exit;
    }
  };

const asked: KeyDifference["look"] = withStore(async (run) => {
  await run.start();
  return await run.call("callTool", { name: "query", arguments: { sql: numbers } });
});

export const table: KeyTable = {
  plugin: sqlOverSqlite,
  name,
  schema: sqlToolsConfig,
  base: {},
  async prepare() {
    using database = new DatabaseSync(sqlFile);
    database.exec("CREATE TABLE shop (id INTEGER)");
  },
  remove: async () => rmSync(folder, { recursive: true }),
  keys: {
    writes: {
      changed: "grant",
      look: withStore(async ({ start, system }) => {
        await start();
        return (await toolsOf(system, name).tools()).map((tool) => tool.name);
      }),
    },
    maxRows: { changed: 3, look: asked },
    maxBytes: { changed: 100, look: asked },
    ...Object.fromEntries(
      Object.entries(toolKeys({ name, call: one, slow: { ...one, timeoutMs: 5 } })).map(([key, { look, ...rest }]) => [
        key,
        { ...rest, look: withStore(look) },
      ]),
    ),
  },
};
