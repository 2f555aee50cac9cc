/**
 * Binary data in a message: its kind as a number, its bytes, and the view made again over them.
 *
 * A view crosses with its own bytes alone, not with the rest of its buffer; two views over one buffer come out over two.
 */
import type { ByteSink } from "./byte-sink.ts";

/** Kinds by place. A Buffer comes out as a Buffer. */
const binaryKinds = [
  "ArrayBuffer",
  "DataView",
  "Buffer",
  "Uint8Array",
  "Int8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "Float32Array",
  "Float64Array",
  "BigInt64Array",
  "BigUint64Array",
  "Float16Array",
] as const;

// oxlint-disable-next-line typescript/unbound-method: called with the value as `this` below
/** The getter that names a typed array whatever its class says; undefined for anything else. */
const typedArrayName = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)
  ?.get as (this: unknown) => string | undefined;

/** The kind of a buffer or view. */
export function binaryKind(value: ArrayBuffer | ArrayBufferView): number {
  let name: string | undefined = "Buffer";
  if (!Buffer.isBuffer(value)) {
    name = typedArrayName.call(value) ?? (ArrayBuffer.isView(value) ? "DataView" : "ArrayBuffer");
  }
  const kind = (binaryKinds as readonly string[]).indexOf(name);
  if (kind < 0) {
    throw new Error(`a ${name} cannot cross to another thread`);
  }
  return kind;
}

export function writeBinary(out: ByteSink, value: ArrayBuffer | ArrayBufferView): void {
  const bytes = ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value);
  out.binary(binaryKind(value), bytes);
}

/** What was of that kind, over these bytes of a buffer. */
export function viewOver(
  kind: number,
  buffer: ArrayBuffer,
  byteOffset: number,
  byteLength: number,
): ArrayBuffer | ArrayBufferView {
  const name: string | undefined = binaryKinds[kind];
  if (name === "ArrayBuffer") {
    return buffer;
  }
  if (name === "DataView") {
    return new DataView(buffer, byteOffset, byteLength);
  }
  if (name === "Buffer") {
    return Buffer.from(buffer, byteOffset, byteLength);
  }
  // All others of the table are made alike.
  const Kind = (globalThis as unknown as Record<string, Uint8ArrayConstructor | undefined>)[name ?? ""];
  if (Kind === undefined) {
    throw new Error(`this version of Node has no binary kind ${kind} (${name})`);
  }
  return new Kind(buffer, byteOffset, byteLength / Kind.BYTES_PER_ELEMENT);
}
