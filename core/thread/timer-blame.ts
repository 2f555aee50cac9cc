/**
 * Timers that a synchronous turn leaves behind, traced to their actor (SEMANTICS S1.4).
 *
 * Only async handlers are entered with a store for blame: for every turn it would cost 8 ns where nothing else happens,
 * 28 in a real one. So the functions of a worker thread that call back later look whose turn it is, and hand the timer
 * over in that actor's scope. A turn costs nothing by it, a timer 15 ns more.
 */
import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers";
import { Flag } from "../actor/cell.ts";
import type { Kernel } from "../kernel/kernel.ts";

type Later = (...args: unknown[]) => unknown;

/** On a worker: its globals and its modules are the thread's own. */
export function blameTimers(kernel: Kernel): void {
  const wrapped = (later: Later): Later => {
    const wrapper = (...args: unknown[]): unknown => {
      const cell = kernel.scheduler.current;
      // An actor with async handlers is in its scope already.
      if (cell === undefined || (cell.flags & Flag.async) !== 0) return later(...args);
      let result: unknown;
      kernel.dispatch.inScope(cell, () => {
        result = later(...args);
      });
      return result;
    };
    // `util.promisify` finds its own form of a timer by a property.
    return Object.defineProperties(wrapper, Object.getOwnPropertyDescriptors(later));
  };
  // Both are written by name, which their types do not allow; each of these names is a function that starts something later.
  const global = globalThis as unknown as Record<string, Later>;
  const module = timers as unknown as Record<string, Later>;
  for (const name of ["setTimeout", "setInterval", "setImmediate"]) {
    const wrapper = wrapped(module[name] as Later);
    module[name] = wrapper;
    global[name] = wrapper;
  }
  global["queueMicrotask"] = wrapped(queueMicrotask as Later);
  process.nextTick = wrapped(process.nextTick as Later) as typeof process.nextTick;
  // For those that import a timer by name.
  syncBuiltinESMExports();
}
