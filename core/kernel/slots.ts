/**
 * The slots in which this thread may make actors: its own, and those that it has reserved on other threads, so that a
 * spawn there has its ref at once.
 *
 * Slots are reserved by the block. One whose actor has ended goes back to whoever reserved it, and nobody else uses it.
 */
import { RuntimeError } from "../errors.ts";
import { FrameKind } from "./frame-kind.ts";
import type { Kernel } from "./kernel.ts";
import { slotBlock } from "./slot-reservations.ts";

export class Slots {
  readonly #kernel: Kernel;
  readonly #free: number[] = [];
  /** Own ones that nobody has had yet; slot 0 is the guest's. */
  #next = 1;
  #blockEnd = slotBlock;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** A slot of this thread. @throws RuntimeError `system_limit`. */
  take(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#next < this.#blockEnd) return this.#next++;
    const { memory, thread, lifecycle } = this.#kernel;
    const first = memory.reservations.reserve(thread, thread);
    if (first === undefined) {
      throw new RuntimeError(
        "system_limit",
        `thread ${thread} has no room for another actor (${lifecycle.living} live there)`,
      );
    }
    this.#next = first + 1;
    this.#blockEnd = first + slotBlock;
    return first;
  }

  /** A slot of another thread, for an actor that this one spawns there. @throws RuntimeError `system_limit`. */
  takeOf(thread: number): number {
    const { memory, peers } = this.#kernel;
    // Of a thread that is gone any slot will do: the spawn is not sent.
    const slots = peers.of(thread)?.slots ?? [];
    const slot = slots.pop();
    if (slot !== undefined) return slot;
    const first = memory.reservations.reserve(thread, this.#kernel.thread);
    if (first === undefined) throw new RuntimeError("system_limit", `thread ${thread} has no room for another actor`);
    for (let i = slotBlock - 1; i > 0; i--) slots.push(first + i);
    return first;
  }

  /** An actor of this thread has ended. */
  ended(slot: number): void {
    const { guest, memory, peers, thread } = this.#kernel;
    const owner = memory.reservations.ownerOf(thread, slot);
    if (owner === thread) {
      this.free(slot);
      return;
    }
    // Nobody may make another actor there: the loss of its owner takes it back with the owner's other slots.
    const peer = peers.of(owner);
    if (peer === undefined) return;
    peer.freed.push(slot);
    if (peer.freed.length < slotBlock) return;
    peers.push(owner, FrameKind.slots, { slot: 0, generation: 0 }, guest, 0, peer.freed.splice(0));
  }

  /** A slot of this thread can be used again, by this thread. */
  free(slot: number): void {
    this.#free.push(slot);
  }

  /** Slots that this thread has reserved on another can be used again. */
  freeOf(thread: number, slots: readonly number[]): void {
    this.#kernel.peers.of(thread)?.slots.push(...slots);
  }
}
