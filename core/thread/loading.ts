/**
 * Whether this thread is loading a behaviour's module: the one fact that belongs to a thread and to no kernel.
 *
 * A worker that imports a program's main file runs all of it. A `startSystem` in there would start threads without end.
 */
import { RuntimeError } from "../errors.ts";

let loads = 0;

export function loadStarted(): void {
  loads++;
}

export function loadEnded(): void {
  loads--;
}

/** @throws RuntimeError `started_while_loading`. */
export function assertNotLoading(): void {
  if (loads === 0) return;
  throw new RuntimeError(
    "started_while_loading",
    "startSystem was called by a module that a runtime thread is loading for a behaviour in it. " +
      "Guard the program with `if (import.meta.main) { ... }`, or define the behaviours in a file of their own " +
      "(counter.ts) that the program (main.ts) imports.",
  );
}
