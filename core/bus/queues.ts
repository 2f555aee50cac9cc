/**
 * Queue groups: main decides who gets what is published for one, and each thread tells it who joins and how far they are.
 *
 * Main is subscribed to the pattern of each group, like any thread with a subscriber. The table belongs to its kernel, so
 * there is no actor that could take it along when it ends; a member that has ended is passed over from that instant, by its
 * liveness word.
 */
import type { Envelope } from "../actor/context.ts";
import type { Ref } from "../actor/ref.ts";
import { Counter } from "../kernel/counters.ts";
import { FrameKind } from "../kernel/frame-kind.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { freezeMessage } from "../thread/message-check.ts";
import type { PatternInterest } from "./kept/bus-table.ts";
import { QueueGroup, type QueueMember } from "./queue-group.ts";
import type { TopicSubscription } from "./subscription.ts";
import { wordsOfPattern } from "./topic.ts";
import { TopicTree } from "./topic-tree.ts";

const owner = 0;
const toKernel = { slot: 0, generation: 0 };

/** What main learns of a subscription that joins. */
export type QueueJoin = readonly [queue: string, pattern: string, subscription: number, holder: Ref];

export class Queues {
  readonly #kernel: Kernel;
  readonly #interest: PatternInterest;
  /** This thread's members, by subscription. */
  readonly #members = new Map<number, TopicSubscription>();
  /** On main, by pattern and queue. */
  readonly #groups = new Map<string, QueueGroup>();
  readonly #byPattern = new TopicTree<QueueGroup>();
  /** On main, by thread and subscription. */
  readonly #memberships = new Map<string, { readonly group: QueueGroup; readonly member: QueueMember }>();

  constructor(kernel: Kernel, interest: PatternInterest) {
    this.#kernel = kernel;
    this.#interest = interest;
  }

  // A member's thread ---------------------------------------------------------------------------------------------

  /** Calls back when what is published anywhere from then on is shared with it. */
  join(subscription: TopicSubscription, queue: string, done: () => void): void {
    const kernel = this.#kernel;
    const { cell, id, pattern } = subscription;
    const join: QueueJoin = [queue, pattern, id, kernel.refOf(cell)];
    this.#members.set(id, subscription);
    if (kernel.thread === owner) this.joinReceived(join, done);
    else {
      const main = kernel.makeRef(owner, kernel.guest.slot, 0);
      // It ends with its answer, or with the system.
      const never = Number.POSITIVE_INFINITY;
      kernel.calls.askThen(kernel.guest, main, FrameKind.queueJoin, "queue", never, join, done, () => {});
    }
  }

  leave({ id }: TopicSubscription): void {
    const { guest, peers, thread } = this.#kernel;
    this.#members.delete(id);
    if (thread === owner) this.leaveReceived(thread, id);
    else peers.push(owner, FrameKind.queueLeave, toKernel, guest, id, undefined);
  }

  /** A member has so many less in hand; below 0: it has put them aside. */
  tellDone({ id }: TopicSubscription, count: number): void {
    const { guest, peers, thread } = this.#kernel;
    if (thread === owner) this.doneReceived(thread, id, count);
    else peers.push(owner, FrameKind.queueDone, toKernel, guest, id, count);
  }

  /** From main: for one member. */
  sharedReceived(holder: Ref, id: number, envelope: Envelope): void {
    const kernel = this.#kernel;
    const subscription = this.#members.get(id);
    if (subscription !== undefined) {
      if (kernel.checks) freezeMessage(envelope.message);
      kernel.topics.deliveries.deliver([subscription], envelope, { wait: undefined, thread: owner, isExcess: false });
    } else if (kernel.isAlive(holder)) kernel.counters.add(Counter.busDropped, 1);
    else {
      kernel.counters.add(Counter.busDeadLettered, 1);
      kernel.deadLetters.add(holder, { meta: undefined, payload: envelope }, "noproc");
    }
  }

  // Main ----------------------------------------------------------------------------------------------------------

  has(words: readonly string[]): boolean {
    return (this.#byPattern.itemsOf(words)?.size ?? 0) > 0;
  }

  groupsOf(words: readonly string[]): readonly QueueGroup[] {
    const found: QueueGroup[] = [];
    this.#byPattern.match(words, (group) => found.push(group));
    return found;
  }

  /** To one member of each group. */
  share(groups: readonly QueueGroup[], envelope: Envelope): void {
    const { guest, peers, thread } = this.#kernel;
    for (const group of groups) {
      const member = group.take((holder) => this.#kernel.isAlive(holder));
      if (member === undefined) continue;
      const { holder, subscription } = member;
      if (holder.thread === thread) this.sharedReceived(holder, subscription, envelope);
      else peers.push(holder.thread, FrameKind.shared, holder, guest, subscription, envelope);
    }
  }

  joinReceived([queue, pattern, subscription, holder]: QueueJoin, done: () => void): void {
    const key = `${pattern} ${queue}`;
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = new QueueGroup(queue, pattern, wordsOfPattern(pattern, "subscribe"));
      this.#groups.set(key, group);
      this.#byPattern.add(group.words, group);
    }
    const member: QueueMember = { holder, subscription, load: 0 };
    group.add(member);
    this.#memberships.set(`${holder.thread}.${subscription}`, { group, member });
    this.#interest.known(pattern, done);
  }

  leaveReceived(thread: number, subscription: number): void {
    const key = `${thread}.${subscription}`;
    const membership = this.#memberships.get(key);
    if (membership === undefined) return;
    const { group, member } = membership;
    this.#memberships.delete(key);
    group.remove(member);
    if (group.size > 0) return;
    this.#groups.delete(`${group.pattern} ${group.queue}`);
    this.#byPattern.delete(group.words, group);
    this.#interest.over(group.words, group.pattern);
  }

  doneReceived(thread: number, subscription: number, count: number): void {
    const membership = this.#memberships.get(`${thread}.${subscription}`);
    if (membership !== undefined) membership.member.load -= count;
  }

  threadLost(thread: number): void {
    for (const { member } of [...this.#memberships.values()])
      if (member.holder.thread === thread) this.leaveReceived(thread, member.subscription);
  }
}
