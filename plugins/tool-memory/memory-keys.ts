/**
 * Where memories stand in the store. Under `memory/<namespace>` is the list of its collections, under `…/<collection>` the figures of
 * one, whose version every write of the collection depends on, and below that what it has. A document is called by its id by those who ask,
 * and by a number of its own in the index: what is written anew under an id never meets what was there before.
 */
import { randomBytes } from "node:crypto";

export interface CollectionFigures {
  readonly documents: number;
  readonly chunks: number;
  /** Terms of all chunks. */
  readonly terms: number;
  /** Of texts and metadata. */
  readonly bytes: number;
  /** Whose vectors these are, from the first document with vectors on. */
  readonly embedding?: Embedding;
}

export interface Embedding {
  readonly model: string;
  readonly dimension: number;
}

export type Metadata = Readonly<Record<string, string | number | boolean | null>>;

export interface DocumentRecord {
  readonly id: string;
  readonly metadata: Metadata;
  readonly chunks: number;
  readonly terms: number;
  readonly bytes: number;
  readonly hasVectors: boolean;
  /** How it begins. */
  readonly begin: string;
  /** When it was written, in ms since 1970. */
  readonly writtenMs: number;
}

export interface ChunkRecord {
  readonly text: string;
}

/** Of a term in a document: chunk, how often, and the terms of that chunk, each. */
export type PostingList = readonly (readonly [chunk: number, count: number, length: number])[];

/** 72 bits, which nothing has had before. */
export function newNumber(): string {
  return randomBytes(9).toString("base64url");
}

export class MemoryKeys {
  readonly collections: string;

  constructor(namespace: string) {
    this.collections = `memory/${namespace}`;
  }

  /** Also the name of its vectors. */
  of(collection: string): string {
    return `${this.collections}/${collection}`;
  }

  /** Has the document's number. */
  id(collection: string, id: string): string {
    return `${this.of(collection)}/i/${id}`;
  }

  document(collection: string, number: string): string {
    return `${this.of(collection)}/d/${number}`;
  }

  /** Has all its terms: what takes it away need not divide its text as it was once divided. */
  terms(collection: string, number: string): string {
    return `${this.of(collection)}/w/${number}`;
  }

  chunk(collection: string, chunk: string): string {
    return `${this.of(collection)}/c/${chunk}`;
  }

  posting(collection: string, term: string, number: string): string {
    return `${this.of(collection)}/p/${term}/${number}`;
  }
}

/** A chunk of a document, as the vectors and the rankings call it. */
export function chunkName(number: string, chunk: number): string {
  return `${number}/${chunk}`;
}

export function numberOf(chunk: string): string {
  return chunk.slice(0, chunk.indexOf("/"));
}
