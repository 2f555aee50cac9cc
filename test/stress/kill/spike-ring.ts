/**
 * EXPERIMENT, not the product: a single-producer single-consumer ring of numbered frames between two threads.
 *
 * A frame is three integers (from, to, sequence number). The ends are plain records without methods, because
 * entering a function is a place where a termination can land: the kernel copies a frame and moves the local
 * position (and its own mailbox or outbox) in one straight line, and publishes the position afterwards. A cut
 * between two frames then leaves nothing half done, and what was not published is published by the next drain.
 */

export const ring = {
  /** Position of the reader's published head in the Int32Array; the writer's tail stands behind it. */
  headAt: 0,
  tailAt: 1,
  dataAt: 2,
  frameInts: 3,
  /** Capacity; a power of two. */
  frames: 4_096,
} as const;

export interface RingWriter {
  readonly ints: Int32Array;
  /** Frames written, published or not; wraps at 2^32. */
  tail: number;
}

export interface RingReader {
  readonly ints: Int32Array;
  /** Frames consumed; wraps at 2^32. */
  head: number;
}

export function makeRing(): SharedArrayBuffer {
  return new SharedArrayBuffer((ring.dataAt + ring.frames * ring.frameInts) * 4);
}

export function openRing(buffer: SharedArrayBuffer): { ints: Int32Array } {
  return { ints: new Int32Array(buffer) };
}
