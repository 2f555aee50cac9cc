/** What a question finds: chunks by their words and by their vectors, as one ranking. */
import { errorData, type StorageClient, ToolError } from "../../core/index.ts";
import { bm25, type Posting } from "./bm25.ts";
import { assertEmbedding, type Collections } from "./collections.ts";
import type { MemoryConfig } from "./config.ts";
import type { Embedder } from "./embedder.ts";
import {
  type ChunkRecord,
  type CollectionFigures,
  chunkName,
  type DocumentRecord,
  type MemoryKeys,
  type Metadata,
  numberOf,
  type PostingList,
} from "./memory-keys.ts";
import { bestFirst, type Fused, fuseRanks } from "./rank-fusion.ts";
import { termsOf } from "./terms.ts";

export interface Question {
  readonly collection: string;
  readonly query: string;
  readonly k: number;
  /** Fields of the metadata, each with just that value. */
  readonly filter: Metadata;
}

export interface Memory {
  /** Of its document. */
  readonly id: string;
  readonly text: string;
  /** Of the fusion: it says which is better, and no more. */
  readonly score: number;
  /** Its place in the document, from 0 on, and how many that has. */
  readonly chunk: number;
  readonly chunks: number;
  readonly metadata: Metadata;
}

export interface Recalled {
  readonly memories: readonly Memory[];
  /** Why they were found by their words alone, where the plugin has a model. */
  readonly note?: string;
}

/** The most that a store lists at once, and looks up at once. */
const pageMax = 10_000;
const documentsAtOnce = 100;

type Documents = Map<string, DocumentRecord | undefined>;

export class Recall {
  readonly #store: StorageClient;
  readonly #keys: MemoryKeys;
  readonly #collections: Collections;
  readonly #embedder: Embedder | undefined;
  readonly #config: MemoryConfig;

  constructor(
    store: StorageClient,
    keys: MemoryKeys,
    collections: Collections,
    embedder: Embedder | undefined,
    config: MemoryConfig,
  ) {
    this.#store = store;
    this.#keys = keys;
    this.#collections = collections;
    this.#embedder = embedder;
    this.#config = config;
  }

  /** @throws ToolError `tool_denied`: its vectors are another model's. */
  async find(question: Question, signal: AbortSignal): Promise<Recalled> {
    const figures = await this.#collections.figures(question.collection);
    if (figures.chunks === 0) return { memories: [] };
    const documents: Documents = new Map();
    const [words, vectors] = await Promise.all([
      this.#byWords(question, figures, documents, signal),
      this.#byVectors(question, figures, signal),
    ]);
    const fused = fuseRanks([words, vectors.ranking], this.#config.rankConstant);
    const memories = await this.#memories(question, fused, documents);
    return { memories, ...(vectors.note !== undefined && { note: vectors.note }) };
  }

  async #byWords(question: Question, figures: CollectionFigures, documents: Documents, signal: AbortSignal) {
    const { collection, query, filter } = question;
    const terms = [...new Set(termsOf(query))];
    const postings = await Promise.all(terms.map((term) => this.#postings(collection, term, signal)));
    const ranking = bestFirst(bm25(postings, figures, this.#config));
    const { candidates } = this.#config;
    if (Object.keys(filter).length === 0) return ranking.slice(0, candidates);
    const found: string[] = [];
    for (let from = 0; from < ranking.length && found.length < candidates; from += documentsAtOnce) {
      signal.throwIfAborted();
      const some = ranking.slice(from, from + documentsAtOnce);
      await this.#load(collection, some.map(numberOf), documents);
      found.push(...some.filter((chunk) => has(documents.get(numberOf(chunk))?.metadata, filter)));
    }
    return found.slice(0, candidates);
  }

  async #postings(collection: string, term: string, signal: AbortSignal): Promise<Posting[]> {
    const prefix = this.#keys.posting(collection, term, "");
    const postings: Posting[] = [];
    for (let after: string | undefined; ; ) {
      signal.throwIfAborted();
      const page = await this.#store.list({ prefix, limit: pageMax, ...(after !== undefined && { after }) });
      for (const { key, value } of page) {
        const number = key.slice(prefix.length);
        for (const [place, count, length] of value as PostingList)
          postings.push({ chunk: chunkName(number, place), count, length });
      }
      if (page.length < pageMax) return postings;
      after = page.at(-1)?.key;
    }
  }

  async #byVectors(
    { collection, query, filter }: Question,
    figures: CollectionFigures,
    signal: AbortSignal,
  ): Promise<{ readonly ranking: readonly string[]; readonly note?: string }> {
    if (this.#embedder === undefined || figures.embedding === undefined) return { ranking: [] };
    try {
      const { vectors, embedding } = await this.#embedder.embed([query], signal);
      assertEmbedding(collection, figures, embedding);
      const found = await this.#store.searchVectors({
        collection: this.#keys.of(collection),
        vector: Float32Array.from(vectors[0] as readonly number[]),
        k: this.#config.candidates,
        filter,
      });
      return { ranking: found.map(({ id }) => id) };
    } catch (error) {
      signal.throwIfAborted();
      // What is wrong with the collection is no passing failure of the model.
      if (error instanceof ToolError && error.code === "tool_denied") throw error;
      return { ranking: [], note: `found by words alone, since there are no vectors now: ${errorData(error).message}` };
    }
  }

  async #memories({ collection, k }: Question, fused: readonly Fused[], documents: Documents): Promise<Memory[]> {
    const memories: Memory[] = [];
    for (let from = 0; from < fused.length && memories.length < k; from += k) {
      const some = fused.slice(from, from + k);
      const [chunks] = await Promise.all([
        Promise.all(some.map(({ chunk }) => this.#store.get(this.#keys.chunk(collection, chunk)))),
        this.#load(
          collection,
          some.map(({ chunk }) => numberOf(chunk)),
          documents,
        ),
      ]);
      for (const [place, { chunk, score }] of some.entries()) {
        const text = (chunks[place]?.value as ChunkRecord | undefined)?.text;
        const number = numberOf(chunk);
        const document = documents.get(number);
        // It was forgotten since it was found.
        if (text === undefined || document === undefined) continue;
        const { id, chunks: of, metadata } = document;
        memories.push({ id, text, score, chunk: Number(chunk.slice(number.length + 1)), chunks: of, metadata });
      }
    }
    return memories.slice(0, k);
  }

  async #load(collection: string, numbers: readonly string[], documents: Documents): Promise<void> {
    const wanted = [...new Set(numbers)].filter((number) => !documents.has(number));
    await Promise.all(
      wanted.map(async (number) => {
        const entry = await this.#store.get(this.#keys.document(collection, number));
        documents.set(number, entry?.value as DocumentRecord | undefined);
      }),
    );
  }
}

function has(metadata: Metadata | undefined, filter: Metadata): boolean {
  return (
    metadata !== undefined &&
    Object.entries(filter).every(([field, value]) => Object.hasOwn(metadata, field) && metadata[field] === value)
  );
}
