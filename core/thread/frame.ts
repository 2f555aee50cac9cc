/**
 * What stands in a frame of the ring between two threads.
 *
 * A frame's tag word holds its kind in the low byte and the marks below. Its data begins with a head of 24 bytes, read
 * through typed arrays, and goes on with the payload as the codec wrote it. A payload that is too long for one frame is
 * cut: its first frame has the head and the payload's length, the others are payload alone.
 */

import type { Transferable as TransferableObject } from "node:worker_threads";
import type { RingMemory } from "./ring.ts";

export type { TransferableObject };

/** What a signal on its way to an actor of another thread is, without what it carries. */
export interface FrameHead {
  /** 0 to 255, the caller's. */
  readonly kind: number;
  /** The addressee; slots and generations are whole numbers of 32 bits with a sign. */
  readonly slot: number;
  readonly generation: number;
  /** The sender. */
  readonly fromSlot: number;
  readonly fromGeneration: number;
  /** A whole number up to 2^53: a call, a link, a monitor. */
  readonly id: number;
}

/** One signal on its way to an actor of another thread. */
export interface Frame extends FrameHead {
  readonly payload: unknown;
  /** Objects in the payload that move instead of being copied. */
  readonly transfer?: readonly TransferableObject[] | undefined;
}

/** Takes frames as they are read; one call each, no object. */
export interface FrameSink {
  onFrame(
    kind: number,
    slot: number,
    generation: number,
    fromSlot: number,
    fromGeneration: number,
    id: number,
    payload: unknown,
  ): void;
  /** The frame's payload could not be decoded; the frames behind it are not affected. */
  onBroken(
    kind: number,
    slot: number,
    generation: number,
    fromSlot: number,
    fromGeneration: number,
    id: number,
    error: unknown,
  ): void;
}

/** The low byte of a tag word. */
export const kindMask = 255;
/** Marks in a tag word. */
export const mark = {
  /** The payload is undefined, nothing stands for it. */
  noPayload: 1 << 8,
  /** Objects were posted at the side port. */
  transfer: 1 << 9,
  /** No signal but a definition for the decoder; it has no head. */
  definition: 1 << 10,
  /** The first frame of a payload that is cut; 32 bits behind the head give its length. */
  firstPiece: 1 << 11,
  /** More of the payload; no head. */
  nextPiece: 1 << 12,
} as const;

/** The head: id as a double, then four words. */
export const headBytes = 24;
/** Offsets in the head, from the data's begin: of the id in bytes, of the words in words of 32 bits. */
export const headField = { id: 0, slot: 2, generation: 3, fromSlot: 4, fromGeneration: 5, length: 6 } as const;
/** Head of a first piece: the length and four bytes of nothing follow, so that the payload is aligned as usual. */
export const firstPieceHeadBytes = 32;

/** The head of a frame whose data begins at `offset`. */
export function headAt({ words, doubles }: RingMemory, offset: number, tag: number): FrameHead {
  const word = offset >> 2;
  return {
    kind: tag & kindMask,
    slot: words[word + headField.slot] as number,
    generation: words[word + headField.generation] as number,
    fromSlot: words[word + headField.fromSlot] as number,
    fromGeneration: words[word + headField.fromGeneration] as number,
    id: doubles[offset >> 3] as number,
  };
}
