/**
 * What is published, into the subscriptions of one thread: filters, deadlines, bounds with their policies, and the counts.
 * For each subscription that it is for, a message counts as exactly one of delivered, dropped and dead-lettered (S13.5).
 */
import { type Cell, Flag } from "../actor/cell.ts";
import type { Envelope } from "../actor/context.ts";
import { Counter } from "../kernel/counters.ts";
import type { DeadLetterWhy } from "../kernel/events.ts";
import { FrameKind } from "../kernel/frame-kind.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { passes } from "./filter.ts";
import type { PublishWait, PublishWaits } from "./publish-waits.ts";
import type { Route } from "./routes.ts";
import type { TopicSubscription } from "./subscription.ts";

const deliveredPlace = Counter.busDelivered;
const toKernel = { slot: 0, generation: 0 };

/** Where a message comes from. */
export interface Source {
  /** The publisher, of this thread, and how it waits where it has to; undefined: it may not. */
  readonly wait: PublishWait | undefined;
  /** The thread that it comes from. */
  readonly thread: number;
  /** The publisher has as many waiting as it may: a full subscription with policy `wait` drops it. */
  readonly isExcess: boolean;
}

export class Deliveries {
  readonly #kernel: Kernel;
  readonly #waits: PublishWaits;
  /** The thread's counters: at hand, since each message is counted. */
  readonly #counted: Float64Array;

  constructor(kernel: Kernel, waits: PublishWaits) {
    this.#kernel = kernel;
    this.#counted = kernel.counters.row;
    this.#waits = waits;
  }

  /** To all subscribers that a topic has in this thread. */
  deliverAll({ isForMany, subscriptions }: Route, envelope: Envelope, source: Source): void {
    if (isForMany && envelope.untilMs === undefined && envelope.replyTo === undefined)
      this.#kernel.fanOuts.begin(subscriptions, envelope);
    else this.deliver(subscriptions, envelope, source);
  }

  deliver(subscriptions: readonly TopicSubscription[], envelope: Envelope, source: Source): void {
    const { delivery } = this.#kernel;
    // What comes from this thread is looked at when it is taken.
    const isLate = source.thread !== this.#kernel.thread && this.#isLate(envelope);
    for (let i = 0; i < subscriptions.length; i++) {
      const subscription = subscriptions[i] as TopicSubscription;
      if (subscription.filter !== undefined && !passes(subscription.filter, envelope.message)) continue;
      if (isLate) this.#dropped(subscription, envelope, "late");
      else if (subscription.held < subscription.capacity || this.#isTakenByFull(subscription, envelope, source)) {
        subscription.held++;
        void delivery.deliver(subscription.cell, subscription.meta, envelope, undefined);
      }
    }
  }

  #isLate({ untilMs }: Envelope): boolean {
    return untilMs !== undefined && this.#kernel.readClock() > untilMs;
  }

  /** By the policy of a full subscription. False: the message does not go into the mailbox. */
  #isTakenByFull(subscription: TopicSubscription, envelope: Envelope, source: Source): boolean {
    const { cell, meta, policy } = subscription;
    const { counters, delivery } = this.#kernel;
    if (policy === "wait" && !source.isExcess) {
      if (source.wait === undefined) {
        this.#pause(subscription, source.thread);
        return true;
      }
      source.wait.places++;
      subscription.waiting.push({ wait: source.wait, envelope });
      return false;
    }
    const oldest = policy === "dropOldest" ? delivery.takeOldest(cell, (one) => one === meta) : undefined;
    this.#dropped(subscription, oldest === undefined ? envelope : (oldest.payload as Envelope), "dropped");
    if (oldest === undefined) return false;
    counters.addUnread(-1);
    subscription.held--;
    // It may have been all that the mailbox held, and then no service of it would let in who waits.
    if ((cell.flags & Flag.bounded) !== 0) delivery.afterService(cell);
    return true;
  }

  #dropped(subscription: TopicSubscription, envelope: Envelope, why: "late" | "dropped"): void {
    const { counters, topics } = this.#kernel;
    counters.add(Counter.busDropped, 1);
    if (envelope.replyTo !== undefined) topics.receivers.missed(subscription, envelope, why);
    if (subscription.queue !== undefined) topics.queues.tellDone(subscription, 1);
    else if (subscription.isServed) topics.consumers.left(subscription, 1);
  }

  #pause(subscription: TopicSubscription, thread: number): void {
    if (subscription.pausedThreads.has(thread)) return;
    subscription.pausedThreads.add(thread);
    const { guest, peers } = this.#kernel;
    peers.push(thread, FrameKind.topicFull, toKernel, guest, subscription.id, subscription.pattern);
  }

  /** A message of a subscription is in its subscriber's hands. False: its deadline has passed, and it is dropped. */
  isTaken(subscription: TopicSubscription, envelope: Envelope): boolean {
    if (subscription.isAcknowledged) return this.#kernel.topics.consumers.isTaken(subscription, envelope);
    const isLate = envelope.untilMs !== undefined && this.#isLate(envelope);
    const row = this.#counted;
    if (isLate) {
      this.#kernel.counters.add(Counter.busDropped, 1);
      if (envelope.replyTo !== undefined) this.#kernel.topics.receivers.missed(subscription, envelope, "late");
    } else row[deliveredPlace] = (row[deliveredPlace] as number) + 1;
    this.#left(subscription);
    return !isLate;
  }

  /** It counts as taken, and its subscriber's process cannot take it. False: it becomes no dead letter, since somebody else gets it. */
  unfit(subscription: TopicSubscription, envelope: Envelope): boolean {
    const { counters, topics } = this.#kernel;
    if (subscription.isAcknowledged) {
      topics.consumers.answer(subscription.cell, envelope.ackId ?? "", "nack", undefined);
      return false;
    }
    counters.add(Counter.busDelivered, -1);
    counters.add(Counter.busDeadLettered, 1);
    if (envelope.replyTo !== undefined) topics.receivers.missed(subscription, envelope, "not_cloneable");
    return true;
  }

  /** It was put aside (`stash`), and will be handled again. */
  putAside(subscription: TopicSubscription): void {
    const { counters, topics } = this.#kernel;
    subscription.held++;
    if (subscription.isAcknowledged) return;
    counters.countTaken();
    counters.add(Counter.busDelivered, -1);
    if (subscription.queue !== undefined) topics.queues.tellDone(subscription, -1);
    else if (subscription.isServed) topics.consumers.left(subscription, -1);
  }

  /** It reaches nobody. False: it becomes no dead letter, since somebody else gets it. */
  isRefused(subscription: TopicSubscription, envelope: Envelope, why: DeadLetterWhy): boolean {
    if (subscription.isAcknowledged) {
      this.#kernel.topics.consumers.refused(subscription, envelope);
      return false;
    }
    // Its actor has ended: another member gets it.
    if (subscription.queue !== undefined && why === "noproc") {
      this.#kernel.topics.queues.handOver(subscription, envelope);
      return false;
    }
    const isDropped = why === "dropped" || why === "mailbox_full";
    this.#kernel.counters.add(isDropped ? Counter.busDropped : Counter.busDeadLettered, 1);
    if (envelope.replyTo !== undefined) this.#kernel.topics.receivers.missed(subscription, envelope, why);
    this.#left(subscription);
    return true;
  }

  #left(subscription: TopicSubscription): void {
    subscription.held--;
    if (subscription.isWatched) this.#tell(subscription);
  }

  #tell(subscription: TopicSubscription): void {
    if (subscription.isServed) {
      this.#kernel.topics.consumers.left(subscription, 1);
      return;
    }
    if (subscription.queue !== undefined) this.#kernel.topics.queues.tellDone(subscription, 1);
    if (subscription.policy === "wait" && subscription.held < subscription.capacity) this.#letIn(subscription);
  }

  /** There is room: for who waits here, and when half of it is free for other threads. */
  #letIn(subscription: TopicSubscription): void {
    // A full mailbox refuses what is let in, which makes room again.
    if (subscription.isLettingIn) return;
    const { delivery, scheduler } = this.#kernel;
    const { capacity, cell, meta, waiting } = subscription;
    scheduler.enter();
    subscription.isLettingIn = true;
    while (waiting.length > 0 && subscription.held < capacity) {
      const { wait, envelope } = waiting.shift() as { wait: PublishWait; envelope: Envelope };
      this.#waits.leave(wait);
      if ((wait.sender.flags & Flag.dead) !== 0) this.#letter(cell, subscription, envelope);
      else {
        subscription.held++;
        void delivery.deliver(cell, meta, envelope, undefined);
      }
    }
    subscription.isLettingIn = false;
    if (subscription.held <= capacity >> 1) this.#resume(subscription);
    scheduler.leave();
  }

  #letter(cell: Cell, subscription: TopicSubscription, payload: Envelope): void {
    const kernel = this.#kernel;
    const { meta } = subscription;
    if (payload.replyTo !== undefined) kernel.topics.receivers.missed(subscription, payload, "noproc");
    kernel.counters.add(Counter.busDeadLettered, 1);
    kernel.deadLetters.add(kernel.refOf(cell), { meta, payload }, "noproc");
  }

  #resume({ id, pausedThreads }: TopicSubscription): void {
    if (pausedThreads.size === 0) return;
    const { guest, peers } = this.#kernel;
    for (const thread of pausedThreads) peers.push(thread, FrameKind.topicRoom, toKernel, guest, id, undefined);
    pausedThreads.clear();
  }

  /** The actor wants no more of it: what it holds is dropped, or goes to another member of its queue. */
  withdrawn(subscription: TopicSubscription): void {
    const { counters, delivery, topics } = this.#kernel;
    const { cell, meta } = subscription;
    while (subscription.queue !== undefined) {
      const mail = delivery.takeOldest(cell, (one) => one === meta);
      if (mail === undefined) break;
      counters.addUnread(-1);
      subscription.held--;
      topics.queues.handOver(subscription, mail.payload as Envelope); // as it was published
    }
    if (!subscription.isAcknowledged) counters.add(Counter.busDropped, subscription.held + subscription.waiting.length);
    for (const { wait } of subscription.waiting.splice(0)) this.#waits.leave(wait);
    delivery.withdrawSubscription(subscription.cell, subscription.meta);
    subscription.held = 0;
    this.#resume(subscription);
  }

  /** The actor has ended: what waits for room becomes dead letters, as its mail does, whose end lets other threads go on. */
  ended(subscription: TopicSubscription): void {
    for (const { wait, envelope } of subscription.waiting.splice(0)) {
      this.#waits.leave(wait);
      this.#letter(subscription.cell, subscription, envelope);
    }
  }
}
