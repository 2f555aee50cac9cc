/**
 * What a worker thread offers to the watchdog: two functions for its `Runtime.evaluate`, and the termination.
 *
 * The evaluate runs as an interrupt on top of whatever the thread does, so the check whose turn it is and the termination
 * are one step.
 */
import { Session } from "node:inspector";
import type { Kernel } from "../kernel/kernel.ts";

/** The name under which the evaluate finds them. */
const key = "mofa.watchdog";

/** The expression that cuts down a turn. @param limitMs -1: the actor was killed. */
export function cutExpression(
  slot: number,
  generation: number,
  turn: number,
  limitMs: number,
  isPatient: boolean,
): string {
  return `globalThis[Symbol.for("${key}")].cut(${slot},${generation},${turn},${limitMs},${isPatient})`;
}

/** The expression that tells whose code runs after an await. */
export const whoExpression = `globalThis[Symbol.for("${key}")].who()`;

/** @throws what Node says where the inspector is refused (`--permission`): turns of this thread cannot be cut then. */
export function offerCuts(kernel: Kernel): void {
  const session = new Session();
  session.connect();
  const terminate = () => session.post("Runtime.terminateExecution");
  const { cuts } = kernel;
  const target = Object.freeze({
    cut: (slot: number, generation: number, turn: number, limitMs: number, isPatient: boolean) =>
      cuts.cut(slot, generation, turn, limitMs, isPatient, terminate),
    who: () => cuts.who(),
  });
  Object.defineProperty(globalThis, Symbol.for(key), { value: target });
}
