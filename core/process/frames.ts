/**
 * Frames on a socket: four bytes of length (big-endian, of what follows), then a msgpack record.
 *
 * Both ends keep one bound (`processMessageBytesMax`): who has more to say is told so and sends nothing, and a longer frame
 * on the socket is a breach of whoever wrote it.
 */
import { Packr } from "msgpackr/pack"; // without the native addon, whose load costs more than it gives
import { RuntimeError } from "../errors.ts";

/** Plain maps, that any msgpack reads: no records, no extensions. */
const packr = new Packr({ useRecords: false });

export const lengthBytes = 4;
/** Room that a frame has from the first; beyond, its room grows with what arrives and not with what was announced. */
const roomBytesMin = 2 ** 20;

/**
 * A frame ready to be written.
 * @param what is said by it, for the message to people
 * @throws RuntimeError `message_too_large`.
 */
export function frameOf(record: object, bytesMax: number, what: string): Uint8Array<ArrayBuffer> {
  const body = packr.pack(record);
  if (body.length > bytesMax) throw tooLarge(what, body.length, bytesMax);
  const bytes = new Uint8Array(lengthBytes + body.length);
  new DataView(bytes.buffer).setUint32(0, body.length);
  bytes.set(body, lengthBytes);
  return bytes;
}

export function tooLarge(what: string, bytes: number, bytesMax: number): RuntimeError {
  return new RuntimeError(
    "message_too_large",
    `${what}: ${bytes} bytes, and ${bytesMax} is the most between main and a process: ` +
      "send it in pieces, or start the system with a larger processMessageBytesMax",
  );
}

/** The record in a frame's body. The stream's other end is this same runtime. */
export function recordOf<T>(body: Uint8Array): T {
  return packr.unpack(body) as T;
}

/** Cuts what arrives into frames. Each byte is copied once, or twice where its frame's room had to grow. */
export class FrameReader {
  readonly #take: (body: Uint8Array<ArrayBuffer>) => void;
  readonly #bytesMax: number;
  readonly #head = Buffer.alloc(lengthBytes);
  #headBytes = 0;
  #body: Uint8Array<ArrayBuffer> = new Uint8Array();
  #bodyBytes = 0;
  #length = 0;

  /**
   * @param take gets the body of each frame as soon as it is whole; it is its own. What it throws, `push` throws.
   * @param bytesMax longest body that is taken.
   */
  constructor(take: (body: Uint8Array<ArrayBuffer>) => void, bytesMax: number) {
    this.#take = take;
    this.#bytesMax = bytesMax;
  }

  /** @throws RangeError a frame is too long: then nothing of the stream can be read any more. */
  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#headBytes < lengthBytes) {
        this.#head[this.#headBytes++] = chunk[at++] as number;
        if (this.#headBytes < lengthBytes) continue;
        this.#begin();
      } else {
        const piece = chunk.subarray(at, at + this.#length - this.#bodyBytes);
        at += piece.length;
        this.#add(piece);
      }
      if (this.#bodyBytes === this.#length) this.#end();
    }
  }

  #begin(): void {
    const length = this.#head.readUInt32BE(0);
    if (length > this.#bytesMax) {
      throw new RangeError(
        `a frame of ${length} bytes, and ${this.#bytesMax} is the most between main and a process (processMessageBytesMax)`,
      );
    }
    this.#length = length;
    this.#bodyBytes = 0;
    this.#body = room(Math.min(length, roomBytesMin));
  }

  #add(piece: Uint8Array): void {
    const filled = this.#bodyBytes + piece.length;
    if (filled > this.#body.length) {
      const larger = room(Math.min(this.#length, Math.max(filled, 2 * this.#body.length)));
      larger.set(this.#body.subarray(0, this.#bodyBytes));
      this.#body = larger;
    }
    this.#body.set(piece, this.#bodyBytes);
    this.#bodyBytes = filled;
  }

  #end(): void {
    const body = this.#body;
    this.#headBytes = 0;
    this.#body = new Uint8Array();
    this.#take(body);
  }
}

/** Memory of its own that is written before it is read. */
function room(bytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer);
}
