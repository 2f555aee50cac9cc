/**
 * Frames on a socket: four bytes of length (big-endian, of what follows), one byte of channel, then a msgpack record.
 */
import { Packr } from "msgpackr";

/** Plain maps, that any msgpack reads: no records, no extensions. */
const packr = new Packr({ useRecords: false });

const lengthBytes = 4;
const headBytes = lengthBytes + 1;
/** Longest frame that is taken: a longer one is no frame but a broken stream. */
const frameBytesMax = 2 ** 31 - 1;

/** A frame ready to be written. @throws RangeError beyond 2 GiB. */
export function frameOf(channel: number, record?: object): Uint8Array<ArrayBuffer> {
  const body = record === undefined ? undefined : packr.pack(record);
  const length = 1 + (body?.length ?? 0);
  if (length > frameBytesMax) throw new RangeError(`a message of ${length} bytes is too large for a frame`);
  const bytes = new Uint8Array(lengthBytes + length);
  new DataView(bytes.buffer).setUint32(0, length);
  bytes[lengthBytes] = channel;
  if (body !== undefined) bytes.set(body, headBytes);
  return bytes;
}

/** The record in a frame's body. The stream's other end is this same runtime. */
export function recordOf<T>(body: Uint8Array): T {
  return packr.unpack(body) as T;
}

/** Cuts what arrives into frames. */
export class FrameReader {
  readonly #take: (channel: number, body: Uint8Array<ArrayBuffer>) => void;
  #chunks: Buffer[] = [];
  #bytes = 0;

  /** @param take gets each frame as soon as it is whole; the body is its own. */
  constructor(take: (channel: number, body: Uint8Array<ArrayBuffer>) => void) {
    this.#take = take;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes >= headBytes) {
      const length = this.#head().readUInt32BE(0);
      if (this.#bytes < lengthBytes + length) return;
      const frame = this.#cut(lengthBytes + length);
      this.#take(frame[lengthBytes] as number, new Uint8Array(frame.subarray(headBytes)));
    }
  }

  /** The first bytes that are there, at least a head. */
  #head(): Buffer {
    if ((this.#chunks[0] as Buffer).length < headBytes) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] as Buffer;
  }

  /** Joined once for each frame, and not once for each chunk of a large one. */
  #cut(length: number): Buffer {
    const all = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    this.#chunks = all.length === length ? [] : [all.subarray(length)];
    this.#bytes -= length;
    return all.subarray(0, length);
  }
}
