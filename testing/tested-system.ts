/**
 * What the kit needs of a system: the part of `startSystem`'s result that every tool here is written against.
 *
 * A structural type, so that the kit takes the front door's system without knowing the front door.
 */
import type { Api, Behaviour, ExitReason, Ref, RefData, SpawnOptions, SpawnRest } from "../core/index.ts";

/** Something that happened, as the event stream tells it. */
export interface TestedEvent {
  readonly type: string;
  readonly ref?: RefData | undefined;
  readonly reason?: ExitReason | undefined;
}

export interface TestedSystem {
  /** Starts an actor and awaits its `init`. */
  spawn<A, P extends Api>(behaviour: Behaviour<A, P>, ...rest: SpawnRest<A, SpawnOptions>): Promise<Ref<P>>;
  exit(ref: RefData, reason: ExitReason): unknown;
  /** Processes of actors. */
  processes(): readonly { readonly ref: RefData }[];
  /** Resolves when nothing is left to be done but what waits for the clock. */
  settled(): Promise<void>;
  readonly events: { on(type: "*", listener: (event: TestedEvent) => void): () => void };
}
