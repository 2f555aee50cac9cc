/**
 * Values as stores keep them: their sum (CRC-32, four bytes, the least first), then their JSON where that says all of them, and else
 * bytes that the next version of Node reads as well (`node:v8`, whose format is made for that, and which no JSON begins like).
 * A store may hand back other bytes than it was given, and not know it.
 */
import { errorData, RuntimeError } from "../errors.ts";
import { checkMessage } from "../thread/message-check.ts";
import { bytesOfObjects, objectsOfBytes } from "./stored-objects.ts";

const sumBytes = 4;
/** No JSON begins above ASCII. */
const firstOfObjects = 0x80;
/** Of what is looked at for JSON: deeper values, circles among them, are left to `node:v8`. */
const depthMax = 64;
/** And so are larger ones, since an object that stands twice is met twice: a few lists in one another might be met for ever. */
const objectsMax = 10_000;
let objectsLeft = 0;
/** What is said of something that is spoiled. */
export const notWritten = "is not what was written there: take it from a backup";

/** @param what it is, for people. @throws RuntimeError `not_cloneable`, with the path of what no store can keep. */
export function bytesOfValue(value: unknown, what: string): Uint8Array {
  const json = jsonOf(value, what);
  return json === undefined ? summed(told(what, () => withBytes(bytesOfObjects(value)))) : bytesOfJson(json);
}

/** The text that says all of a value; undefined: there is none. Throws as `bytesOfValue`. */
export function jsonOf(value: unknown, what: string): string | undefined {
  return told(what, () => (isJson(value) ? JSON.stringify(value) : undefined));
}

/** Of a text that begins as JSON does: the rest of it is not looked at. */
export function bytesOfJson(json: string): Uint8Array {
  return summed(withText(json));
}

/** What JSON begins with, white space left out. */
export const jsonBegins = /^[[{"\-\dtfn]/;

type Sum = (bytes: Uint8Array) => number;
let sumOf: Sum | undefined;

/** Every thread loads this file, and few keep anything. */
const crc32: Sum = (bytes) => {
  sumOf ??= process.getBuiltinModule("node:zlib").crc32;
  return sumOf(bytes);
};

function told<T>(what: string, does: () => T): T {
  try {
    return does();
  } catch (error) {
    // Also what is too deep, or too large for any text.
    throw new RuntimeError("not_cloneable", `${what}: ${errorData(error).message}`, { cause: error });
  }
}

function summed(all: Buffer): Uint8Array {
  all.writeUInt32LE(crc32(all.subarray(sumBytes)), 0);
  return all;
}

/** @param what it is, for people. @throws RuntimeError `storage_corrupt`: these are not the bytes that were given. */
export function valueOfBytes(given: Uint8Array, what: string): unknown {
  const bytes = checked(given, what);
  return isText(bytes) ? valueOfJson(bytes.toString(), what) : objectsOfBytes(bytes);
}

/** Undefined: there is none that says all of it. Throws as `valueOfBytes`. */
export function jsonOfBytes(given: Uint8Array, what: string): string | undefined {
  const bytes = checked(given, what);
  return isText(bytes) ? bytes.toString() : undefined;
}

/** @throws RuntimeError `storage_corrupt`. */
export function valueOfJson(json: string, what: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    const text = `${what} was given as the text of its JSON, and is none: ${errorData(error).message}; write it anew`;
    throw new RuntimeError("storage_corrupt", text, { cause: error });
  }
}

function checked(given: Uint8Array, what: string): Buffer {
  const all = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
  const bytes = all.subarray(sumBytes);
  if (all.length <= sumBytes || all.readUInt32LE(0) !== crc32(bytes))
    throw new RuntimeError("storage_corrupt", `${what} ${notWritten}`);
  return bytes;
}

function isText(bytes: Buffer): boolean {
  return (bytes[0] as number) < firstOfObjects;
}

/** Three times as fast as `node:v8` for what most values are. */
function withText(text: string): Buffer {
  const all = Buffer.allocUnsafe(sumBytes + Buffer.byteLength(text));
  all.write(text, sumBytes);
  return all;
}

function withBytes(parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.alloc(sumBytes), ...parts]);
}

function isJson(value: unknown): boolean {
  objectsLeft = objectsMax;
  if (isExact(value, 0)) return true;
  checkMessage(value, undefined);
  return false;
}

/** Whether JSON gives back all that is in it. */
function isExact(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0);
    case "object":
      if (value === null) return true;
      if (depth >= depthMax || --objectsLeft < 0) return false;
      return Array.isArray(value) ? isExactArray(value, depth) : isExactObject(value, depth);
    default:
      return false;
  }
}

function isExactArray(array: readonly unknown[], depth: number): boolean {
  if (Object.getPrototypeOf(array) !== Array.prototype || "toJSON" in array) return false;
  // By number: a hole is undefined.
  for (let at = 0; at < array.length; at++) if (!isExact(array[at], depth + 1)) return false;
  return true;
}

function isExactObject(object: object, depth: number): boolean {
  // One that no loop over its keys meets says something else all the same.
  if (Object.getPrototypeOf(object) !== Object.prototype || "toJSON" in object) return false;
  if (Object.getOwnPropertySymbols(object).length > 0) return false;
  for (const key in object) if (!isExact((object as Record<string, unknown>)[key], depth + 1)) return false;
  return true;
}
