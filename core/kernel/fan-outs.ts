/**
 * What a publish has for many actors of this thread, as one entry of the run queue.
 *
 * It stands for a message in each of their mailboxes, and no actor can tell it from that: as soon as anything else comes
 * into a mailbox of the thread, or somebody looks into one or leaves, it is spread over the mailboxes as if it had
 * been there since it was published. Where nothing of that happens each actor gets its message without a mailbox being
 * opened, filled, emptied and closed, which costs more than the message where thousands of actors fit into no cache.
 */
import { type Cell, Flag } from "../actor/cell.ts";
import type { Envelope } from "../actor/context.ts";
import { Fifo } from "../bus/fifo.ts";
import type { TopicSubscription } from "../bus/subscription.ts";
import type { Kernel } from "./kernel.ts";

/** Fewer are put into their mailboxes at once. */
export const fanOutMin = 16;
/** Turns after which they are counted together. */
const turnsPerCount = 16;
/** Who has another flag gets it by way of the mailbox. */
const harmlessFlags = Flag.trapping | Flag.kept | Flag.slow | Flag.timed;

/** None of the subscriptions has a filter or a bound. */
interface FanOut {
  readonly subscriptions: readonly TopicSubscription[];
  readonly envelope: Envelope;
  /** Who is next. */
  at: number;
}

export class FanOuts {
  readonly #kernel: Kernel;
  readonly #waiting = new Fifo<FanOut>();
  /** Its turn has come. */
  #running: FanOut | undefined;
  /** Places in the run queue of those that were spread before their turn came. */
  #left = 0;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Something stands in no mailbox that should. */
  isPending = false;

  begin(subscriptions: readonly TopicSubscription[], envelope: Envelope): void {
    this.#waiting.push({ subscriptions, envelope, at: 0 });
    this.isPending = true;
    this.#kernel.counters.addUnread(subscriptions.length);
    this.#kernel.scheduler.queueFanOut();
  }

  /** Into the mailboxes, in the order in which it was published. */
  spread(): void {
    if (!this.isPending) return;
    const { counters, scheduler } = this.#kernel;
    scheduler.enter();
    this.isPending = false;
    counters.countTaken();
    const all = this.#running === undefined ? [] : [this.#running];
    this.#running = undefined;
    for (let one = this.#waiting.shift(); one !== undefined; one = this.#waiting.shift()) {
      all.push(one);
      this.#left++;
    }
    for (const { subscriptions, envelope, at } of all) {
      counters.addUnread(at - subscriptions.length);
      for (let i = at; i < subscriptions.length; i++) this.#put(subscriptions[i] as TopicSubscription, envelope);
    }
    scheduler.leave();
  }

  /** The frames of its turns may have been cut down. */
  recover(): void {
    if (this.#running !== undefined) this.spread();
  }

  /** The turn of the oldest has come, or it goes on: gives its message to so many actors. Returns to how many. */
  run(max: number): number {
    if (this.#running === undefined && this.#left > 0) {
      this.#left--;
      return 0;
    }
    const { checkpoint, counters, scheduler } = this.#kernel;
    this.#running ??= this.#waiting.shift();
    const running = this.#running;
    if (running === undefined) return 0;
    const { envelope, subscriptions } = running;
    let count = 0;
    // Until one of them does what spreads it.
    while (count < max && this.#running === running && !checkpoint.isFull) {
      const subscription = subscriptions[running.at++] as TopicSubscription;
      const { cell } = subscription;
      const isLast = running.at === subscriptions.length;
      if (isLast) this.#end();
      count++;
      if (isPlain(cell)) {
        if (counters.take() >= turnsPerCount || isLast || scheduler.activity !== undefined) counters.countTaken();
        scheduler.runPlain(cell, subscription.meta, envelope);
      } else {
        scheduler.ranPlain();
        counters.addUnread(-1);
        this.#put(subscription, envelope);
      }
    }
    counters.countTaken();
    scheduler.ranPlain();
    return count;
  }

  /** It is not at its end. */
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  #end(): void {
    this.#running = undefined;
    this.isPending = this.#waiting.size > 0;
  }

  #put(subscription: TopicSubscription, envelope: Envelope): void {
    subscription.held++;
    this.#kernel.delivery.put(subscription.cell, subscription.meta, envelope, undefined);
  }
}

/** Nothing stands before the message, and its turn is like any other. */
const isPlain = (cell: Cell): boolean => (cell.flags & ~harmlessFlags) === 0 && cell.mailbox === undefined;
