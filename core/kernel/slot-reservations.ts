/**
 * Who makes actors in which slots of a thread: itself, or the thread that has reserved them, by the block. And the spawns
 * into reserved slots that are on their way, which count as actors already.
 */
import { rowOf, Word } from "./memory-layout.ts";
import type { SystemMemory } from "./system-memory.ts";

/** Slots that are reserved at a time. A thread's first block is its own. */
export const slotBlock = 64;

/** One word for each block of slots. */
export function blocksOf(slots: number): number {
  return Math.ceil(slots / slotBlock);
}

export class SlotReservations {
  readonly #memory: SystemMemory;
  readonly #words: Int32Array;
  /** Who reserved each block of slots: thread id + 1, 0 nobody. */
  readonly #owners: Int32Array;
  /** Spawns by the holder of each block of slots that are on their way. */
  readonly #announced: Int32Array;

  constructor(memory: SystemMemory, owners: SharedArrayBuffer, announced: SharedArrayBuffer) {
    this.#memory = memory;
    this.#words = memory.words;
    this.#owners = new Int32Array(owners);
    this.#announced = new Int32Array(announced);
  }

  /** Nobody has reserved any of so many slots. */
  clear(slots: number): void {
    this.#owners.fill(0, 0, blocksOf(slots));
  }

  /** Reserves `slotBlock` slots of a thread for another, or for itself. Undefined when it has none left. */
  reserve(thread: number, by: number): number | undefined {
    const row = rowOf(thread);
    const first = Atomics.add(this.#words, row + Word.nextSlot, slotBlock);
    if (first + slotBlock > (this.#words[row + Word.slots] as number)) {
      Atomics.sub(this.#words, row + Word.nextSlot, slotBlock);
      return undefined;
    }
    // Whoever had these slots before, on a thread that is lost, may have left something.
    Atomics.store(this.#announced, this.#block(thread, first), 0);
    Atomics.store(this.#owners, this.#block(thread, first), by + 1);
    return first;
  }

  /** The thread that makes actors in this slot. */
  ownerOf(thread: number, slot: number): number {
    return slot < slotBlock ? thread : Atomics.load(this.#owners, this.#block(thread, slot)) - 1;
  }

  /** Whether another thread makes actors in this slot. */
  isReserved(thread: number, slot: number): boolean {
    return slot >= 0 && slot < this.#reservedEnd(thread) && this.ownerOf(thread, slot) !== thread;
  }

  /**
   * A spawn on another thread begins, in a slot that the spawner has reserved there: the actor counts from now on, so
   * that the next one is placed accordingly.
   */
  announce(thread: number, slot: number): void {
    Atomics.add(this.#announced, this.#block(thread, slot), 1);
    this.#memory.addActors(thread, 1);
  }

  /** It has arrived. */
  arrived(thread: number, slot: number): void {
    Atomics.sub(this.#announced, this.#block(thread, slot), 1);
  }

  /** It will not come: its spawner could not send it. */
  withdraw(thread: number, slot: number): void {
    Atomics.sub(this.#announced, this.#block(thread, slot), 1);
    this.#memory.addActors(thread, -1);
  }

  /**
   * The slots of all blocks that a lost thread had reserved in this one; from now on they are its own. Its spawns that
   * have not arrived never will, and count no more.
   */
  takeBack(thread: number, lost: number): number[] {
    const slots: number[] = [];
    for (let first = slotBlock; first < this.#reservedEnd(thread); first += slotBlock) {
      if (this.ownerOf(thread, first) !== lost) continue;
      this.#memory.addActors(thread, -Atomics.exchange(this.#announced, this.#block(thread, first), 0));
      Atomics.store(this.#owners, this.#block(thread, first), thread + 1);
      for (let slot = first; slot < first + slotBlock; slot++) slots.push(slot);
    }
    return slots;
  }

  /** Where slots begin that nobody has reserved yet. */
  #reservedEnd(thread: number): number {
    return Atomics.load(this.#words, rowOf(thread) + Word.nextSlot);
  }

  #block(thread: number, slot: number): number {
    return Math.floor((this.#memory.base(thread) + slot) / slotBlock);
  }
}
