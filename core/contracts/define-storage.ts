/** A storage plugin, made of its driver: the calls of the contract. */
import { errorData, RuntimeError } from "../errors.ts";
import type { CallToken, PluginBus } from "../plugin/plugin-bus.ts";
import {
  definePlugin,
  type Plugin,
  type PluginBehaviour,
  type PluginCalls,
  type PluginDefinition,
  type PluginHealth,
} from "../plugin.ts";
import { checkedName } from "./checked-values.ts";
import { type SqlAnswer, type SqlDriver, sqlVersion } from "./sql.ts";
import { SqlStatements } from "./sql-calls.ts";
import {
  type ListQuery,
  type ReadOutcome,
  type ReadQuery,
  type StorageCalls,
  type StoredEntry,
  storageCapability,
  type WriteCall,
  writeCalls,
} from "./storage.ts";
import { checkedBatch, checkedCall, checkedKeys, checkedList, checkedRead } from "./storage-arguments.ts";
import type { DriverEntry, StorageDriver } from "./storage-driver.ts";
import { jsonOfBytes, valueOfBytes } from "./stored-value.ts";
import { vectorOfBytes } from "./stored-vector.ts";
import { type CheckedSearch, checkedSearch, checkedVectorQuery } from "./vector-arguments.ts";
import { searchVectors } from "./vector-search.ts";
import { storageError, WriteGroups } from "./write-groups.ts";

export interface StorageDefinition<C>
  extends Omit<PluginDefinition<C, never, never>, "behaviour" | "provides" | "tags"> {
  /** Opens the store, or makes it. @param signal aborted when the plugin ends, also by a kill, and also while it is opened; and when its start is interrupted. */
  open(config: C, signal: AbortSignal): Promise<StorageDriver>;
  /** With it the plugin provides the contract of SQL, too, by its own name. Undefined: the configuration names no database for it. */
  openSql?(config: C, signal: AbortSignal): Promise<SqlDriver | undefined>;
}

/** Reads that may wait for the store, and searches. */
const readsMax = 65_536;
const searchesMax = 1_000;

class Store {
  /** The plugin's. */
  readonly #name: string;
  readonly driver: StorageDriver;
  readonly writes: WriteGroups;
  readonly wallMs: () => number;
  readonly #bus: PluginBus;
  /** Reads that are under way. */
  readonly #reading = new Set<Promise<void>>();
  #searches = 0;
  #searching: Promise<void> = Promise.resolve();
  #isClosed = false;
  readonly sql: SqlStatements;

  constructor(name: string, driver: StorageDriver, sql: SqlDriver | undefined, bus: PluginBus) {
    this.#name = name;
    this.driver = driver;
    this.sql = new SqlStatements(name, sql);
    this.writes = new WriteGroups(name, driver, bus);
    this.#bus = bus;
    this.wallMs = () => bus.wallMs();
  }

  /** Answers later, so that reads wait for no other. @throws RuntimeError `queue_full`. */
  read<T>(question: () => Promise<T>): unknown {
    if (this.#reading.size >= readsMax)
      throw new RuntimeError("queue_full", `${readsMax} reads wait for the store already: ask again later`);
    const from = this.#bus.from as CallToken;
    const reading = question().then(
      (value) => this.#bus.reply(from, value),
      (error: unknown) => this.#bus.replyError(from, storageError(error, this.#name)),
    );
    this.#reading.add(reading);
    void reading.then(() => this.#reading.delete(reading));
    return this.#bus.noReply;
  }

  /** Answers later. @throws RuntimeError `bad_argument`. */
  statement(asked: () => Promise<SqlAnswer>): unknown {
    const from = this.#bus.from as CallToken;
    void asked().then(
      (answer) => this.#bus.reply(from, answer),
      (error: unknown) => {
        const { code = "tool_failed", message } = errorData(error);
        this.#bus.replyError(from, { code, message });
      },
    );
    return this.#bus.noReply;
  }

  /** By key. */
  async getMany(keys: readonly string[]): Promise<Map<string, DriverEntry>> {
    const { driver } = this;
    const nowMs = this.wallMs();
    const found =
      driver.getMany === undefined
        ? await Promise.all(keys.map((key) => driver.get(key, nowMs)))
        : await driver.getMany(keys, nowMs);
    return new Map(found.filter((entry) => entry !== undefined).map((entry) => [entry.key, entry]));
  }

  outcomeOf(found: DriverEntry): ReadOutcome {
    const { value, ...rest } = found;
    try {
      const json = jsonOfBytes(value, `the value of "${found.key}"`);
      return json === undefined ? { entry: readEntry(found) } : { text: { ...rest, json } };
    } catch (error) {
      const { code, message } = storageError(error, this.#name);
      return { error: { code, message } };
    }
  }

  /** Answers later, so that nobody waits for it but who asked, and the searches behind it. @throws RuntimeError `queue_full`. */
  search(search: CheckedSearch): unknown {
    if (this.#searches >= searchesMax)
      throw new RuntimeError("queue_full", `${searchesMax} searches wait for the store already: ask again later`);
    this.#searches++;
    const from = this.#bus.from as CallToken;
    this.#searching = this.#searching.then(async () => {
      if (this.#isClosed) return;
      try {
        this.#bus.reply(from, await searchVectors(this.driver, search, () => this.#isClosed));
      } catch (error) {
        // Whoever asked one that has ended was told so.
        if (!this.#isClosed) this.#bus.replyError(from, storageError(error, this.#name));
      }
      this.#searches--;
    });
    return this.#bus.noReply;
  }

  async close(): Promise<void> {
    await this.sql.end();
    await this.#searching;
    await Promise.all(this.#reading);
    await this.writes.settled();
    // It may have been killed meanwhile, as what takes too long to end.
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.driver.close();
  }

  /** The plugin has ended. Where it was killed nothing has been closed, and what is under way is nobody's. */
  ended(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.writes.ended();
    void this.sql.end();
    // Nobody is left who could be told, also where it throws at once.
    void (async () => await this.driver.close())().catch(() => {});
  }
}

function readEntry(entry: DriverEntry): StoredEntry {
  return { ...entry, value: valueOfBytes(entry.value, `the value of "${entry.key}"`) };
}

const writeHandlers = Object.fromEntries(
  writeCalls.map((call) => [
    call,
    (store: Store, given: unknown) => store.writes.one(checkedCall(call, given, store.wallMs)),
  ]),
) as Readonly<Record<WriteCall, (store: Store, given: unknown) => unknown>>;

/** The answer to a batch of reads has hardly more: what is larger may be more than one message takes. */
const readBytesMax = 1_048_576;

async function readMany(store: Store, keys: readonly string[]): Promise<ReadOutcome[]> {
  const found = await store.getMany(keys);
  let bytes = 0;
  return keys.map((key): ReadOutcome => {
    const entry = found.get(key);
    if (entry === undefined) return { entry };
    const { byteLength } = entry.value;
    if (bytes + byteLength > readBytesMax) return { isLeftOut: true };
    bytes += byteLength;
    return store.outcomeOf(entry);
  });
}

const calls = {
  get(store: Store, given: string) {
    const key = checkedName(given, "get: the key");
    return store.read(async () => {
      const entry = await store.driver.get(key, store.wallMs());
      return entry && readEntry(entry);
    });
  },
  getBatch(store: Store, given: unknown) {
    const keys = checkedKeys(given);
    return store.read(() => readMany(store, keys));
  },
  list(store: Store, query: ListQuery | undefined) {
    const { prefix, after, limit } = checkedList(query);
    return store.read(async () => (await store.driver.list(prefix, after, limit, store.wallMs())).map(readEntry));
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
  ...writeHandlers,
  batch: (store: Store, given: unknown) => store.writes.batch(checkedBatch(given, store.wallMs)),
};

const sqlCalls = {
  querySql: (store: Store, given: unknown) => store.statement(() => store.sql.query(given)),
  describeSql: (store: Store, given: unknown) => store.statement(() => store.sql.describe(given)),
  cancelSql: (store: Store, id: unknown) => new Promise<boolean>((resolve) => resolve(store.sql.cancel(id))),
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
    return { status: "down", detail: errorData(error).message };
  }
}

/** @throws RuntimeError `bad_argument`, as `definePlugin`. */
export function defineStorage<C>({ open, openSql, ...definition }: StorageDefinition<C>): Plugin<StorageHandlers> {
  const behaviour: PluginBehaviour<C, Store, StorageHandlers> = {
    async init(config, bus) {
      const { signal } = bus;
      const sql = await openSql?.(config, signal);
      const store = new Store(definition.name, await open(config, signal), sql, bus);
      // While it was opened, too: killed, or interrupted, which ends this turn alone.
      if (signal.aborted) {
        store.ended();
        signal.throwIfAborted();
      }
      signal.addEventListener("abort", () => store.ended(), { once: true });
      return store;
    },
    calls: { ...calls, ...(openSql && sqlCalls) } as unknown as StorageHandlers & PluginCalls<Store>, // these answer what the contract says, later
    health: healthOf,
    terminate: (store) => store.close(),
    format: () => "a store",
  };
  const sql = openSql ? [{ name: definition.name, version: sqlVersion }] : [];
  return definePlugin({ ...definition, provides: [storageCapability, ...sql], tags: ["storage"], behaviour });
}
