/**
 * Whether the code that runs was started by the load of a behaviour's module: the one fact that belongs to no kernel.
 *
 * A worker that imports a program's main file runs all of it. A `startSystem` in there would start threads without end.
 * Node carries the async context of an import into the module's top level and those that it imports; so code beside the
 * load is not concerned, however long the load takes.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { RuntimeError } from "../errors.ts";

/** The module that is being loaded. */
const loading = new AsyncLocalStorage<string>();

/** Runs the import of a module. */
export function whileLoading<T>(url: string, load: () => T): T {
  return loading.run(url, load);
}

/** @throws RuntimeError `started_while_loading`. */
export function assertNotLoading(): void {
  const url = loading.getStore();
  if (url === undefined) return;
  throw new RuntimeError(
    "started_while_loading",
    `startSystem was called while a runtime thread loads ${url} for a behaviour in it: a thread that loads ` +
      "a file runs all of it. Either let the main thread alone run the program:\n" +
      "    if (import.meta.main) { await using system = await startSystem(); ... }\n" +
      "or define the behaviours in a file of their own, which the program imports:\n" +
      '    import { counter } from "./counter.ts";',
  );
}
