/**
 * Messages to actors of another thread that may not go there yet: the actor's mailbox is full, and its thread has asked
 * to hold them, or too much waits for that thread as a whole (SEMANTICS S6).
 *
 * What is held for an actor keeps its order, and later messages stand behind it. Signals are never held.
 */
import type { Cell, WaitingSend } from "../actor/cell.ts";
import { type MessageMeta, Meta } from "../actor/mailbox.ts";
import { type RefData, refKey, type SendResult } from "../actor/ref.ts";
import type { DeadLetterWhy } from "./events.ts";
import { FrameKind } from "./frame-kind.ts";
import type { Kernel } from "./kernel.ts";

interface Held {
  readonly ref: RefData;
  readonly sends: WaitingSend[];
  /** The receiver's thread asked for it and will say when to go on. */
  isAsked: boolean;
}

export class HeldSends {
  readonly #kernel: Kernel;
  readonly #byReceiver = new Map<string, Held>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  get isEmpty(): boolean {
    return this.#byReceiver.size === 0;
  }

  /**
   * Holds a message back. Undefined: it may go, since nothing is held for its receiver.
   * @param isFull too much waits for the thread as a whole, so it has to wait anyway.
   */
  hold(
    isFull: boolean,
    sender: Cell,
    to: RefData,
    meta: MessageMeta,
    payload: unknown,
    transfer: readonly unknown[] | undefined,
  ): { readonly result: SendResult } | undefined {
    const key = refKey(to);
    let held = this.#byReceiver.get(key);
    if (held === undefined) {
      if (!isFull) return undefined;
      held = { ref: to, sends: [], isAsked: false };
      this.#byReceiver.set(key, held);
    }
    return { result: this.#kernel.delivery.holdSend(held.sends, to, meta, payload, sender, transfer) };
  }

  /** A mailbox there is full: messages to it wait here. */
  pause(ref: RefData): void {
    const key = refKey(ref);
    const held = this.#byReceiver.get(key);
    if (held === undefined) this.#byReceiver.set(key, { ref, sends: [], isAsked: true });
    else held.isAsked = true;
  }

  /** It has room again. */
  resume(ref: RefData): void {
    const key = refKey(ref);
    const held = this.#byReceiver.get(key);
    if (held === undefined) return;
    this.#byReceiver.delete(key);
    this.#release(held);
  }

  /** Nothing waits for the thread any more: messages that waited for it as a whole may go. */
  outboxEmpty(): void {
    for (const [key, held] of [...this.#byReceiver]) {
      if (held.isAsked && this.#kernel.isAlive(held.ref)) continue;
      this.#byReceiver.delete(key);
      this.#release(held);
    }
  }

  /** The thread is gone: nobody gets them. */
  refuseAll(why: DeadLetterWhy): void {
    const { delivery } = this.#kernel;
    for (const { ref, sends } of this.#byReceiver.values()) {
      for (const send of sends) {
        delivery.takeBack(send);
        delivery.refuse(ref, send.meta, send.payload, why);
      }
    }
  }

  #release({ ref, sends }: Held): void {
    const { delivery, guest, peers } = this.#kernel;
    for (const send of sends) {
      const { meta, payload } = send;
      if (!delivery.takeBack(send)) {
        delivery.refuse(ref, meta, payload, "noproc");
        continue;
      }
      const sender = send.sender ?? guest;
      if (meta instanceof Meta) {
        const timeoutMs = meta.timeoutMs ?? Number.POSITIVE_INFINITY;
        peers.sendCall(sender, ref, FrameKind.call, meta.id, meta.name, payload, timeoutMs, meta.extras);
      } else void peers.sendMessage(sender, ref, meta, payload, send.transfer);
    }
  }
}
