/** The floor of `threadring`: functions that call one another through one queue, and no actors at all. */
import { type Repetition, ringActors, type Scenarios } from "./scenario.ts";

type Hop = (hopsLeft: number) => void;

async function threadring(hops: number): Promise<Repetition> {
  const hopsOf = Array.from({ length: ringActors }, () => 0);
  const queue: { readonly to: Hop | undefined; readonly hopsLeft: number }[] = [];
  const ring = hopsOf.map((_, position): Hop => {
    const next = (position + 1) % ringActors;
    return (hopsLeft) => {
      hopsOf[position] = (hopsOf[position] ?? 0) + 1;
      if (hopsLeft > 0) queue.push({ to: ring[next], hopsLeft: hopsLeft - 1 });
    };
  });
  const startMs = performance.now();
  queue.push({ to: ring[0], hopsLeft: hops - 1 });
  for (let due = queue.shift(); due !== undefined; due = queue.shift()) due.to?.(due.hopsLeft);
  const elapsedMs = performance.now() - startMs;
  return { result: hopsOf.reduce((sum, count) => sum + count, 0), elapsedMs };
}

export const scenarios: Scenarios = { threadring };
