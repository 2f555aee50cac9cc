/**
 * Signals from one thread to another, through one ring, in order.
 *
 * The writer never blocks and never queues: with the ring full it says so, and the caller, which has the queue, comes
 * again. Nothing here knows a worker, a port or a clock, so both ends also run in one thread under a simulation.
 *
 * Objects that are transferred take a port beside the ring, posted before their frame is committed, so that they are
 * there when the frame is read; everything else, large payloads too, goes through the ring, and order needs no care.
 */
import {
  type FrameHead,
  type FrameSink,
  firstPieceHeadBytes,
  headAt,
  headBytes,
  headField,
  kindMask,
  mark,
  type TransferableObject,
} from "./frame.ts";
import { JoinedPayload, PieceWriter, usualBytes } from "./pieces.ts";
import { RingReader, RingWriter } from "./ring.ts";
import type { ValueDecoder, ValueEncoder } from "./value-codec.ts";

/** The side port's two ends. */
export interface SidePort {
  /** Moves the objects to the other thread. */
  post(objects: readonly TransferableObject[]): void;
}
export interface SideInlet {
  /** The objects of the next post, in the order of posts; undefined: there is none. */
  receive(): readonly unknown[] | undefined;
}

/** A signal that its reader has not given back. */
export interface UnreadFrame extends FrameHead {
  /** What it carries. Absent: it was cut into pieces, of which some may be gone, moves objects, which are gone, or is broken. */
  readonly content?: { readonly payload: unknown };
}

export class ChannelWriter {
  readonly #ring: RingWriter;
  readonly #codec: ValueEncoder;
  readonly #side: SidePort;
  readonly #pieces: PieceWriter;

  constructor(ring: SharedArrayBuffer, codec: ValueEncoder, side: SidePort) {
    this.#ring = new RingWriter(ring);
    this.#codec = codec;
    this.#side = side;
    this.#pieces = new PieceWriter(this.#ring);
  }

  /** True while a frame is under way in pieces: the next `write` must be the same frame again. */
  get isMidFrame(): boolean {
    return this.#pieces.head !== undefined;
  }

  /**
   * Writes one frame; `publish` shows it. False: no room now. Then publish, and call again with the same frame after
   * the writer's bell; as long as `isMidFrame` is false nothing of it was written and it may be given up as well.
   *
   * @throws MessageRefused the payload cannot cross; RuntimeError `message_too_large`; what a getter of the payload or the
   * side port throws. Nothing of the frame is written then.
   */
  write(
    kind: number,
    slot: number,
    generation: number,
    fromSlot: number,
    fromGeneration: number,
    id: number,
    payload: unknown,
    transfer?: readonly TransferableObject[],
  ): boolean {
    const half = this.#pieces.head;
    if (half !== undefined) {
      return this.#goOn(half, kind, slot, id);
    }
    const ring = this.#ring;
    const hasTransfer = transfer !== undefined && transfer.length > 0;
    if (payload === undefined && !hasTransfer) {
      const offset = ring.reserve(headBytes);
      if (offset < 0) {
        return false;
      }
      this.#head(offset, slot, generation, fromSlot, fromGeneration, id);
      ring.commit(headBytes, kind | mark.noPayload);
      return true;
    }
    const { bytes, view } = ring.memory;
    let offset = ring.reserve(usualBytes);
    while (offset >= 0) {
      const start = offset + headBytes;
      const end = this.#codec.encodeInto(bytes, view, start, offset + ring.roomBytes, payload, transfer);
      if (this.#codec.definitions.length > 0) {
        if (!this.#sendDefinitions()) {
          return false;
        }
        offset = ring.reserve(usualBytes);
      } else if (end >= 0) {
        if (hasTransfer) {
          this.#side.post(transfer);
        }
        this.#head(offset, slot, generation, fromSlot, fromGeneration, id);
        ring.commit(end - offset, hasTransfer ? kind | mark.transfer : kind);
        return true;
      } else if (ring.roomBytes < this.#pieces.frameBytesMax) {
        // Asks for more than there was: that moves on to the ring's start, or waits for the reader.
        offset = ring.reserve(Math.min(this.#pieces.frameBytesMax, ring.roomBytes * 2));
      } else {
        return this.#begin(kind, slot, generation, fromSlot, fromGeneration, id, payload, transfer);
      }
    }
    return false;
  }

  /**
   * Writes a payload behind what stands in the ring, as no part of it yet: where it ends, or -1 where it wants more care than
   * that, such as a `write`. It may be cut down at any instruction; nothing else may be written between this and `commit`.
   */
  prepare(payload: unknown): number {
    if (this.#pieces.head !== undefined || payload === undefined || this.#codec.definitions.length > 0) return -1;
    const ring = this.#ring;
    const offset = ring.reserve(usualBytes);
    if (offset < 0) return -1;
    const { bytes, view } = ring.memory;
    return this.#codec.encodeKnown(bytes, view, offset + headBytes, offset + ring.roomBytes, payload);
  }

  /** What was prepared up to `end` is a frame; `publish` shows it. */
  commit(
    end: number,
    kind: number,
    slot: number,
    generation: number,
    fromSlot: number,
    fromGeneration: number,
    id: number,
  ): void {
    const offset = this.#ring.reserved;
    this.#head(offset, slot, generation, fromSlot, fromGeneration, id);
    this.#ring.commit(end - offset, kind);
  }

  /**
   * The signals that the reader has not given back, oldest first; the one under way in pieces is the caller's still.
   * Only when the reader is gone.
   */
  unread(): readonly UnreadFrame[] {
    const found: (UnreadFrame | "cut")[] = [];
    const decoder = this.#codec.decoder();
    for (const { offset, length, tag } of this.#ring.unread()) {
      if ((tag & mark.definition) !== 0) continue;
      if ((tag & mark.nextPiece) === 0)
        found.push((tag & mark.firstPiece) === 0 ? this.#readBack(decoder, offset, length, tag) : "cut");
      else if (found.length === 0) found.push("cut");
    }
    // The latest cuts are those in the ring.
    const cuts = this.#pieces.lastHeads(found.filter((head) => head === "cut").length).values();
    const heads = found.map((head) => (head === "cut" ? (cuts.next().value as FrameHead) : head));
    return heads.filter((head) => head !== this.#pieces.head);
  }

  #readBack(decoder: ValueDecoder, offset: number, length: number, tag: number): UnreadFrame {
    const { memory } = this.#ring;
    const head = headAt(memory, offset, tag);
    if ((tag & mark.noPayload) !== 0) return { ...head, content: { payload: undefined } };
    if ((tag & mark.transfer) !== 0) return head;
    try {
      const payload = decoder.decode(memory.bytes, memory.view, offset + headBytes, offset + length);
      return { ...head, content: { payload } };
    } catch {
      // What the reader would have told as broken.
      return head;
    }
  }

  /** Shows everything written to the reader. True: ring the reader's bell. */
  publish(): boolean {
    return this.#ring.publish();
  }

  #head(offset: number, slot: number, generation: number, fromSlot: number, fromGeneration: number, id: number): void {
    const { words, doubles } = this.#ring.memory;
    doubles[offset >> 3] = id;
    const word = offset >> 2;
    words[word + headField.slot] = slot;
    words[word + headField.generation] = generation;
    words[word + headField.fromSlot] = fromSlot;
    words[word + headField.fromGeneration] = fromGeneration;
  }

  #sendDefinitions(): boolean {
    const { definitions } = this.#codec;
    let sent = 0;
    for (const text of definitions) {
      const offset = this.#ring.reserve(text.length);
      if (offset < 0) {
        break;
      }
      this.#ring.memory.bytes.set(text, offset);
      this.#ring.commit(text.length, mark.definition);
      sent++;
    }
    definitions.splice(0, sent);
    return definitions.length === 0;
  }

  /** Starts a payload that does not fit into one frame. */
  #begin(
    kind: number,
    slot: number,
    generation: number,
    fromSlot: number,
    fromGeneration: number,
    id: number,
    payload: unknown,
    transfer: readonly TransferableObject[] | undefined,
  ): boolean {
    // The codec's own memory: it encodes nothing else before this frame is through.
    const encoded = this.#codec.encode(payload, transfer);
    const ring = this.#ring;
    if (!this.#sendDefinitions()) {
      return false;
    }
    const offset = ring.reserve(usualBytes);
    if (offset < 0) {
      return false;
    }
    const hasTransfer = transfer !== undefined && transfer.length > 0;
    if (hasTransfer) {
      this.#side.post(transfer);
    }
    this.#head(offset, slot, generation, fromSlot, fromGeneration, id);
    const head = { kind, slot, generation, fromSlot, fromGeneration, id };
    return this.#pieces.begin(offset, head, encoded, hasTransfer ? mark.transfer : 0);
  }

  #goOn(half: FrameHead, kind: number, slot: number, id: number): boolean {
    if (half.kind !== kind || half.slot !== slot || half.id !== id) {
      throw new Error(
        `a frame of kind ${half.kind} to slot ${half.slot} is half written, got one of kind ${kind} to ${slot}`,
      );
    }
    return this.#pieces.goOn();
  }
}

export class ChannelReader {
  readonly #ring: RingReader;
  readonly #codec: ValueDecoder;
  readonly #side: SideInlet;
  /** A payload of which pieces are still to come. */
  #joining: JoinedPayload | undefined;
  #wroteBack = false;
  #isAsleep = false;

  constructor(ring: SharedArrayBuffer, codec: ValueDecoder, side: SideInlet) {
    this.#ring = new RingReader(ring);
    this.#codec = codec;
    this.#side = side;
  }

  /** True once after a `read` that made room for a writer that waits: ring the writer's bell. Reading it clears it. */
  get wroteBack(): boolean {
    const wroteBack = this.#wroteBack;
    this.#wroteBack = false;
    return wroteBack;
  }

  /**
   * Hands at most `framesMax` frames to the sink, in order, and returns how many. If the sink throws, that goes through:
   * its frame counts as read, those behind it are there for the next `read`.
   */
  read(sink: FrameSink, framesMax: number): number {
    const ring = this.#ring;
    if (this.#isAsleep) {
      this.#isAsleep = false;
      ring.wake();
    }
    let frames = 0;
    try {
      while (frames < framesMax && ring.next()) {
        if (ring.tag < mark.transfer) {
          frames++;
          this.#frame(sink, ring.tag);
        } else if (this.#rare(sink, ring.tag)) {
          frames++;
        }
      }
    } finally {
      if (ring.release()) {
        this.#wroteBack = true;
      }
    }
    return frames;
  }

  /** Says that the reader waits for its bell. False: something came in between, read on. */
  sleep(): boolean {
    this.#isAsleep = this.#ring.sleep();
    return this.#isAsleep;
  }

  /** Whether a `read` would find something. */
  get hasNews(): boolean {
    return !this.#ring.isEmpty();
  }

  /** True when nothing is published that was not read. A payload of which pieces are still to come counts as unread. */
  isEmpty(): boolean {
    return this.#joining === undefined && this.#ring.isEmpty();
  }

  /** A frame in one piece, without transferred objects. */
  #frame(sink: FrameSink, tagWord: number): void {
    const ring = this.#ring;
    const { words, doubles, bytes, view } = ring.memory;
    const offset = ring.offset;
    const word = offset >> 2;
    const slot = words[word + headField.slot] as number;
    const generation = words[word + headField.generation] as number;
    const fromSlot = words[word + headField.fromSlot] as number;
    const fromGeneration = words[word + headField.fromGeneration] as number;
    const id = doubles[offset >> 3] as number;
    const kind = tagWord & kindMask;
    let payload: unknown;
    if ((tagWord & mark.noPayload) === 0) {
      try {
        payload = this.#codec.decode(bytes, view, offset + headBytes, offset + ring.length);
      } catch (error) {
        sink.onBroken(kind, slot, generation, fromSlot, fromGeneration, id, error);
        return;
      }
    }
    sink.onFrame(kind, slot, generation, fromSlot, fromGeneration, id, payload);
  }

  /** Definitions, pieces, transfers. True: a frame went to the sink. */
  #rare(sink: FrameSink, tagWord: number): boolean {
    const ring = this.#ring;
    const { bytes, view, words } = ring.memory;
    const start = ring.offset;
    const end = start + ring.length;
    if ((tagWord & mark.definition) !== 0) {
      this.#codec.define(bytes, view, start, end);
      return false;
    }
    let joining = this.#joining;
    if ((tagWord & mark.nextPiece) === 0) {
      const isWhole = (tagWord & mark.firstPiece) === 0;
      const length = isWhole ? ring.length - headBytes : (words[(start >> 2) + headField.length] as number);
      joining = new JoinedPayload(headAt(ring.memory, start, tagWord), (tagWord & mark.transfer) !== 0, length);
      joining.take(bytes.subarray(start + (isWhole ? headBytes : firstPieceHeadBytes), end));
    } else if (joining === undefined) {
      throw new Error("a piece came without its first");
    } else {
      joining.take(bytes.subarray(start, end));
    }
    this.#joining = joining.isWhole ? undefined : joining;
    if (!joining.isWhole) {
      return false;
    }
    this.#joined(sink, joining);
    return true;
  }

  #joined(sink: FrameSink, { head, hasTransfer, bytes }: JoinedPayload): void {
    const { kind, slot, generation, fromSlot, fromGeneration, id } = head;
    let payload: unknown;
    try {
      // Taken even if decoding fails, or the next frame would get these objects.
      const transferred = hasTransfer ? this.#side.receive() : undefined;
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      payload = this.#codec.decode(bytes, view, 0, bytes.length, transferred);
    } catch (error) {
      sink.onBroken(kind, slot, generation, fromSlot, fromGeneration, id, error);
      return;
    }
    sink.onFrame(kind, slot, generation, fromSlot, fromGeneration, id, payload);
  }
}
