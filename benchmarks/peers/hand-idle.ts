/** The floor of `idle.ts`: objects of `hand.ts` in an array, one function for all. */
import { type Actor, spawn } from "./hand.ts";
import { heldBytes } from "./held-bytes.ts";
import type { Repetition, Scenarios } from "./scenario.ts";

const receive = (): void => {};

async function startChild(count: number): Promise<Repetition> {
  const before = heldBytes();
  const startMs = performance.now();
  const actors: Actor<never>[] = [];
  for (let made = 0; made < count; made += 1) actors.push(spawn<never>(receive));
  const elapsedMs = performance.now() - startMs;
  const bytes = heldBytes() - before;
  return { result: actors.length, elapsedMs, bytes };
}

export const scenarios: Scenarios = { "start-child": startChild };
