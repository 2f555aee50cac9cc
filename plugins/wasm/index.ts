/**
 * Untrusted WebAssembly modules as plugins: each in a thread of its own, with bounds on its memory and time, and no way out of
 * it but the functions that it is granted. How a module is written stands in README.md.
 */
import { readFile, stat } from "node:fs/promises";
import {
  assertKeys,
  definePlugin,
  describe,
  errorData,
  type Plugin,
  type PluginBus,
  type PluginCalls,
  type ProvidedCapability,
  type RequiredCapability,
  RuntimeError,
} from "../../core/index.ts";
import { boundedModule, tooLarge } from "./bounded-module.ts";
import { refused } from "./byte-reader.ts";
import { conflictOf, type WasmConfig, wasmConfig } from "./config.ts";
import { answerValue, callBytes } from "./json-messages.ts";
import { ModuleThread } from "./module-thread.ts";
import { checkedBytes, checkedCall, checkedRead, checkedWrite, type RawCall, tooLong } from "./raw-call.ts";

export type { WasmConfig, WasmKind } from "./config.ts";
export type { HostFunctionName } from "./host-functions.ts";
export type { RawCall } from "./raw-call.ts";
export type { NumberType, Signature } from "./signature.ts";

export interface WasmPluginDefinition {
  /** As of `definePlugin`. */
  readonly name: string;
  /** `major.minor.patch` */
  readonly version: string;
  /** What the module may ask for by `mofa.request`, where that is granted. */
  readonly requires?: readonly RequiredCapability[];
  readonly provides?: readonly ProvidedCapability[];
  /** Names of calls of kind `json` beside `handle`: the module is told which one it is. Default none. */
  readonly calls?: readonly string[];
}

/** The calls of every such plugin. Which of them it takes depends on its kind. */
export interface WasmCalls {
  /** Kind `json`: any value that JSON can say, and one back. Kind `bytes`: a Uint8Array, and one back. */
  handle(state: never, input: unknown): Promise<unknown>;
  /** Kind `raw`: calls an export. Its results as a list. */
  invoke(state: never, call: RawCall): Promise<readonly (number | bigint)[]>;
  /** Kind `raw`: bytes of the module's memory. */
  read(state: never, place: { readonly pointer: number; readonly length: number }): Promise<Uint8Array>;
  /** Kind `raw`: changes them. */
  write(state: never, change: { readonly pointer: number; readonly bytes: Uint8Array }): Promise<void>;
}

const definitionKeys = ["name", "version", "requires", "provides", "calls"] as const;

interface WasmState {
  readonly config: WasmConfig;
  readonly thread: ModuleThread;
  readonly moduleBytes: number;
}

/**
 * A plugin of a module. Its configuration says which, and with what bounds: `WasmConfig`.
 *
 * A call that takes too long ends the module's thread: it fails with `wasm_timeout`, and the plugin is started anew by its
 * supervisor. A trap (`wasm_trap`), or an answer that is none (`wasm_abi`), costs the module its state, and not the plugin.
 *
 * @throws RuntimeError `bad_argument`, as `definePlugin`; one of `calls` has a name that is taken.
 */
export function wasmPlugin(given: WasmPluginDefinition): Plugin<WasmCalls> {
  assertKeys("wasmPlugin", given, definitionKeys);
  const { calls = [], ...definition } = given;
  const own: PluginCalls<WasmState> = { handle, invoke, read, write };
  if (
    !Array.isArray(calls) ||
    calls.some((name) => typeof name !== "string" || name === "" || Object.hasOwn(own, name))
  )
    throw new RuntimeError(
      "bad_argument",
      `wasmPlugin: calls is a list of names beside ${Object.keys(own).join(", ")}, got ${describe(calls)}`,
    );
  const named = calls.map((name) => [
    name,
    async (state: WasmState, argument: unknown, bus: PluginBus) => await json(state, name, argument, bus),
  ]);
  return definePlugin({
    ...definition,
    config: wasmConfig,
    behaviour: {
      init: async (config, bus) => await start(config, bus, definition.name, calls),
      calls: { ...own, ...Object.fromEntries(named) } as WasmCalls & PluginCalls<WasmState>,
      health: ({ config, moduleBytes }) => ({
        status: "up",
        detail: `${config.kind}, a module of ${moduleBytes} bytes`,
      }),
      terminate: ({ thread }) => thread.end(),
      format: () => "a WebAssembly module",
    },
  });
}

async function start(config: WasmConfig, bus: PluginBus, name: string, calls: readonly string[]): Promise<WasmState> {
  const conflict = conflictOf(config);
  if (conflict !== undefined) throw new RuntimeError("bad_configuration", conflict);
  if (calls.length > 0 && config.kind !== "json")
    throw new RuntimeError(
      "bad_configuration",
      `the plugin has calls (${calls.join(", ")}), which are for kind json, and kind is ${config.kind}`,
    );
  const given = config.module ?? (await readModule(config));
  const module = boundedModule(new Uint8Array(given.buffer, given.byteOffset, given.byteLength), config);
  return { config, thread: await ModuleThread.start(module, config, bus, name), moduleBytes: given.byteLength };
}

/** A file that is too large is not read. */
async function readModule({ file, moduleBytesMax }: WasmConfig): Promise<Uint8Array> {
  try {
    const found = await stat(file);
    // A pipe or a device might never end.
    if (!found.isFile()) throw refused(`the module ${file} is no file`);
    const { size } = found;
    if (size > moduleBytesMax) throw tooLarge(size, moduleBytesMax);
    return await readFile(file);
  } catch (error) {
    if (error instanceof RuntimeError) throw error;
    throw refused(`the module ${file} cannot be read: ${errorData(error).message}`, error);
  }
}

async function handle(state: WasmState, argument: unknown, bus: PluginBus): Promise<unknown> {
  if (state.config.kind === "json") return await json(state, "handle", argument, bus);
  assertKind(state, "bytes", "handle");
  const bytes = checkedBytes(argument, "handle: the input", state.config.messageBytesMax);
  return await ask(state, { type: "handle", bytes }, bus);
}

async function json(state: WasmState, call: string, argument: unknown, bus: PluginBus): Promise<unknown> {
  const bytes = callBytes(call, argument);
  const { messageBytesMax } = state.config;
  if (bytes.length > messageBytesMax) throw tooLong(bytes.length, messageBytesMax);
  return answerValue((await ask(state, { type: "handle", bytes }, bus)) as Uint8Array);
}

async function invoke(state: WasmState, argument: unknown, bus: PluginBus): Promise<unknown> {
  assertKind(state, "raw", "invoke");
  return await ask(state, checkedCall(argument, state.config.exports), bus);
}

async function read(state: WasmState, argument: unknown, bus: PluginBus): Promise<unknown> {
  assertKind(state, "raw", "read");
  return await ask(state, checkedRead(argument, state.config.messageBytesMax), bus);
}

async function write(state: WasmState, argument: unknown, bus: PluginBus): Promise<unknown> {
  assertKind(state, "raw", "write");
  return await ask(state, checkedWrite(argument, state.config.messageBytesMax), bus);
}

function assertKind({ config }: WasmState, kind: string, call: string): void {
  if (config.kind !== kind)
    throw new RuntimeError(
      "bad_argument",
      `${call} is a call of kind ${kind}, and this module is of kind ${config.kind}`,
    );
}

/** Where the thread is lost, whoever asked is answered, and the plugin ends: its supervisor starts it anew. */
async function ask(
  { thread }: WasmState,
  question: Parameters<ModuleThread["ask"]>[0],
  bus: PluginBus,
): Promise<unknown> {
  const { from } = bus;
  try {
    return await thread.ask(question, bus);
  } catch (error) {
    const { lost } = thread;
    if (lost === undefined) throw error;
    if (from !== undefined) bus.replyError(from, lost);
    throw new Error(lost.message, { cause: error });
  }
}
