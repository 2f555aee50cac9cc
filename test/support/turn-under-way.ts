/** Waits for a turn that holds its thread, which no message could tell of. */
import type { AnyApi, MofaSystem, Ref } from "../../index.ts";

/** Resolves when the thread's words say that a turn of that actor is under way. */
export async function turnUnderWay(system: MofaSystem, ref: Ref<AnyApi>): Promise<void> {
  const isIt = () =>
    system.remaining().turns.some((turn) => turn.ref.slot === ref.slot && turn.ref.generation === ref.generation);
  while (!isIt()) await new Promise(setImmediate);
}
