/**
 * Publish and subscribe, as each thread's kernel does it for plain topics: from the publisher's thread straight to every
 * thread that has subscribers, one frame each, and there into their mailboxes.
 *
 * A subscription counts from the moment its `subscribe` has resolved: by then every thread knows that this one is
 * interested in the pattern (`replica.ts`). What one publisher publishes reaches a subscriber in order, and in order
 * with what it sends to it otherwise.
 */
import { type Cell, extraOf, Flag } from "../actor/cell.ts";
import type { Envelope, Subscription, SubscriptionOptions } from "../actor/context.ts";
import type { Ref } from "../actor/ref.ts";
import { Counter } from "../kernel/counters.ts";
import type { DeadLetterWhy } from "../kernel/events.ts";
import { FrameKind } from "../kernel/frame-kind.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { Table } from "../kernel/replica.ts";
import { freezeMessage } from "../thread/message-check.ts";
import { TopicSubscription } from "./subscription.ts";
import { wordsOfPattern, wordsOfTopic } from "./topic.ts";
import { TopicTree } from "./topic-tree.ts";

/** Topics whose way is remembered; past that all are looked up anew. */
const routesMax = 4_096;

/** What crosses to another thread: topic, message and the envelope's id. */
export type PublishedPayload = readonly [topic: string, message: unknown, id: string];

/** Who gets what is published under a topic. */
interface Route {
  readonly subscriptions: readonly TopicSubscription[];
  readonly threads: readonly number[];
  /** Somebody gets it on another thread or in a process. */
  readonly isLeaving: boolean;
}

const deliveredPlace = Counter.busDelivered;
const toKernel = { slot: 0, generation: 0 };

export class Topics {
  readonly #kernel: Kernel;
  readonly #own = new TopicTree<TopicSubscription>();
  /** Threads with subscribers. */
  readonly #others = new TopicTree<number>();
  readonly #routes = new Map<string, Route>();
  /** Patterns of this thread's subscribers: who waits for all threads to know; undefined: all do. */
  readonly #interests = new Map<string, (() => void)[] | undefined>();
  #nextSubscription = 1;
  /** The thread's counters: at hand, since each message is counted. */
  readonly #counted: Float64Array;
  readonly #idPrefix: string;
  #nextEnvelope = 1;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#counted = kernel.counters.row;
    this.#idPrefix = `${kernel.thread}.`;
    kernel.replica.onChange(Table.interests, (pattern, changes) => {
      const words = wordsOfPattern(pattern, "subscribe");
      for (const { holder, value: isInterested } of changes) {
        if (holder.thread === kernel.thread) continue;
        if (isInterested === undefined) this.#others.delete(words, holder.thread);
        else this.#others.add(words, holder.thread);
        this.#routes.clear();
      }
    });
  }

  /** Resolves when what is published anywhere from then on reaches it. */
  subscribe(cell: Cell, pattern: string, options: SubscriptionOptions): Promise<Subscription> {
    const kernel = this.#kernel;
    const id = this.#nextSubscription++;
    const subscription = new TopicSubscription(id, pattern, cell, options);
    const extra = extraOf(cell);
    extra.subscriptions ??= new Map();
    extra.subscriptions.set(id, subscription);
    this.#own.add(subscription.words, subscription);
    this.#routes.clear();
    const { promise, resolve } = Promise.withResolvers<Subscription>();
    kernel.asyncTurns.awaits(cell, 1);
    const done = () => {
      kernel.asyncTurns.awaits(cell, -1);
      kernel.scheduler.settle(cell, resolve as (value: never) => void, { id, pattern });
    };
    this.#whenKnown(pattern, done);
    return promise;
  }

  /** Calls back when every thread knows that this one has subscribers of the pattern. */
  #whenKnown(pattern: string, done: () => void): void {
    if (this.#interests.has(pattern)) {
      const waiting = this.#interests.get(pattern);
      if (waiting === undefined) done();
      else waiting.push(done);
      return;
    }
    const waiting = [done];
    this.#interests.set(pattern, waiting);
    this.#kernel.replica.putEverywhere(Table.interests, pattern, this.#kernel.guest, true, () => {
      // Meanwhile the last subscriber may have gone, and another have come.
      if (this.#interests.get(pattern) === waiting) this.#interests.set(pattern, undefined);
      for (const one of waiting) one();
    });
  }

  /** What has not come into its actor's hands is taken out. False: there is no such subscription of the actor. */
  unsubscribe(cell: Cell, id: number): boolean {
    const { extra } = cell;
    const subscription = extra?.subscriptions?.get(id);
    if (extra === undefined || subscription === undefined) return false;
    extra.subscriptions?.delete(id);
    this.#remove(subscription);
    this.#kernel.delivery.withdrawSubscription(cell, subscription.meta);
    this.#kernel.counters.add(Counter.busDropped, subscription.held);
    subscription.held = 0;
    return true;
  }

  /** The actor has ended. What it holds becomes dead letters. */
  ended(cell: Cell): void {
    for (const subscription of cell.extra?.subscriptions?.values() ?? []) this.#remove(subscription);
  }

  #remove(subscription: TopicSubscription): void {
    const { words, pattern } = subscription;
    this.#own.delete(words, subscription);
    this.#routes.clear();
    if ((this.#own.itemsOf(words)?.size ?? 0) > 0) return;
    this.#interests.delete(pattern);
    this.#kernel.replica.put(Table.interests, pattern, this.#kernel.guest, undefined);
  }

  publish(sender: Cell, topic: string, message: unknown): void {
    const kernel = this.#kernel;
    kernel.assertAlive(sender, "publish");
    const route = this.#routeOf(topic);
    if (route.isLeaving) kernel.outgoing.check(message, undefined, undefined, "publish");
    else if (kernel.checks) freezeMessage(message);
    const { scheduler } = kernel;
    scheduler.enter();
    try {
      const id = this.#idPrefix + this.#nextEnvelope++;
      kernel.counters.add(Counter.published, 1);
      for (const thread of route.threads)
        kernel.peers.push(thread, FrameKind.published, toKernel, sender, 0, [topic, message, id]);
      this.#deliver(route.subscriptions, { type: "published", topic, message, id, from: kernel.refOf(sender) });
    } finally {
      scheduler.leave();
    }
  }

  /** From another thread: for the subscribers of this one. */
  publishedReceived(from: Ref, [topic, message, id]: PublishedPayload): void {
    if (this.#kernel.checks) freezeMessage(message);
    this.#deliver(this.#routeOf(topic).subscriptions, { type: "published", topic, message, id, from });
  }

  #deliver(subscriptions: readonly TopicSubscription[], envelope: Envelope): void {
    const { delivery } = this.#kernel;
    for (let i = 0; i < subscriptions.length; i++) {
      const subscription = subscriptions[i] as TopicSubscription;
      if (subscription.held >= subscription.capacity && !this.#makeRoom(subscription)) continue;
      subscription.held++;
      void delivery.deliver(subscription.cell, subscription.meta, envelope, undefined);
    }
  }

  /** A full subscription loses its oldest message or, where this is false, the new one. */
  #makeRoom({ cell, meta, policy }: TopicSubscription): boolean {
    const { counters, delivery } = this.#kernel;
    counters.add(Counter.busDropped, 1);
    const oldest = policy === "dropOldest" ? delivery.takeOldest(cell, (one) => one === meta) : undefined;
    if (oldest === undefined) return false;
    counters.addUnread(-1);
    (meta.subscription as TopicSubscription).held--;
    // It may have been all that the mailbox held, and then no service of it would let in who waits.
    if ((cell.flags & Flag.bounded) !== 0) delivery.afterService(cell);
    return true;
  }

  /** A message of a subscription is in its subscriber's hands. */
  handled(subscription: TopicSubscription): void {
    const row = this.#counted;
    row[deliveredPlace] = (row[deliveredPlace] as number) + 1;
    subscription.held--;
  }

  /** It was put aside (`stash`), and will be handled again. */
  putAside(subscription: TopicSubscription): void {
    this.#kernel.counters.add(Counter.busDelivered, -1);
    subscription.held++;
  }

  /** It became a dead letter. */
  refused(subscription: TopicSubscription, why: DeadLetterWhy): void {
    const isDropped = why === "dropped" || why === "mailbox_full";
    this.#kernel.counters.add(isDropped ? Counter.busDropped : Counter.busDeadLettered, 1);
    subscription.held--;
  }

  #routeOf(topic: string): Route {
    const known = this.#routes.get(topic);
    if (known !== undefined) return known;
    const words = wordsOfTopic(topic, "publish");
    const subscriptions: TopicSubscription[] = [];
    const threads = new Set<number>();
    this.#own.match(words, (subscription) => subscriptions.push(subscription));
    this.#others.match(words, (thread) => threads.add(thread));
    const isLeaving = threads.size > 0 || subscriptions.some(({ cell }) => (cell.flags & Flag.remote) !== 0);
    const route: Route = { subscriptions, threads: [...threads], isLeaving };
    if (this.#routes.size >= routesMax) this.#routes.clear();
    this.#routes.set(topic, route);
    return route;
  }
}
