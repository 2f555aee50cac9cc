/** A store whose package is not installed beside says which, and how it is got. Not in every placement: nothing starts. */
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { runProgram } from "../../support/run-program.ts";

const programs = new URL("../../fixtures/programs/", import.meta.url);
const [hide, start] = ["hide-package.js", "start-storage.js"].map((file) => fileURLToPath(new URL(file, programs)));

test.each([
  ["pg", "storagePostgres", { url: "postgres://root@127.0.0.1:1/none" }, /storage-postgres needs .*: npm install pg$/m],
  ["mysql2", "storageMysql", { url: "mysql://root@127.0.0.1:1/none" }, /storage-mysql needs .*: npm install mysql2$/m],
  [
    "sqlite3",
    "storageSqlite",
    { file: "/none/store.sqlite", driver: "sqlite3" },
    /storage-sqlite with driver "sqlite3" needs .*: npm install sqlite3, or leave driver out$/m,
  ],
])("without the package %s", async (name, plugin, config, message) => {
  const env = { ...process.env, HIDDEN_PACKAGE: name };
  const args = [`--import=${hide}`, `${start}`, plugin, JSON.stringify(config)];
  const { code, stdout } = await runProgram(process.execPath, args, { env });
  expect(stdout).toMatch(message);
  expect(code).toBe(0);
});
