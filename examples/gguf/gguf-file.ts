/**
 * A file in the format GGUF, version 3, as llama.cpp reads it: the magic number, what is said of the model by key, the name, shape
 * and place of each tensor, and behind that their numbers, each from a multiple of 32 bytes on. All of it little-endian.
 */

export type GgufValue =
  | { readonly type: "u32" | "f32"; readonly value: number }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "text"; readonly value: string }
  | { readonly type: "texts"; readonly value: readonly string[] }
  | { readonly type: "f32s" | "i32s"; readonly value: readonly number[] };

export interface GgufTensor {
  readonly name: string;
  /** The length of a row first, then the number of rows. */
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

const version = 3;
const alignment = 32;
/** Numbers of the format for its types. */
const typeNumber = { u32: 4, i32: 5, f32: 6, bool: 7, text: 8, list: 9 } as const;
const tensorOfF32 = 0;

class Bytes {
  readonly #parts: Uint8Array[] = [];
  length = 0;

  add(part: Uint8Array): void {
    this.#parts.push(part);
    this.length += part.length;
  }

  number(size: 1 | 4, write: (view: DataView) => void): void {
    const view = new DataView(new ArrayBuffer(size));
    write(view);
    this.add(new Uint8Array(view.buffer));
  }

  u32 = (value: number) => this.number(4, (view) => view.setUint32(0, value, true));
  i32 = (value: number) => this.number(4, (view) => view.setInt32(0, value, true));
  f32 = (value: number) => this.number(4, (view) => view.setFloat32(0, value, true));

  u64(value: number): void {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, BigInt(value), true);
    this.add(new Uint8Array(view.buffer));
  }

  text(value: string): void {
    const bytes = new TextEncoder().encode(value);
    this.u64(bytes.length);
    this.add(bytes);
  }

  pad(): void {
    this.add(new Uint8Array((alignment - (this.length % alignment)) % alignment));
  }

  whole(): Uint8Array {
    const whole = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}

export function ggufFile(keys: Readonly<Record<string, GgufValue>>, tensors: readonly GgufTensor[]): Uint8Array {
  const bytes = new Bytes();
  bytes.add(new TextEncoder().encode("GGUF"));
  bytes.u32(version);
  bytes.u64(tensors.length);
  bytes.u64(Object.keys(keys).length);
  for (const [key, value] of Object.entries(keys)) {
    bytes.text(key);
    addValue(bytes, value);
  }
  let place = 0;
  for (const { name, shape, values } of tensors) {
    bytes.text(name);
    bytes.u32(shape.length);
    for (const size of shape) bytes.u64(size);
    bytes.u32(tensorOfF32);
    bytes.u64(place);
    place += Math.ceil(values.byteLength / alignment) * alignment;
  }
  for (const { values } of tensors) {
    bytes.pad();
    bytes.add(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  bytes.pad();
  return bytes.whole();
}

function addValue(bytes: Bytes, given: GgufValue): void {
  const list = (of: "text" | "f32" | "i32", length: number) => {
    bytes.u32(typeNumber.list);
    bytes.u32(typeNumber[of]);
    bytes.u64(length);
  };
  switch (given.type) {
    case "u32":
    case "f32":
      bytes.u32(typeNumber[given.type]);
      bytes[given.type](given.value);
      return;
    case "bool":
      bytes.u32(typeNumber.bool);
      bytes.add(Uint8Array.of(given.value ? 1 : 0));
      return;
    case "text":
      bytes.u32(typeNumber.text);
      bytes.text(given.value);
      return;
    case "texts":
      list("text", given.value.length);
      for (const one of given.value) bytes.text(one);
      return;
    case "f32s":
    case "i32s": {
      const of = given.type === "f32s" ? "f32" : "i32";
      list(of, given.value.length);
      for (const one of given.value) bytes[of](one);
    }
  }
}
