/**
 * Signals that come before their receiver.
 *
 * A spawner has the ref at once and may hand it to a third actor, whose signal can reach the new actor's thread before
 * the spawn does: the two ways are different rings. The slot's liveness word tells: it holds the generation of an actor
 * that has no cell yet. Such signals wait here, in order, until the spawn comes; or until it is known that it never
 * will, because the spawner's thread was lost or the spawn failed. Then the word is moved on, and they meet a dead ref.
 */
import type { RefData } from "../actor/ref.ts";
import type { Kernel } from "./kernel.ts";

/** Signals held for one actor that is to come; past that they are handled as if it were dead. */
const heldMax = 65_536;

interface HeldSignal {
  readonly again: () => void;
  /** A message: it counts as unread mail. */
  readonly isMail: boolean;
}

export class EarlySignals {
  readonly #kernel: Kernel;
  /** By slot. */
  readonly #held = new Map<number, HeldSignal[]>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Whether this is the ref of an actor of this thread whose spawn is still on its way. */
  expects(ref: RefData): boolean {
    const kernel = this.#kernel;
    return (
      ref.thread === kernel.thread &&
      kernel.cells[ref.slot] === undefined &&
      kernel.memory.reservations.isReserved(kernel.thread, ref.slot) &&
      kernel.memory.generation(kernel.thread, ref.slot) === ref.generation
    );
  }

  /** Holds a signal back when its receiver is still to come: `again` is called later. False: there is nothing to wait for. */
  hold(ref: RefData, again: () => void, isMail = false): boolean {
    if (!this.expects(ref)) return false;
    const held = this.#held.get(ref.slot) ?? [];
    if (held.length >= heldMax) return false;
    held.push({ again, isMail });
    this.#held.set(ref.slot, held);
    if (isMail) this.#kernel.counters.addUnread(1);
    return true;
  }

  /** The spawn came, or never will: what waited is handled now, in its order. */
  release(slot: number): void {
    const held = this.#held.get(slot);
    if (held === undefined) return;
    this.#held.delete(slot);
    for (const { again, isMail } of held) {
      if (isMail) this.#kernel.counters.addUnread(-1);
      again();
    }
  }

  /** A slot that was reserved for an actor which will never come. */
  never(slot: number): void {
    const { memory, thread } = this.#kernel;
    memory.killSlot(thread, slot, memory.generation(thread, slot));
    this.release(slot);
  }

  /** A spawner's thread is lost, and all that it had published was read: the slots it had reserved come back. */
  spawnerLost(spawner: number): void {
    const { memory, thread, cells, slots } = this.#kernel;
    for (const slot of memory.reservations.takeBack(thread, spawner)) {
      if (cells[slot] !== undefined) continue;
      this.never(slot);
      slots.free(slot);
    }
  }
}
