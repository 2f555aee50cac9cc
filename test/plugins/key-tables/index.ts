/** The plugins, their schemas and the table of each: found, and listed nowhere. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ConfigSchema } from "../../../core/index.ts";
import { packageRoot } from "../../support/package-root.ts";
import type { KeyTable } from "./key-table.ts";

const built = join(packageRoot, "dist");

export const pluginFolders = readdirSync(join(packageRoot, "plugins"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  // The template is a package of its own, in JavaScript, and not one of these.
  .filter((name) => name !== "template");

export async function pluginModule(folder: string, file: string): Promise<Readonly<Record<string, unknown>>> {
  return await import(pathToFileURL(join(built, "plugins", folder, file)).href);
}

/** By the name of its export. */
export async function schemasOf(folder: string): Promise<[string, ConfigSchema<unknown>][]> {
  if (!existsSync(join(built, "plugins", folder, "config.js"))) return [];
  const exported = Object.entries(await pluginModule(folder, "config.js"));
  return exported.filter((entry): entry is [string, ConfigSchema<unknown>] => hasKeys(entry[1]));
}

function hasKeys(value: unknown): value is ConfigSchema<unknown> {
  return typeof value === "object" && value !== null && "~standard" in value && "keys" in value;
}

/** Of each plugin that has a schema. @throws what the loader says where there is none. */
export async function keyTables(): Promise<[string, KeyTable][]> {
  const found: [string, KeyTable][] = [];
  for (const folder of pluginFolders) {
    if ((await schemasOf(folder)).length === 0) continue;
    const module = (await import(pathToFileURL(join(built, "test/plugins/key-tables", `${folder}.js`)).href)) as {
      readonly table: KeyTable;
    };
    found.push([folder, module.table]);
  }
  return found;
}
