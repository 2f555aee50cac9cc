/** The configuration of a plugin of `wasmPlugin`. */
import { type ConfigKey, choiceKey, configSchema, countKey, describe, textKey } from "../../core/index.ts";
import { type HostFunctionName, hostFunctionNames } from "./host-functions.ts";
import { isNumberType, type Signature } from "./signature.ts";

/** How the module is spoken to: `json` and `bytes` by the ABI of the README, `raw` by the exports that are declared. */
export type WasmKind = "json" | "bytes" | "raw";

export interface WasmConfig {
  /** Path of the module. Either this or `module` is given. */
  readonly file: string;
  /** The module itself. */
  readonly module: Uint8Array | undefined;
  /** Default `json`. */
  readonly kind: WasmKind;
  /** Of kind `raw`: what may be called, with the types that the module must have it with. Default none. */
  readonly exports: Readonly<Record<string, Signature>>;
  /** Functions of the host that the module may import. Default none. */
  readonly grants: readonly HostFunctionName[];
  /** Whether a memory or table without a maximum, or with one above the bound, gets the bound as its maximum. Default false: refused. */
  readonly addMaximum: boolean;
  /** Bound of the module's memory in pages of 64 KiB. Default 256 (16 MiB). */
  readonly memoryPagesMax: number;
  /** Bound of the module itself. Default 4,194,304. */
  readonly moduleBytesMax: number;
  /** Bound of each input, each answer and each message to or from the host. Default 1,048,576. */
  readonly messageBytesMax: number;
  /** Time of one call, what it asks of the host included; then the thread is ended and the plugin starts anew. Default 1,000. */
  readonly callTimeoutMs: number;
  /** Time for the start of the thread, compilation and the module's start function. Default 5,000. */
  readonly startTimeoutMs: number;
  /** Calls of the host within one call of the module. Default 100. */
  readonly hostCallsMax: number;
  /** Stack of the thread in MiB. Default 1. */
  readonly stackMb: number;
}

const bytesKey: ConfigKey<Uint8Array | undefined> = {
  initial: undefined,
  isRight: (value) => value === undefined || ArrayBuffer.isView(value),
  what: "is the bytes of a module, a Uint8Array",
};

const exportsKey: ConfigKey<Readonly<Record<string, Signature>>> = {
  initial: {},
  isRight: (value) => isTable(value) && Object.values(value).every(isSignature),
  what: 'is a table like { add: { parameters: ["i32", "i32"], results: ["i32"] } } of i32, i64, f32 and f64',
};

const grantsKey: ConfigKey<readonly HostFunctionName[]> = {
  initial: [],
  isRight: (value) => Array.isArray(value) && value.every((one) => hostFunctionNames.includes(one as never)),
  what: `is a list of ${hostFunctionNames.join(", ")}`,
};

const flagKey: ConfigKey<boolean> = {
  initial: false,
  isRight: (value) => typeof value === "boolean",
  what: "is true or false",
};

export const wasmConfig = configSchema<WasmConfig>({
  file: textKey("", /^/, "is the path of a file"),
  module: bytesKey,
  kind: choiceKey("json", ["json", "bytes", "raw"]),
  exports: exportsKey,
  grants: grantsKey,
  addMaximum: flagKey,
  memoryPagesMax: countKey(256, 1, 65_536, "pages of 64 KiB"),
  moduleBytesMax: countKey(4_194_304, 8),
  messageBytesMax: countKey(1_048_576, 1, 2 ** 30),
  callTimeoutMs: countKey(1_000, 1),
  startTimeoutMs: countKey(5_000, 1),
  hostCallsMax: countKey(100, 0),
  stackMb: countKey(1, 1, 64, "MiB"),
});

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

function isSignature(value: unknown): boolean {
  if (!isTable(value) || Object.keys(value).some((key) => key !== "parameters" && key !== "results")) return false;
  const { parameters, results } = value;
  return [parameters, results].every((list) => Array.isArray(list) && list.every(isNumberType));
}

/** What the keys demand of one another, as a text; undefined: it is right. */
export function conflictOf({ file, module, kind, exports }: WasmConfig): string | undefined {
  if ((file === "") === (module === undefined))
    return `a module is given by its file or by its bytes, and there is ${file === "" ? "neither" : "both"}: give file or module`;
  const declared = Object.keys(exports);
  if (kind === "raw" && declared.length === 0)
    return "kind is raw and exports is empty: declare what may be called, with its types";
  if (kind !== "raw" && declared.length > 0)
    return `exports (${describe(declared)}) is for kind raw, and kind is ${kind}: leave one of them out`;
  return undefined;
}
