/**
 * Publish and subscribe, as each thread's kernel does it for plain topics: from the publisher's thread straight to every
 * thread that has subscribers, one frame each, and there into their mailboxes.
 *
 * A subscription counts from the moment its `subscribe` has resolved: by then every thread knows that this one is
 * interested in the pattern (`replica.ts`). What one publisher publishes reaches a subscriber in order, and in order
 * with what it sends to it otherwise.
 */
import { type Cell, extraOf, Flag } from "../actor/cell.ts";
import type {
  Envelope,
  From,
  PublishOptions,
  PublishReceipt,
  Subscription,
  SubscriptionOptions,
} from "../actor/context.ts";
import type { Ref, SendResult } from "../actor/ref.ts";
import { RuntimeError } from "../errors.ts";
import { Counter } from "../kernel/counters.ts";
import { FrameKind } from "../kernel/frame-kind.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { freezeMessage } from "../thread/message-check.ts";
import { AckedPublish } from "./acked-publish.ts";
import { Deliveries } from "./deliveries.ts";
import type { PatternInterest } from "./kept/bus-table.ts";
import { Consumers } from "./kept/consumers.ts";
import { type EnvelopeExtras, extrasOf } from "./publish-options.ts";
import { PublishWaits } from "./publish-waits.ts";
import type { QueueTerms } from "./queue-group.ts";
import { Queues } from "./queues.ts";
import { Receivers } from "./receivers.ts";
import { Requests } from "./requests.ts";
import { type Route, Routes } from "./routes.ts";
import { filterOf, TopicSubscription } from "./subscription.ts";
import { wordsOfPattern } from "./topic.ts";

/** What crosses to another thread: topic, message, the envelope's id and what else is in it. */
export type PublishedPayload = readonly [topic: string, message: unknown, id: string, extras?: EnvelopeExtras];

/** The same for main alone, whose answer its publisher waits for. */
export type PublishedToKeep = readonly [published: PublishedPayload, isExcess: boolean];

const toKernel = { slot: 0, generation: 0 };
const owner = 0;

export class Topics {
  readonly #kernel: Kernel;
  readonly #routes: Routes;
  #nextSubscription = 1;
  readonly deliveries: Deliveries;
  readonly #waits: PublishWaits;
  readonly queues: Queues;
  readonly requests: Requests;
  readonly receivers: Receivers;
  readonly consumers: Consumers;
  /** Of main in the patterns of groups, kept topics and acknowledged queues. */
  readonly interest: PatternInterest;
  readonly #idPrefix: string;
  #nextEnvelope = 1;
  #lastFullNumber = 0;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#routes = new Routes(kernel, () => this.queues);
    this.interest = this.#routes;
    this.queues = new Queues(kernel, this.interest);
    this.requests = new Requests(kernel);
    this.receivers = new Receivers(kernel);
    this.consumers = new Consumers(kernel);
    this.#waits = new PublishWaits(kernel);
    this.deliveries = new Deliveries(kernel, this.#waits);
    this.#idPrefix = `${kernel.thread}.`;
  }

  /** Resolves when what is published anywhere from then on reaches it. */
  subscribe(cell: Cell, pattern: string, options: SubscriptionOptions): Promise<Subscription> {
    const kernel = this.#kernel;
    const id = this.#nextSubscription++;
    const subscription = new TopicSubscription(id, pattern, cell, options);
    const extra = extraOf(cell);
    extra.subscriptions ??= new Map();
    extra.subscriptions.set(id, subscription);
    const { promise, resolve, reject } = Promise.withResolvers<Subscription>();
    kernel.asyncTurns.awaits(cell, 1);
    const done = () => {
      kernel.asyncTurns.awaits(cell, -1);
      kernel.scheduler.settle(cell, resolve as (value: never) => void, { id, pattern });
    };
    if (subscription.isServed) {
      const begun = (firstSeq: unknown) => {
        kernel.asyncTurns.awaits(cell, -1);
        resolve((firstSeq === undefined ? { id, pattern } : { id, pattern, firstSeq }) as Subscription);
      };
      const failed = (error: unknown) => {
        kernel.asyncTurns.awaits(cell, -1);
        this.unsubscribe(cell, id);
        kernel.calls.failPromise(
          kernel.tasks.failureOf(cell, error) as Error,
          resolve as (value: unknown) => void,
          reject,
        );
      };
      this.consumers.join(subscription, options, begun, failed);
    } else if (options.queue !== undefined) this.queues.join(subscription, options.queue, termsOf(options), done);
    else this.#routes.add(subscription, done);
    return promise;
  }

  /** What has not come into its actor's hands is taken out. False: there is no such subscription of the actor. */
  unsubscribe(cell: Cell, id: number): boolean {
    const { extra } = cell;
    const subscription = extra?.subscriptions?.get(id);
    if (extra === undefined || subscription === undefined) return false;
    this.#kernel.fanOuts.spread();
    extra.subscriptions?.delete(id);
    this.#remove(subscription);
    this.deliveries.withdrawn(subscription);
    return true;
  }

  /** The actor has ended. What it holds becomes dead letters. */
  ended(cell: Cell): void {
    for (const subscription of cell.extra?.subscriptions?.values() ?? []) {
      this.#remove(subscription);
      this.deliveries.ended(subscription);
    }
  }

  #remove(subscription: TopicSubscription): void {
    if (subscription.isServed) this.consumers.leave(subscription);
    else if (subscription.queue !== undefined) this.queues.leave(subscription);
    else this.#routes.delete(subscription);
  }

  /** What it returns settles when there is room everywhere; undefined: there is. */
  publish(
    sender: Cell,
    topic: string,
    message: unknown,
    options: PublishOptions | undefined,
  ): SendResult | Promise<PublishReceipt> {
    const kernel = this.#kernel;
    kernel.assertAlive(sender, "publish");
    const route = this.#routes.of(topic, "publish");
    const extras = options === undefined ? undefined : extrasOf(options, kernel);
    return this.#publish(sender, topic, route, message, extras, options?.ack === true);
  }

  /** The same for somebody who waits for an answer. @throws RuntimeError `noproc`: nobody is subscribed. */
  ask(sender: Cell, topic: string, message: unknown, extras: EnvelopeExtras & { readonly replyTo: From }): void {
    const route = this.#routes.of(topic, "request");
    if (route.threads.length + route.subscriptions.length + route.groups.length === 0 && !route.isKept)
      throw new RuntimeError("noproc", `request: nobody is subscribed to ${topic}`);
    // Each of them says when all that it has are out of it.
    const here = this.#kernel.thread;
    const isHere = route.subscriptions.length + route.groups.length > 0 || route.isKept;
    this.#kernel.calls.askedOn(extras.replyTo.id, new Set(isHere ? [...route.threads, here] : route.threads));
    void this.#publish(sender, topic, route, message, extras, false);
  }

  #publish(
    sender: Cell,
    topic: string,
    route: Route,
    message: unknown,
    extras: EnvelopeExtras | undefined,
    isAcked: boolean,
  ): SendResult | Promise<PublishReceipt> {
    const kernel = this.#kernel;
    if (route.isChecked || isAcked) kernel.outgoing.check(message, undefined, undefined, "publish");
    else if (kernel.checks) freezeMessage(message);
    const pauses = this.#waits.pausesOf(route.words);
    const crowded = this.#waits.crowdedOf(route.threads);
    const mayWait =
      pauses.length > 0 || crowded.length > 0 || (route.hasWaiting && route.subscriptions.some(isFullAndWaits));
    const isExcess = mayWait && this.#waits.isFull(sender);
    if (((mayWait && !isExcess) || isAcked) && (sender.flags & Flag.counted) !== 0)
      kernel.budgets.admit(sender, "publish");
    const { scheduler } = kernel;
    scheduler.enter();
    try {
      const acked = isAcked ? new AckedPublish(kernel, sender) : undefined;
      const wait = mayWait && !isExcess ? this.#waits.begin(sender, acked?.hasRoom) : undefined;
      const id = this.#idPrefix + this.#nextEnvelope++;
      kernel.counters.add(Counter.published, 1);
      for (const thread of route.threads) {
        if (isExcess && this.#waits.isOverfull(thread)) {
          this.#skip(thread, route.words, topic, extras);
          continue;
        }
        // What main is to keep goes there below.
        if (acked !== undefined && thread === owner) continue;
        const payload: PublishedPayload = extras === undefined ? [topic, message, id] : [topic, message, id, extras];
        kernel.peers.push(thread, FrameKind.published, toKernel, sender, isExcess ? 1 : 0, payload);
      }
      if (route.subscriptions.length > 0 || route.groups.length > 0) {
        const envelope = envelopeOf(topic, message, id, kernel.refOf(sender), extras);
        const source = { wait, thread: kernel.thread, isExcess };
        if (envelope.replyTo !== undefined) this.receivers.arrives(envelope, route);
        this.deliveries.deliverAll(route, envelope, source);
        this.queues.share(route.groups, envelope, source);
      }
      if (acked !== undefined || route.isKept)
        this.#keep(
          sender,
          route,
          extras === undefined ? [topic, message, id] : [topic, message, id, extras],
          isExcess,
          acked?.question,
        );
      if (wait === undefined) return acked?.promise;
      for (const pause of pauses) this.#waits.await(wait, pause);
      for (const thread of crowded) this.#waits.awaitThread(wait, thread);
      const room = this.#waits.end(wait);
      if (acked === undefined) return room;
      if (room !== undefined) acked.awaitRoom();
      return acked.promise;
    } finally {
      scheduler.leave();
    }
  }

  /** It goes to no subscriber of that thread, which hears how many there were, by the patterns that brought them there. */
  #skip(thread: number, words: readonly string[], topic: string, extras: EnvelopeExtras | undefined): void {
    for (const pattern of this.#routes.patternsOf(thread, words)) this.#waits.skip(thread, pattern);
    if (extras?.replyTo === undefined) return;
    const message = `the request "${topic}" was not sent to thread ${thread}, which has too much to read`;
    this.#kernel.calls.placeOut(extras.replyTo.id, thread, { name: "RuntimeError", code: "mailbox_full", message });
  }

  /** In main's table, here or there. */
  #keep(sender: Cell, route: Route, payload: PublishedPayload, isExcess: boolean, question: number | undefined): void {
    const { bus, calls, peers, thread } = this.#kernel;
    if (bus !== undefined) {
      const [topic, message, id, extras] = payload;
      const from = this.#kernel.refOf(sender);
      bus.record(route.words, envelopeOf(topic, message, id, from, extras), extras, {
        from,
        thread,
        isExcess,
        question,
      });
    } else if (question === undefined) return;
    else if (isExcess && this.#waits.isOverfull(owner)) {
      const text = `publish: main has too much to read, and "${payload[0]}" was not sent there`;
      calls.failed(question, { name: "RuntimeError", code: "queue_full", message: text });
    } else peers.push(owner, FrameKind.publishedToKeep, toKernel, sender, question, [payload, isExcess]);
  }

  /** From another thread: for the subscribers of this one. @param question of main, whose publisher waits for its answer */
  publishedReceived(from: Ref, payload: PublishedPayload, isExcess: boolean, question?: number): void {
    const [topic, message, id, extras] = payload;
    if (this.#kernel.checks) freezeMessage(message);
    const envelope = envelopeOf(topic, message, id, from, extras);
    const source = { wait: undefined, thread: from.thread, isExcess };
    const route = this.#routes.of(topic, "publish");
    if (envelope.replyTo !== undefined) this.receivers.arrives(envelope, route);
    this.deliveries.deliverAll(route, envelope, source);
    this.queues.share(route.groups, envelope, source);
    if (!route.isKept && question === undefined) return;
    this.#kernel.bus?.record(route.words, envelope, extras, { from, thread: from.thread, isExcess, question });
  }

  /** So many were dropped on their way here, for whoever has that pattern. */
  skippedReceived(pattern: string, count: number): void {
    const words = wordsOfPattern(pattern, "subscribe");
    const { bus, counters } = this.#kernel;
    counters.add(Counter.busDropped, count * (this.#routes.countOf(words) + this.queues.countOf(words)));
    bus?.skipped(words, count);
  }

  /** A subscription of another thread is full: whoever publishes for it waits from now on. */
  fullReceived(thread: number, subscription: number, pattern: string): void {
    this.#waits.fullReceived(thread, subscription, pattern);
  }

  /** It has room again, or is gone. */
  roomReceived(thread: number, subscription: number): void {
    this.#waits.roomReceived(thread, subscription);
  }

  /** On main: publishers of a thread are to wait for something of main's own, known by a number that no subscription has. */
  tellFull(thread: number, number: number, pattern: string): void {
    const { guest, peers } = this.#kernel;
    if (thread === owner) this.fullReceived(owner, number, pattern);
    else peers.push(thread, FrameKind.topicFull, toKernel, guest, number, pattern);
  }

  tellRoom(thread: number, number: number): void {
    const { guest, peers } = this.#kernel;
    if (thread === owner) this.roomReceived(owner, number);
    else peers.push(thread, FrameKind.topicRoom, toKernel, guest, number, undefined);
  }

  /** Below 0: subscriptions count up from 1. */
  nextFullNumber(): number {
    return --this.#lastFullNumber;
  }

  threadLost(thread: number): void {
    this.#waits.threadLost(thread);
    this.#kernel.bus?.threadLost(thread);
    this.queues.threadLost(thread);
  }
}

const termsOf = (options: SubscriptionOptions): QueueTerms => ({
  capacity: options.capacity,
  isWaiting: options.policy === "wait",
  filter: filterOf(options),
  balance: options.balance,
});

const isFullAndWaits = ({ policy, held, capacity }: TopicSubscription): boolean =>
  policy === "wait" && held >= capacity;

function envelopeOf(
  topic: string,
  message: unknown,
  id: string,
  from: Ref,
  extras: EnvelopeExtras | undefined,
): Envelope {
  const envelope: Envelope = { type: "published", topic, message, id, from };
  return extras === undefined ? envelope : { ...envelope, ...extras };
}
