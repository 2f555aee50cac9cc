/**
 * What main serves, in each thread: members of acknowledged queues and readers of kept topics. Main decides what they are
 * given; their thread tells it what came into whose hands, and what became of it.
 */
import type { Cell } from "../../actor/cell.ts";
import type { Envelope, SubscriptionOptions, UnsubscribedMessage } from "../../actor/context.ts";
import { Meta, MetaKind } from "../../actor/mailbox.ts";
import type { Ref } from "../../actor/ref.ts";
import { type ErrorData, RuntimeError } from "../../errors.ts";
import { Counter } from "../../kernel/counters.ts";
import { FrameKind } from "../../kernel/frame-kind.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { freezeMessage } from "../../thread/message-check.ts";
import { ValueBytes } from "../../thread/value-bytes.ts";
import { passes } from "../filter.ts";
import { settingsOf } from "../queue-options.ts";
import type { TopicSubscription } from "../subscription.ts";
import type { Answer } from "./ack-queues.ts";
import type { ConsumeJoin } from "./bus-table.ts";
import type { KeepLimits } from "./keep-options.ts";
import { ackIdOf, type DeliveryNumber, deliveryOf, type GivenPayload, type KeptMessage } from "./kept-message.ts";

const owner = 0;
const toTable = { slot: 0, generation: 0 };
/** A question to main ends with its answer, or with the system. */
const never = Number.POSITIVE_INFINITY;

/** What main is asked beside joins. */
export type KeepQuestion =
  | readonly ["keep", pattern: string, limits: KeepLimits, store: string | undefined]
  | readonly ["drop", pattern: string]
  | readonly ["endQueue", pattern: string, queue: string];

/** What crosses when a delivery is answered for. */
export type AnswerPayload = readonly [delivery: DeliveryNumber, answer: Answer, delayMs: number | undefined];

export class Consumers {
  readonly #kernel: Kernel;
  readonly #values: ValueBytes;
  /** This thread's, by subscription. */
  readonly #served = new Map<number, TopicSubscription>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#values = new ValueBytes(kernel.refWire);
  }

  // Questions to main ------------------------------------------------------------------------------------------------

  /** @throws by the promise RuntimeError `already_kept`. */
  ask(cell: Cell, question: KeepQuestion): Promise<unknown> {
    const kernel = this.#kernel;
    const main = kernel.makeRef(owner, kernel.guest.slot, 0);
    const { id, promise } = kernel.calls.expect(cell, main, "bus", never);
    if (kernel.bus === undefined) kernel.peers.push(owner, FrameKind.keep, toTable, cell, id, question);
    else this.askReceived(kernel.refOf(cell), id, question);
    return promise;
  }

  /** On main. */
  askReceived(from: Ref, id: number, question: KeepQuestion): void {
    const { bus, calls } = this.#kernel;
    if (bus === undefined) return;
    const answer = (value: unknown) => calls.answer(from, id, value, undefined);
    try {
      if (question[0] === "keep")
        bus.keep(
          question[1],
          question[2],
          question[3],
          () => answer(undefined),
          (error) => this.#tellFailure(from, id, error),
        );
      else if (question[0] === "drop") bus.drop(question[1], answer);
      else bus.endQueue(question[1], question[2], answer);
    } catch (error) {
      this.#fail(from, id, error);
    }
  }

  #fail(from: Ref, id: number, error: unknown): void {
    if (!(error instanceof RuntimeError)) throw error;
    this.#tellFailure(from, id, { name: "RuntimeError", code: error.code, message: error.message });
  }

  #tellFailure(from: Ref, id: number, error: ErrorData): void {
    const { calls, guest } = this.#kernel;
    calls.answerError(from, id, error, this.#kernel.refOf(guest));
  }

  /** Calls one of the two back, in the drain. */
  join(
    subscription: TopicSubscription,
    options: SubscriptionOptions,
    done: (firstSeq: unknown) => void,
    failed: (error: unknown) => void,
  ): void {
    const kernel = this.#kernel;
    const { cell, id, pattern } = subscription;
    const how =
      options.from === undefined
        ? { queue: options.queue ?? "", maxInHand: options.maxInHand ?? 1, settings: settingsOf(options) }
        : { from: options.from, window: subscription.window };
    const join: ConsumeJoin = [id, pattern, kernel.refOf(cell), how];
    this.#served.set(id, subscription);
    const main = kernel.makeRef(owner, kernel.guest.slot, 0);
    const question = kernel.calls.expectThen(kernel.guest, main, "subscribe", done, failed);
    if (kernel.bus === undefined) kernel.peers.push(owner, FrameKind.consume, toTable, kernel.guest, question, join);
    else this.joinReceived(kernel.refOf(kernel.guest), question, join);
  }

  /** On main. */
  joinReceived(from: Ref, question: number, join: ConsumeJoin): void {
    const { bus, calls } = this.#kernel;
    try {
      bus?.join(
        join,
        (firstSeq) => calls.answer(from, question, firstSeq, undefined),
        (error) => this.#tellFailure(from, question, error),
      );
    } catch (error) {
      this.#fail(from, question, error);
    }
  }

  /** The subscription has ended: what it has in hand is for others. */
  leave({ begun, id, unread }: TopicSubscription): void {
    const { bus, guest, peers, thread } = this.#kernel;
    if (!this.#served.delete(id)) return;
    const numbers = [...(begun ?? [])].flatMap((ackId) => deliveryOf(ackId)?.[1] ?? []);
    begun?.clear();
    unread?.clear();
    if (bus === undefined) peers.push(owner, FrameKind.consumeLeave, toTable, guest, id, numbers);
    else bus.leave(thread, id, numbers);
  }

  // What main gives --------------------------------------------------------------------------------------------------

  givenReceived(
    holder: Ref,
    id: number,
    [topic, bytes, envelopeId, from, extras, atMs, seq, delivery, isAfterGap]: GivenPayload,
  ): void {
    const kernel = this.#kernel;
    const subscription = this.#served.get(id);
    // What was on its way to a member that has left is with main.
    if (subscription === undefined && delivery !== undefined) return;
    const isBehindGap = isAfterGap || subscription?.isAfterGap === true;
    const message = this.#values.decode(bytes);
    if (kernel.checks) freezeMessage(message);
    const envelope: Envelope = {
      type: "published",
      topic,
      message,
      id: envelopeId,
      from,
      ...extras,
      atMs,
      ...(seq !== undefined && { seq }),
      ...(delivery !== undefined && { attempt: delivery[2], ackId: ackIdOf(delivery) }),
      ...(isBehindGap && { isAfterGap: true }),
    };
    if (subscription === undefined) this.#undelivered(holder, envelope);
    else if (delivery !== undefined) {
      subscription.held++;
      subscription.unread?.add(ackIdOf(delivery));
      void kernel.delivery.deliver(subscription.cell, subscription.meta, envelope, undefined);
    } else if (subscription.filter !== undefined && !passes(subscription.filter, message)) {
      subscription.isAfterGap = isBehindGap;
      this.left(subscription, 1);
    } else {
      subscription.isAfterGap = false;
      kernel.topics.deliveries.deliver([subscription], envelope, { wait: undefined, thread: owner, isExcess: false });
    }
  }

  #undelivered(holder: Ref, payload: Envelope): void {
    const { counters, deadLetters } = this.#kernel;
    if (this.#kernel.isAlive(holder)) counters.add(Counter.busDropped, 1);
    else {
      counters.add(Counter.busDeadLettered, 1);
      deadLetters.add(holder, { meta: undefined, payload }, "noproc");
    }
  }

  /** Main serves the subscription no more. What its actor has not read it does not read any more, and it is told. */
  endedReceived(id: number, reason: UnsubscribedMessage["reason"]): void {
    const subscription = this.#served.get(id);
    if (subscription === undefined) return;
    const { cell, pattern } = subscription;
    const { delivery, topics } = this.#kernel;
    topics.unsubscribe(cell, id);
    const message: UnsubscribedMessage = { type: "unsubscribed", subscription: id, pattern, reason };
    delivery.deliverSystem(cell, new Meta(MetaKind.unsubscribed, "unsubscribed", id, undefined), message);
  }

  /** The time for it was over, or somebody else has answered for it. What has not come into its actor's hands shall not. */
  recalledReceived(id: number, delivery: DeliveryNumber): void {
    const subscription = this.#served.get(id);
    const ackId = ackIdOf(delivery);
    subscription?.unread?.delete(ackId);
    subscription?.begun?.delete(ackId);
  }

  // What becomes of it -----------------------------------------------------------------------------------------------

  /** A message of an acknowledged queue comes into its actor's hands. False: it shall not. */
  isTaken(subscription: TopicSubscription, { ackId = "", untilMs }: Envelope): boolean {
    const { begun, unread } = subscription;
    subscription.held--;
    if (unread?.delete(ackId) !== true) return begun?.has(ackId) === true;
    if (untilMs !== undefined && this.#kernel.readClock() > untilMs) {
      this.#tell(ackId, "late", undefined);
      return false;
    }
    begun?.add(ackId);
    return true;
  }

  /** The mailbox did not take it, or dropped it. */
  refused(subscription: TopicSubscription, { ackId = "" }: Envelope): void {
    subscription.held--;
    if (subscription.unread?.delete(ackId) === true) this.#tell(ackId, "refused", undefined);
  }

  /** A reader has handled so many more; below 0: it has put them aside. */
  left(subscription: TopicSubscription, count: number): void {
    subscription.handled += count;
    if (subscription.handled < Math.max(1, subscription.window >> 1)) return;
    const { bus, guest, peers, thread } = this.#kernel;
    const { handled, id } = subscription;
    subscription.handled = 0;
    if (bus === undefined) peers.push(owner, FrameKind.consumeDone, toTable, guest, id, handled);
    else bus.topics.handled(thread, id, handled);
  }

  /** Somebody who has the message says what became of it. */
  answer(cell: Cell, ackId: string, answer: "ack" | "nack", delayMs: number | undefined): void {
    for (const { begun } of cell.extra?.subscriptions?.values() ?? []) begun?.delete(ackId);
    this.#tell(ackId, answer, delayMs);
  }

  #tell(ackId: string, answer: Answer, delayMs: number | undefined): void {
    const delivery = deliveryOf(ackId);
    if (delivery === undefined) return;
    const { bus, guest, peers, thread } = this.#kernel;
    const payload: AnswerPayload = [delivery, answer, delayMs];
    if (bus === undefined) peers.push(owner, FrameKind.acknowledge, toTable, guest, 0, payload);
    else bus.queues.answered(thread, delivery, answer, delayMs);
  }
}

/** On main: a message goes to a subscription, on whatever thread that is. */
export function giveTo(
  kernel: Kernel,
  holder: Ref,
  subscription: number,
  { topic, bytes, id, from, extras, atMs }: KeptMessage,
  seq: number | undefined,
  delivery: DeliveryNumber | undefined,
  isAfterGap: boolean,
): void {
  const { guest, peers, thread, topics } = kernel;
  const payload: GivenPayload = [topic, bytes, id, from, extras, atMs, seq, delivery, isAfterGap];
  if (holder.thread === thread) topics.consumers.givenReceived(holder, subscription, payload);
  else peers.push(holder.thread, FrameKind.given, holder, guest, subscription, payload);
}

/** On main: a subscription is served no more. */
export function tellEnded(
  { guest, peers, thread, topics }: Kernel,
  holder: Ref,
  subscription: number,
  reason: UnsubscribedMessage["reason"],
): void {
  if (holder.thread === thread) topics.consumers.endedReceived(subscription, reason);
  else peers.push(holder.thread, FrameKind.consumeEnded, holder, guest, subscription, reason);
}
