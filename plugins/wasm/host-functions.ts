/**
 * What a module may ask of its host: functions of the import module `mofa`, each only where it is granted. They run in the
 * module's thread, and reach the plugin's actor by messages; what they do there is done by its handle of the bus.
 */
import type { Signature } from "./signature.ts";

/** The module name of imports. */
export const hostModule = "mofa";

export interface HostFunction extends Signature {
  /** Whether it reads or writes the module's memory. */
  readonly needsMemory: boolean;
  /** Whether it has something to hand over, for which it asks `mofa_alloc`. */
  readonly needsAllocator: boolean;
}

export const hostFunctions = {
  /** (level, pointer, length): an event `log`, its text cut at 4,096 bytes. Level 0 debug, 1 info, 2 warning, 3 error. */
  log: { parameters: ["i32", "i32", "i32"], results: [], needsMemory: true, needsAllocator: false },
  /** (topic pointer, topic length, pointer, length): publishes JSON below `plugin.<name>.`. */
  publish: { parameters: ["i32", "i32", "i32", "i32"], results: [], needsMemory: true, needsAllocator: false },
  /** (pointer, length) of JSON `{ capability, call, argument }`; gives `pointer << 32 | length` of JSON `{ ok }` or `{ error }`. */
  request: { parameters: ["i32", "i32"], results: ["i64"], needsMemory: true, needsAllocator: true },
  /** (pointer, length): fills it with random bytes, at most 65,536. */
  random: { parameters: ["i32", "i32"], results: [], needsMemory: true, needsAllocator: false },
} as const satisfies Readonly<Record<string, HostFunction>>;

export type HostFunctionName = keyof typeof hostFunctions;

export const hostFunctionNames = Object.keys(hostFunctions) as readonly HostFunctionName[];

/** By the number that a module gives. */
export const logLevels = ["debug", "info", "warning", "error"] as const;
export type ModuleLogLevel = (typeof logLevels)[number];

/** Bytes of one text in the log. */
export const logBytesMax = 4_096;
/** Bytes that are drawn at once. */
export const randomBytesMax = 65_536;
