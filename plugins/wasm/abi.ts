/** The ABI of kinds `json` and `bytes`, version 1: what a module exports. Its README page is beside this file. */
import type { Signature } from "./signature.ts";

export const abiVersion = 1;

/** The exports that it needs, and their types. */
export const abiExports = {
  /** Gives the version: 1. */
  mofa_abi: { parameters: [], results: ["i32"] },
  /** (length): a pointer to so many bytes, which are the module's from the call of `mofa_handle` on. */
  mofa_alloc: { parameters: ["i32"], results: ["i32"] },
  /** (pointer, length) of the input; gives `pointer << 32 | length` of the answer, which stays until the next call. */
  mofa_handle: { parameters: ["i32", "i32"], results: ["i64"] },
} as const satisfies Readonly<Record<string, Signature>>;

/** What it may export beside. */
export const abiOptional = {
  /** (pointer, length) of an answer that was copied. */
  mofa_free: { parameters: ["i32", "i32"], results: [] },
} as const satisfies Readonly<Record<string, Signature>>;

/** Called once before all else, where it is exported: what a toolchain's reactor has. */
export const initializer = "_initialize";
export const initializerSignature: Signature = { parameters: [], results: [] };

/** The name of the memory. */
export const memoryExport = "memory";
/** Of a memory, as the specification has it. */
export const pageBytes = 65_536;

/** Levels of JSON that a module gives: an answer, what it publishes, what it asks for. */
export const jsonDepthMax = 64;
