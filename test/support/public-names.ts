/**
 * The public names of an entry point, values and types, read from the declarations that the build wrote.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { packageRoot } from "./package-root.ts";

export interface EntryPoint {
  /** How a user imports it: "mofa", "mofa/testing". */
  readonly specifier: string;
  /** Built files, below the package. */
  readonly types: string;
  readonly file: string;
}

/** The entry points in package.json's exports, in its order; its own manifest is none. */
export function entryPoints(): EntryPoint[] {
  const manifest: { exports: Record<string, string | { types: string; default: string }> } = JSON.parse(
    readFileSync(join(packageRoot, "package.json"), "utf8"),
  );
  return Object.entries(manifest.exports).flatMap(([subpath, target]) =>
    typeof target === "string" ? [] : [{ specifier: join("mofa", subpath), types: target.types, file: target.default }],
  );
}

/** Every name that a declaration file exports, sorted. `export *` is followed. */
export function publicNames(declarations: string): string[] {
  return [...namesIn(join(packageRoot, declarations))].sort();
}

function namesIn(file: string): Set<string> {
  const names = new Set<string>();
  const text = readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  for (const [, list = ""] of text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)) {
    for (const entry of list.split(",").filter((part) => part.trim() !== "")) {
      names.add(
        entry
          .trim()
          .replace(/^type /, "")
          .split(" as ")
          .at(-1) ?? entry,
      );
    }
  }
  const declared = /^export (?:declare )?(?:abstract )?(?:function|const|let|class|interface|type|enum) ([\w$]+)/gm;
  for (const [, name] of text.matchAll(declared)) if (name !== undefined) names.add(name);
  for (const [, target = ""] of text.matchAll(/^export \* from "([^"]+)"/gm)) {
    for (const name of namesIn(join(dirname(file), target.replace(/\.[tj]s$/, ".d.ts")))) names.add(name);
  }
  return names;
}
