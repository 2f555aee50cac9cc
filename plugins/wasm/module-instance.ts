/** A module at work in its thread. After a fault its state may be anything, so the next call has a new instance. */
import { abiVersion, initializer, jsonDepthMax, pageBytes } from "./abi.ts";
import { type CompiledModule, engine, type ModuleExports, type ModuleImports } from "./engine.ts";
import type { HostCalls } from "./host-calls.ts";
import { isDeeper } from "./json-depth.ts";
import { faultOf, ModuleFault } from "./module-fault.ts";
import { ModuleMemory, unpacked } from "./module-memory.ts";
import type { Question, RawNumber, ThreadData } from "./thread-protocol.ts";

type ModuleFunction = (...numbers: RawNumber[]) => unknown;

/** What is said of the memory of an instance that has ended: at most so much. */
const countedBytesMax = 2 ** 28;

interface Living {
  readonly exports: ModuleExports;
  readonly memory: ModuleMemory;
}

export class ModuleInstance {
  readonly #module: CompiledModule;
  readonly #imports: ModuleImports;
  readonly #host: HostCalls;
  readonly #data: ThreadData;
  #living: Living | undefined;
  /** Whether there is an instance, also one whose start has not ended, or not well. */
  #hasBegun = false;
  /** That instance's, once its start function has ended. */
  #memory: ModuleMemory | undefined;

  /** @throws ModuleFault `wasm_refused`. */
  constructor(data: ThreadData, host: HostCalls) {
    this.#data = data;
    this.#host = host;
    this.#imports = host.imports(data.imports);
    try {
      this.#module = new engine.Module(data.module);
    } catch (error) {
      throw faultOf(error);
    }
  }

  /** Runs the start function, and asks for the version of the ABI. @throws ModuleFault. */
  start(): void {
    this.#host.begin();
    this.#guarded(() => this.#instance());
  }

  /** @throws ModuleFault, after which there is another instance, unless the question itself was wrong (`bad_argument`). */
  answer(question: Question): unknown {
    this.#host.begin();
    return this.#guarded(() => {
      const living = this.#instance();
      switch (question.type) {
        case "handle":
          return this.#handle(living, question.bytes);
        case "invoke":
          return listOf(functionOf(living, question.name)(...question.args));
        case "read":
          return living.memory.copy(question.pointer, question.length, "read", "bad_argument");
        case "write":
          return living.memory.write(question.bytes, question.pointer, "write", "bad_argument");
      }
    });
  }

  #guarded<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      const fault = faultOf(error);
      if (fault.code !== "bad_argument") this.#forget();
      throw fault;
    }
  }

  /**
   * The collector does not know how much an instance holds, and would let a hundred dead ones lie. A buffer it does count, and one
   * that is never written takes no room: so it comes after a few of them. A memory that nobody sees, since it is not exported or the
   * start function trapped, may be as large as its bound.
   */
  #forget(): void {
    this.#living = undefined;
    if (!this.#hasBegun) return;
    const bytes = Math.min(this.#memory?.size ?? this.#data.memoryPagesMax * pageBytes, countedBytesMax);
    this.#hasBegun = false;
    this.#memory = undefined;
    void new ArrayBuffer(bytes);
  }

  #instance(): Living {
    if (this.#living !== undefined) return this.#living;
    this.#host.attach(undefined);
    this.#hasBegun = true;
    const { exports } = new engine.Instance(this.#module, this.#imports);
    this.#host.attach(exports);
    const living = { exports, memory: new ModuleMemory(exports) };
    this.#memory = living.memory;
    if (initializer in exports) functionOf(living, initializer)();
    if (!this.#data.isRaw) {
      const version = functionOf(living, "mofa_abi")();
      if (version !== abiVersion)
        throw new ModuleFault(
          "wasm_abi",
          `mofa_abi gave ${String(version)}: version ${abiVersion} of the ABI is spoken here`,
        );
    }
    this.#living = living;
    return living;
  }

  #handle(living: Living, input: Uint8Array): Uint8Array {
    const { memory, exports } = living;
    const at = (functionOf(living, "mofa_alloc")(input.length) as number) >>> 0;
    if (at === 0 && input.length > 0)
      throw new ModuleFault(
        "wasm_abi",
        `mofa_alloc gave 0: the module has no room for an input of ${input.length} bytes`,
      );
    memory.write(input, at, `mofa_alloc gave ${at} for ${input.length} bytes`);
    const { pointer, length } = unpacked(functionOf(living, "mofa_handle")(at, input.length) as bigint);
    const { messageBytesMax, isJson } = this.#data;
    if (length > messageBytesMax)
      throw new ModuleFault(
        "wasm_limit",
        `the module's answer has ${length} bytes, and messageBytesMax is ${messageBytesMax}`,
      );
    const answer = memory.copy(pointer, length, `mofa_handle answered with ${length} bytes at ${pointer}`);
    if ("mofa_free" in exports) functionOf(living, "mofa_free")(pointer, length);
    if (isJson && isDeeper(answer, jsonDepthMax))
      throw new ModuleFault("wasm_abi", `the module's answer is nested deeper than ${jsonDepthMax} levels`);
    return answer;
  }
}

/** The shape of the module was checked: it is there. */
function functionOf({ exports }: Living, name: string): ModuleFunction {
  return exports[name] as ModuleFunction;
}

/** The results of a function, of which it may have none, one or several. */
function listOf(result: unknown): readonly unknown[] {
  if (Array.isArray(result)) return result;
  return result === undefined ? [] : [result];
}
