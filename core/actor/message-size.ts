/**
 * About how many bytes a message holds on to. An estimate, since no value tells its size: a part of a large one stands for the
 * rest of it. It runs no code of the message's own (getters, proxies) and ends after a bounded number of looks, also in a cycle.
 */
import { types } from "node:util";

const wordBytes = 8;
const objectBytes = 24;
const textBytes = 16;
/** Values of a message that are looked at. */
const looksMax = 64;
/** Elements of one array, entries of one Map, and fields of one object. */
const elementsMax = 16;

/** The accessors of built-ins, since a class derived from one may have its own. */
const sizeOfMap = getter(Map.prototype, "size");
const sizeOfSet = getter(Set.prototype, "size");
const lengthOfBuffer = getter(ArrayBuffer.prototype, "byteLength");
const bufferOfArray = getter(Object.getPrototypeOf(Uint8Array.prototype), "buffer");
const bufferOfDataView = getter(DataView.prototype, "buffer");

function getter(prototype: object, name: string): (this: object) => unknown {
  return Object.getOwnPropertyDescriptor(prototype, name)?.get as (this: object) => unknown; // each of them is one
}

/** Counts down over one message. */
interface Looks {
  left: number;
}

export function messageBytes(message: unknown): number {
  return bytesOf(message, { left: looksMax });
}

function bytesOf(value: unknown, looks: Looks): number {
  if (typeof value === "string") return textBytes + value.length;
  if (typeof value !== "object" || value === null) return wordBytes;
  if (looks.left <= 0 || types.isProxy(value)) return objectBytes;
  looks.left--;
  if (ArrayBuffer.isView(value)) return objectBytes + bufferBytes(value);
  if (types.isArrayBuffer(value)) return objectBytes + Number(lengthOfBuffer.call(value));
  if (Array.isArray(value)) return objectBytes + fieldsBytes(value, indexes(value.length), value.length, looks);
  if (types.isMap(value))
    return objectBytes + entriesBytes(Map.prototype.entries.call(value), Number(sizeOfMap.call(value)), looks);
  if (types.isSet(value))
    return objectBytes + entriesBytes(Set.prototype.entries.call(value), Number(sizeOfSet.call(value)), looks);
  const keys = Object.keys(value);
  return objectBytes + fieldsBytes(value, keys.slice(0, elementsMax), keys.length, looks);
}

/** What stands behind a view, and of memory that is shared nothing. */
function bufferBytes(view: ArrayBufferView): number {
  const buffer = (types.isDataView(view) ? bufferOfDataView : bufferOfArray).call(view) as ArrayBufferLike;
  return types.isSharedArrayBuffer(buffer) ? 0 : Number(lengthOfBuffer.call(buffer));
}

function indexes(length: number): readonly string[] {
  return Array.from({ length: Math.min(length, elementsMax) }, (_, i) => String(i));
}

function fieldsBytes(holder: object, keys: readonly string[], count: number, looks: Looks): number {
  let bytes = 0;
  for (const key of keys) {
    const field = Object.getOwnPropertyDescriptor(holder, key);
    bytes += wordBytes + (field !== undefined && "value" in field ? bytesOf(field.value, looks) : 0);
  }
  return scaled(bytes, keys.length, count);
}

function entriesBytes(entries: Iterable<readonly [unknown, unknown]>, count: number, looks: Looks): number {
  let bytes = 0;
  let seen = 0;
  for (const [key, value] of entries) {
    if (seen === elementsMax) break;
    seen++;
    bytes += 2 * wordBytes + bytesOf(key, looks) + (value === key ? 0 : bytesOf(value, looks));
  }
  return scaled(bytes, seen, count);
}

function scaled(bytes: number, seen: number, count: number): number {
  return seen === 0 ? 0 : Math.round((bytes / seen) * count);
}
