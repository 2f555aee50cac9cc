/**
 * What the kernel does for the events of an actor's life where nobody listens, and nothing else: a look at the word that says
 * who wants what, twice. An upper bound, since the loop around it counts as well.
 */
import { eventBit } from "../../core/kernel/events.ts";
import { SystemMemory } from "../../core/kernel/system-memory.ts";
import type { Scenarios } from "./scenario.ts";
import { sumBelow } from "./scenario.ts";

const memory = SystemMemory.create(3);
const spawned = eventBit("spawned");
const exited = eventBit("exited");

/** As `Kernel.wants` has it. */
function wants(bit: number): boolean {
  return (memory.interest & bit) !== 0;
}

export const scenarios: Scenarios = {
  spawn: (size) => {
    let wanted = 0;
    const startMs = performance.now();
    for (let number = 0; number < size; number += 1) {
      // Written as well, so that it is looked at each time and not once before the loop.
      memory.interest = 0;
      if (wants(spawned)) wanted += 1;
      if (wants(exited)) wanted += 1;
    }
    const elapsedMs = performance.now() - startMs;
    return Promise.resolve({ result: sumBelow(size) + wanted, elapsedMs });
  },
};
