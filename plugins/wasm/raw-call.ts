/** Kind `raw`: numbers for an export, checked against the type that is declared for it. */
import { describe, RuntimeError } from "../../core/index.ts";
import type { NumberType, Signature } from "./signature.ts";
import type { RawNumber } from "./thread-protocol.ts";

export interface RawCall {
  /** An export that the configuration declares. */
  readonly name: string;
  /** One number for each parameter; of an i64 a bigint, or a whole number that is safe. Default none. */
  readonly args?: readonly RawNumber[];
}

/** @throws RuntimeError `bad_argument`. */
export function checkedCall(given: unknown, exports: Readonly<Record<string, Signature>>) {
  const { name, args = [] } = (typeof given === "object" && given !== null ? given : {}) as Partial<RawCall>;
  if (typeof name !== "string" || !Object.hasOwn(exports, name))
    throw new RuntimeError(
      "bad_argument",
      `invoke: name is one of the declared exports (${Object.keys(exports).join(", ")}), got ${describe(name)}`,
    );
  const { parameters } = exports[name] as Signature;
  if (!Array.isArray(args) || args.length !== parameters.length)
    throw new RuntimeError(
      "bad_argument",
      `invoke ${name}: args are ${parameters.length} (${parameters.join(", ")}), got ${describe(args)}`,
    );
  const checked = args.map((value: unknown, at) =>
    checkedNumber(value, parameters[at] as NumberType, `invoke ${name}: args[${at}]`),
  );
  return { type: "invoke", name, args: checked } as const;
}

function checkedNumber(value: unknown, type: NumberType, who: string): RawNumber {
  switch (type) {
    case "f32":
    case "f64":
      if (typeof value === "number") return value;
      break;
    case "i32":
      if (Number.isInteger(value) && (value as number) >= -(2 ** 31) && (value as number) < 2 ** 32)
        return value as number;
      break;
    case "i64":
      if (typeof value === "bigint" && value >= -(2n ** 63n) && value < 2n ** 64n) return value;
      if (Number.isSafeInteger(value)) return BigInt(value as number);
      break;
  }
  const wanted = {
    f32: "a number",
    f64: "a number",
    i32: "a whole number of 32 bits",
    i64: "a bigint of 64 bits, or a safe whole number",
  };
  throw new RuntimeError(
    "bad_argument",
    `${who} is ${type}, ${wanted[type]}, got ${typeof value === "bigint" ? `${value}n` : describe(value)}`,
  );
}

const address = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 32;

/** @throws RuntimeError `bad_argument`, `wasm_limit`. */
export function checkedRead(given: unknown, bytesMax: number) {
  const { pointer, length } = (typeof given === "object" && given !== null ? given : {}) as Readonly<
    Record<string, unknown>
  >;
  if (!address(pointer) || !address(length))
    throw new RuntimeError("bad_argument", `read: { pointer, length } of 32 bits, got ${describe(given)}`);
  if (length > bytesMax) throw tooLong(length, bytesMax);
  return { type: "read", pointer, length } as const;
}

/** @throws RuntimeError `bad_argument`, `wasm_limit`. */
export function checkedWrite(given: unknown, bytesMax: number) {
  const { pointer, bytes } = (typeof given === "object" && given !== null ? given : {}) as Readonly<
    Record<string, unknown>
  >;
  if (!address(pointer))
    throw new RuntimeError("bad_argument", `write: pointer is a number of 32 bits, got ${describe(pointer)}`);
  return { type: "write", pointer, bytes: checkedBytes(bytes, "write: bytes", bytesMax) } as const;
}

/** @throws RuntimeError `bad_argument`, `wasm_limit`. */
export function checkedBytes(given: unknown, who: string, bytesMax: number): Uint8Array {
  if (!ArrayBuffer.isView(given))
    throw new RuntimeError("bad_argument", `${who} is a Uint8Array, got ${describe(given)}`);
  if (given.byteLength > bytesMax) throw tooLong(given.byteLength, bytesMax);
  const bytes = new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
  // A view is sent with all that lies behind it, which may be large, or a pool with what is others'.
  return given.byteLength === given.buffer.byteLength ? bytes : bytes.slice();
}

/** @throws RuntimeError `wasm_limit`. */
export function tooLong(bytes: number, bytesMax: number): RuntimeError {
  return new RuntimeError(
    "wasm_limit",
    `a message of ${bytes} bytes, and messageBytesMax is ${bytesMax}: raise it, or send less at once`,
  );
}
