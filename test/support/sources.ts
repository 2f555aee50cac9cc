/**
 * The package's own sources, read from disk.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "./package-root.ts";

const passedOver = /^(?:\.|node_modules$|dist$|dist-|mofa-report$)/;

/** Every .ts file, from its path below the package (with forward slashes) to its text, sorted by path. */
export function readSources(): Map<string, string> {
  const sources = new Map<string, string>();
  const visit = (folder: string) => {
    for (const entry of readdirSync(join(packageRoot, folder), { withFileTypes: true })) {
      if (passedOver.test(entry.name)) continue;
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) visit(path);
      else if (entry.name.endsWith(".ts")) sources.set(path, readFileSync(join(packageRoot, path), "utf8"));
    }
  };
  visit("");
  return new Map([...sources].sort(([a], [b]) => (a < b ? -1 : 1)));
}
