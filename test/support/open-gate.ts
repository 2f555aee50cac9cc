/** Lets go whoever waits for a puppet's answer: the gate of turns that a test keeps open. */
import type { RefData } from "../../core/index.ts";
import type { MofaSystem } from "../../index.ts";

/** Waits until somebody waits, answers the oldest, and settles the system. */
export async function openGate(system: MofaSystem, gate: RefData, answer: unknown = "go on"): Promise<void> {
  await system.settled();
  await system.call(gate, "run", ["answer", answer]);
  await system.settled();
}
