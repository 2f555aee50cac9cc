/**
 * Whose code runs behind an `await`, told in shared memory: for a watchdog that cannot ask, since the inspector is refused.
 *
 * A hook on every promise is slow (what waits for promises takes twice as long and more), so this is not how it is known elsewhere.
 */
import { createHook } from "node:async_hooks";
import type { Cell } from "../actor/cell.ts";
import type { Kernel } from "../kernel/kernel.ts";

export function trackOwner(kernel: Kernel): void {
  const { budgets, memory, thread, host } = kernel;
  createHook({
    before: () => {
      const owner = host.blame?.owner() as Cell | undefined;
      if (owner !== undefined) memory.watch.setOwner(thread, owner.slot, owner.generation, budgets.publish(owner));
    },
    after: () => memory.watch.setOwner(thread, 0, 0, 0),
  }).enable();
}
