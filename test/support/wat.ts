/** WebAssembly modules out of their text, and the text of a module that keeps to the ABI of `wasmPlugin`. */
import wabt from "wabt";

const assembler = await wabt();

/** @throws Error what is wrong with the text. */
export function wasmOf(text: string): Uint8Array {
  const module = assembler.parseWat("test.wat", text, {
    exceptions: true,
    memory64: true,
    multi_memory: true,
    threads: true,
    tail_call: true,
  } as Parameters<typeof assembler.parseWat>[2]);
  try {
    return Uint8Array.from(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}

export interface AbiText {
  /** What `mofa_handle` does with `$at` and `$length`; leaves an i64. Default: the input is the answer. */
  readonly handle?: string;
  /** What `mofa_alloc` does with `$size`; leaves an i32. Default: 1,024, where there is room for so much. */
  readonly alloc?: string;
  /** Default `(memory (export "memory") 2 4)`. */
  readonly memory?: string;
  /** Fields of the module before the functions of the ABI: imports have to come first. */
  readonly fields?: string;
  readonly version?: number;
}

/** The answer is the input, byte for byte. */
export const echo = "(call $packed (local.get $at) (local.get $length))";

/** Of kind `json`: `{"ok":` and the input and `}`, so that who calls gets back `{ call, argument }`. */
export const jsonEcho = `
  (i32.store8 (i32.add (local.get $at) (local.get $length)) (i32.const 125))
  (call $packed (i32.sub (local.get $at) (i32.const 6)) (i32.add (local.get $length) (i32.const 7)))`;

/** @param answer JSON of one line. */
export function answering(answer: string): AbiText {
  const bytes = new TextEncoder().encode(answer);
  const escaped = Array.from(bytes, (byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
  return {
    fields: `(data (i32.const 512) "${escaped}")`,
    handle: `(call $packed (i32.const 512) (i32.const ${bytes.length}))`,
  };
}

/** Keeps to the ABI: the input lies at 1,024, and `{"ok":` before it. */
export function abiText({ handle = echo, alloc, memory, fields = "", version = 1 }: AbiText = {}): string {
  return `(module
    ${fields}
    ${memory ?? '(memory (export "memory") 2 4)'}
    (data (i32.const 1018) "{\\"ok\\":")
    (func $packed (param $at i32) (param $length i32) (result i64)
      (i64.or (i64.shl (i64.extend_i32_u (local.get $at)) (i64.const 32)) (i64.extend_i32_u (local.get $length))))
    (func (export "mofa_abi") (result i32) (i32.const ${version}))
    (func (export "mofa_alloc") (param $size i32) (result i32) ${
      alloc ??
      `(if (result i32) (i32.gt_u (i32.add (local.get $size) (i32.const 2048)) (i32.mul (memory.size) (i32.const 65536)))
        (then (i32.const 0))
        (else (i32.const 1024)))`
    })
    (func (export "mofa_handle") (param $at i32) (param $length i32) (result i64) ${handle}))`;
}

export function abiModule(text: AbiText = {}): Uint8Array {
  return wasmOf(abiText(text));
}
