/** The module by hand: an instance of it, asked as the ABI says, with nothing checked. */
import { echoModule } from "./echo-module.ts";

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  mofa_alloc(size: number): number;
  mofa_handle(at: number, length: number): bigint;
}

interface Engine {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Exports };
}

const { WebAssembly: engine } = globalThis as unknown as { readonly WebAssembly: Engine };

export function bareModule(): (input: Uint8Array) => Uint8Array {
  const { exports } = new engine.Instance(new engine.Module(echoModule));
  return (input) => {
    const at = exports.mofa_alloc(input.length);
    new Uint8Array(exports.memory.buffer, at, input.length).set(input);
    const packed = exports.mofa_handle(at, input.length);
    return new Uint8Array(exports.memory.buffer, Number(packed >> 32n), Number(packed & 0xffff_ffffn)).slice();
  };
}
