/**
 * Which behaviours' modules this thread is loading: the one fact that belongs to a thread and to no kernel.
 *
 * A worker that imports a program's main file runs all of it. A `startSystem` in there would start threads without end.
 */
import { RuntimeError } from "../errors.ts";

const loads: string[] = [];

export function loadStarted(url: string): void {
  loads.push(url);
}

export function loadEnded(url: string): void {
  loads.splice(loads.indexOf(url), 1);
}

/** @throws RuntimeError `started_while_loading`. */
export function assertNotLoading(): void {
  if (loads.length === 0) return;
  throw new RuntimeError(
    "started_while_loading",
    `startSystem was called while a runtime thread loads ${loads.join(", ")} for a behaviour in it: a thread that loads ` +
      "a file runs all of it. Either let the main thread alone run the program:\n" +
      "    if (import.meta.main) { await using system = await startSystem(); ... }\n" +
      "or define the behaviours in a file of their own, which the program imports:\n" +
      '    import { counter } from "./counter.ts";',
  );
}
