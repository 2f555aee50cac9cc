/**
 * Turns the bytes of one other thread back into messages; the counterpart of `value-encoder.ts`.
 *
 * Everything in a message is new: no string, buffer or object shares memory with the ring. The bytes come from the same
 * build in the same process, so they are not checked beyond their tags.
 */
import { viewOver } from "./binary-view.ts";
import type { FastBuffer } from "./byte-sink.ts";
import { readGraph } from "./graph-decoder.ts";
import type { RefWire } from "./ref-wire.ts";
import { ShapeReader, setField } from "./shape-table.ts";
import { definition, keysFollow, tag } from "./wire-tag.ts";

/** Texts are cut out of a window of this size that was turned into a string as a whole; a kept text keeps its window. */
const windowBytes = 1024;
/** In a message shorter than this a text is made on its own. */
const windowWorthBytes = 64;

const nothing = Buffer.alloc(0) as Buffer as FastBuffer;

export class ValueDecoder {
  readonly #refs: RefWire;
  readonly #shapes: ShapeReader[];
  readonly #texts: string[];
  #bytes: FastBuffer = nothing;
  #view: DataView<ArrayBufferLike> = new DataView(nothing.buffer);
  #position = 0;
  #end = 0;
  #window = "";
  #windowStart = 0;
  #windowEnd = -1;

  /** @param shapes keys of the shapes that it knows already. @param texts those that it knows already. */
  constructor(refs: RefWire, shapes: readonly (readonly string[])[] = [], texts: readonly string[] = []) {
    this.#refs = refs;
    this.#shapes = shapes.map((keys) => new ShapeReader(keys));
    this.#texts = [...texts];
  }

  /**
   * The message in `bytes` (which `view` shows as well) from `start` to `end`.
   *
   * @param transferred what came by the side port for this message
   * @throws Error bytes that no encoder wrote; what `fromWire` throws. The next message is read as if nothing was.
   */
  decode(
    bytes: Buffer,
    view: DataView<ArrayBufferLike>,
    start: number,
    end: number,
    transferred?: readonly unknown[],
  ): unknown {
    this.#bytes = bytes as FastBuffer;
    this.#view = view;
    this.#position = start;
    this.#end = end;
    this.#windowEnd = -1;
    let message: unknown;
    if (bytes[start] === tag.graph) {
      this.#position = start + 1;
      message = readGraph(this, transferred);
    } else {
      message = this.value();
    }
    if (this.#position !== end) {
      throw new Error(`a message of ${end - start} bytes was read as ${this.#position - start}`);
    }
    return message;
  }

  /** Takes a definition in; they come in the order in which the encoder made them. */
  define(bytes: Buffer, view: DataView<ArrayBufferLike>, start: number, end: number): void {
    this.#bytes = bytes as FastBuffer;
    this.#view = view;
    this.#position = start + 1;
    this.#end = end;
    this.#windowEnd = -1;
    const texts: string[] = [];
    for (let left = this.value() as number; left > 0; left--) {
      texts.push(this.value() as string);
    }
    if (bytes[start] === definition.shape) {
      this.#shapes.push(new ShapeReader(texts));
    } else {
      this.#texts.push(texts[0] as string);
    }
  }

  /** The next value. Public for the readers of shapes and graphs alone. */
  value(): unknown {
    const first = this.#bytes[this.#position++] as number;
    if (first > 127) {
      return first & 127;
    }
    switch (first) {
      case tag.knownText: {
        const at = this.#position;
        this.#position = at + 2;
        return this.#texts[(this.#bytes[at] as number) | ((this.#bytes[at + 1] as number) << 8)];
      }
      case tag.text: {
        const start = this.#position + 1;
        const end = start + (this.#bytes[start - 1] as number);
        this.#position = end;
        return this.#text(start, end);
      }
      case tag.int32:
        this.#position += 4;
        return this.#view.getInt32(this.#position - 4, true);
      case tag.double:
        this.#position += 8;
        return this.#view.getFloat64(this.#position - 8, true);
      case tag.object:
        return this.#object();
      case tag.array:
        return this.#array();
      case tag.true:
        return true;
      case tag.false:
        return false;
      case tag.null:
        return null;
      case tag.undefined:
        return undefined;
      default:
        return this.#rare(first);
    }
  }

  /** A tag or another single byte. */
  byte(): number {
    return this.#bytes[this.#position++] as number;
  }

  /** The next byte, which stays the next. */
  peek(): number {
    return this.#bytes[this.#position] as number;
  }

  uint32(): number {
    this.#position += 4;
    return this.#view.getUint32(this.#position - 4, true);
  }

  /** True when a hole is next; steps over it. */
  isHole(): boolean {
    if (this.#bytes[this.#position] !== tag.hole) {
      return false;
    }
    this.#position++;
    return true;
  }

  date(): Date {
    return new Date(this.value() as number);
  }

  ref(): object {
    const node = this.value() as number;
    const thread = this.value() as number;
    const slot = this.value() as number;
    return this.#refs.fromWire(node, thread, slot, this.value() as number);
  }

  binary(): ArrayBuffer | ArrayBufferView {
    const kind = this.byte();
    const length = this.uint32();
    const copy = new Uint8Array(length);
    copy.set(this.#bytes.subarray(this.#position, this.#position + length));
    this.#position += length;
    return viewOver(kind, copy.buffer, 0, length);
  }

  #rare(first: number): unknown {
    switch (first) {
      case tag.longText: {
        const length = this.uint32();
        this.#position += length;
        return this.#bytes.latin1Slice(this.#position - length, this.#position);
      }
      case tag.wideText: {
        const length = this.uint32() * 2;
        this.#position += length;
        return this.#bytes.ucs2Slice(this.#position - length, this.#position);
      }
      case tag.bigint64:
        this.#position += 8;
        return this.#view.getBigInt64(this.#position - 8, true);
      case tag.bigint:
        return this.#bigint();
      case tag.date:
        return this.date();
      case tag.binary:
        return this.binary();
      case tag.ref:
        return this.ref();
      default:
        throw new Error(`no value begins with ${first}`);
    }
  }

  #bigint(): bigint {
    const digits = this.value() as string;
    return digits.startsWith("-") ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`);
  }

  #object(): unknown {
    const at = this.#position;
    const word = this.#view.getUint32(at, true);
    this.#position = at + 4;
    if (word < keysFollow) {
      return (this.#shapes[word] as ShapeReader).read(this);
    }
    this.#position = at + (word - keysFollow);
    const keys: string[] = [];
    for (let left = this.uint32(); left > 0; left--) {
      keys.push(this.value() as string);
    }
    const end = this.#position;
    this.#position = at + 4;
    const object: Record<string, unknown> = {};
    for (const key of keys) {
      setField(object, key, this.value());
    }
    this.#position = end;
    return object;
  }

  #array(): unknown[] {
    const length = this.uint32();
    const array: unknown[] = [];
    for (let i = 0; i < length; i++) {
      if (this.isHole()) {
        array.length = i + 1;
      } else {
        array.push(this.value());
      }
    }
    return array;
  }

  #text(start: number, end: number): string {
    if (end <= this.#windowEnd && start >= this.#windowStart) {
      return this.#window.slice(start - this.#windowStart, end - this.#windowStart);
    }
    if (this.#end - start < windowWorthBytes || end - start > windowBytes) {
      return shortText(this.#bytes, start, end);
    }
    this.#windowStart = start;
    this.#windowEnd = Math.min(start + windowBytes, this.#end);
    this.#window = this.#bytes.latin1Slice(start, this.#windowEnd);
    return this.#window.slice(0, end - start);
  }
}

/** A text of at most 255 characters of one byte; a few characters are faster without a call into the engine. */
function shortText(b: FastBuffer, start: number, end: number): string {
  const c = String.fromCharCode;
  switch (end - start) {
    case 0:
      return "";
    case 1:
      return c(b[start] as number);
    case 2:
      return c(b[start] as number, b[start + 1] as number);
    case 3:
      return c(b[start] as number, b[start + 1] as number, b[start + 2] as number);
    case 4:
      return c(b[start] as number, b[start + 1] as number, b[start + 2] as number, b[start + 3] as number);
    default:
      return b.latin1Slice(start, end);
  }
}
