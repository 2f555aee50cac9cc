/** A document as it is written: its chunks, its entries of the index and its vectors, all of which one transaction has. */
import type { StorageWrite } from "../../core/index.ts";
import {
  type ChunkRecord,
  chunkName,
  type DocumentRecord,
  type MemoryKeys,
  type Metadata,
  newNumber,
  type PostingList,
} from "./memory-keys.ts";
import { termCounts, termsOf } from "./terms.ts";

export interface GivenDocument {
  readonly id: string;
  readonly metadata: Metadata;
  readonly chunks: readonly string[];
  /** One a chunk. */
  readonly vectors: readonly (readonly number[])[] | undefined;
  readonly bytes: number;
  readonly writtenMs: number;
}

const beginChars = 80;

export function putsOf(keys: MemoryKeys, collection: string, given: GivenDocument): [DocumentRecord, StorageWrite[]] {
  const { id, metadata, chunks, vectors, bytes, writtenMs } = given;
  const number = newNumber();
  const writes: StorageWrite[] = [];
  const put = (key: string, value: unknown) => writes.push({ type: "put", key, value });
  const postings = new Map<string, [number, number, number][]>();
  let length = 0;
  for (const [place, text] of chunks.entries()) {
    const terms = termsOf(text);
    length += terms.length;
    for (const [term, count] of termCounts(terms)) {
      const list = postings.get(term);
      if (list === undefined) postings.set(term, [[place, count, terms.length]]);
      else list.push([place, count, terms.length]);
    }
    put(keys.chunk(collection, chunkName(number, place)), { text } satisfies ChunkRecord);
  }
  const record: DocumentRecord = {
    id,
    metadata,
    chunks: chunks.length,
    terms: length,
    bytes,
    hasVectors: vectors !== undefined,
    begin: Array.from((chunks[0] ?? "").slice(0, 2 * beginChars))
      .slice(0, beginChars)
      .join("")
      .toWellFormed(),
    writtenMs,
  };
  put(keys.id(collection, id), number);
  put(keys.document(collection, number), record);
  put(keys.terms(collection, number), [...postings.keys()]);
  for (const [term, list] of postings) put(keys.posting(collection, term, number), list satisfies PostingList);
  for (const [place, vector] of vectors?.entries() ?? [])
    writes.push({
      type: "putVector",
      collection: keys.of(collection),
      id: chunkName(number, place),
      vector: Float32Array.from(vector),
      metadata,
    });
  return [record, writes];
}

/** What takes all of it away. @param terms each once */
export function deletesOf(
  keys: MemoryKeys,
  collection: string,
  number: string,
  { id, chunks, hasVectors }: DocumentRecord,
  terms: readonly string[],
): StorageWrite[] {
  const places = Array.from({ length: chunks }, (_, place) => chunkName(number, place));
  const vectors = hasVectors ? places : [];
  return [
    ...[
      keys.id(collection, id),
      keys.document(collection, number),
      keys.terms(collection, number),
      ...places.map((chunk) => keys.chunk(collection, chunk)),
      ...terms.map((term) => keys.posting(collection, term, number)),
    ].map((key) => ({ type: "delete", key }) as const),
    ...vectors.map((chunk) => ({ type: "deleteVector", collection: keys.of(collection), id: chunk }) as const),
  ];
}
