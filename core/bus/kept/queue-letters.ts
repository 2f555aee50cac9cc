/** Messages of acknowledged queues as dead letters: to be looked at, and to be sent again, into their queue or to somebody. */
import type { Envelope } from "../../actor/context.ts";
import { errorData } from "../../errors.ts";
import type { DeadLetterWhy } from "../../kernel/events.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { ValueBytes } from "../../thread/value-bytes.ts";
import type { QueueEntry } from "./ack-queue.ts";

export class QueueLetters {
  readonly #kernel: Kernel;
  readonly #values: ValueBytes;
  readonly #again: (entry: QueueEntry) => boolean;

  /** @param again puts one back into its queue */
  constructor(kernel: Kernel, again: (entry: QueueEntry) => boolean) {
    this.#kernel = kernel;
    this.#values = new ValueBytes(kernel.refWire);
    this.#again = again;
  }

  add(entry: QueueEntry, why: DeadLetterWhy): void {
    const { deadLetters, guest } = this.#kernel;
    // To whoever had it last; nobody may have.
    deadLetters.add(entry.holder ?? this.#kernel.refOf(guest), this.#mailOf(entry), why, () => this.#again(entry));
  }

  /** What was thrown out may be past reading. */
  #mailOf({ message: kept }: QueueEntry): { readonly meta: undefined; readonly payload: Envelope } | string {
    try {
      const { bytes, topic, id, from, extras } = kept;
      const message = this.#values.decode(bytes);
      return { meta: undefined, payload: { type: "published", topic, message, id, from, ...extras } };
    } catch (error) {
      return `(not decoded: ${errorData(error).message})`;
    }
  }
}
