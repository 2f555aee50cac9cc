/**
 * Which module exports a behaviour: what a thread needs to import it.
 *
 * A definition notes the files of its first frames outside this package (`util.getCallSites`, 6-10 µs once for each
 * definition). At the first spawn on another thread the first of them that exports this very object is taken.
 */

import { pathToFileURL } from "node:url";
import { getCallSites } from "node:util";
import { RuntimeError } from "../errors.ts";
import type { Behaviour } from "./behaviour.ts";

/** Frames looked at above `define…`. */
const framesMax = 10;

/** Where a behaviour can be imported from. */
export interface BehaviourModule {
  readonly url: string;
  readonly exportName: string;
}

/** The folder of the runtime itself, as a URL prefix; its own frames are no candidates, its behaviours name their module. */
const ownCore = new URL("../", import.meta.url).href;

/** File URLs of the callers of `define…`, nearest first, without doubles. */
export function callerModules(): readonly string[] {
  const urls: string[] = [];
  for (const site of getCallSites(framesMax + 4, { sourceMap: false })) {
    const file = site.scriptName;
    if (file === "" || file.startsWith("node:")) continue;
    const url = file.startsWith("file:") ? file : pathToFileURL(file).href;
    if (url.startsWith(ownCore) || urls.includes(url)) continue;
    urls.push(url);
    if (urls.length === framesMax) break;
  }
  return urls;
}

const found = new WeakMap<object, BehaviourModule>();

/**
 * The module and export name of a behaviour.
 * @throws RuntimeError `module_unknown` with the remedy.
 */
export async function behaviourModule(behaviour: Behaviour<never>): Promise<BehaviourModule> {
  const known = found.get(behaviour);
  if (known !== undefined) return known;
  for (const url of behaviour.modules) {
    // Importing a module that is loaded already only looks it up; one that is still loading (top-level await) is awaited.
    const exports = (await import(url)) as Record<string, unknown>;
    for (const [exportName, value] of Object.entries(exports)) {
      if (value === behaviour) {
        const module = { url, exportName };
        found.set(behaviour, module);
        return module;
      }
    }
  }
  const tried = behaviour.modules.length === 0 ? "no module is known" : `looked in ${behaviour.modules.join(", ")}`;
  throw new RuntimeError(
    "module_unknown",
    `behaviour ${behaviour.options.name ?? "(unnamed)"} cannot run on another thread: ${tried}, none exports it. ` +
      "Export it from the module that defines it (export const …), or say where it is with `module: import.meta.url`.",
  );
}
