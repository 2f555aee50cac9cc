/** Every key of every plugin's configuration has a look at what it does, and stands on its page. Not in every placement: no actor runs. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { isPlugin } from "../../index.ts";
import { packageRoot } from "../support/package-root.ts";
import { pluginFolders as folders, keyTables, pluginModule, schemasOf } from "./key-tables/index.ts";

test("the plugins are found, and schemas of most", async () => {
  const schemas = (await Promise.all(folders.map(schemasOf))).flat();
  expect(folders.length).toBeGreaterThanOrEqual(5);
  expect(schemas.length).toBeGreaterThanOrEqual(4);
  for (const [, { keys }] of schemas) expect(keys.length).toBeGreaterThan(0);
});

test("each schema has a table, and each key an entry in it, which the suite of differences runs", async () => {
  const tables = new Map(await keyTables());
  for (const folder of folders) {
    const schemas = await schemasOf(folder);
    const table = tables.get(folder);
    expect([folder, schemas.map(([, schema]) => schema)]).toEqual([folder, table === undefined ? [] : [table.schema]]);
    const keys = schemas.flatMap(([, schema]) => schema.keys);
    expect([folder, Object.keys(table?.keys ?? {}).sort()]).toEqual([folder, [...keys].sort()]);
  }
});

test.each(folders)("%s: its plugins have their configuration in config.ts, or none", async (folder) => {
  const schemas = (await schemasOf(folder)).map(([, schema]) => schema);
  const plugins = Object.values(await pluginModule(folder, "index.js")).filter(isPlugin);
  expect(schemas.length + plugins.length).toBeGreaterThan(0);
  // What configures itself in another way would not be seen above.
  for (const { options } of plugins)
    expect(options.configuration === undefined ? [] : [options.configuration.schema]).toEqual(schemas);
});

test.each(folders)("%s: its page names every key", async (folder) => {
  const pages = ["plugins/README.md", `plugins/${folder}/README.md`].map((page) => join(packageRoot, page));
  const text = pages
    .filter((page) => existsSync(page))
    .map((page) => readFileSync(page, "utf8"))
    .join("\n");
  const keys = (await schemasOf(folder)).flatMap(([, schema]) => schema.keys as readonly string[]);
  expect(keys.filter((key) => !text.includes(`\`${key}\``))).toEqual([]);
});
