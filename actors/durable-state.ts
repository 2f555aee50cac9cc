/**
 * Actors whose whole state a store keeps under one key, and each new incarnation has it from there. As Akka's
 * DurableStateBehavior, with `await` in the place of effects; for what has happened one by one there is `defineEventSourced`.
 */
import {
  type Behaviour,
  type BehaviourOptions,
  type Context,
  defineServer,
  RuntimeError,
  type ServerApi,
  type StoredEntry,
} from "../core/index.ts";
import { askStore, assertWholeNumber, copyOf, type Kept, keptOf, type PersistentHandlers } from "./kept.ts";
import { Persisting } from "./persisting.ts";

/** Makes it the state, once the store has it. Of one turn: `bad_argument` when that is over. */
export interface PersistState<S> {
  (next: S): Promise<void>;
  /** Takes it out of the store; the state is then the one before anything was kept. */
  delete(): Promise<void>;
}

/** `never` for the argument lets each handler declare its own. */
export type DurableStateCalls<S> = {
  readonly [name: string]: (state: S, argument: never, persist: PersistState<S>, ctx: Context) => unknown;
};

export interface DurableStateDefinition<S, A, K> extends Omit<BehaviourOptions, "configuration"> {
  /** Names the key of an actor: one for each, whoever writes to it. */
  key(argument: A): string;
  /** The state before anything was kept. */
  empty(argument: A): S;
  /** The first two parameters and the answer are a server's; what is to be kept is said by the third. The state is data. */
  calls: K & DurableStateCalls<S>;
  /** Of the state that is written. Default 1. One of a newer version is refused. */
  version?: number;
  /** Makes a state of this version from one of an older. Without it an older one is taken as it is. */
  upgrade?(state: unknown, version: number): S;
}

/** @throws RuntimeError `bad_argument`; a start fails with what the store says, `storage_corrupt` or `storage_version`. */
export function defineDurableState<S, A, K extends object>(
  definition: DurableStateDefinition<S, A, K>,
): Behaviour<A, ServerApi<PersistentHandlers<K>, Record<never, never>>> {
  const { key, empty, calls, version = 1, upgrade, ...options } = definition;
  assertWholeNumber(version, 1, "defineDurableState: version");
  const handlers = Object.entries(calls as DurableStateCalls<S>).map(([name, handler]) => [
    name,
    // Async as a whole: whatever the handler is, `persist` holds its turn.
    async (own: Entry<S>, argument: unknown, ctx: Context) =>
      await own.persisting.turn(ctx, (keeping) => {
        const persist = Object.assign((next: S) => keeping(() => own.put(next, ctx)), {
          delete: () => keeping(() => own.delete(ctx)),
        });
        return handler(own.state, argument as never, persist, ctx);
      }),
  ]);
  return defineServer({
    ...options,
    async init(argument: A, ctx) {
      const own = new Entry<S>({ key: key(argument), empty: () => empty(argument), upgrade, version });
      await own.recover(ctx);
      return own;
    },
    calls: Object.fromEntries(handlers) as PersistentHandlers<K> & Record<string, never>,
    format: (own: Entry<S>) => own.state,
  });
}

interface EntryOptions<S> {
  readonly key: string;
  readonly version: number;
  readonly upgrade: ((state: unknown, version: number) => S) | undefined;
  empty(): S;
}

/** One actor's state, and the version under which the store has it. */
class Entry<S> {
  readonly #options: EntryOptions<S>;
  readonly persisting = new Persisting();
  state: S;
  /** 0: it is not there. */
  #storeVersion = 0;

  constructor(options: EntryOptions<S>) {
    this.#options = options;
    this.state = options.empty();
  }

  async recover(ctx: Context): Promise<void> {
    const { key, version: versionMax, upgrade } = this.#options;
    const entry = (await askStore(ctx, "get", key)) as StoredEntry | undefined;
    if (entry === undefined) return;
    const { version, value } = keptOf(entry.value, versionMax, {
      what: `key "${key}": its state`,
      kind: "actor with durable state",
      remedy: "take it from a backup, or name another key",
    });
    const own = structuredClone(value); // a message is its receiver's to read, and this is to be changed
    this.state = version < versionMax && upgrade !== undefined ? upgrade(own, version) : (own as S);
    this.#storeVersion = entry.version;
  }

  async put(next: S, ctx: Context): Promise<void> {
    const { key, version } = this.#options;
    const value: Kept = { version, value: copyOf(next, `key "${key}": its state`) };
    const given = { key, value, ifVersion: this.#storeVersion };
    ({ version: this.#storeVersion } = (await this.#ask(ctx, "put", given)) as { readonly version: number });
    this.state = next;
  }

  async delete(ctx: Context): Promise<void> {
    await this.#ask(ctx, "delete", { key: this.#options.key, ifVersion: this.#storeVersion });
    this.#storeVersion = 0;
    this.state = this.#options.empty();
  }

  /** The store knows numbers alone; what they mean is known here. */
  async #ask(ctx: Context, call: string, argument: unknown): Promise<unknown> {
    try {
      return await askStore(ctx, call, argument);
    } catch (error) {
      const { code, message } = error as RuntimeError; // as every call fails
      if (code !== "version_conflict") throw error;
      const text = `key "${this.#options.key}": somebody else has written to it, and one actor keeps its state there at a time (${message})`;
      throw new RuntimeError(code, text, { cause: error });
    }
  }
}
