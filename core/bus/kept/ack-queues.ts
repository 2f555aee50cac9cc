/**
 * The acknowledged queues of a system, on main: who is a member, what is put into them, what becomes of it. Each step is
 * whole: what an entry says, who has it in hand, and what is on its way are never apart.
 */
import type { Ref } from "../../actor/ref.ts";
import { Counter } from "../../kernel/counters.ts";
import { FrameKind } from "../../kernel/frame-kind.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { wordsOfPattern } from "../topic.ts";
import { TopicTree } from "../topic-tree.ts";
import {
  AckQueue,
  faultOf,
  type QueueConsumer,
  type QueueEntry,
  type QueueSettings,
  type QueueStats,
} from "./ack-queue.ts";
import { PriorityBacklog } from "./backlog.ts";
import type { BusNews } from "./bus-news.ts";
import type { PatternInterest } from "./bus-table.ts";
import { giveTo, tellEnded } from "./consumers.ts";
import type { DeliveryNumber, KeptMessage } from "./kept-message.ts";
import { QueueLetters } from "./queue-letters.ts";

/** How an attempt ended, by who had it. */
export type Answer = "ack" | "nack" | "refused" | "late";

/** What a member says when it joins. */
export interface MemberTerms {
  readonly queue: string;
  readonly maxInHand: number;
  readonly settings: Partial<QueueSettings>;
}

export class AckQueues {
  readonly #kernel: Kernel;
  readonly #interest: PatternInterest;
  readonly #news: BusNews;
  readonly #letters: QueueLetters;
  readonly #tree = new TopicTree<AckQueue>();
  /** By pattern and name. */
  readonly #byName = new Map<string, AckQueue>();
  readonly #byNumber = new Map<number, AckQueue>();
  /** By thread and subscription. */
  readonly #members = new Map<string, { readonly queue: AckQueue; readonly member: QueueConsumer }>();
  #lastQueue = 0;
  /** What `system.bus` decides about right now: where it crashes at that, the next one throws it out. */
  deciding: QueueEntry | undefined;

  constructor(kernel: Kernel, interest: PatternInterest, news: BusNews) {
    this.#kernel = kernel;
    this.#interest = interest;
    this.#news = news;
    this.#letters = new QueueLetters(kernel, (entry) => this.#again(entry));
  }

  has(words: readonly string[]): boolean {
    return (this.#tree.itemsOf(words)?.size ?? 0) > 0;
  }

  of(words: readonly string[]): AckQueue[] {
    const found: AckQueue[] = [];
    this.#tree.match(words, (queue) => found.push(queue));
    return found;
  }

  // Members ----------------------------------------------------------------------------------------------------------

  /** Calls back when what is published anywhere from then on is for its queue. */
  join(subscription: number, pattern: string, holder: Ref, terms: MemberTerms, done: () => void): void {
    const { queue: name, maxInHand, settings } = terms;
    const key = `${pattern} ${name}`;
    const queue = this.#byName.get(key) ?? this.#begin(key, name, pattern);
    queue.settings = { ...queue.settings, ...settings };
    const member: QueueConsumer = { holder, subscription, maxInHand, inHand: new Map(), missed: 0 };
    queue.members.push(member);
    this.#members.set(keyOf(holder.thread, subscription), { queue, member });
    this.#news.serve(queue);
    this.#interest.known(pattern, done);
  }

  #begin(key: string, name: string, pattern: string): AckQueue {
    const words = wordsOfPattern(pattern, "subscribe");
    const queue = new AckQueue(++this.#lastQueue, name, pattern, words, this.#kernel.topics.nextFullNumber());
    this.#byName.set(key, queue);
    this.#byNumber.set(queue.number, queue);
    this.#tree.add(words, queue);
    return queue;
  }

  /** @param begun numbers of those that came into the member's hands and are not answered for */
  leave(thread: number, subscription: number, begun: readonly number[]): void {
    const key = keyOf(thread, subscription);
    const membership = this.#members.get(key);
    if (membership === undefined) return;
    const { queue, member } = membership;
    this.#members.delete(key);
    queue.members.splice(queue.members.indexOf(member), 1);
    for (const entry of [...member.inHand.values()]) {
      queue.release(entry);
      if (begun.includes(entry.number)) this.#failed(entry);
      else {
        // It has had no attempt, and rests for none.
        entry.attempts--;
        if (entry.attempts > 0) queue.redelivered--;
        queue.wait(entry);
        this.#news.changed(entry);
      }
    }
    this.#news.serve(queue);
  }

  threadLost(thread: number): void {
    for (const { pausedThreads } of this.#byName.values()) pausedThreads.delete(thread);
    // Nobody knows any more which of them had begun.
    for (const { member } of [...this.#members.values()])
      if (member.holder.thread === thread) this.leave(thread, member.subscription, [...member.inHand.keys()]);
  }

  /** Ends a queue for good: what is left of it becomes dead letters. How many; undefined: there was none. */
  end(pattern: string, name: string): number | undefined {
    const key = `${pattern} ${name}`;
    const queue = this.#byName.get(key);
    if (queue === undefined) return undefined;
    const left = [...queue.entries.values()];
    this.#byName.delete(key);
    this.#byNumber.delete(queue.number);
    this.#tree.delete(queue.words, queue);
    for (const entry of left) this.deadLetter(entry, "queue_ended");
    for (const { holder, subscription } of queue.members.splice(0)) {
      this.#members.delete(keyOf(holder.thread, subscription));
      tellEnded(this.#kernel, holder, subscription, "queue_ended");
    }
    this.#resume(queue);
    this.#interest.over(queue.words, queue.pattern);
    return left.length;
  }

  // Messages ---------------------------------------------------------------------------------------------------------

  /** It has room, or makes some. */
  put(queue: AckQueue, message: KeptMessage, seq: number | undefined, thread: number): void {
    if (queue.isFull && queue.settings.policy === "dropOldest") {
      const oldest = queue.backlog.takeLeast();
      if (oldest !== undefined) this.dropEntry(oldest);
    }
    queue.add(message, seq);
    if (queue.settings.policy === "wait" && queue.isFull) this.#pause(queue, thread);
    this.#news.serve(queue);
  }

  /** A message for it is not put into it. */
  drop(queue: AckQueue, count = 1): void {
    queue.dropped += count;
    this.#kernel.counters.add(Counter.busDropped, count);
  }

  /** So many for queues of that pattern did not come. */
  skipped(words: readonly string[], count: number): void {
    for (const queue of this.#tree.itemsOf(words) ?? []) this.drop(queue, count);
  }

  /** Publishers of that thread wait from now on. */
  #pause(queue: AckQueue, thread: number): void {
    if (queue.pausedThreads.has(thread)) return;
    queue.pausedThreads.add(thread);
    this.#kernel.topics.tellFull(thread, queue.fullNumber, queue.pattern);
  }

  #resume(queue: AckQueue): void {
    for (const thread of queue.pausedThreads) this.#kernel.topics.tellRoom(thread, queue.fullNumber);
    queue.pausedThreads.clear();
  }

  /** What became of an attempt, as far as who had it knows. @param thread whose word it is */
  answered(thread: number, delivery: DeliveryNumber, answer: Answer, delayMs: number | undefined): void {
    const [number, entryNumber, attempt] = delivery;
    const queue = this.#byNumber.get(number);
    const entry = queue?.entries.get(entryNumber);
    if (queue === undefined || entry === undefined) return;
    const { member } = entry;
    // What is done is done, also when the time for it was over.
    if (answer === "ack") {
      // Another attempt than that of whoever has it now, or somebody else in its stead.
      if (member !== undefined && (member.holder.thread !== thread || entry.attempts !== attempt))
        this.#tellRecalled(entry, member);
      queue.delivered++;
      this.#kernel.counters.add(Counter.busDelivered, 1);
    } else if (member === undefined || entry.attempts !== attempt) return;
    if (member !== undefined) member.missed = 0;
    if (answer === "ack") this.#end(entry);
    else if (answer === "late") this.dropEntry(entry);
    else {
      queue.release(entry);
      entry.restMs = delayMs;
      this.#failed(entry);
    }
    this.#news.serve(queue);
  }

  #failed(entry: QueueEntry): void {
    entry.state = "failed";
    this.#news.changed(entry);
  }

  #end(entry: QueueEntry): void {
    const { queue } = entry;
    queue.end(entry);
    this.#news.changed(entry);
    if (queue.pausedThreads.size > 0 && queue.entries.size <= queue.settings.capacity >> 1) this.#resume(queue);
  }

  /** Back into its queue, with all its attempts. False: the queue has ended. */
  #again({ message, queue, seq }: QueueEntry): boolean {
    if (this.#byNumber.get(queue.number) !== queue) return false;
    queue.add(message, seq);
    this.#news.serve(queue);
    return true;
  }

  // What system.bus does ---------------------------------------------------------------------------------------------

  /** Looks at everything anew. What is wrong is thrown out; what is right is returned. */
  adopt(report: (what: string, fault: string) => void): QueueEntry[] {
    const { deciding } = this;
    this.deciding = undefined;
    const right: QueueEntry[] = [];
    for (const queue of this.#byName.values()) {
      queue.backlog = new PriorityBacklog();
      for (const entry of [...queue.entries.values()]) {
        const fault = entry === deciding ? "system.bus crashed over it" : faultOf(entry);
        if (fault === undefined) {
          right.push(entry);
          if (entry.state === "waiting") queue.backlog.add(entry, entry.attempts > 0);
        } else {
          queue.discarded++;
          report(`message ${entry.number} of queue "${queue.name}" of "${queue.pattern}"`, fault);
          this.deadLetter(entry, "discarded");
        }
      }
      this.#news.serve(queue);
    }
    return right;
  }

  /** A member gets it in hand. */
  give(entry: QueueEntry, member: QueueConsumer): void {
    const { message, number, queue, seq } = entry;
    entry.state = "inHand";
    entry.attempts++;
    entry.dueMs = this.#kernel.nowMs + queue.settings.ackWaitMs;
    entry.member = member;
    entry.holder = member.holder;
    entry.restMs = undefined;
    if (entry.attempts > 1) queue.redelivered++;
    member.inHand.set(number, entry);
    const delivery: DeliveryNumber = [queue.number, number, entry.attempts];
    giveTo(this.#kernel, member.holder, member.subscription, message, seq, delivery, false);
  }

  /** Its time is over: the attempt has failed, and who has not begun it shall not. */
  recall(entry: QueueEntry): void {
    const { member, queue } = entry;
    queue.release(entry);
    this.#failed(entry);
    if (member === undefined) return;
    member.missed++;
    this.#tellRecalled(entry, member);
    // It has room.
    this.#news.serve(queue);
  }

  #tellRecalled({ attempts, number, queue }: QueueEntry, { holder, subscription }: QueueConsumer): void {
    const { guest, peers, thread, topics } = this.#kernel;
    const delivery: DeliveryNumber = [queue.number, number, attempts];
    if (holder.thread === thread) topics.consumers.recalledReceived(subscription, delivery);
    else peers.push(holder.thread, FrameKind.recalled, holder, guest, subscription, delivery);
  }

  /** It waits for a member again. */
  retry(entry: QueueEntry): void {
    entry.queue.wait(entry);
    this.#news.serve(entry.queue);
  }

  /** By a bound, or for its deadline. */
  dropEntry(entry: QueueEntry): void {
    this.drop(entry.queue);
    this.#end(entry);
  }

  /** It is given up, and may be sent again from there. */
  deadLetter(entry: QueueEntry, why: "attempts" | "queue_ended" | "discarded"): void {
    entry.queue.deadLettered++;
    this.#kernel.counters.add(Counter.busDeadLettered, 1);
    this.#end(entry);
    this.#letters.add(entry, why);
  }

  get stats(): readonly QueueStats[] {
    return [...this.#byName.values()].map((queue) => queue.stats());
  }
}

const keyOf = (thread: number, subscription: number): string => `${thread}.${subscription}`;
