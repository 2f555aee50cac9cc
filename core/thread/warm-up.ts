/**
 * Touches every lazy global and the common built-in modules of a thread, a piece at a time, soon after it is up.
 *
 * Node makes some globals on first use. A turn that is cut down in the middle of that leaves the global broken for ever
 * in its thread. It takes as long as loading the kernel, and most programs never use most of it, so the first message of
 * a thread does not wait for it: until it is over a cut waits a second for who is in Node's own code (`watched-thread.ts`).
 */
import { afterMs, stopwatchMs } from "../clock.ts";

/** It warns of the option that it was not given, and the program would hear that. */
const withheld = "localStorage";

const modules = [
  "node:assert",
  "node:buffer",
  "node:child_process",
  "node:crypto",
  "node:events",
  "node:fs",
  "node:fs/promises",
  "node:http",
  "node:https",
  "node:net",
  "node:os",
  "node:path",
  "node:perf_hooks",
  "node:process",
  "node:stream",
  "node:stream/promises",
  "node:string_decoder",
  "node:timers/promises",
  "node:url",
  "node:util",
  "node:worker_threads",
  "node:zlib",
] as const;

/** A piece gives the thread back after so long. */
const pieceMs = 1;

// A program may replace these before it begins.
const { getOwnPropertyNames, prototype } = Object;
const { apply } = Reflect;
const lookupGetter = (prototype as unknown as Record<string, (name: string) => unknown>)["__lookupGetter__"] as (
  name: string,
) => unknown;
const getterOf = (name: string): unknown => apply(lookupGetter, globalThis, [name]);

/**
 * To be called before any program's code runs.
 * @returns what begins with it; `done` is called behind the last piece.
 */
export function warmUp(): (delayMs: number, done: () => void) => void {
  const names = getOwnPropertyNames(globalThis).filter((name) => name !== withheld);
  const getters = names.map(getterOf);
  let touched = 0;
  let imported = 0;
  const piece = (done: () => void): void => {
    const endMs = stopwatchMs() + pieceMs;
    while (touched < names.length && stopwatchMs() < endMs) {
      const name = names[touched] as string;
      // One that a program has put there meanwhile would run its code.
      if (getterOf(name) === getters[touched++]) touch(name);
    }
    if (touched === names.length) {
      const module = modules[imported++];
      if (module === undefined) {
        done();
        return;
      }
      // One at a time: it has loaded in the microtasks behind this, where no code of an actor is that could be cut down.
      void import(module);
    }
    // Not by the next loop: an immediate is lost where another one before it is cut down.
    afterMs(0, () => piece(done));
  };
  return (delayMs, done) => void afterMs(delayMs, () => piece(done));
}

function touch(name: string): void {
  // Storage and the like throw without their option: then there is nothing that could break.
  try {
    void (globalThis as Record<string, unknown>)[name];
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
}
