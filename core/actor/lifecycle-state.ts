/** Where an actor stands in its life. */
import { type Cell, Flag } from "./cell.ts";

/**
 * `created`: its module, its name or its first turn is still to come. `initializing`: `init` runs. `ready`: it waits for
 * messages, or for its next turn. `running`: a turn is under way. `paused`: messages are held back until `resume`.
 * `stopping`: its last turn or `terminate` runs. The two ends, `stopped` (in order) and `failed`, are no states of a
 * living actor: the event `exited` and monitors tell them, by the reason.
 */
export const lifecycleStates = ["created", "initializing", "ready", "running", "paused", "stopping"] as const;
export type LifecycleState = (typeof lifecycleStates)[number];

/** Read off the flags that the kernel itself goes by, so that no state can be told that the actor is not in. */
export function lifecycleStateOf({ flags }: Cell, isInTurn: boolean): LifecycleState {
  if ((flags & Flag.unborn) !== 0) return "created";
  if ((flags & Flag.initializing) !== 0) return "initializing";
  if ((flags & (Flag.stopping | Flag.terminating)) !== 0) return "stopping";
  if (isInTurn || (flags & Flag.open) !== 0) return "running";
  return (flags & Flag.paused) !== 0 ? "paused" : "ready";
}
