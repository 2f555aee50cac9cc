/**
 * Values of the program as bytes, one by one: the codec of the rings, without what its two ends remember of each other.
 */
import { RuntimeError } from "../errors.ts";
import { ByteSink } from "./byte-sink.ts";
import { writeGraph } from "./graph-encoder.ts";
import { checkMessage, MessageRefused } from "./message-check.ts";
import type { RefWire } from "./ref-wire.ts";
import { ValueDecoder } from "./value-decoder.ts";
import { tag } from "./wire-tag.ts";

/** Memory beyond this is given back after a large value. */
const keptBytesMax = 2 ** 22;

export class ValueBytes {
  readonly #refs: RefWire;
  readonly #out = new ByteSink();
  readonly #decoder: ValueDecoder;

  constructor(refs: RefWire) {
    this.#refs = refs;
    this.#decoder = new ValueDecoder(refs);
  }

  /** @throws RuntimeError `not_cloneable` with the path of what cannot cross. */
  encode(value: unknown, verb: string): Uint8Array {
    // A copy: by the constructor, since `from` goes from byte to byte.
    return new Uint8Array(this.#write(value, verb));
  }

  /** How long it would be. Throws as `encode`. */
  bytesOf(value: unknown, verb: string): number {
    return this.#write(value, verb).length;
  }

  /** Valid until the next one. */
  #write(value: unknown, verb: string): Uint8Array {
    this.#out.shrink(keptBytesMax);
    this.#out.writeOwn();
    this.#out.byte(tag.graph);
    if (!writeGraph(this.#out, value, undefined, this.#refs)) throw refusal(value, verb, this.#refs);
    return this.#out.written();
  }

  decode(bytes: Uint8Array): unknown {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return this.#decoder.decode(buffer, view, 0, buffer.length);
  }
}

/** The walk that knows the path says what is wrong. */
function refusal(value: unknown, verb: string, refs: RefWire): RuntimeError {
  try {
    checkMessage(value, undefined, (object) => refs.isRef(object));
  } catch (error) {
    return new RuntimeError("not_cloneable", `${verb}: ${(error as Error).message}`, { cause: error });
  }
  return new RuntimeError(
    "not_cloneable",
    `${verb}: ${new MessageRefused("message", "changed while it was encoded").message}`,
  );
}
