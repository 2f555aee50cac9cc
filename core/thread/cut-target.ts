/**
 * What a worker thread offers to the watchdog: two functions for its `Runtime.evaluate`, and the termination.
 *
 * The evaluate runs as an interrupt on top of whatever the thread does, so the check whose turn it is and the termination
 * are one step. The session for it is there from a cut to its recovery alone: while there is one, Node keeps what the
 * thread's console is given.
 */
import { Session } from "node:inspector";
import type { Termination } from "../kernel/cuts.ts";
import type { CutRequest } from "../kernel/interrupt-request.ts";
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

/** The same for an interrupt, of whose turn the request says which is meant. */
export function interruptExpression(request: CutRequest, turn: number): string {
  const { slot, generation } = request;
  return `globalThis[Symbol.for("${key}")].cut(${slot},${generation},${turn},0,true,${JSON.stringify(request)})`;
}

/** The expression that tells whose code runs after an await. */
export const whoExpression = `globalThis[Symbol.for("${key}")].who()`;

class SessionTermination implements Termination {
  #session: Session | undefined;

  ready(): void {
    if (this.#session !== undefined) return;
    const session = new Session();
    session.connect();
    this.#session = session;
  }

  ask(): void {
    this.#session?.post("Runtime.terminateExecution");
  }

  over(): void {
    this.#session?.disconnect();
    this.#session = undefined;
  }
}

export function offerCuts(kernel: Kernel): void {
  const { cuts } = kernel;
  const termination = new SessionTermination();
  const target = Object.freeze({
    cut: (slot: number, generation: number, turn: number, limitMs: number, isPatient: boolean, request?: CutRequest) =>
      cuts.cut(slot, generation, turn, limitMs, isPatient, termination, request),
    who: () => cuts.who(),
  });
  Object.defineProperty(globalThis, Symbol.for(key), { value: target });
}
