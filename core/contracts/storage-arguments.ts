/** What a storage plugin is asked for, checked, and made into what a driver takes. Each throws RuntimeError `bad_argument`. */
import { RuntimeError } from "../errors.ts";
import { assertKeys } from "../known-keys.ts";
import { checkedCount, checkedLimit, checkedName, optionalCount, wrong } from "./checked-values.ts";
import { type ListQuery, type ReadQuery, type StorageWrite, type WriteCall, writeCalls } from "./storage.ts";
import type { DriverWrite } from "./storage-driver.ts";
import { bytesOfJson, bytesOfValue, jsonBegins } from "./stored-value.ts";
import { checkedDeleteVector, checkedDropVectors, checkedPutVector } from "./vector-arguments.ts";
import type { Asked } from "./write-groups.ts";

const limitDefault = 1_000;
const batchMax = 1_000;
const ttlMsMax = 100 * 365 * 86_400_000;

const keysOf: Readonly<Record<StorageWrite["type"], readonly string[]>> = {
  put: ["key", "value", "json", "ifVersion", "ttlMs"],
  delete: ["key", "ifVersion"],
  append: ["journal", "events", "json", "ifSeq"],
  snapshot: ["journal", "seq", "state", "json"],
  prune: ["journal", "seq"],
  putVector: ["collection", "id", "vector", "metadata"],
  deleteVector: ["collection", "id"],
  dropVectors: ["collection"],
};

/** The time of day, which is asked for by what expires alone. */
export type WallTime = () => number;

/** @param where it stands, for people: the call, or the place in a transaction. */
export function checkedWrite(type: StorageWrite["type"], given: unknown, where: string, wallMs: WallTime): DriverWrite {
  assertKeys(where, given, keysOf[type]);
  const write = given as Readonly<Record<string, unknown>>;
  switch (type) {
    case "put": {
      const ttlMs = write["ttlMs"];
      if (ttlMs !== undefined && !(typeof ttlMs === "number" && ttlMs > 0 && ttlMs <= ttlMsMax))
        throw wrong(where, `ttlMs is a time in milliseconds above 0, at most ${ttlMsMax}`, ttlMs);
      return {
        type,
        key: checkedName(write["key"], `${where}: key`),
        value: bytesOf(write, "value", where),
        ifVersion: optionalCount(write["ifVersion"], where, "ifVersion"),
        expiresAtMs: ttlMs === undefined ? undefined : wallMs() + ttlMs,
      };
    }
    case "delete":
      return {
        type,
        key: checkedName(write["key"], `${where}: key`),
        ifVersion: optionalCount(write["ifVersion"], where, "ifVersion"),
      };
    case "append":
      return {
        type,
        journal: checkedName(write["journal"], `${where}: journal`),
        events: bytesOfEvents(write, where),
        ifSeq: optionalCount(write["ifSeq"], where, "ifSeq"),
      };
    case "snapshot":
      return {
        type,
        journal: checkedName(write["journal"], `${where}: journal`),
        seq: checkedCount(write["seq"], where, "seq"),
        state: bytesOf(write, "state", where),
      };
    case "prune":
      return {
        type,
        journal: checkedName(write["journal"], `${where}: journal`),
        seq: checkedCount(write["seq"], where, "seq"),
      };
    case "putVector":
      return checkedPutVector(write, where);
    case "deleteVector":
      return checkedDeleteVector(write, where);
    case "dropVectors":
      return checkedDropVectors(write, where);
  }
}

type Given = Readonly<Record<string, unknown>>;

/** Of what stands under a name or, as its text, under `json`. */
function bytesOf(write: Given, name: string, where: string): Uint8Array {
  const { json } = write;
  if (json === undefined) return bytesOfValue(write[name], where);
  assertNone(write, name, where);
  return bytesOfJson(checkedJson(json, where, "json"));
}

function bytesOfEvents(write: Given, where: string): Uint8Array[] {
  const { json } = write;
  const name = json === undefined ? "events" : "json";
  const events = write[name];
  if (!Array.isArray(events) || events.length === 0) throw wrong(where, `${name} is a list with at least one`, events);
  if (json !== undefined) assertNone(write, "events", where);
  // By number: a hole is undefined.
  return Array.from(events, (event: unknown, at) => {
    const place = `${name}[${at}]`;
    return json === undefined
      ? bytesOfValue(event, `${where}: ${place}`)
      : bytesOfJson(checkedJson(event, where, place));
  });
}

function checkedJson(json: unknown, where: string, place: string): string {
  if (typeof json === "string" && jsonBegins.test(json)) return json;
  throw wrong(where, `${place} is the text of a value's JSON, without white space before it`, json);
}

function assertNone(write: Given, name: string, where: string): void {
  if (write[name] !== undefined) throw wrong(where, `it has ${name} or json, and not both`, write[name]);
}

/** What one of the calls that write was given. */
export function checkedCall(call: WriteCall, given: unknown, wallMs: WallTime): Asked {
  if (call === "transact") return { writes: checkedTransaction(given, wallMs), isSingle: false };
  return { writes: [checkedWrite(call === "saveSnapshot" ? "snapshot" : call, given, call, wallMs)], isSingle: true };
}

/** What is wrong with one of them is an error in its place. */
export function checkedBatch(given: unknown, wallMs: WallTime): (Asked | RuntimeError)[] {
  if (!Array.isArray(given) || given.length === 0 || given.length > batchMax)
    throw wrong("batch", `it takes a list of 1 to ${batchMax} writes`, given);
  return Array.from(given, (one: unknown, at) => {
    try {
      assertKeys(`batch: [${at}]`, one, ["call", "argument"]);
      const { call, argument } = one as { readonly call?: unknown; readonly argument?: unknown };
      if (!(writeCalls as readonly unknown[]).includes(call))
        throw wrong(`batch: [${at}]`, `its call is one of ${writeCalls.join(", ")}`, call);
      return checkedCall(call as WriteCall, argument, wallMs);
    } catch (error) {
      if (error instanceof RuntimeError) return error;
      throw error;
    }
  });
}

export function checkedKeys(given: unknown): string[] {
  if (!Array.isArray(given) || given.length === 0 || given.length > batchMax)
    throw wrong("getBatch", `it takes a list of 1 to ${batchMax} keys`, given);
  return Array.from(given, (key: unknown, at) => checkedName(key, `getBatch: [${at}]`));
}

export function checkedTransaction(given: unknown, wallMs: WallTime): DriverWrite[] {
  if (!Array.isArray(given) || given.length === 0)
    throw wrong("transact", "it takes a list with at least one write", given);
  return Array.from(given, (one: unknown, at) => {
    const where = `transact: [${at}]`;
    const { type, ...rest } = (typeof one === "object" && one !== null ? one : {}) as { readonly type?: unknown };
    if (typeof type !== "string" || !Object.hasOwn(keysOf, type))
      throw wrong(where, `a write has as its type ${Object.keys(keysOf).join(", ")}`, one);
    return checkedWrite(type as StorageWrite["type"], rest, where, wallMs);
  });
}

export function checkedList(given: ListQuery = {}): { prefix: string; after: string | undefined; limit: number } {
  assertKeys("list", given, ["prefix", "after", "limit"]);
  const { prefix = "", after, limit = limitDefault } = given as { prefix?: unknown; after?: unknown; limit?: unknown };
  return {
    prefix: prefix === "" ? prefix : checkedName(prefix, "list: prefix"),
    after: after === undefined || after === "" ? after : checkedName(after, "list: after"),
    limit: checkedLimit(limit, "list"),
  };
}

export function checkedRead(given: ReadQuery): { journal: string; fromSeq: number; limit: number } {
  assertKeys("read", given, ["journal", "fromSeq", "limit"]);
  const { journal, fromSeq, limit = limitDefault } = given as { journal?: unknown; fromSeq?: unknown; limit?: unknown };
  return {
    journal: checkedName(journal, "read: journal"),
    fromSeq: optionalCount(fromSeq, "read", "fromSeq") ?? 1,
    limit: checkedLimit(limit, "read"),
  };
}
