/** Every plugin's configuration has its tests, key by key, and stands on its page. Not in every placement: no actor runs. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "@jest/globals";
import type { ConfigSchema } from "../../core/index.ts";
import { isPlugin } from "../../index.ts";
import { packageRoot } from "../support/package-root.ts";
import { readSources } from "../support/sources.ts";

const sources = readSources();
const folders = readdirSync(join(packageRoot, "plugins"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  // The template is a package of its own, in JavaScript, and not one of these.
  .filter((name) => name !== "template");
const suites = [...sources].filter(([file]) => /^test\/plugins\/.*\.test\.ts$/.test(file)).map(([, text]) => text);

async function moduleOf(folder: string, file: string): Promise<Readonly<Record<string, unknown>>> {
  return await import(pathToFileURL(join(packageRoot, "dist/plugins", folder, file)).href);
}

/** By the name of its export. */
async function schemasOf(folder: string): Promise<[string, ConfigSchema<unknown>][]> {
  if (!sources.has(`plugins/${folder}/config.ts`)) return [];
  const exported = Object.entries(await moduleOf(folder, "config.js"));
  return exported.filter((entry): entry is [string, ConfigSchema<unknown>] => hasKeys(entry[1]));
}

function hasKeys(value: unknown): value is ConfigSchema<unknown> {
  return typeof value === "object" && value !== null && "~standard" in value && "keys" in value;
}

test("the plugins are found, and schemas of most", async () => {
  const schemas = (await Promise.all(folders.map(schemasOf))).flat();
  expect(folders.length).toBeGreaterThanOrEqual(5);
  expect(schemas.length).toBeGreaterThanOrEqual(4);
  for (const [, { keys }] of schemas) expect(keys.length).toBeGreaterThan(0);
});

test.each(folders)("%s: its keys are tested one by one, or it has none", async (folder) => {
  const schemas = await schemasOf(folder);
  for (const [name, { keys }] of schemas) {
    const isTested = new RegExp(`^ *const key = keyTests\\("${folder}", ${name}\\)`, "m");
    const suite = suites.find((text) => isTested.test(text));
    expect([name, suite === undefined ? "has no suite" : "has one"]).toEqual([name, "has one"]);
    // The suite itself says so as well; but some are long, and run more seldom than this one.
    expect(keys.filter((key) => !new RegExp(`^ *key\\(\\s*"${key}",`, "m").test(suite ?? ""))).toEqual([]);
  }
  if (schemas.length > 0) return;
  const plugins = Object.values(await moduleOf(folder, "index.js")).filter(isPlugin);
  expect(plugins.length).toBeGreaterThan(0);
  // What configures itself in another way than by config.ts would not be seen above.
  expect(plugins.filter(({ options }) => options.configuration !== undefined)).toEqual([]);
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
