/**
 * Which module exports a behaviour: what a thread needs to import it.
 *
 * A definition notes the files of its first frames outside this package (`util.getCallSites`, 6-10 µs once for each
 * definition). At the first spawn on another thread the first of them that exports this very object is taken.
 */

import { pathToFileURL } from "node:url";
import { getCallSites } from "node:util";
import { afterMs } from "../clock.ts";
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

/** Remembers where a behaviour came from: this thread imported it from there. */
export function noteModule(behaviour: Behaviour<never>, module: BehaviourModule): void {
  found.set(behaviour, module);
}

/** A behaviour's name for people: its own, else the name of its export where that is known. */
export function behaviourName(behaviour: Behaviour<never>): string {
  return behaviour.options.name ?? found.get(behaviour)?.exportName ?? "actor";
}

/** Time for a candidate module to end its own loading before it is passed over. */
const candidateMs = 2_000;

/** The module and export name of a behaviour: at once when known, else by a promise that rejects with RuntimeError `module_unknown` and the remedy. */
export function behaviourModule(behaviour: Behaviour<never>): BehaviourModule | Promise<BehaviourModule> {
  return found.get(behaviour) ?? findModule(behaviour);
}

async function findModule(behaviour: Behaviour<never>): Promise<BehaviourModule> {
  const pending: string[] = [];
  for (const url of behaviour.modules) {
    // Importing a module that is loaded already only looks it up. One whose top level awaits this very spawn would
    // never come, so there is a limit.
    const exports = await withinMs(candidateMs, import(url) as Promise<Record<string, unknown>>);
    if (exports === undefined) {
      pending.push(url);
      continue;
    }
    for (const [exportName, value] of Object.entries(exports)) {
      if (value === behaviour) {
        const module = { url, exportName };
        found.set(behaviour, module);
        return module;
      }
    }
  }
  const name = behaviour.options.name ?? "(unnamed)";
  if (pending.length > 0) {
    throw new RuntimeError(
      "module_unknown",
      `behaviour ${name} cannot run on another thread: ${pending.join(", ")} is itself still loading. ` +
        "Define behaviours in a module of their own and import them from the program (main.ts and counter.ts), " +
        "or start the program from a function that the top level does not await.",
    );
  }
  const tried = behaviour.modules.length === 0 ? "no module is known" : `looked in ${behaviour.modules.join(", ")}`;
  throw new RuntimeError(
    "module_unknown",
    `behaviour ${name} cannot run on another thread: ${tried}, none exports it. ` +
      "Export it from the module that defines it (export const …), or say where it is with `module: import.meta.url`.",
  );
}

/** The promise's value, or undefined when it takes longer. */
function withinMs<T>(limitMs: number, promise: Promise<T>): Promise<T | undefined> {
  const { promise: result, resolve, reject } = Promise.withResolvers<T | undefined>();
  const cancel = afterMs(limitMs, () => resolve(undefined));
  promise.then(resolve, reject).finally(cancel);
  return result;
}
