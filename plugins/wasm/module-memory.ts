/** The memory that a module exports, read and written with every pointer checked. It may grow, and lie elsewhere, at each call of the module. */
import { memoryExport } from "./abi.ts";
import { engine, type MemoryObject, type ModuleExports } from "./engine.ts";
import { ModuleFault } from "./module-fault.ts";
import type { FaultCode } from "./thread-protocol.ts";

export class ModuleMemory {
  /** Of kind `raw` there may be none. */
  readonly #memory: MemoryObject | undefined;

  constructor(exports: ModuleExports) {
    const exported = exports[memoryExport];
    if (exported instanceof engine.Memory) this.#memory = exported;
  }

  /** Undefined: it is not exported. */
  get size(): number | undefined {
    return this.#memory?.buffer.byteLength;
  }

  /** The bytes themselves. @param who what has given the pointer, for the fault's text. */
  view(pointer: number, length: number, who: string, code: FaultCode = "wasm_abi"): Uint8Array {
    if (this.#memory === undefined)
      throw new ModuleFault(code, `${who}: the module exports no memory as "${memoryExport}"`);
    const { buffer } = this.#memory;
    const end = pointer + length;
    if (end > buffer.byteLength)
      throw new ModuleFault(
        code,
        `${who}: bytes ${pointer} to ${end} are outside of its memory (${buffer.byteLength} bytes)`,
      );
    return new Uint8Array(buffer, pointer, length);
  }

  copy(pointer: number, length: number, who: string, code?: FaultCode): Uint8Array {
    return this.view(pointer, length, who, code).slice();
  }

  write(bytes: Uint8Array, pointer: number, who: string, code?: FaultCode): void {
    this.view(pointer, bytes.length, who, code).set(bytes);
  }
}

/** Pointer and length in one number, as the ABI packs them. */
export function unpacked(packed: bigint): { readonly pointer: number; readonly length: number } {
  const bits = BigInt.asUintN(64, packed);
  return { pointer: Number(bits >> 32n), length: Number(bits & 0xffff_ffffn) };
}

export function packed(pointer: number, length: number): bigint {
  return BigInt.asIntN(64, (BigInt(pointer) << 32n) | BigInt(length));
}
