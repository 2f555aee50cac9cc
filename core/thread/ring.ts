/**
 * A byte ring between two threads: one writer, one reader, frames in order, nothing lost, nobody blocked.
 *
 * The memory is one SharedArrayBuffer: a control block of four words, each on a cache line of its own, then a power
 * of two of data. Frames are contiguous and begin at multiples of eight, so that a caller may read numbers through
 * typed arrays; where one does not fit before the end of the memory, a skip marker sends the reader to the start.
 * Positions count bytes for ever and wrap at 2^32; only their difference and their low bits mean anything.
 *
 * Two bells, each rung at most once per sleep. Neither side may miss the other, hence the order of the lines:
 *   the writer stores `tail`, then reads `sleeping`;       the reader stores `sleeping`, then reads `tail` again;
 *   the reader stores `head`, then reads `writerWaiting`;  the writer stores `writerWaiting`, then reads `head` again.
 * The ring only says that a bell must be rung; it knows no thread and no port, so both ends may live in one thread.
 */

/** Bytes of data in a ring unless told otherwise. */
export const ringBytesDefault = 256 * 1024;
const ringBytesMin = 4096;
const ringBytesMax = 2 ** 30;

/** The control block; its words lie 64 bytes apart, so that the two threads do not fight over a cache line. */
const controlBytes = 256;
const headWord = 0; // stored by the reader: everything before it may be overwritten
const tailWord = 16; // stored by the writer: everything before it may be read
const sleepingWord = 32; // 1: the reader waits for its bell
const waitingWord = 48; // 1: the writer found no room and waits for its bell

/** A frame's length and its caller's tag, one word each, stand before its data. */
const frameHeadBytes = 8;
const skipMarker = -1;

/**
 * Memory for a ring.
 *
 * @param bytes room for data, a power of two from 4 KiB to 1 GiB; a frame may take half of it
 * @param position where both positions start; only a test has a reason to give it, a multiple of eight
 * @throws RangeError for any other size or position
 */
export function createRing(bytes: number = ringBytesDefault, position = 0): SharedArrayBuffer {
  if (!Number.isInteger(Math.log2(bytes)) || bytes < ringBytesMin || bytes > ringBytesMax) {
    throw new RangeError(`a ring has a power of two of bytes from ${ringBytesMin} to ${ringBytesMax}, got ${bytes}`);
  }
  if (!Number.isSafeInteger(position) || position % 8 !== 0) {
    throw new RangeError(`a ring starts at a multiple of eight, got ${position}`);
  }
  const memory = new SharedArrayBuffer(controlBytes + bytes);
  const control = new Int32Array(memory, 0, controlBytes / 4);
  control[headWord] = position | 0;
  control[tailWord] = position | 0;
  return memory;
}

/** What both ends have in common: the same bytes seen four ways. Offsets that the ends hand out count from here. */
export class RingMemory {
  readonly capacityBytes: number;
  /** Longest data that a frame can have: a frame of half the ring fits somewhere as soon as the ring is empty. */
  readonly frameBytesMax: number;
  readonly bytes: Buffer;
  readonly view: DataView<ArrayBufferLike>;
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly control: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    const capacity = memory.byteLength - controlBytes;
    if (!Number.isInteger(Math.log2(capacity)) || capacity < ringBytesMin) {
      throw new RangeError(`not a ring: ${memory.byteLength} bytes`);
    }
    this.capacityBytes = capacity;
    this.frameBytesMax = capacity / 2 - frameHeadBytes;
    this.bytes = Buffer.from(memory, controlBytes, capacity);
    this.view = new DataView(memory, controlBytes, capacity);
    this.words = new Int32Array(memory, controlBytes, capacity / 4);
    this.doubles = new Float64Array(memory, controlBytes, capacity / 8);
    this.control = new Int32Array(memory, 0, controlBytes / 4);
  }
}

/** The sending end. Nothing is visible to the reader before `publish`. */
export class RingWriter {
  readonly memory: RingMemory;
  readonly #control: Int32Array;
  readonly #words: Int32Array;
  readonly #mask: number;
  readonly #capacity: number;
  /** End of what was committed. */
  #tail: number;
  /** End of what was published. */
  #published: number;
  /** The reader's position as last seen: it can only have moved on. */
  #head: number;
  /** Where the reserved frame begins, and the bytes before it that are given up for it. */
  #start = 0;
  #skip = 0;
  #room = 0;

  constructor(memory: SharedArrayBuffer) {
    this.memory = new RingMemory(memory);
    this.#control = this.memory.control;
    this.#words = this.memory.words;
    this.#capacity = this.memory.capacityBytes;
    this.#mask = this.#capacity - 1;
    this.#tail = Atomics.load(this.#control, tailWord);
    this.#published = this.#tail;
    this.#head = Atomics.load(this.#control, headWord);
  }

  /** Bytes of data that may be written at the offset that `reserve` gave last; at least as many as were asked for. */
  get roomBytes(): number {
    return this.#room;
  }

  /** Where the data of the frame begins for which `reserve` found room last. */
  get reserved(): number {
    return this.#start + frameHeadBytes;
  }

  /**
   * Finds room for a frame of `bytes` bytes and returns where its data begins, a multiple of eight, or -1: no room now.
   * Then `publish`, and try again after the writer's bell. Nothing changes until `commit`; a second `reserve` replaces
   * the first.
   *
   * @throws RangeError more than `frameBytesMax`: that can never fit
   */
  reserve(bytes: number): number {
    if (bytes > this.memory.frameBytesMax) {
      throw new RangeError(`a frame of ${bytes} bytes never fits into a ring of ${this.#capacity}`);
    }
    const offset = this.#place(bytes);
    return offset >= 0 ? offset : this.#placeOrWait(bytes);
  }

  /** Takes the first `bytes` bytes of the reserved room as a frame. The tag is the caller's, 32 bits. */
  commit(bytes: number, tag = 0): void {
    const words = this.#words;
    if (this.#skip > 0) {
      words[(this.#tail & this.#mask) >> 2] = skipMarker;
    }
    const word = this.#start >> 2;
    words[word] = bytes;
    words[word + 1] = tag;
    this.#tail = (this.#tail + this.#skip + ((bytes + frameHeadBytes + 7) & ~7)) | 0;
    this.#skip = 0;
    this.#room = 0;
  }

  /** Shows all committed frames to the reader. True: it was asleep, ring its bell. False if there was nothing to show. */
  publish(): boolean {
    if (this.#tail === this.#published) {
      return false;
    }
    this.#published = this.#tail;
    Atomics.store(this.#control, tailWord, this.#tail);
    return Atomics.load(this.#control, sleepingWord) === 1 && Atomics.exchange(this.#control, sleepingWord, 0) === 1;
  }

  /**
   * The published frames that the reader has not given back, oldest first: where their data begins, and their tag. Only
   * when the reader is gone; of those that it had read last, some may be among them.
   */
  *unread(): Generator<{ readonly offset: number; readonly length: number; readonly tag: number }> {
    let position = Atomics.load(this.#control, headWord);
    while (position !== this.#published) {
      let index = position & this.#mask;
      if (this.#words[index >> 2] === skipMarker) {
        position = (position + this.#capacity - index) | 0;
        index = 0;
      }
      const length = this.#words[index >> 2] as number;
      yield { offset: index + frameHeadBytes, length, tag: this.#words[(index >> 2) + 1] as number };
      position = (position + ((length + frameHeadBytes + 7) & ~7)) | 0;
    }
  }

  #place(bytes: number): number {
    const need = (bytes + frameHeadBytes + 7) & ~7;
    const index = this.#tail & this.#mask;
    const toEnd = this.#capacity - index;
    const free = this.#capacity - ((this.#tail - this.#head) | 0);
    if (need <= toEnd) {
      if (need > free) {
        return -1;
      }
      this.#start = index;
      this.#skip = 0;
      this.#room = (free < toEnd ? free : toEnd) - frameHeadBytes;
      return index + frameHeadBytes;
    }
    if (need > free - toEnd) {
      return -1;
    }
    this.#start = 0;
    this.#skip = toEnd;
    this.#room = free - toEnd - frameHeadBytes;
    return frameHeadBytes;
  }

  #placeOrWait(bytes: number): number {
    this.#head = Atomics.load(this.#control, headWord);
    let offset = this.#place(bytes);
    if (offset < 0) {
      Atomics.store(this.#control, waitingWord, 1);
      this.#head = Atomics.load(this.#control, headWord);
      offset = this.#place(bytes);
      if (offset >= 0) {
        // The reader made room in between. If it has seen the flag as well, a bell comes that nobody waits for.
        Atomics.store(this.#control, waitingWord, 0);
      }
    }
    return offset;
  }
}

/** The receiving end. */
export class RingReader {
  readonly memory: RingMemory;
  /** Where the data of the current frame begins, its length in bytes, and the writer's tag. */
  offset = 0;
  length = 0;
  tag = 0;
  readonly #control: Int32Array;
  readonly #words: Int32Array;
  readonly #mask: number;
  readonly #capacity: number;
  /** End of the current frame. */
  #position: number;
  /** End of what the writer had published when last seen. */
  #tail: number;
  /** Position that was last given back to the writer. */
  #released: number;

  constructor(memory: SharedArrayBuffer) {
    this.memory = new RingMemory(memory);
    this.#control = this.memory.control;
    this.#words = this.memory.words;
    this.#capacity = this.memory.capacityBytes;
    this.#mask = this.#capacity - 1;
    this.#position = Atomics.load(this.#control, headWord);
    this.#released = this.#position;
    this.#tail = this.#position;
  }

  /** Steps to the next published frame and sets `offset`, `length` and `tag`. False: there is none. */
  next(): boolean {
    if (this.#position === this.#tail) {
      this.#tail = Atomics.load(this.#control, tailWord);
      if (this.#position === this.#tail) {
        return false;
      }
    }
    let index = this.#position & this.#mask;
    let length = this.#words[index >> 2] as number;
    if (length === skipMarker) {
      this.#position = (this.#position + this.#capacity - index) | 0;
      index = 0;
      length = this.#words[0] as number;
    }
    this.tag = this.#words[(index >> 2) + 1] as number;
    this.offset = index + frameHeadBytes;
    this.length = length;
    this.#position = (this.#position + ((length + frameHeadBytes + 7) & ~7)) | 0;
    return true;
  }

  /**
   * Gives the room of every frame that `next` has reached back to the writer, so their data may no longer be read.
   * True: the writer waits for room and at least half of the ring is free again (or all that it had published was
   * read), ring its bell.
   */
  release(): boolean {
    if (this.#released !== this.#position) {
      this.#released = this.#position;
      Atomics.store(this.#control, headWord, this.#position);
    }
    if (Atomics.load(this.#control, waitingWord) === 0) {
      return false;
    }
    const unread = (Atomics.load(this.#control, tailWord) - this.#position) | 0;
    return unread * 2 <= this.#capacity && Atomics.exchange(this.#control, waitingWord, 0) === 1;
  }

  /** Says that the reader will wait for its bell. False: something came in between, read on. */
  sleep(): boolean {
    Atomics.store(this.#control, sleepingWord, 1);
    if (this.isEmpty()) {
      return true;
    }
    // If the writer has seen the flag, a bell comes that finds the reader awake.
    Atomics.store(this.#control, sleepingWord, 0);
    return false;
  }

  /** Takes `sleep` back, when the reader woke for another reason than its bell. */
  wake(): void {
    Atomics.store(this.#control, sleepingWord, 0);
  }

  /** True when nothing is published that `next` has not reached. */
  isEmpty(): boolean {
    return this.unreadBytes() === 0;
  }

  /** Published bytes that `next` has not reached. */
  unreadBytes(): number {
    return (Atomics.load(this.#control, tailWord) - this.#position) | 0;
  }
}
