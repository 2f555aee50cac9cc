/** Has a scheduler thread of the runtime tell of its collector (`gauge.ts`): an actor that does so in its `init`. */
import { defineActor, type MofaSystem } from "../../index.ts";
import { gauge } from "../gauge.ts";

export const gauged = defineActor({
  init: () => gauge(),
  receive: () => {},
});

/** Before anything is played, so that no actor of ours is there then. */
export async function gaugeThreads(system: MofaSystem): Promise<void> {
  for (let thread = 1; thread < system.threads; thread += 1)
    await system.stopActor(await system.spawn(gauged, undefined, { placement: { thread } }));
}
