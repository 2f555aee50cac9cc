/** What a storage plugin is asked for, checked, and made into what a driver takes. Each throws RuntimeError `bad_argument`. */
import { wallMs } from "../clock.ts";
import { assertKeys } from "../known-keys.ts";
import { checkedCount, checkedLimit, checkedName, optionalCount, wrong } from "./checked-values.ts";
import type { ListQuery, ReadQuery, StorageWrite } from "./storage.ts";
import type { DriverWrite } from "./storage-driver.ts";
import { bytesOfValue } from "./stored-value.ts";
import { checkedDeleteVector, checkedDropVectors, checkedPutVector } from "./vector-arguments.ts";

const limitDefault = 1_000;
const ttlMsMax = 100 * 365 * 86_400_000;

const keysOf: Readonly<Record<StorageWrite["type"], readonly string[]>> = {
  put: ["key", "value", "ifVersion", "ttlMs"],
  delete: ["key", "ifVersion"],
  append: ["journal", "events", "ifSeq"],
  snapshot: ["journal", "seq", "state"],
  prune: ["journal", "seq"],
  putVector: ["collection", "id", "vector", "metadata"],
  deleteVector: ["collection", "id"],
  dropVectors: ["collection"],
};

/** @param where it stands, for people: the call, or the place in a transaction. */
export function checkedWrite(type: StorageWrite["type"], given: unknown, where: string): DriverWrite {
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
        value: bytesOfValue(write["value"], where),
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
    case "append": {
      const events = write["events"];
      if (!Array.isArray(events) || events.length === 0)
        throw wrong(where, "events is a list with at least one", events);
      return {
        type,
        journal: checkedName(write["journal"], `${where}: journal`),
        // By number: a hole is undefined.
        events: Array.from(events, (event: unknown, at) => bytesOfValue(event, `${where}: events[${at}]`)),
        ifSeq: optionalCount(write["ifSeq"], where, "ifSeq"),
      };
    }
    case "snapshot":
      return {
        type,
        journal: checkedName(write["journal"], `${where}: journal`),
        seq: checkedCount(write["seq"], where, "seq"),
        state: bytesOfValue(write["state"], where),
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

export function checkedTransaction(given: unknown): DriverWrite[] {
  if (!Array.isArray(given) || given.length === 0)
    throw wrong("transact", "it takes a list with at least one write", given);
  return Array.from(given, (one: unknown, at) => {
    const where = `transact: [${at}]`;
    const { type, ...rest } = (typeof one === "object" && one !== null ? one : {}) as { readonly type?: unknown };
    if (typeof type !== "string" || !Object.hasOwn(keysOf, type))
      throw wrong(where, `a write has as its type ${Object.keys(keysOf).join(", ")}`, one);
    return checkedWrite(type as StorageWrite["type"], rest, where);
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
