/**
 * Event-sourced actors: what an actor knows is what has happened to it, kept in a journal, and made anew from there by each new
 * incarnation. As Akka's EventSourcedBehavior, with `await` in the place of effects.
 *
 * A handler decides, and says what happened by `persist`, which resolves when the store has it and `apply` has changed the state.
 * Its turn holds the mailbox meanwhile, so decisions never meet half of another. Where the store does not take it the actor
 * ends, since it cannot know what is kept: its supervisor starts it again from there.
 */
import { type Behaviour, type BehaviourOptions, type Context, defineServer, type ServerApi } from "../core/index.ts";
import { Journal, type JournalTerms } from "./journal.ts";
import { assertWholeNumber, type PersistentHandlers } from "./kept.ts";

/** Says what has happened, in order: all of it is kept, or nothing. Of one turn: `bad_argument` when that is over. */
export type Persist<E> = (...events: readonly [E, ...E[]]) => Promise<void>;

/** `never` for the argument lets each handler declare its own. */
export type EventSourcedCalls<S, E> = {
  readonly [name: string]: (state: S, argument: never, persist: Persist<E>, ctx: Context) => unknown;
};

export interface EventSourcedDefinition<S, A, E, K> extends Omit<BehaviourOptions, "configuration"> {
  /** Names the journal of an actor: one for each, whoever writes to it. */
  journal(argument: A): string;
  /** The state before anything has happened. */
  empty(argument: A): S;
  /** What an event means: changes the state, or returns the new one. Pure, since it runs again at each start. */
  apply(state: S, event: E): S | void;
  /** The first two parameters and the answer are a server's; what has happened is said by the third. */
  calls: K & EventSourcedCalls<S, E>;
  /** Of the events that are written. Default 1. A journal, or a snapshot, of a newer version is refused. */
  version?: number;
  /** Makes an event of this version from one of an older. Without it older ones are taken as they are. */
  upgrade?(event: unknown, version: number): E;
  /** A snapshot is kept after so many events; 0 (default): never. The state is data then. */
  snapshotEvery?: number;
  /** Events that stay before a snapshot; those before them are forgotten. Default: all. */
  keepEvents?: number;
}

/** @throws RuntimeError `bad_argument`; a start fails with what the store says, or `storage_version`. */
export function defineEventSourced<S, A, E, K extends object>(
  definition: EventSourcedDefinition<S, A, E, K>,
): Behaviour<A, ServerApi<PersistentHandlers<K>, Record<never, never>>> {
  const { journal, empty, apply, calls, version, upgrade, snapshotEvery, keepEvents, ...options } = definition;
  const terms = checkedTerms({ version, snapshotEvery, keepEvents });
  const handlers = Object.entries(calls as EventSourcedCalls<S, E>).map(([name, handler]) => [
    name,
    // Async as a whole: whatever the handler is, `persist` holds its turn.
    async (own: Journal<S, E>, argument: unknown, ctx: Context) =>
      await own.persisting.turn(ctx, (keeping) => {
        const persist: Persist<E> = (...events) => keeping(() => own.persist(events, ctx));
        return handler(own.state, argument as never, persist, ctx);
      }),
  ]);
  return defineServer({
    ...options,
    async init(argument: A, ctx) {
      const own = new Journal<S, E>({
        journal: journal(argument),
        kind: "event-sourced actor",
        empty: () => empty(argument),
        apply,
        upgrade,
        terms,
      });
      await own.recover(ctx);
      return own;
    },
    calls: Object.fromEntries(handlers) as PersistentHandlers<K> & Record<string, never>,
    format: (own: Journal<S, E>) => own.state,
  });
}

function checkedTerms(given: { readonly [N in keyof JournalTerms]: unknown }): JournalTerms {
  const { version = 1, snapshotEvery = 0, keepEvents = Number.POSITIVE_INFINITY } = given;
  assertWholeNumber(version, 1, "defineEventSourced: version");
  assertWholeNumber(snapshotEvery, 0, "defineEventSourced: snapshotEvery");
  if (keepEvents !== Number.POSITIVE_INFINITY) assertWholeNumber(keepEvents, 0, "defineEventSourced: keepEvents");
  return { version, snapshotEvery, keepEvents } as JournalTerms;
}
