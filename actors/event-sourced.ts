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
  capabilityTopic,
  defineServer,
  describe,
  errorData,
  type JournalEntry,
  RuntimeError,
  type ServerApi,
  type StoredSnapshot,
  storageCapability,
} from "../core/index.ts";

/** Says what has happened, in order: all of it is kept, or nothing. */
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

interface Kept {
  readonly version: number;
  readonly value: unknown;
}

const pageSize = 1_000;
const readTimeoutMs = 30_000;

/** @throws RuntimeError `bad_argument`; a start fails with what the store says, or `storage_version`. */
export function defineEventSourced<S, A, E, K extends object>(
  definition: EventSourcedDefinition<S, A, E, K>,
): Behaviour<A, ServerApi<EventSourcedHandlers<K>, Record<never, never>>> {
  const { journal, empty, apply, calls, version, upgrade, snapshotEvery, keepEvents, ...options } = definition;
  const terms = checkedTerms({ version, snapshotEvery, keepEvents });
  const handlers = Object.entries(calls as EventSourcedCalls<S, E>).map(([name, handler]) => [
    name,
    // Async as a whole: whatever the handler is, `persist` holds its turn.
    async (own: Journal<S, A, E>, argument: unknown, ctx: Context) => {
      const value = await handler(own.state, argument as never, (...events) => own.persist(events, ctx), ctx);
      await own.settle();
      return value;
    },
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
    calls: Object.fromEntries(handlers) as EventSourcedHandlers<K> & Record<string, never>,
    format: (own: Journal<S, A, E>) => own.state,
  });
}

/** The calls as callers see them: the state is no concern of theirs. */
export type EventSourcedHandlers<K> = {
  readonly [N in keyof K]: K[N] extends (state: never, argument: infer A, ...rest: never[]) => infer R
    ? (state: never, argument: A) => R
    : K[N] extends () => infer R
      ? () => R
      : never;
};

interface Terms {
  readonly version: number;
  readonly snapshotEvery: number;
  readonly keepEvents: number;
}

function checkedTerms(given: { readonly [N in keyof Terms]: unknown }): Terms {
  const { version = 1, snapshotEvery = 0, keepEvents = Number.POSITIVE_INFINITY } = given;
  for (const [name, value, min] of [
    ["version", version, 1],
    ["snapshotEvery", snapshotEvery, 0],
    ["keepEvents", keepEvents === Number.POSITIVE_INFINITY ? 0 : keepEvents, 0],
  ] as const) {
    if (!(Number.isSafeInteger(value) && (value as number) >= min))
      throw new RuntimeError(
        "bad_argument",
        `defineEventSourced: ${name} is a whole number from ${min}, got ${describe(value)}`,
      );
  }
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
  state: S;
  #seq = 0;
  #snapshotSeq = 0;
  #failure: Error | undefined;
  /** Those that were asked for so far, one after the other. */
  #persisting: Promise<void> = Promise.resolve();

  constructor(options: JournalOptions<S, A, E>) {
    this.#options = options;
    this.state = options.empty(options.argument);
  }

  async recover(ctx: Context): Promise<void> {
    const { journal, terms, upgrade } = this.#options;
    const snapshot = (await this.#ask(ctx, "loadSnapshot", journal)) as StoredSnapshot | undefined;
    // Asked after the snapshot, which is never ahead of it, and before the events, which are all there up to it.
    const last = (await this.#ask(ctx, "lastSeq", journal)) as number;
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
      page = (await this.#ask(ctx, "read", { journal, fromSeq: this.#seq + 1, limit: pageSize })) as JournalEntry[];
      for (const { seq, event } of page) {
        if (seq !== this.#seq + 1) throw this.#gap(`event ${this.#seq + 1} is missing, and the next is ${seq}`);
        const { version, value } = this.#kept(event, `event ${seq}`);
        this.#apply(version < terms.version && upgrade !== undefined ? upgrade(value, version) : (value as E));
        this.#seq = seq;
      }
    } while (page.length === pageSize);
    if (this.#seq < last) throw this.#gap(`event ${this.#seq + 1} is missing, and all up to the last, ${last}`);
  }

  /** One after the other, also where nobody awaits them. */
  persist(events: readonly E[], ctx: Context): Promise<void> {
    const persisting = this.#persisting.then(() => this.#persist(events, ctx));
    this.#persisting = persisting.catch(() => {}); // told by `settle`
    return persisting;
  }

  async #persist(events: readonly E[], ctx: Context): Promise<void> {
    const { journal, terms } = this.#options;
    this.#assertWhole();
    const kept = events.map((value): Kept => ({ version: terms.version, value }));
    try {
      await this.#ask(ctx, "append", { journal, events: kept, ifSeq: this.#seq });
      for (const event of events) this.#apply(event);
      this.#seq += events.length;
      if (terms.snapshotEvery > 0 && this.#seq - this.#snapshotSeq >= terms.snapshotEvery) await this.#snapshot(ctx);
    } catch (error) {
      this.#failure = this.#explained((error ?? new Error("apply threw nothing")) as Error); // whatever it is, it is thrown on
      throw this.#failure;
    }
  }

  /** The store knows numbers alone; what they mean is known here. */
  #explained(error: Error): Error {
    if ((error as Partial<RuntimeError>).code !== "version_conflict") return error;
    const { journal } = this.#options;
    const message = `journal "${journal}": somebody else has written to it, and one actor writes a journal at a time (${error.message})`;
    return new RuntimeError("version_conflict", message, { cause: error });
  }

  /**
   * Resolves when all that was said to have happened is kept. @throws what an append or `apply` failed with: also a handler that has
   * caught that cannot go on.
   */
  async settle(): Promise<void> {
    for (let last: Promise<void> | undefined; last !== this.#persisting; await last) last = this.#persisting;
    this.#assertWhole();
  }

  #assertWhole(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #apply(event: E): void {
    const next = this.#options.apply(this.state, event);
    if (next !== undefined) this.state = next;
  }

  /** One that the store does not take costs nothing: all of its events are kept. The next event tries again. */
  async #snapshot(ctx: Context): Promise<void> {
    const { journal, terms } = this.#options;
    const seq = this.#seq;
    const state: Kept = { version: terms.version, value: structuredClone(this.state) };
    try {
      await this.#ask(ctx, "saveSnapshot", { journal, seq, state });
      this.#snapshotSeq = seq;
      if (terms.keepEvents < seq) await this.#ask(ctx, "prune", { journal, seq: seq - terms.keepEvents });
    } catch (error) {
      const { code } = error as RuntimeError; // as every request fails
      if (code === "not_cloneable" || code === "bad_argument") throw error;
      ctx.log("warning", `journal "${journal}": no snapshot of event ${seq}`, errorData(error));
    }
  }

  /** What was written here. @throws RuntimeError `storage_corrupt`: by somebody else; `storage_version`. */
  #kept(stored: unknown, what: string): Kept {
    const { journal, terms } = this.#options;
    const { version, value } = (typeof stored === "object" && stored !== null ? stored : {}) as Partial<Kept>;
    if (!Number.isSafeInteger(version) || (version as number) < 1)
      throw new RuntimeError(
        "storage_corrupt",
        `journal "${journal}": ${what} was written by no event-sourced actor: ${describe(stored)}: take the journal from a backup`,
      );
    if ((version as number) > terms.version)
      throw new RuntimeError(
        "storage_version",
        `journal "${journal}": ${what} is of version ${version}, and this behaviour knows up to ${terms.version}: run the newer one`,
      );
    return { version: version as number, value };
  }

  #gap(what: string): RuntimeError {
    const { journal } = this.#options;
    return new RuntimeError(
      "storage_corrupt",
      `journal "${journal}": ${what}: a snapshot that fits is gone, or events are: take the journal from a backup`,
    );
  }

  async #ask(ctx: Context, call: string, argument: unknown): Promise<unknown> {
    const topic = capabilityTopic(storageCapability.name, call);
    return await ctx.request(topic, argument, { timeoutMs: readTimeoutMs });
  }
}
