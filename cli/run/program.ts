/**
 * A program as `mofa run` starts it: a module that exports `main(system, args)`, or a root supervisor.
 *
 * A root supervisor is the export `supervisor`, or the default one: a setup (flags and children), or a behaviour made by
 * `defineSupervisor`, whose argument is then the list of arguments.
 */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Behaviour, isBehaviour } from "../../core/index.ts";
import { type MofaSystem, RuntimeError, type SupervisorSetup } from "../../index.ts";

/** The program ends when what it returns has settled. */
export type Main = (system: MofaSystem, args: readonly string[]) => unknown;

export type Program =
  | { readonly kind: "main"; readonly main: Main }
  | { readonly kind: "setup"; readonly setup: SupervisorSetup }
  | { readonly kind: "behaviour"; readonly behaviour: Behaviour<readonly string[]> };

const wanted =
  "Export `main(system, args)`, or a root supervisor: `export const supervisor = { strategy, children: [ ... ] }`, " +
  "or `export default defineSupervisor(…)`.";

/** @throws RuntimeError `bad_argument`: no such file; `module_failed`: it does not load; `module_export_missing`: it exports no program. */
export async function loadProgram(module: string): Promise<Program> {
  const path = resolve(module);
  const exports = await loadExports(path);
  if (typeof exports["main"] === "function") return { kind: "main", main: exports["main"] as Main };
  for (const name of ["supervisor", "default"]) {
    const value = exports[name];
    // What the behaviour takes cannot be seen; it gets the arguments, and one that takes none does not look.
    if (isBehaviour(value)) return { kind: "behaviour", behaviour: value as Behaviour<readonly string[]> };
    if (isSetup(value)) return { kind: "setup", setup: value };
  }
  const names = Object.keys(exports).join(", ") || "nothing";
  throw new RuntimeError("module_export_missing", `${path} exports ${names}, and no program. ${wanted}`);
}

/** What a module exports. @throws RuntimeError `bad_argument`: no such file; `module_failed`: it does not load. */
export async function loadExports(path: string): Promise<Record<string, unknown>> {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) {
    throw new RuntimeError("bad_argument", `there is no file ${path}: give the path of a .js or .ts module`);
  }
  // Node ends a process that has nothing left to do, with code 0 and without a word, whatever it still waits for.
  const { promise: stranded, reject } = Promise.withResolvers<never>();
  const neverEnds = new RuntimeError(
    "module_failed",
    `${path} never ends loading: its top level awaits what never comes. Put that into \`main(system, args)\`.`,
  );
  const strand = () => reject(neverEnds);
  process.once("beforeExit", strand);
  try {
    return (await Promise.race([import(pathToFileURL(path).href), stranded])) as Record<string, unknown>;
  } catch (error) {
    if (error === neverEnds) throw error;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    throw new RuntimeError("module_failed", `${path} cannot be loaded, correct it and run it again: ${text}`, {
      cause: error,
    });
  } finally {
    process.off("beforeExit", strand);
  }
}

/** A list of children makes it one; what else is wrong with it, the supervisor says. */
function isSetup(value: unknown): value is SupervisorSetup {
  return typeof value === "object" && value !== null && "children" in value;
}
