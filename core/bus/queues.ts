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
import type { Source } from "./deliveries.ts";
import type { PatternInterest } from "./kept/bus-table.ts";
import { backlogMax, carelessMax } from "./publish-waits.ts";
import { QueueGroup, type QueueMember, type QueueTerms } from "./queue-group.ts";
import type { TopicSubscription } from "./subscription.ts";
import { wordsOfPattern } from "./topic.ts";
import { TopicTree } from "./topic-tree.ts";

const owner = 0;
const toKernel = { slot: 0, generation: 0 };

/** What main learns of a subscription that joins. */
export type QueueJoin = readonly [queue: string, pattern: string, subscription: number, holder: Ref, terms: QueueTerms];

/** What crosses to a member. */
export type SharedPayload = readonly [queue: string, pattern: string, envelope: Envelope];

/** What a member has not handled, and whose it was. */
export type QueueBack = readonly [queue: string, pattern: string, holder: Ref, envelope: Envelope];

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
  join(subscription: TopicSubscription, queue: string, terms: QueueTerms, done: () => void): void {
    const kernel = this.#kernel;
    const { cell, id, pattern } = subscription;
    const join: QueueJoin = [queue, pattern, id, kernel.refOf(cell), terms];
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
  sharedReceived(holder: Ref, id: number, queue: string, pattern: string, envelope: Envelope): void {
    const kernel = this.#kernel;
    const subscription = this.#members.get(id);
    if (subscription === undefined) this.#back([queue, pattern, holder, envelope]);
    else {
      if (kernel.checks) freezeMessage(envelope.message);
      // Main has looked at the filter.
      kernel.topics.deliveries.deliver([subscription], envelope, { wait: undefined, thread: owner, isExcess: false });
    }
  }

  /** A member that has ended, or has unsubscribed, had not handled it. */
  handOver({ cell, pattern, queue = "" }: TopicSubscription, envelope: Envelope): void {
    this.#back([queue, pattern, this.#kernel.refOf(cell), envelope]);
  }

  #back(back: QueueBack): void {
    const { guest, peers, thread } = this.#kernel;
    if (thread === owner) this.backReceived(back);
    else peers.push(owner, FrameKind.queueBack, toKernel, guest, 0, back);
  }

  // Main ----------------------------------------------------------------------------------------------------------

  has(words: readonly string[]): boolean {
    return this.countOf(words) > 0;
  }

  /** Groups of exactly that pattern. */
  countOf(words: readonly string[]): number {
    return this.#byPattern.itemsOf(words)?.size ?? 0;
  }

  groupsOf(words: readonly string[]): readonly QueueGroup[] {
    const found: QueueGroup[] = [];
    this.#byPattern.match(words, (group) => found.push(group));
    return found;
  }

  /** To one member of each group. */
  share(groups: readonly QueueGroup[], envelope: Envelope, { isExcess, thread }: Source): void {
    for (const group of groups) {
      const member = group.waiting.size > 0 ? this.#behind(group, envelope) : this.#take(group, envelope);
      if (member === undefined) continue;
      if (member === "wait") {
        if (isExcess) this.#kernel.counters.add(Counter.busDropped, 1);
        else {
          group.waiting.push(envelope);
          this.#pause(group, thread);
        }
      } else if (isExcess && this.#kernel.peers.backlogOf(member.holder.thread) >= carelessMax) {
        member.load--;
        this.#kernel.counters.add(Counter.busDropped, 1);
      } else {
        this.#give(group, member, envelope);
        this.#pauseIfCrowded(group, member.holder.thread, thread);
      }
    }
  }

  /** What a publisher publishes to a member's thread that has too much to read comes by main, so main lets it wait. */
  #pauseIfCrowded(group: QueueGroup, thread: number, publishing: number): void {
    const { peers } = this.#kernel;
    if (peers.backlogOf(thread) < backlogMax) return;
    this.#pause(group, publishing);
    if (group.crowdedThreads.has(thread)) return;
    group.crowdedThreads.add(thread);
    peers.whenEmptied(thread, () => {
      group.crowdedThreads.delete(thread);
      if (group.waiting.size === 0) this.#resume(group);
    });
  }

  /** What is for nobody waits for nobody. */
  #behind(group: QueueGroup, envelope: Envelope): "wait" | undefined {
    return group.isFor(envelope, (holder) => this.#kernel.isAlive(holder)) ? "wait" : undefined;
  }

  #take(group: QueueGroup, envelope: Envelope): QueueMember | "wait" | undefined {
    return group.take(envelope, (holder) => this.#kernel.isAlive(holder));
  }

  #give({ pattern, queue }: QueueGroup, { holder, subscription }: QueueMember, envelope: Envelope): void {
    const { guest, peers, thread } = this.#kernel;
    if (holder.thread === thread) this.sharedReceived(holder, subscription, queue, pattern, envelope);
    else peers.push(holder.thread, FrameKind.shared, holder, guest, subscription, [queue, pattern, envelope]);
  }

  /** What waits goes to who has room; when nothing does, publishers go on. */
  #letIn(group: QueueGroup): void {
    for (let first = group.waiting.first; first !== undefined; first = group.waiting.first) {
      const member = this.#take(group, first);
      if (member === "wait") return;
      // Before it is given: that may make room at once.
      group.waiting.shift();
      if (member === undefined) this.#lettered(this.#kernel.refOf(this.#kernel.guest), first, false);
      else this.#give(group, member, first);
    }
    this.#resume(group);
  }

  #pause(group: QueueGroup, thread: number): void {
    if (group.pausedThreads.has(thread)) return;
    group.pausedThreads.add(thread);
    this.#kernel.topics.tellFull(thread, group.number, group.pattern);
  }

  #resume({ crowdedThreads, number, pausedThreads, size }: QueueGroup): void {
    if (crowdedThreads.size > 0 && size > 0) return;
    for (const thread of pausedThreads) this.#kernel.topics.tellRoom(thread, number);
    pausedThreads.clear();
  }

  /** To another member, before what waits; or to nobody. */
  backReceived([queue, pattern, holder, envelope]: QueueBack): void {
    const group = this.#groups.get(`${pattern} ${queue}`);
    const member = group === undefined ? undefined : this.#take(group, envelope);
    if (group === undefined || member === undefined) this.#lettered(holder, envelope, this.#kernel.isAlive(holder));
    else if (member === "wait") group.waiting.push(envelope);
    else this.#give(group, member, envelope);
  }

  /** Nobody is left for it. @param isUnwanted its holder has unsubscribed */
  #lettered(holder: Ref, payload: Envelope, isUnwanted: boolean): void {
    const { counters, deadLetters } = this.#kernel;
    if (isUnwanted) counters.add(Counter.busDropped, 1);
    else {
      counters.add(Counter.busDeadLettered, 1);
      deadLetters.add(holder, { meta: undefined, payload }, "noproc");
    }
  }

  joinReceived([queue, pattern, subscription, holder, terms]: QueueJoin, done: () => void): void {
    const key = `${pattern} ${queue}`;
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = new QueueGroup(
        queue,
        pattern,
        wordsOfPattern(pattern, "subscribe"),
        this.#kernel.topics.nextFullNumber(),
      );
      this.#groups.set(key, group);
      this.#byPattern.add(group.words, group);
    }
    const member: QueueMember = { holder, subscription, terms, load: 0 };
    group.add(member);
    this.#letIn(group);
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
    if (group.size > 0) {
      this.#letIn(group);
      return;
    }
    for (let left = group.waiting.shift(); left !== undefined; left = group.waiting.shift())
      this.#lettered(member.holder, left, false);
    this.#resume(group);
    this.#groups.delete(`${group.pattern} ${group.queue}`);
    this.#byPattern.delete(group.words, group);
    this.#interest.over(group.words, group.pattern);
  }

  doneReceived(thread: number, subscription: number, count: number): void {
    const membership = this.#memberships.get(`${thread}.${subscription}`);
    if (membership === undefined) return;
    membership.member.load -= count;
    if (membership.group.waiting.size > 0) this.#letIn(membership.group);
  }

  threadLost(thread: number): void {
    for (const { pausedThreads } of this.#groups.values()) pausedThreads.delete(thread);
    for (const { member } of [...this.#memberships.values()])
      if (member.holder.thread === thread) this.leaveReceived(thread, member.subscription);
  }
}
