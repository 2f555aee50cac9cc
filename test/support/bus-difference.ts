/** What a system's bus counted while something was done and what came of it. */
import type { MofaSystem } from "../../index.ts";

type BusTotals = Awaited<ReturnType<MofaSystem["stats"]>>["bus"];

export async function busDifferenceOf(system: MofaSystem, during: () => Promise<unknown>): Promise<BusTotals> {
  const before = (await system.stats()).bus;
  await during();
  await system.settled();
  const { published, delivered, dropped, deadLettered } = (await system.stats()).bus;
  return {
    published: published - before.published,
    delivered: delivered - before.delivered,
    dropped: dropped - before.dropped,
    deadLettered: deadLettered - before.deadLettered,
  };
}
