/** Reads the binary format of WebAssembly: bytes, LEB128 numbers and names, and never behind the end. */
import { RuntimeError } from "../../core/index.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** A module that is refused. */
export function refused(why: string, cause?: unknown): RuntimeError {
  return new RuntimeError("wasm_refused", why, ...(cause === undefined ? [] : [{ cause }]));
}

const valueTypes: Readonly<Record<number, string>> = {
  0x7f: "i32",
  0x7e: "i64",
  0x7d: "f32",
  0x7c: "f64",
  0x7b: "v128",
};

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  at: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.at = at;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#end;
  }

  /** @throws RuntimeError `wasm_refused`. */
  byte(): number {
    if (this.at >= this.#end) throw refused(`the module breaks off at byte ${this.at}`);
    return this.#bytes[this.at++] as number;
  }

  /** An unsigned number of 32 bits. */
  count(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (value > 0xffff_ffff) break;
        return value;
      }
    }
    throw refused(`the module has no number of 32 bits before byte ${this.at}`);
  }

  /** Passes over a number of whatever sign, as the index of a type in a reference. @param bytesMax 5 for 32 bits, 10 for 64. */
  skipNumber(bytesMax = 5): void {
    for (let read = 0; read < bytesMax; read++) if (this.byte() < 0x80) return;
    throw refused(`the module has no number before byte ${this.at}`);
  }

  /** Gives `ref` for a reference of whatever kind. */
  valueType(): string {
    const byte = this.byte();
    if (byte === 0x63 || byte === 0x64) this.skipNumber(); // a reference to a type that is named
    return valueTypes[byte] ?? "ref";
  }

  name(): string {
    const bytes = this.take(this.count());
    try {
      return utf8.decode(bytes);
    } catch (error) {
      throw refused(`the module has a name that is no UTF-8 before byte ${this.at}`, error);
    }
  }

  take(length: number): Uint8Array {
    const end = this.at + length;
    if (end > this.#end) throw refused(`the module breaks off: ${length} bytes are said to come at byte ${this.at}`);
    const bytes = this.#bytes.subarray(this.at, end);
    this.at = end;
    return bytes;
  }

  /** A reader of the next bytes alone, which are passed over here. */
  part(length: number): ByteReader {
    const from = this.at;
    this.take(length);
    return new ByteReader(this.#bytes, from, this.at);
  }

  /** What was read from `start` on. */
  since(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.at);
  }
}

/** A number as unsigned LEB128. */
export function countBytes(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    const low = rest % 128;
    if (rest < 128) return [...bytes, low];
    bytes.push(low + 128);
  }
}
