/**
 * The collections of a namespace, as the store has them. A change of one depends on the version of its figures, which it writes: so
 * changes come one after the other, from wherever they come, and what one has read is so when it is kept.
 */
import { describe, errorData, type StorageClient, type StorageWrite, ToolError } from "../../core/index.ts";
import type { MemoryConfig } from "./config.ts";
import type { CollectionFigures, DocumentRecord, Embedding, MemoryKeys } from "./memory-keys.ts";
import { deletesOf, type GivenDocument, putsOf } from "./stored-document.ts";

const none: CollectionFigures = { documents: 0, chunks: 0, terms: 0, bytes: 0 };

/** Of a change that others come before. */
const attemptsMax = 20;

/** What is to become of a collection, by what it has. No writes: nothing. */
type Change<T> = (figures: CollectionFigures) => Promise<{
  readonly figures: CollectionFigures;
  readonly writes: readonly StorageWrite[];
  readonly answer: T;
}>;

interface Found {
  readonly number: string;
  readonly record: DocumentRecord;
  readonly deletes: readonly StorageWrite[];
}

export class Collections {
  readonly #store: StorageClient;
  readonly #keys: MemoryKeys;
  readonly #limits: Pick<MemoryConfig, "maxCollections" | "maxDocuments" | "maxBytes">;
  /** The last change of each collection that is under way here: those of one plugin need not meet in the store. */
  readonly #changes = new Map<string, Promise<unknown>>();

  constructor(store: StorageClient, keys: MemoryKeys, limits: MemoryConfig) {
    this.#store = store;
    this.#keys = keys;
    this.#limits = limits;
  }

  async names(): Promise<readonly string[]> {
    return ((await this.#store.get(this.#keys.collections))?.value as readonly string[] | undefined) ?? [];
  }

  async figures(collection: string): Promise<CollectionFigures> {
    const entry = await this.#store.get(this.#keys.of(collection));
    return (entry?.value as CollectionFigures | undefined) ?? none;
  }

  /** In the place of the one that has its id. @returns whether there was one. @throws ToolError `tool_limit`, `tool_denied`. */
  async put(
    collection: string,
    document: GivenDocument,
    embedding: Embedding | undefined,
    signal: AbortSignal,
  ): Promise<boolean> {
    return await this.#change(collection, signal, async (figures) => {
      if (embedding !== undefined) assertEmbedding(collection, figures, embedding);
      const found = await this.#find(collection, document.id);
      const [record, puts] = putsOf(this.#keys, collection, document);
      const next = changed(without(figures, found?.record), record, 1);
      this.#assertRoom(collection, next);
      const kept = embedding === undefined ? next : { ...next, embedding };
      return { figures: kept, writes: [...(found?.deletes ?? []), ...puts], answer: found !== undefined };
    });
  }

  /** Whether there was such a document. */
  async delete(collection: string, id: string, signal: AbortSignal): Promise<boolean> {
    return await this.#change(collection, signal, async (figures) => {
      const found = await this.#find(collection, id);
      if (found === undefined) return { figures, writes: [], answer: false };
      return { figures: without(figures, found.record), writes: found.deletes, answer: true };
    });
  }

  /** With the ids behind that one, in their order. */
  async documents(collection: string, after: string | undefined, limit: number): Promise<readonly DocumentRecord[]> {
    const prefix = this.#keys.id(collection, "");
    const ids = await this.#store.list({ prefix, limit, ...(after !== undefined && { after: `${prefix}${after}` }) });
    const records = await Promise.all(
      ids.map(({ value }) => this.#store.get(this.#keys.document(collection, value as string))),
    );
    // One may have gone meanwhile.
    return records.filter((entry) => entry !== undefined).map(({ value }) => value as DocumentRecord);
  }

  async #find(collection: string, id: string): Promise<Found | undefined> {
    const number = (await this.#store.get(this.#keys.id(collection, id)))?.value as string | undefined;
    if (number === undefined) return undefined;
    const [record, terms] = (await Promise.all(
      [this.#keys.document(collection, number), this.#keys.terms(collection, number)].map(
        async (key) => (await this.#store.get(key))?.value,
      ),
    )) as [DocumentRecord | undefined, readonly string[] | undefined];
    // Somebody else has changed it since: then the figures have another version, and all is read again.
    if (record === undefined || terms === undefined) return undefined;
    return { number, record, deletes: deletesOf(this.#keys, collection, number, record, terms) };
  }

  #assertRoom(collection: string, { documents, bytes }: CollectionFigures): void {
    const { maxDocuments, maxBytes } = this.#limits;
    const full = (what: string) =>
      new ToolError("tool_limit", `the collection ${collection} is full (${what}): forget what is of no use any more`);
    if (documents > maxDocuments) throw full(`maxDocuments is ${maxDocuments}`);
    if (bytes > maxBytes) throw full(`maxBytes is ${maxBytes}, and with this there were ${bytes}`);
  }

  /** Together with the list of collections, where it begins or ends by it. */
  async #change<T>(collection: string, signal: AbortSignal, by: Change<T>): Promise<T> {
    const former = this.#changes.get(collection);
    const mine = (async () => {
      // What became of it is told to whoever asked for it.
      await former?.catch(() => {});
      return await this.#attempts(collection, signal, by);
    })();
    this.#changes.set(collection, mine);
    try {
      return await mine;
    } finally {
      if (this.#changes.get(collection) === mine) this.#changes.delete(collection);
    }
  }

  async #attempts<T>(collection: string, signal: AbortSignal, by: Change<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted();
      const key = this.#keys.of(collection);
      const entry = await this.#store.get(key);
      const { figures, writes, answer } = await by((entry?.value as CollectionFigures | undefined) ?? none);
      if (writes.length === 0) return answer;
      signal.throwIfAborted();
      const ifVersion = entry?.version ?? 0;
      const isEmpty = figures.documents === 0;
      const own: readonly StorageWrite[] = isEmpty
        ? [
            { type: "delete", key, ifVersion },
            { type: "dropVectors", collection: key },
          ]
        : [{ type: "put", key, value: figures, ifVersion }];
      const listed = isEmpty || entry === undefined ? await this.#listed(collection, isEmpty) : [];
      try {
        await this.#store.transact([...writes, ...own, ...listed]);
        return answer;
      } catch (error) {
        if (errorData(error).code !== "version_conflict") throw error;
        if (attempt === attemptsMax)
          throw new ToolError(
            "tool_failed",
            `others have changed the collection ${collection} ${attemptsMax} times meanwhile: ask again`,
            error,
          );
      }
    }
  }

  async #listed(collection: string, isLeaving: boolean): Promise<StorageWrite[]> {
    const { maxCollections } = this.#limits;
    const key = this.#keys.collections;
    const entry = await this.#store.get(key);
    const ifVersion = entry?.version ?? 0;
    const others = ((entry?.value as readonly string[] | undefined) ?? []).filter((name) => name !== collection);
    if (isLeaving && others.length === 0) return [{ type: "delete", key, ifVersion }];
    if (!isLeaving && others.length >= maxCollections)
      throw new ToolError(
        "tool_limit",
        `there are ${others.length} collections, and maxCollections is ${maxCollections}: use one that there is`,
      );
    return [{ type: "put", key, value: isLeaving ? others : [...others, collection].sort(), ifVersion }];
  }
}

function changed(figures: CollectionFigures, record: DocumentRecord, by: 1 | -1): CollectionFigures {
  return {
    ...figures,
    documents: figures.documents + by,
    chunks: figures.chunks + by * record.chunks,
    terms: figures.terms + by * record.terms,
    bytes: figures.bytes + by * record.bytes,
  };
}

function without(figures: CollectionFigures, record: DocumentRecord | undefined): CollectionFigures {
  return record === undefined ? figures : changed(figures, record, -1);
}

/** Vectors of two models have nothing to do with one another, and a search among them would find just anything. @throws ToolError `tool_denied`. */
export function assertEmbedding(collection: string, { embedding }: CollectionFigures, given: Embedding): void {
  if (embedding === undefined || (embedding.model === given.model && embedding.dimension === given.dimension)) return;
  const told = ({ model, dimension }: Embedding) => `${describe(model)} (${dimension} numbers)`;
  throw new ToolError(
    "tool_denied",
    `the collection ${collection} has vectors of the model ${told(embedding)}, and the model is ${told(given)} now: use another collection, ` +
      "or clear this one and remember its texts anew",
  );
}
