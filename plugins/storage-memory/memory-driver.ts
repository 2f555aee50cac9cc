/** What is kept, in maps. A transaction that cannot be is undone. */
import {
  assertAt,
  assertDimension,
  compareNames,
  type DriverEntry,
  type DriverEvent,
  type DriverOutcome,
  type DriverSnapshot,
  type DriverVector,
  type DriverWrite,
  RuntimeError,
  type StorageDriver,
} from "../../core/index.ts";

interface Journal {
  events: DriverEvent[];
  last: number;
}

interface Collection {
  readonly dimension: number;
  readonly vectors: Map<string, Uint8Array>;
}

/** Vectors that are given at a time. */
const pageMax = 256;

export class MemoryDriver implements StorageDriver {
  readonly #entries = new Map<string, DriverEntry>();
  readonly #journals = new Map<string, Journal>();
  readonly #collections = new Map<string, Collection>();
  readonly #snapshots = new Map<string, DriverSnapshot>();
  #version = 0;

  commit(transactions: readonly (readonly DriverWrite[])[], nowMs: number): Promise<DriverOutcome[]> {
    return Promise.resolve(transactions.map((writes) => this.#transact(writes, nowMs)));
  }

  #transact(writes: readonly DriverWrite[], nowMs: number): DriverOutcome {
    const version = this.#version;
    const undo: (() => void)[] = [];
    const results: unknown[] = [];
    for (const [at, write] of writes.entries()) {
      try {
        results.push(this.#write(write, nowMs, undo));
      } catch (error) {
        for (const step of undo.reverse()) step();
        this.#version = version;
        const { code, message } = error as RuntimeError; // as it is thrown below
        return { ok: false, error: new RuntimeError(code, writes.length === 1 ? message : `[${at}]: ${message}`) };
      }
    }
    return { ok: true, results };
  }

  #write(write: DriverWrite, nowMs: number, undo: (() => void)[]): unknown {
    switch (write.type) {
      case "put":
      case "delete": {
        const { key, ifVersion } = write;
        const former = this.#entries.get(key);
        const version = former !== undefined && isThere(former, nowMs) ? former.version : 0;
        if (ifVersion !== undefined) assertAt(key, ifVersion, version);
        undo.push(() => (former === undefined ? this.#entries.delete(key) : this.#entries.set(key, former)));
        if (write.type === "delete") return { isDeleted: this.#entries.delete(key) && version > 0 };
        const { value, expiresAtMs } = write;
        this.#entries.set(key, { key, value, version: ++this.#version, expiresAtMs });
        return { version: this.#version };
      }
      case "append": {
        const { journal, events, ifSeq } = write;
        const kept = this.#journals.get(journal) ?? { events: [], last: 0 };
        const { last } = kept;
        if (ifSeq !== undefined) assertAt(journal, ifSeq, last);
        this.#journals.set(journal, kept);
        undo.push(() => {
          kept.events.splice(kept.events.length - events.length);
          kept.last = last;
        });
        for (const event of events) kept.events.push({ seq: ++kept.last, event });
        return { seq: kept.last };
      }
      case "snapshot": {
        const { journal, seq, state } = write;
        const former = this.#snapshots.get(journal);
        if (former !== undefined && former.seq > seq) return undefined;
        undo.push(() =>
          former === undefined ? this.#snapshots.delete(journal) : this.#snapshots.set(journal, former),
        );
        this.#snapshots.set(journal, { seq, state });
        return undefined;
      }
      case "prune": {
        const kept = this.#journals.get(write.journal);
        if (kept === undefined) return undefined;
        const count = kept.events.findIndex(({ seq }) => seq > write.seq);
        const { events } = kept;
        kept.events = events.slice(count === -1 ? events.length : count);
        undo.push(() => {
          kept.events = events;
        });
        return undefined;
      }
      case "putVector": {
        const { collection: name, id, dimension, value } = write;
        const collection = this.#collections.get(name) ?? this.#addCollection(name, dimension, undo);
        assertDimension(name, collection.dimension, dimension);
        this.#undoVector(collection, id, undo);
        collection.vectors.set(id, value);
        return undefined;
      }
      case "deleteVector": {
        const collection = this.#collections.get(write.collection);
        if (collection === undefined) return { isDeleted: false };
        this.#undoVector(collection, write.id, undo);
        return { isDeleted: collection.vectors.delete(write.id) };
      }
      case "dropVectors": {
        const collection = this.#collections.get(write.collection);
        if (collection === undefined) return { isDropped: false };
        undo.push(() => this.#collections.set(write.collection, collection));
        this.#collections.delete(write.collection);
        return { isDropped: true };
      }
    }
  }

  #addCollection(name: string, dimension: number, undo: (() => void)[]): Collection {
    const collection: Collection = { dimension, vectors: new Map() };
    undo.push(() => this.#collections.delete(name));
    this.#collections.set(name, collection);
    return collection;
  }

  #undoVector({ vectors }: Collection, id: string, undo: (() => void)[]): void {
    const former = vectors.get(id);
    undo.push(() => (former === undefined ? vectors.delete(id) : vectors.set(id, former)));
  }

  get(key: string, nowMs: number): Promise<DriverEntry | undefined> {
    const entry = this.#entries.get(key);
    return Promise.resolve(entry !== undefined && isThere(entry, nowMs) ? entry : undefined);
  }

  list(prefix: string, after: string | undefined, limit: number, nowMs: number): Promise<DriverEntry[]> {
    const found = [...this.#entries.values()].filter(
      (entry) =>
        entry.key.startsWith(prefix) &&
        (after === undefined || compareNames(entry.key, after) > 0) &&
        isThere(entry, nowMs),
    );
    return Promise.resolve(found.sort((a, b) => compareNames(a.key, b.key)).slice(0, limit));
  }

  read(journal: string, fromSeq: number, limit: number): Promise<DriverEvent[]> {
    const events = this.#journals.get(journal)?.events ?? [];
    const first = events.findIndex(({ seq }) => seq >= fromSeq);
    return Promise.resolve(first === -1 ? [] : events.slice(first, first + limit));
  }

  lastSeq(journal: string): Promise<number> {
    return Promise.resolve(this.#journals.get(journal)?.last ?? 0);
  }

  loadSnapshot(journal: string): Promise<DriverSnapshot | undefined> {
    return Promise.resolve(this.#snapshots.get(journal));
  }

  dimensionOf(collection: string): Promise<number> {
    return Promise.resolve(this.#collections.get(collection)?.dimension ?? 0);
  }

  getVector(collection: string, id: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#collections.get(collection)?.vectors.get(id));
  }

  async *vectors(collection: string): AsyncGenerator<DriverVector[]> {
    const all = [...(this.#collections.get(collection)?.vectors ?? [])];
    for (let from = 0; from < all.length; from += pageMax)
      yield all.slice(from, from + pageMax).map(([id, value]) => ({ id, value }));
  }

  sweep(nowMs: number): Promise<void> {
    for (const [key, entry] of this.#entries) if (!isThere(entry, nowMs)) this.#entries.delete(key);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function isThere({ expiresAtMs }: DriverEntry, nowMs: number): boolean {
  return expiresAtMs === undefined || expiresAtMs > nowMs;
}
