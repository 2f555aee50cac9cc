/**
 * Which module exports a behaviour: what a thread needs to import it.
 *
 * A definition notes the places of its first frames outside this package (`util.getCallSites`, 6-10 µs once for each
 * definition). At the first spawn on another thread the first of their modules that exports this very object is taken.
 *
 * A main file that awaits a spawn at its top level has not ended loading, so nobody can ask it for its exports. It goes
 * by the place of the definition then: the other thread loads the file and takes the export that was defined there.
 */

import { pathToFileURL } from "node:url";
import { getCallSites } from "node:util";
import { afterMs } from "../clock.ts";
import { RuntimeError } from "../errors.ts";
import type { Behaviour, BehaviourReference } from "./behaviour.ts";

/** Frames looked at, those inside `define…` included. */
const framesMax = 14;

/** A module on the way to a definition, and the place in it. */
export interface DefinitionSite {
  /** A file URL. */
  readonly url: string;
  /** Line and column of each frame of this module, nearest first: "12:23", or "3:10<12:23" out of a function. Absent: no frame is known. */
  readonly site?: string;
}

/** Where a behaviour can be imported from: by name, or as what was defined at a place. */
export type BehaviourModule = Pick<BehaviourReference, "url" | "exportName" | "site">;

/** The folder of the runtime itself, as a URL prefix; its own frames are no candidates, its behaviours name their module. */
const ownCore = new URL("../", import.meta.url).href;

/** The modules of the callers of `define…`, nearest first, without doubles; or only the one that is named. */
export function callerModules(named?: string): readonly DefinitionSite[] {
  const sites = new Map<string, string>();
  for (const { scriptName, lineNumber, columnNumber } of getCallSites(framesMax, { sourceMap: false })) {
    if (scriptName === "" || scriptName.startsWith("node:")) continue;
    const url = scriptName.startsWith("file:") ? scriptName : pathToFileURL(scriptName).href;
    if (url.startsWith(ownCore)) continue;
    const nearer = sites.get(url);
    const place = `${lineNumber}:${columnNumber}`;
    sites.set(url, nearer === undefined ? place : `${nearer}<${place}`);
  }
  if (named === undefined) return Array.from(sites, ([url, site]) => ({ url, site }));
  const site = sites.get(named);
  return [site === undefined ? { url: named } : { url: named, site }];
}

/** Definitions of this thread by module and place; null where one place made several. As many as the program has places. */
const definitions = new Map<string, Behaviour<never> | null>();

/** Remembers a definition by its places. */
export function noteDefinition(behaviour: Behaviour<never>): void {
  for (const { url, site } of behaviour.modules) {
    const key = `${url}#${site}`;
    definitions.set(key, definitions.has(key) ? null : behaviour);
  }
}

/**
 * The behaviour that this thread itself has defined at that place, if it is the only one. For main, whose main file
 * cannot be imported while it awaits something at its top level.
 */
export function definitionAt({ url, site }: BehaviourModule): Behaviour<never> | undefined {
  return site === undefined ? undefined : (definitions.get(`${url}#${site}`) ?? undefined);
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

/** The behaviour's module: at once when known, else by a promise that rejects with RuntimeError `module_unknown` and the remedy. */
export function behaviourModule(behaviour: Behaviour<never>): BehaviourModule | Promise<BehaviourModule> {
  return found.get(behaviour) ?? findModule(behaviour);
}

async function findModule(behaviour: Behaviour<never>): Promise<BehaviourModule> {
  const failures: string[] = [];
  for (const { url, site } of behaviour.modules) {
    const exports = await exportsOf(url);
    if (typeof exports === "string") {
      // It was named outright, so no other is meant.
      if (behaviour.options.module !== undefined) {
        throw new RuntimeError(
          "module_failed",
          `behaviour ${behaviour.options.name ?? "(unnamed)"} names a module that ${exports}: ${url}. ` +
            "`module` is the URL of the module that exports it: `import.meta.url`.",
        );
      }
      failures.push(`${url} ${exports}`);
      continue;
    }
    if (exports === undefined) {
      // No name yet, and none is remembered: once it has loaded, it has one.
      if (site !== undefined) return { url, site };
      failures.push(`${url} is still loading, and it is not known where in it the behaviour was defined`);
      continue;
    }
    for (const [exportName, value] of Object.entries(exports)) {
      if (value !== behaviour) continue;
      const module = { url, exportName, ...(site !== undefined && { site }) };
      found.set(behaviour, module);
      return module;
    }
    failures.push(`${url} does not export it`);
  }
  const tried = failures.length === 0 ? "no module is known" : failures.join("; ");
  throw new RuntimeError(
    "module_unknown",
    `behaviour ${behaviour.options.name ?? "(unnamed)"} cannot run on another thread: ${tried}. ` +
      "Export it from the module that defines it (export const …), best from one of its own that the program imports, " +
      "or say where it is with `module: import.meta.url`.",
  );
}

/**
 * Time for a module that is loaded to be looked up. That takes no turn of the event loop, unless loader hooks are in the
 * way; to wait too short is no fault, the place of the definition serves as well.
 */
const lookUpMs = 10;

/** Modules that were found to be still loading; they are not waited for again. */
const stillLoading = new Set<string>();

/** The module's exports; undefined: it is still loading; a text: why it cannot be imported. */
async function exportsOf(url: string): Promise<Readonly<Record<string, unknown>> | string | undefined> {
  if (stillLoading.has(url)) return undefined;
  const { promise, resolve } = Promise.withResolvers<Readonly<Record<string, unknown>> | string | undefined>();
  const cancel = afterMs(lookUpMs, () => {
    stillLoading.add(url);
    resolve(undefined);
  });
  import(url)
    .then(resolve, (error: unknown) =>
      resolve(`cannot be imported (${error instanceof Error ? error.message : String(error)})`),
    )
    .finally(() => {
      cancel();
      stillLoading.delete(url);
    });
  return await promise;
}

/** What of a loaded module's exports is meant. @throws RuntimeError `module_export_missing`, `module_unknown`. */
export function exportedBehaviour(
  { url, exportName, site }: BehaviourModule,
  exports: Readonly<Record<string, unknown>>,
): { readonly exportName: string; readonly value: unknown } {
  if (exportName !== undefined) return { exportName, value: exports[exportName] };
  const matches = Object.entries(exports).filter(([, value]) => wasMadeAt(value, url, site));
  const [match] = matches;
  if (match === undefined || matches.some(([, value]) => value !== match[1])) {
    const line = site?.split("<").at(-1)?.split(":")[0];
    throw new RuntimeError(
      "module_unknown",
      match === undefined
        ? `${url} does not export the behaviour that its line ${line} defines, so it cannot run on another thread: export it (export const …).`
        : `${url} exports several behaviours that its line ${line} defines, and was still loading when one was spawned, ` +
            "so another thread cannot tell which is meant. Define them in a file of their own, which the program imports.",
    );
  }
  return { exportName: match[0], value: match[1] };
}

function wasMadeAt(value: unknown, url: string, site: string | undefined): boolean {
  // Any value may be exported; one that has such a list is a behaviour, which the caller checks.
  const modules = (value as Partial<Behaviour<never>> | null | undefined)?.modules;
  return Array.isArray(modules) && modules.some((module: DefinitionSite) => module.url === url && module.site === site);
}
