/**
 * Values as stores keep them: their sum (CRC-32, four bytes, the least first), then bytes that the next version of Node reads as
 * well (`node:v8`, whose format is made for that). A store may hand back other bytes than it was given, and not know it.
 */
import { deserialize, serialize } from "node:v8";
import { crc32 } from "node:zlib";
import { RuntimeError } from "../errors.ts";
import { checkMessage } from "../thread/message-check.ts";

const sumBytes = 4;

/** @param what it is, for people. @throws RuntimeError `not_cloneable`, with the path of what no store can keep. */
export function bytesOfValue(value: unknown, what: string): Uint8Array {
  try {
    checkMessage(value, undefined);
  } catch (error) {
    throw new RuntimeError("not_cloneable", `${what}: ${(error as Error).message}`, { cause: error });
  }
  const bytes = serialize(value);
  const all = Buffer.allocUnsafe(sumBytes + bytes.length);
  all.writeUInt32LE(crc32(bytes), 0);
  bytes.copy(all, sumBytes);
  return all;
}

/** @param what it is, for people. @throws RuntimeError `storage_corrupt`: these are not the bytes that were given. */
export function valueOfBytes(given: Uint8Array, what: string): unknown {
  const all = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
  const bytes = all.subarray(sumBytes);
  if (all.length <= sumBytes || all.readUInt32LE(0) !== crc32(bytes))
    throw new RuntimeError("storage_corrupt", `${what} is not what was written there: take it from a backup`);
  return deserialize(bytes);
}
