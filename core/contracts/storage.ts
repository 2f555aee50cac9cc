/**
 * The contract of storage: what every plugin that provides the capability `storage` does, whatever keeps its data.
 *
 * Four kinds of things are kept: values by key, with a version each, so that a write can be made to depend on what was read;
 * journals, which are lists of events with sequence numbers from 1 on that are only ever added to; of each journal one
 * snapshot; and vectors, by collection and id. A write is answered when it is kept as durably as the store can; a transaction is kept as a whole or not at all.
 */
import type { ProvidedCapability } from "../plugin/plugin-facts.ts";
import type {
  DeleteVectorWrite,
  DropVectorsWrite,
  FoundVector,
  PutVectorWrite,
  StoredVector,
  VectorQuery,
  VectorSearch,
} from "./vectors.ts";

export const storageCapability: ProvidedCapability = { name: "storage", version: "0.1.2" };

/** A value as it is kept. */
export interface StoredEntry {
  readonly key: string;
  /** Data, as a message is: maps, sets, dates, bytes and errors as well. No ref: that means nobody in the next run. */
  readonly value: unknown;
  /** Above that of every write before it, in the whole store: one that was deleted and written anew never has an old one. */
  readonly version: number;
  /** By the clock on the wall; undefined: it is kept until it is deleted. */
  readonly expiresAtMs: number | undefined;
}

export interface JournalEntry {
  readonly seq: number;
  readonly event: unknown;
}

export interface StoredSnapshot {
  /** The last event that it holds. */
  readonly seq: number;
  readonly state: unknown;
}

/**
 * What is kept, under its own name, or in its place as `json`, the text of its JSON, where a caller has that: the store keeps it
 * as it is, and one that is no JSON is `storage_corrupt` for who reads it.
 */
type Kept<N extends string, V, T> =
  | ({ readonly [K in N]: V } & { readonly json?: undefined })
  | ({ readonly [K in N]?: undefined } & { readonly json: T });

/** @throws RuntimeError `version_conflict`: the key has another version than `ifVersion` (0: it is not there). */
export type PutWrite = {
  readonly type: "put";
  readonly key: string;
  readonly ifVersion?: number;
  /** From now on; then it is as if it had been deleted. Default: never. */
  readonly ttlMs?: number;
} & Kept<"value", unknown, string>;

/** @throws RuntimeError `version_conflict` */
export interface DeleteWrite {
  readonly type: "delete";
  readonly key: string;
  readonly ifVersion?: number;
}

/** At least one event. @throws RuntimeError `version_conflict`: the journal's last event has another number than `ifSeq` (0: it has none). */
export type AppendWrite = {
  readonly type: "append";
  readonly journal: string;
  readonly ifSeq?: number;
} & Kept<"events", readonly unknown[], readonly string[]>;

/** Takes the place of an older one; where there is a newer one that stays. */
export type SnapshotWrite = {
  readonly type: "snapshot";
  readonly journal: string;
  readonly seq: number;
} & Kept<"state", unknown, string>;

/** Forgets events up to and with this one. The numbers of later ones stay, and go on. */
export interface PruneWrite {
  readonly type: "prune";
  readonly journal: string;
  readonly seq: number;
}

export type StorageWrite =
  | PutWrite
  | DeleteWrite
  | AppendWrite
  | SnapshotWrite
  | PruneWrite
  | PutVectorWrite
  | DeleteVectorWrite
  | DropVectorsWrite;

/** What each write answers, by its type. */
export interface WriteResults {
  readonly put: { readonly version: number };
  readonly delete: { readonly isDeleted: boolean };
  readonly append: { readonly seq: number };
  readonly snapshot: undefined;
  readonly prune: undefined;
  readonly putVector: undefined;
  readonly deleteVector: { readonly isDeleted: boolean };
  /** Whether there was such a collection. */
  readonly dropVectors: { readonly isDropped: boolean };
}

export type WriteResult = WriteResults[StorageWrite["type"]];

type Given<W extends StorageWrite> = W extends unknown ? Omit<W, "type"> : never;

export interface ListQuery {
  /** Keys that begin so. Default: all. */
  readonly prefix?: string;
  /** Behind this key. Keys are in the order of their code points. */
  readonly after?: string;
  /** 1 to 10,000. Default 1,000. */
  readonly limit?: number;
}

export interface ReadQuery {
  readonly journal: string;
  /** Default 1. Events that were pruned are left out. */
  readonly fromSeq?: number;
  /** 1 to 10,000. Default 1,000. */
  readonly limit?: number;
}

/** Calls that write. */
export const writeCalls = [
  "put",
  "delete",
  "append",
  "saveSnapshot",
  "prune",
  "putVector",
  "deleteVector",
  "dropVectors",
  "transact",
] as const;

export type WriteCall = (typeof writeCalls)[number];

/** A call that writes, as one of a batch. */
export type BatchedWrite = {
  readonly [N in WriteCall]: { readonly call: N; readonly argument: Parameters<StorageCalls[N]>[0] };
}[WriteCall];

/** What such a call answered, or failed with. */
export type WriteOutcome =
  | { readonly value: unknown }
  | { readonly error: { readonly code: string; readonly message: string } };

/** What was found under a key of a batch. */
export type ReadOutcome =
  | { readonly entry: StoredEntry | undefined }
  /** The same, with the text of the value's JSON in the value's place, where that says all of it. */
  | { readonly text: Omit<StoredEntry, "value"> & { readonly json: string } }
  | { readonly error: { readonly code: string; readonly message: string } }
  /** With it the values would be more than 1 MiB: it is to be asked for by `get`. */
  | { readonly isLeftOut: true };

/** The calls of the capability: `bus.request("storage", name, argument)`, `system.call("plugin.<name>", name, argument)`, or a client, which `storageOf` makes. */
export interface StorageCalls {
  get(key: string): StoredEntry | undefined;
  put(write: Given<PutWrite>): WriteResults["put"];
  delete(write: Given<DeleteWrite>): WriteResults["delete"];
  list(query?: ListQuery): readonly StoredEntry[];
  append(write: Given<AppendWrite>): WriteResults["append"];
  read(query: ReadQuery): readonly JournalEntry[];
  /** The number of a journal's last event, also one that was pruned; 0: it never had one. */
  lastSeq(journal: string): number;
  saveSnapshot(write: Given<SnapshotWrite>): WriteResults["snapshot"];
  loadSnapshot(journal: string): StoredSnapshot | undefined;
  prune(write: Given<PruneWrite>): WriteResults["prune"];
  putVector(write: Given<PutVectorWrite>): WriteResults["putVector"];
  getVector(query: VectorQuery): StoredVector | undefined;
  deleteVector(write: Given<DeleteVectorWrite>): WriteResults["deleteVector"];
  dropVectors(write: Given<DropVectorsWrite>): WriteResults["dropVectors"];
  /** Exact, of all that was answered before it was asked for. Searches come one after the other, beside all else. */
  searchVectors(search: VectorSearch): readonly FoundVector[];
  /** All of them, in their order, or none: it fails with the code of the first that cannot be, and its place in the message. */
  transact(writes: readonly StorageWrite[]): readonly WriteResult[];
  /** At most 1,000 calls that write, in their order and each by itself, as if they came one after the other: what becomes of each. */
  batch(writes: readonly BatchedWrite[]): readonly WriteOutcome[];
  /** What there is under each of at most 1,000 keys. */
  getBatch(keys: readonly string[]): readonly ReadOutcome[];
}
