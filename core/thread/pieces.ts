/**
 * Payloads that are too long for one frame of the ring: how they are cut, and joined again.
 *
 * Nothing else of the same writer comes between the pieces of one payload, so they need no mark of whose they are.
 */
import { type FrameHead, firstPieceHeadBytes, headField, mark } from "./frame.ts";
import type { RingWriter } from "./ring.ts";

/** A frame takes at most this part of the ring. */
const wholePart = 4;
/** Payloads that were cut, whose heads are kept: the ring holds the pieces of fewer. */
const headsKept = 2 * wholePart;
/** Room that is asked for at first, which most frames fit in. No piece is shorter, but for the last. */
export const usualBytes = 256;

/** A payload that is being sent. */
interface Cut {
  readonly head: FrameHead;
  readonly bytes: Buffer;
  sent: number;
}

export class PieceWriter {
  /** Length of a frame at most; a longer payload is cut. */
  readonly frameBytesMax: number;
  readonly #ring: RingWriter;
  #cut: Cut | undefined;
  /** Heads of the last payloads that were cut, oldest first. */
  readonly #heads: FrameHead[] = [];

  constructor(ring: RingWriter) {
    this.#ring = ring;
    this.frameBytesMax = ring.memory.capacityBytes / wholePart;
  }

  /** Of the payload that is under way. */
  get head(): FrameHead | undefined {
    return this.#cut?.head;
  }

  /** Of the last payloads that were cut, oldest first: the reader may have taken the first piece of one and not the rest. */
  lastHeads(count: number): readonly FrameHead[] {
    return this.#heads.slice(this.#heads.length - count);
  }

  /**
   * Writes the first piece, where room is reserved and the head stands already, and as many others as fit.
   * @returns whether that was all of it
   */
  begin(offset: number, head: FrameHead, bytes: Buffer, marks: number): boolean {
    const ring = this.#ring;
    ring.memory.words[(offset >> 2) + headField.length] = bytes.length;
    const piece = Math.min(ring.roomBytes - firstPieceHeadBytes, bytes.length, this.frameBytesMax);
    ring.memory.bytes.set(bytes.subarray(0, piece), offset + firstPieceHeadBytes);
    ring.commit(firstPieceHeadBytes + piece, head.kind | mark.firstPiece | marks);
    this.#heads.push(head);
    if (this.#heads.length > headsKept) this.#heads.shift();
    this.#cut = { head, bytes, sent: piece };
    return this.#writeOn(this.#cut);
  }

  /** Writes more of the payload that is under way. @returns whether that was the rest */
  goOn(): boolean {
    return this.#cut === undefined || this.#writeOn(this.#cut);
  }

  #writeOn(cut: Cut): boolean {
    const ring = this.#ring;
    while (cut.sent < cut.bytes.length) {
      const left = cut.bytes.length - cut.sent;
      const offset = ring.reserve(Math.min(left, usualBytes));
      if (offset < 0) return false;
      const piece = Math.min(ring.roomBytes, left, this.frameBytesMax);
      ring.memory.bytes.set(cut.bytes.subarray(cut.sent, cut.sent + piece), offset);
      ring.commit(piece, mark.nextPiece);
      cut.sent += piece;
    }
    this.#cut = undefined;
    return true;
  }
}

/** A payload that comes in pieces, and the head that it came with. */
export class JoinedPayload {
  readonly head: FrameHead;
  readonly hasTransfer: boolean;
  readonly bytes: Buffer;
  #received = 0;

  constructor(head: FrameHead, hasTransfer: boolean, length: number) {
    this.head = head;
    this.hasTransfer = hasTransfer;
    this.bytes = Buffer.allocUnsafeSlow(length);
  }

  take(piece: Uint8Array): void {
    this.bytes.set(piece, this.#received);
    this.#received += piece.length;
  }

  get isWhole(): boolean {
    return this.#received === this.bytes.length;
  }
}
