/** The engine's WebAssembly, as far as it is used here: TypeScript has its types in the library of browsers alone. */

export type ModuleExports = Readonly<Record<string, unknown>>;

export type ModuleImports = Readonly<Record<string, Readonly<Record<string, (...numbers: number[]) => unknown>>>>;

export interface MemoryObject {
  /** Another one after each growth. */
  readonly buffer: ArrayBuffer;
}

export interface CompiledModule {
  readonly kind?: "module";
}

interface Engine {
  /** @throws CompileError. */
  readonly Module: new (
    bytes: Uint8Array,
  ) => CompiledModule;
  /** @throws LinkError, and what the start function throws. */
  readonly Instance: new (
    module: CompiledModule,
    imports: ModuleImports,
  ) => { readonly exports: ModuleExports };
  readonly Memory: new () => MemoryObject;
  readonly CompileError: new () => Error;
  readonly LinkError: new () => Error;
  readonly Exception: new () => Error;
}

export const { WebAssembly: engine } = globalThis as unknown as { readonly WebAssembly: Engine };
