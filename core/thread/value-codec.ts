/**
 * The codec of messages between threads: one encoder and one decoder for each ordered pair of threads, since they
 * remember what they told each other.
 */
export type { RefParts, RefWire } from "./ref-wire.ts";
export { ValueDecoder } from "./value-decoder.ts";
export { ValueEncoder } from "./value-encoder.ts";
