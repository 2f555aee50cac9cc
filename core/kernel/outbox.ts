/**
 * Frames that wait for one peer, in order, in chunks of a fixed size.
 *
 * A flood appends without ever moving what stands there already (one growing array cost 900 ns a frame in a flood of
 * 200,000), and a chunk that was read is used again. `front` and `at` show the oldest frame's places.
 */

/** Places of one frame: kind, slot, generation, fromSlot, fromGeneration, id, payload, transfer. */
const fields = 8;
const framesPerChunk = 128;
const places = framesPerChunk * fields;
/** Empty chunks kept. */
const sparesMax = 8;

/** What a frame in the outbox still needs before it can be written: a spawn waits for its behaviour's module. */
export interface Deferred {
  readonly isDeferred: true;
  state: "waiting" | "ready" | "failed";
  payload: unknown;
  /** Called when `failed` comes up, instead of writing. */
  readonly fail: () => void;
}

export function isDeferred(payload: unknown): payload is Deferred {
  return typeof payload === "object" && payload !== null && (payload as { isDeferred?: unknown }).isDeferred === true;
}

export class Outbox {
  /** The chunk of the oldest frame; its places begin at `at`. */
  front: unknown[] = newChunk();
  at = 0;
  size = 0;
  #back: unknown[] = this.front;
  #end = 0;
  /** Chunks behind the first, oldest first. */
  #more: unknown[][] = [];
  #moreHead = 0;
  readonly #spares: unknown[][] = [];

  push(
    kind: number,
    slot: number,
    generation: number,
    fromSlot: number,
    fromGeneration: number,
    id: number,
    payload: unknown,
    transfer: readonly unknown[] | undefined,
  ): void {
    if (this.#end === places) this.#open();
    const chunk = this.#back;
    const end = this.#end;
    chunk[end] = kind;
    chunk[end + 1] = slot;
    chunk[end + 2] = generation;
    chunk[end + 3] = fromSlot;
    chunk[end + 4] = fromGeneration;
    chunk[end + 5] = id;
    chunk[end + 6] = payload;
    chunk[end + 7] = transfer;
    this.#end = end + fields;
    this.size++;
  }

  /** Removes the oldest frame. */
  shift(): void {
    // Nothing may keep what was sent alive.
    this.front[this.at + 6] = undefined;
    this.front[this.at + 7] = undefined;
    this.at += fields;
    this.size--;
    if (this.size === 0) {
      // The last chunk is both first and last: it is used again from its start.
      this.at = 0;
      this.#end = 0;
    } else if (this.at === places) this.#close();
  }

  #open(): void {
    this.#back = this.#spares.pop() ?? newChunk();
    this.#end = 0;
    this.#more.push(this.#back);
  }

  #close(): void {
    if (this.#spares.length < sparesMax) this.#spares.push(this.front);
    this.front = this.#more[this.#moreHead] as unknown[];
    this.#moreHead++;
    this.at = 0;
    if (this.#moreHead * 2 > this.#more.length) {
      this.#more = this.#more.slice(this.#moreHead);
      this.#moreHead = 0;
    }
  }
}

function newChunk(): unknown[] {
  return new Array(places).fill(undefined);
}
