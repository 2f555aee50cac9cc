/** Packages that a plugin needs beside it: which of them are installed where it would load them from. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { errorData, RuntimeError } from "../errors.ts";
import { isCompatible, type NeededPackage } from "./plugin-facts.ts";

export interface PackageState extends NeededPackage {
  /** Its version; undefined: it is not there. */
  readonly installed: string | undefined;
  /** What is to be done, as a command; undefined: nothing. */
  readonly install: string | undefined;
}

/** @param from URL of the module that loads them. */
export function packageStates(packages: readonly NeededPackage[], from: string): PackageState[] {
  return packages.map((needed) => {
    const installed = installedVersion(needed.name, from);
    const isThere = installed !== undefined && isCompatible(installed, needed.version);
    return {
      ...needed,
      installed,
      install: isThere ? undefined : `npm install ${needed.name}@${rangeOf(needed.version)}`,
    };
  });
}

/** What no configuration can do without is installed. @throws RuntimeError `package_missing`, with every one that is not. */
export function assertPackages(
  plugins: readonly { readonly name: string; readonly packages: readonly PackageState[] }[],
): void {
  const missing = plugins.flatMap(({ name, packages }) =>
    packages
      .filter((one) => one.for === undefined && one.install !== undefined)
      .map(
        (one) =>
          `plugin ${name} needs the package ${one.name} from ${one.version} on, ${stateText(one)}: ${one.install}`,
      ),
  );
  if (missing.length > 0) throw new RuntimeError("package_missing", missing.join("\n"));
}

function stateText({ installed }: PackageState): string {
  return installed === undefined ? "which is not installed" : `and ${installed} is installed`;
}

/** As npm has it: what a caret means, in characters that every shell leaves alone. */
function rangeOf(version: string): string {
  const [major, minor] = version.split(".");
  return major === "0" ? `0.${minor}` : `${major}`;
}

/** By its page in the nearest folder `node_modules`, as Node looks for it: not loaded, since that may be what costs. */
function installedVersion(name: string, from: string): string | undefined {
  for (const folder of createRequire(from).resolve.paths(name) ?? []) {
    const file = join(folder, name, "package.json");
    let text: string;
    try {
      text = readFileSync(file, "utf8");
    } catch (error) {
      if (["ENOENT", "ENOTDIR"].includes(errorData(error).code ?? "")) continue;
      throw error;
    }
    // What stands behind the three numbers is left out: a version before that one will do.
    return /^\d+\.\d+\.\d+/.exec(String(versionIn(text)))?.[0];
  }
  return undefined;
}

/** Undefined: the page is broken, and Node could not load the package either. */
function versionIn(text: string): unknown {
  try {
    return (JSON.parse(text) as { readonly version?: unknown } | null)?.version;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
