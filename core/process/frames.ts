/**
 * Frames on a socket: four bytes of length (big-endian, of what follows), then a msgpack record.
 */
import { Packr } from "msgpackr/pack"; // without the native addon, whose load costs more than it gives

/** Plain maps, that any msgpack reads: no records, no extensions. */
const packr = new Packr({ useRecords: false });

export const lengthBytes = 4;
/** Longest frame that is taken: a longer one is no frame but a broken stream. */
const frameBytesMax = 2 ** 31 - 1;

/** A frame ready to be written. @throws RangeError beyond 2 GiB. */
export function frameOf(record: object): Uint8Array<ArrayBuffer> {
  const body = packr.pack(record);
  if (body.length > frameBytesMax)
    throw new RangeError(`a message of ${body.length} bytes is too large for a frame (${frameBytesMax})`);
  const bytes = new Uint8Array(lengthBytes + body.length);
  new DataView(bytes.buffer).setUint32(0, body.length);
  bytes.set(body, lengthBytes);
  return bytes;
}

/** The record in a frame's body. The stream's other end is this same runtime. */
export function recordOf<T>(body: Uint8Array): T {
  return packr.unpack(body) as T;
}

/** Cuts what arrives into frames. */
export class FrameReader {
  readonly #take: (body: Uint8Array<ArrayBuffer>) => void;
  #chunks: Buffer[] = [];
  #bytes = 0;

  /** @param take gets the body of each frame as soon as it is whole; it is its own. What it throws, `push` throws. */
  constructor(take: (body: Uint8Array<ArrayBuffer>) => void) {
    this.#take = take;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes >= lengthBytes) {
      const length = this.#head().readUInt32BE(0);
      if (length > frameBytesMax) throw new RangeError(`a frame of ${length} bytes, and ${frameBytesMax} is the most`);
      if (this.#bytes < lengthBytes + length) return;
      this.#take(new Uint8Array(this.#cut(lengthBytes + length).subarray(lengthBytes)));
    }
  }

  /** The first bytes that are there, at least a length. */
  #head(): Buffer {
    if ((this.#chunks[0] as Buffer).length < lengthBytes) this.#chunks = [Buffer.concat(this.#chunks)];
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
