/**
 * What a storage plugin is made of: how its store keeps things. Arguments were checked, and values are bytes here.
 *
 * Writes come in transactions, and these in groups, since a store that has to reach a disk or a server does as much for one as
 * for a hundred. Each transaction is kept as a whole or not at all, in the order in which they stand; one that cannot be leaves
 * the others alone. What `commit` answers is kept.
 */
import type { RuntimeError } from "../errors.ts";

export interface DriverEntry {
  readonly key: string;
  readonly value: Uint8Array;
  readonly version: number;
  readonly expiresAtMs: number | undefined;
}

export interface DriverEvent {
  readonly seq: number;
  readonly event: Uint8Array;
}

export interface DriverVector {
  readonly id: string;
  readonly value: Uint8Array;
}

export interface DriverSnapshot {
  readonly seq: number;
  readonly state: Uint8Array;
}

export type DriverWrite =
  | {
      readonly type: "put";
      readonly key: string;
      readonly value: Uint8Array;
      readonly ifVersion: number | undefined;
      readonly expiresAtMs: number | undefined;
    }
  | { readonly type: "delete"; readonly key: string; readonly ifVersion: number | undefined }
  | {
      readonly type: "append";
      readonly journal: string;
      readonly events: readonly Uint8Array[];
      readonly ifSeq: number | undefined;
    }
  | { readonly type: "snapshot"; readonly journal: string; readonly seq: number; readonly state: Uint8Array }
  | { readonly type: "prune"; readonly journal: string; readonly seq: number }
  | {
      readonly type: "putVector";
      readonly collection: string;
      readonly id: string;
      /** Of the collection, from its first vector on. */
      readonly dimension: number;
      readonly value: Uint8Array;
    }
  | { readonly type: "deleteVector"; readonly collection: string; readonly id: string }
  | { readonly type: "dropVectors"; readonly collection: string };

/** What became of one transaction. Results are in the order of its writes, as `WriteResults`. */
export type DriverOutcome =
  | { readonly ok: true; readonly results: readonly unknown[] }
  | { readonly ok: false; readonly error: RuntimeError };

/** @param nowMs the clock on the wall: what expires by then is not there. */
export interface StorageDriver {
  /** `commit` holds its thread, and two groups take hardly longer than one: then the first is answered before the second is kept. Default false. */
  readonly commitsInParts?: boolean;
  /** One outcome for each transaction. @throws when nothing of the group is kept, as far as can be known. */
  commit(transactions: readonly (readonly DriverWrite[])[], nowMs: number): Promise<readonly DriverOutcome[]>;
  get(key: string, nowMs: number): Promise<DriverEntry | undefined>;
  /** Those that there are, in any order. Default: each by `get`. */
  getMany?(keys: readonly string[], nowMs: number): Promise<readonly DriverEntry[]>;
  list(prefix: string, after: string | undefined, limit: number, nowMs: number): Promise<readonly DriverEntry[]>;
  read(journal: string, fromSeq: number, limit: number): Promise<readonly DriverEvent[]>;
  lastSeq(journal: string): Promise<number>;
  loadSnapshot(journal: string): Promise<DriverSnapshot | undefined>;
  /** 0: there is no such collection. */
  dimensionOf(collection: string): Promise<number>;
  getVector(collection: string, id: string): Promise<Uint8Array | undefined>;
  /** All of a collection as of one moment, in pages: writes go on meanwhile. */
  vectors(collection: string): AsyncIterable<readonly DriverVector[]>;
  /** Forgets what has expired. */
  sweep(nowMs: number): Promise<void>;
  /** Where the plugin was killed it comes in the midst of whatever is under way, of which nothing may stay open. */
  close(): Promise<void>;
}
