/**
 * Event-sourced actors: what an actor knows is what has happened to it, kept in a journal, and made anew from there by each new
 * incarnation. As Akka's EventSourcedBehavior, with `await` in the place of effects.
 *
 * A handler decides, and says what happened by `persist`, which resolves when the store has it and `apply` has changed the state.
 * Its turn holds the mailbox meanwhile, so decisions never meet half of another. Where the store does not take it the actor
 * ends, since it cannot know what is kept: its supervisor starts it again from there.
 */
import {
  type Behaviour,
  type BehaviourOptions,
  type Context,
  defineServer,
  errorData,
  type JournalEntry,
  RuntimeError,
  type ServerApi,
  type StoredSnapshot,
} from "../core/index.ts";
import { askStore, assertWholeNumber, copyOf, type Kept, keptOf, type PersistentHandlers } from "./kept.ts";
import { Persisting } from "./persisting.ts";

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

const pageSize = 1_000;

/** @throws RuntimeError `bad_argument`; a start fails with what the store says, or `storage_version`. */
export function defineEventSourced<S, A, E, K extends object>(
  definition: EventSourcedDefinition<S, A, E, K>,
): Behaviour<A, ServerApi<PersistentHandlers<K>, Record<never, never>>> {
  const { journal, empty, apply, calls, version, upgrade, snapshotEvery, keepEvents, ...options } = definition;
  const terms = checkedTerms({ version, snapshotEvery, keepEvents });
  const handlers = Object.entries(calls as EventSourcedCalls<S, E>).map(([name, handler]) => [
    name,
    // Async as a whole: whatever the handler is, `persist` holds its turn.
    async (own: Journal<S, A, E>, argument: unknown, ctx: Context) =>
      await own.persisting.turn(ctx, (keeping) => {
        const persist: Persist<E> = (...events) => keeping(() => own.persist(events, ctx));
        return handler(own.state, argument as never, persist, ctx);
      }),
  ]);
  return defineServer({
    ...options,
    async init(argument: A, ctx) {
      const own = new Journal<S, A, E>({
        journal: journal(argument),
        argument,
        empty,
        apply,
        upgrade,
        terms,
      });
      await own.recover(ctx);
      return own;
    },
    calls: Object.fromEntries(handlers) as PersistentHandlers<K> & Record<string, never>,
    format: (own: Journal<S, A, E>) => own.state,
  });
}

interface Terms {
  readonly version: number;
  readonly snapshotEvery: number;
  readonly keepEvents: number;
}

function checkedTerms(given: { readonly [N in keyof Terms]: unknown }): Terms {
  const { version = 1, snapshotEvery = 0, keepEvents = Number.POSITIVE_INFINITY } = given;
  assertWholeNumber(version, 1, "defineEventSourced: version");
  assertWholeNumber(snapshotEvery, 0, "defineEventSourced: snapshotEvery");
  if (keepEvents !== Number.POSITIVE_INFINITY) assertWholeNumber(keepEvents, 0, "defineEventSourced: keepEvents");
  return { version, snapshotEvery, keepEvents } as Terms;
}

interface JournalOptions<S, A, E> extends Pick<EventSourcedDefinition<S, A, E, never>, "empty" | "apply"> {
  readonly journal: string;
  readonly argument: A;
  readonly upgrade: EventSourcedDefinition<S, A, E, never>["upgrade"];
  readonly terms: Terms;
}

/** One actor's state, and where it stands in its journal. */
class Journal<S, A, E> {
  readonly #options: JournalOptions<S, A, E>;
  readonly persisting = new Persisting();
  state: S;
  #seq = 0;
  #snapshotSeq = 0;

  constructor(options: JournalOptions<S, A, E>) {
    this.#options = options;
    this.state = options.empty(options.argument);
  }

  async recover(ctx: Context): Promise<void> {
    const { journal, terms, upgrade } = this.#options;
    const snapshot = (await askStore(ctx, "loadSnapshot", journal)) as StoredSnapshot | undefined;
    // Asked after the snapshot, which is never ahead of it, and before the events, which are all there up to it.
    const last = (await askStore(ctx, "lastSeq", journal)) as number;
    if (snapshot !== undefined) {
      const { version, value } = this.#kept(snapshot.state, "the snapshot");
      if (snapshot.seq > last) throw this.#gap(`the snapshot is of event ${snapshot.seq}, and the last is ${last}`);
      // One of an older version may lack what events would have told: these are read anew, if all are there.
      if (version === terms.version) {
        this.state = structuredClone(value) as S; // a message is its receiver's to read, and this is to be changed
        this.#seq = snapshot.seq;
        this.#snapshotSeq = snapshot.seq;
      }
    }
    let page: readonly JournalEntry[];
    do {
      page = (await askStore(ctx, "read", { journal, fromSeq: this.#seq + 1, limit: pageSize })) as JournalEntry[];
      for (const { seq, event } of page) {
        if (seq !== this.#seq + 1) throw this.#gap(`event ${this.#seq + 1} is missing, and the next is ${seq}`);
        const { version, value } = this.#kept(event, `event ${seq}`);
        this.#apply(version < terms.version && upgrade !== undefined ? upgrade(value, version) : (value as E));
        this.#seq = seq;
      }
    } while (page.length === pageSize);
    if (this.#seq < last) throw this.#gap(`event ${this.#seq + 1} is missing, and all up to the last, ${last}`);
  }

  async persist(events: readonly E[], ctx: Context): Promise<void> {
    const { journal, terms } = this.#options;
    const kept = events.map((value): Kept => ({ version: terms.version, value }));
    try {
      await askStore(ctx, "append", { journal, events: kept, ifSeq: this.#seq });
    } catch (error) {
      throw this.#explained(error as Error);
    }
    for (const event of events) this.#apply(event);
    this.#seq += events.length;
    if (terms.snapshotEvery > 0 && this.#seq - this.#snapshotSeq >= terms.snapshotEvery) await this.#snapshot(ctx);
  }

  /** The store knows numbers alone; what they mean is known here. */
  #explained(error: Error): Error {
    if ((error as Partial<RuntimeError>).code !== "version_conflict") return error;
    const { journal } = this.#options;
    const message = `journal "${journal}": somebody else has written to it, and one actor writes a journal at a time (${error.message})`;
    return new RuntimeError("version_conflict", message, { cause: error });
  }

  #apply(event: E): void {
    const next = this.#options.apply(this.state, event);
    if (next !== undefined) this.state = next;
  }

  /** One that the store does not take costs nothing: all of its events are kept. The next event tries again. */
  async #snapshot(ctx: Context): Promise<void> {
    const { journal, terms } = this.#options;
    const seq = this.#seq;
    const state: Kept = { version: terms.version, value: copyOf(this.state, `journal "${journal}": its snapshot`) };
    try {
      await askStore(ctx, "saveSnapshot", { journal, seq, state });
      this.#snapshotSeq = seq;
      if (terms.keepEvents < seq) await askStore(ctx, "prune", { journal, seq: seq - terms.keepEvents });
    } catch (error) {
      const { code } = error as RuntimeError; // as every call fails
      if (code === "not_cloneable" || code === "bad_argument") throw error;
      ctx.log("warning", `journal "${journal}": no snapshot of event ${seq}`, errorData(error));
    }
  }

  #kept(stored: unknown, what: string): Kept {
    const { journal, terms } = this.#options;
    return keptOf(stored, terms.version, {
      what: `journal "${journal}": ${what}`,
      kind: "event-sourced actor",
      remedy: "take the journal from a backup",
    });
  }

  #gap(what: string): RuntimeError {
    const { journal } = this.#options;
    return new RuntimeError(
      "storage_corrupt",
      `journal "${journal}": ${what}: a snapshot that fits is gone, or events are: take the journal from a backup`,
    );
  }
}
