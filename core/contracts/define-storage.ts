/**
 * A storage plugin, made of its driver: the calls of the contract, and writes in groups. What is asked for while a group is on
 * its way is the next one, so a thousand single writes cost a store no more than some transactions.
 */

import type { From } from "../actor/context.ts";
import { nextLoop, wallMs } from "../clock.ts";
import { errorData, RuntimeError } from "../errors.ts";
import type { PluginBus } from "../plugin/plugin-bus.ts";
import {
  definePlugin,
  type Plugin,
  type PluginBehaviour,
  type PluginCalls,
  type PluginDefinition,
  type PluginHealth,
} from "../plugin.ts";
import { checkedName } from "./checked-values.ts";
import { failPoint } from "./fail-point.ts";
import { type ListQuery, type ReadQuery, type StorageCalls, type StoredEntry, storageCapability } from "./storage.ts";
import { checkedList, checkedRead, checkedTransaction, checkedWrite } from "./storage-arguments.ts";
import type { DriverEntry, DriverOutcome, DriverWrite, StorageDriver } from "./storage-driver.ts";
import { valueOfBytes } from "./stored-value.ts";
import { vectorOfBytes } from "./stored-vector.ts";
import { type CheckedSearch, checkedSearch, checkedVectorQuery } from "./vector-arguments.ts";
import { searchVectors } from "./vector-search.ts";

export interface StorageDefinition<C> extends Omit<PluginDefinition<C, never, never>, "behaviour" | "provides"> {
  /** Opens the store, or makes it. @param signal aborted when the plugin ends, also by a kill, and also while it is opened; and when its start is interrupted. */
  open(config: C, signal: AbortSignal): Promise<StorageDriver>;
}

const sweepMs = 60_000;
/** Transactions that may wait for the store, as many reads, and transactions of one group. */
const waitingMax = 65_536;
const groupMax = 1_000;
/** No part is smaller. */
const partMin = 100;
const searchesMax = 1_000;

interface Waiting {
  readonly writes: readonly DriverWrite[];
  readonly from: From;
  /** Of a single write its result is the answer. */
  readonly isSingle: boolean;
}

class Store {
  /** The plugin's. */
  readonly #name: string;
  readonly driver: StorageDriver;
  readonly #bus: PluginBus;
  #waiting: Waiting[] = [];
  #committing: Promise<void> | undefined;
  /** So many were in the last group. */
  #answered = 0;
  #sweptMs = wallMs();
  /** Reads that are under way. */
  readonly #reading = new Set<Promise<void>>();
  #searches = 0;
  #searching: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(name: string, driver: StorageDriver, bus: PluginBus) {
    this.#name = name;
    this.driver = driver;
    this.#bus = bus;
  }

  /** Answers when it is kept. @throws RuntimeError `queue_full`. */
  write(writes: readonly DriverWrite[], isSingle: boolean): unknown {
    if (this.#waiting.length >= waitingMax)
      throw new RuntimeError("queue_full", `${waitingMax} transactions wait for the store already: ask again later`);
    this.#waiting.push({ writes, from: this.#bus.from as From, isSingle });
    // What others ask for in the same round of the thread is of the same group.
    this.#committing ??= nextRound().then(() => this.#commit());
    return this.#bus.noReply;
  }

  async #commit(): Promise<void> {
    do {
      while (this.#waiting.length > 0) {
        const group = this.#waiting.splice(0, this.#groupSize);
        await this.#commitGroup(group);
        this.#answered = group.length;
        if (this.driver.commitsInParts === true) await nextRound();
      }
      await this.#sweep();
    } while (this.#waiting.length > 0);
    this.#committing = undefined;
    this.#answered = 0;
  }

  /** In parts: half of those that wait and of those that may be about to ask anew, so that one half goes on while the other is kept. */
  get #groupSize(): number {
    if (this.driver.commitsInParts !== true) return groupMax;
    return Math.min(groupMax, Math.max(partMin, Math.ceil((this.#waiting.length + this.#answered) / 2)));
  }

  async #commitGroup(group: readonly Waiting[]): Promise<void> {
    let outcomes: readonly DriverOutcome[];
    try {
      failPoint("before-write");
      outcomes = await this.driver.commit(
        group.map(({ writes }) => writes),
        wallMs(),
      );
      failPoint("before-answer");
    } catch (error) {
      const failure = this.#told(error);
      for (const { from } of group) this.#bus.replyError(from, failure);
      return;
    }
    for (const [at, { from, isSingle }] of group.entries()) {
      const outcome = outcomes[at] as DriverOutcome; // one for each, as the driver promises
      if (!outcome.ok) this.#bus.replyError(from, outcome.error);
      else this.#bus.reply(from, isSingle ? outcome.results[0] : outcome.results);
    }
  }

  /** Answers later, so that reads wait for no other. @throws RuntimeError `queue_full`. */
  read<T>(question: () => Promise<T>): unknown {
    if (this.#reading.size >= waitingMax)
      throw new RuntimeError("queue_full", `${waitingMax} reads wait for the store already: ask again later`);
    const from = this.#bus.from as From;
    const reading = question().then(
      (value) => this.#bus.reply(from, value),
      (error: unknown) => this.#bus.replyError(from, this.#told(error)),
    );
    this.#reading.add(reading);
    void reading.then(() => this.#reading.delete(reading));
    return this.#bus.noReply;
  }

  /** Once in a while, behind writes: what has expired is not read anyhow. */
  async #sweep(): Promise<void> {
    const nowMs = wallMs();
    if (Math.abs(nowMs - this.#sweptMs) < sweepMs) return;
    this.#sweptMs = nowMs;
    try {
      await this.driver.sweep(nowMs);
    } catch (error) {
      this.#bus.log("warning", "what has expired could not be taken away", errorData(error));
    }
  }

  /** Answers later, so that nobody waits for it but who asked, and the searches behind it. @throws RuntimeError `queue_full`. */
  search(search: CheckedSearch): unknown {
    if (this.#searches >= searchesMax)
      throw new RuntimeError("queue_full", `${searchesMax} searches wait for the store already: ask again later`);
    this.#searches++;
    const from = this.#bus.from as From;
    this.#searching = this.#searching.then(async () => {
      if (this.#isClosed) return;
      try {
        this.#bus.reply(from, await searchVectors(this.driver, search, () => this.#isClosed));
      } catch (error) {
        // Whoever asked one that has ended was told so.
        if (!this.#isClosed) this.#bus.replyError(from, this.#told(error));
      }
      this.#searches--;
    });
    return this.#bus.noReply;
  }

  /** Who asks by the capability does not know whose bytes are spoiled. */
  #told(error: unknown): RuntimeError {
    const told = storageError(error);
    if (told.code !== "storage_corrupt") return told;
    return new RuntimeError("storage_corrupt", `plugin ${this.#name}: ${told.message}`, { cause: told.cause });
  }

  async close(): Promise<void> {
    await this.#searching;
    await Promise.all(this.#reading);
    await this.#committing;
    // It may have been killed meanwhile, as what takes too long to end.
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.driver.close();
  }

  /** The plugin has ended. Where it was killed nothing has been closed, and what is under way is nobody's. */
  ended(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#waiting = [];
    // Nobody is left who could be told, also where it throws at once.
    void (async () => await this.driver.close())().catch(() => {});
  }
}

/** Of the thread: what is to be said to others leaves, and what they have said comes in. */
const nextRound = () => new Promise<void>((resolve) => nextLoop(resolve));

/** What is not the runtime's own word was a failure of the store: the caller may try again. */
function storageError(error: unknown): RuntimeError {
  if (error instanceof RuntimeError) return error;
  return new RuntimeError("storage_failed", errorData(error).message, { cause: error });
}

function readEntry(entry: DriverEntry): StoredEntry {
  return { ...entry, value: valueOfBytes(entry.value, `the value of "${entry.key}"`) };
}

const calls = {
  get(store: Store, given: string) {
    const key = checkedName(given, "get: the key");
    return store.read(async () => {
      const entry = await store.driver.get(key, wallMs());
      return entry && readEntry(entry);
    });
  },
  list(store: Store, query: ListQuery | undefined) {
    const { prefix, after, limit } = checkedList(query);
    return store.read(async () => (await store.driver.list(prefix, after, limit, wallMs())).map(readEntry));
  },
  read(store: Store, query: ReadQuery) {
    const { journal, fromSeq, limit } = checkedRead(query);
    return store.read(async () => {
      const events = await store.driver.read(journal, fromSeq, limit);
      return events.map(({ seq, event }) => ({ seq, event: valueOfBytes(event, `event ${seq} of "${journal}"`) }));
    });
  },
  lastSeq(store: Store, given: string) {
    const journal = checkedName(given, "lastSeq: the journal");
    return store.read(() => store.driver.lastSeq(journal));
  },
  loadSnapshot(store: Store, given: string) {
    const journal = checkedName(given, "loadSnapshot: the journal");
    return store.read(async () => {
      const found = await store.driver.loadSnapshot(journal);
      return found && { seq: found.seq, state: valueOfBytes(found.state, `the snapshot of "${journal}"`) };
    });
  },
  getVector(store: Store, given: unknown) {
    const { collection, id } = checkedVectorQuery(given);
    return store.read(async () => {
      const found = await store.driver.getVector(collection, id);
      if (found === undefined) return undefined;
      const { numbers, metadata } = vectorOfBytes(found, collection, id);
      return { id, vector: Array.from(numbers), metadata };
    });
  },
  searchVectors: (store: Store, given: unknown) => store.search(checkedSearch(given)),
  put: (store: Store, given: unknown) => store.write([checkedWrite("put", given, "put")], true),
  delete: (store: Store, given: unknown) => store.write([checkedWrite("delete", given, "delete")], true),
  append: (store: Store, given: unknown) => store.write([checkedWrite("append", given, "append")], true),
  prune: (store: Store, given: unknown) => store.write([checkedWrite("prune", given, "prune")], true),
  saveSnapshot: (store: Store, given: unknown) => store.write([checkedWrite("snapshot", given, "saveSnapshot")], true),
  putVector: (store: Store, given: unknown) => store.write([checkedWrite("putVector", given, "putVector")], true),
  deleteVector: (store: Store, given: unknown) =>
    store.write([checkedWrite("deleteVector", given, "deleteVector")], true),
  dropVectors: (store: Store, given: unknown) => store.write([checkedWrite("dropVectors", given, "dropVectors")], true),
  transact: (store: Store, given: unknown) => store.write(checkedTransaction(given), false),
};

/** The contract's calls as handlers. */
export type StorageHandlers = {
  readonly [N in keyof StorageCalls]: (
    state: never,
    ...argument: Parameters<StorageCalls[N]>
  ) => Promise<ReturnType<StorageCalls[N]>>;
};

/** Whether it can be read: of what is behind a connection that shows whether anybody is there. */
async function healthOf(store: Store): Promise<PluginHealth> {
  try {
    await store.driver.lastSeq("health");
    return { status: "up" };
  } catch (error) {
    return { status: "down", detail: storageError(error).message };
  }
}

/** @throws RuntimeError `bad_argument`, as `definePlugin`. */
export function defineStorage<C>({ open, ...definition }: StorageDefinition<C>): Plugin<StorageHandlers> {
  const behaviour: PluginBehaviour<C, Store, StorageHandlers> = {
    async init(config, bus) {
      const { signal } = bus;
      const store = new Store(definition.name, await open(config, signal), bus);
      // While it was opened, too: killed, or interrupted, which ends this turn alone.
      if (signal.aborted) {
        store.ended();
        signal.throwIfAborted();
      }
      signal.addEventListener("abort", () => store.ended(), { once: true });
      return store;
    },
    calls: calls as StorageHandlers & PluginCalls<Store>, // these answer what the contract says, later
    health: healthOf,
    terminate: (store) => store.close(),
    format: () => "a store",
  };
  return definePlugin({ ...definition, provides: [storageCapability], behaviour });
}
