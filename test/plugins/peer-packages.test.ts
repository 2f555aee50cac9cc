/** What plugins need beside the package stands in its package.json. Not in every placement: nothing starts. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { pluginFacts } from "../../core/index.ts";
import { isPlugin } from "../../index.ts";
import { everything } from "../fixtures/mcp-plugins.ts";
import { routed } from "../fixtures/routed-models.ts";
import { packageRoot } from "../support/package-root.ts";
import { pluginFolders, pluginModule } from "./key-tables/index.ts";

test("what the plugins say that they need are the optional peers of the package", async () => {
  const { peerDependencies, peerDependenciesMeta } = JSON.parse(
    readFileSync(join(packageRoot, "package.json"), "utf8"),
  ) as Record<string, Record<string, unknown>>;
  const modules = await Promise.all(pluginFolders.map((folder) => pluginModule(folder, "index.js")));
  // Those are made by whoever uses them.
  const made = [routed, everything];
  const plugins = [...modules.flatMap((module) => Object.values(module)).filter(isPlugin), ...made];
  const needed = [
    ...plugins.flatMap((plugin) => pluginFacts(plugin).packages),
    // By the command `mofa mcp-serve`.
    { name: "@modelcontextprotocol/server", version: "2.4.0" },
  ];
  expect(Object.fromEntries(needed.map(({ name, version }) => [name, `^${version}`]))).toEqual(peerDependencies);
  expect(peerDependenciesMeta).toEqual(Object.fromEntries(needed.map(({ name }) => [name, { optional: true }])));
});
