/**
 * Where the encoders write: a stretch of the ring itself, or memory that grows.
 *
 * Writing straight into the ring saves a copy of every message. If a message does not fit there, the sink throws
 * `noRoom` and the frame is not committed, so nothing of it is ever seen.
 */
import { RuntimeError } from "../errors.ts";
import { messageBytesMax, tag } from "./wire-tag.ts";

/** Thrown by a sink that may not grow. Made once: it is caught a few frames up, and often, when a ring runs full. */
export const noRoom = new Error("no room for the whole message");

/** The bytes of a number or a short tag with some to spare: one check covers them. */
const smallBytes = 16;
/** Up to this length a loop is faster than a call into the engine. */
const loopCharsMax = 10;
/** For a string that is stored with one byte a character the engine answers without looking at it. */
const hasWideCharacter = /[\u0100-\uffff]/;

/** Buffer's writers without the look at the encoding's name; they are the ones that `write` calls. */
export interface FastBuffer extends Buffer {
  latin1Write(text: string, offset: number, length: number): number;
  ucs2Write(text: string, offset: number, length: number): number;
  latin1Slice(start: number, end: number): string;
  ucs2Slice(start: number, end: number): string;
}

export class ByteSink {
  bytes: FastBuffer;
  view: DataView<ArrayBufferLike>;
  position = 0;
  #end: number;
  #grows: boolean;
  /** The sink's own memory, kept from one large message to the next. */
  #own: FastBuffer;
  #ownView: DataView<ArrayBufferLike>;

  constructor(bytes = 4096) {
    this.#own = Buffer.allocUnsafeSlow(bytes) as FastBuffer;
    this.#ownView = new DataView(this.#own.buffer);
    this.bytes = this.#own;
    this.view = this.#ownView;
    this.#end = bytes;
    this.#grows = true;
  }

  /** Writes from now on into `bytes` from `start` up to `end`, and throws `noRoom` beyond it. */
  writeInto(bytes: Buffer, view: DataView<ArrayBufferLike>, start: number, end: number): void {
    this.bytes = bytes as FastBuffer;
    this.view = view;
    this.position = start;
    this.#end = end;
    this.#grows = false;
  }

  /** Writes from now on into memory of its own, from its start. */
  writeOwn(): void {
    this.bytes = this.#own;
    this.view = this.#ownView;
    this.position = 0;
    this.#end = this.#own.length;
    this.#grows = true;
  }

  /** What was written since `writeOwn`; valid until the next write. */
  written(): Buffer {
    return this.bytes.subarray(0, this.position);
  }

  /** Gives memory back that one large message left behind. */
  shrink(bytesMax: number): void {
    if (this.#own.length > bytesMax) {
      this.#own = Buffer.allocUnsafeSlow(4096) as FastBuffer;
      this.#ownView = new DataView(this.#own.buffer);
      this.writeOwn();
    }
  }

  /** Makes sure that `bytes` bytes can be written. */
  need(bytes: number): void {
    if (this.position + bytes > this.#end) {
      this.#grow(bytes);
    }
  }

  /** A tag alone. */
  byte(value: number): void {
    this.need(1);
    this.bytes[this.position++] = value;
  }

  /** A tag and 32 bits; returns where the bits stand, to be patched. */
  word(first: number, value: number): number {
    this.need(smallBytes);
    const at = this.position + 1;
    this.bytes[at - 1] = first;
    this.view.setUint32(at, value, true);
    this.position = at + 4;
    return at;
  }

  uint32(value: number): void {
    this.need(4);
    this.view.setUint32(this.position, value, true);
    this.position += 4;
  }

  number(value: number): void {
    this.need(smallBytes);
    const at = this.position;
    // -0 is a double: as a whole number it would lose its sign.
    if ((value | 0) === value && (value !== 0 || 1 / value > 0)) {
      if (value >= 0 && value < 128) {
        this.bytes[at] = value | 128;
        this.position = at + 1;
      } else {
        this.bytes[at] = tag.int32;
        this.view.setInt32(at + 1, value, true);
        this.position = at + 5;
      }
    } else {
      this.bytes[at] = tag.double;
      this.view.setFloat64(at + 1, value, true);
      this.position = at + 9;
    }
  }

  bigint(value: bigint): void {
    this.need(smallBytes);
    if (BigInt.asIntN(64, value) === value) {
      this.bytes[this.position] = tag.bigint64;
      this.view.setBigInt64(this.position + 1, value, true);
      this.position += 9;
    } else {
      this.bytes[this.position++] = tag.bigint;
      this.text(value.toString(16));
    }
  }

  text(value: string): void {
    const length = value.length;
    if (length <= loopCharsMax) {
      this.need(2 + loopCharsMax);
      const bytes = this.bytes;
      const at = this.position + 2;
      let bits = 0;
      for (let i = 0; i < length; i++) {
        const character = value.charCodeAt(i);
        bits |= character;
        bytes[at + i] = character;
      }
      if (bits < 256) {
        bytes[at - 2] = tag.text;
        bytes[at - 1] = length;
        this.position = at + length;
        return;
      }
    } else if (!hasWideCharacter.test(value)) {
      this.need(5 + length);
      const at = this.position;
      let start = at + 2;
      if (length < 256) {
        this.bytes[at] = tag.text;
        this.bytes[at + 1] = length;
      } else {
        this.bytes[at] = tag.longText;
        this.view.setUint32(at + 1, length, true);
        start = at + 5;
      }
      this.bytes.latin1Write(value, start, length);
      this.position = start + length;
      return;
    }
    this.need(5 + 2 * length);
    this.bytes[this.position] = tag.wideText;
    this.view.setUint32(this.position + 1, length, true);
    this.bytes.ucs2Write(value, this.position + 5, 2 * length);
    this.position += 5 + 2 * length;
  }

  /** A tag, a kind, a length in bytes and the bytes. */
  binary(kind: number, source: Uint8Array): void {
    const length = source.byteLength;
    this.need(6 + length);
    this.bytes[this.position] = tag.binary;
    this.bytes[this.position + 1] = kind;
    this.view.setUint32(this.position + 2, length, true);
    this.bytes.set(source, this.position + 6);
    this.position += 6 + length;
  }

  #grow(bytes: number): void {
    if (!this.#grows) {
      throw noRoom;
    }
    const needed = this.position + bytes;
    if (needed > messageBytesMax) {
      throw new RuntimeError(
        "message_too_large",
        `a message to another thread or process has at most ${messageBytesMax} bytes when encoded: send it in pieces`,
      );
    }
    const larger = Buffer.allocUnsafeSlow(Math.min(Math.max(this.#own.length * 2, needed), messageBytesMax));
    larger.set(this.#own.subarray(0, this.position));
    this.#own = larger as FastBuffer;
    this.#ownView = new DataView(larger.buffer);
    this.bytes = this.#own;
    this.view = this.#ownView;
    this.#end = larger.length;
  }
}
