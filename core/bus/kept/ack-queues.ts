/**
 * The acknowledged queues of a system, on main: who is a member, what is put into them, what becomes of it. Each step is
 * whole: what an entry says, who has it in hand, and what is on its way are never apart.
 */
import type { Ref } from "../../actor/ref.ts";
import { type ErrorData, RuntimeError } from "../../errors.ts";
import { Counter } from "../../kernel/counters.ts";
import { FrameKind } from "../../kernel/frame-kind.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { wordsOfPattern } from "../topic.ts";
import { covers } from "../topic-patterns.ts";
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
import type { DurableTopic, RecoveredTopic } from "./durable-topic.ts";
import type { DeliveryNumber, KeptMessage } from "./kept-message.ts";
import type { KeptTopic } from "./kept-topic.ts";
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
  readonly #durableOf: (words: readonly string[]) => DurableTopic | undefined;
  readonly #tree = new TopicTree<AckQueue>();
  /** By pattern and name. */
  readonly #byName = new Map<string, AckQueue>();
  readonly #byNumber = new Map<number, AckQueue>();
  /** By thread and subscription. */
  readonly #members = new Map<string, { readonly queue: AckQueue; readonly member: QueueConsumer }>();
  #lastQueue = 0;
  /** What `system.bus` decides about right now: where it crashes at that, the next one throws it out. */
  deciding: QueueEntry | undefined;

  /** @param durableOf the durable topic that has all that a pattern matches */
  constructor(
    kernel: Kernel,
    interest: PatternInterest,
    news: BusNews,
    durableOf: (words: readonly string[]) => DurableTopic | undefined,
  ) {
    this.#kernel = kernel;
    this.#durableOf = durableOf;
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

  /**
   * Calls one of the two back: what is published anywhere from then on is for its queue; or the store, where a durable topic has
   * all that its pattern matches, has not taken it.
   */
  join(
    subscription: number,
    pattern: string,
    holder: Ref,
    terms: MemberTerms,
    done: () => void,
    failed: (error: ErrorData) => void,
  ): void {
    const { queue: name, maxInHand, settings } = terms;
    const key = `${pattern} ${name}`;
    const known = this.#byName.get(key);
    const queue = known ?? this.#begin(pattern, name);
    queue.settings = { ...queue.settings, ...settings };
    const member: QueueConsumer = { holder, subscription, maxInHand, inHand: new Map(), missed: 0 };
    queue.members.push(member);
    this.#members.set(keyOf(holder.thread, subscription), { queue, member });
    this.#news.serve(queue);
    const isThere = () => this.#interest.known(pattern, done);
    if (known === undefined && queue.durable !== undefined) this.#store(queue, queue.durable);
    if (queue.beginning !== undefined) queue.beginning.push({ done: isThere, failed });
    else {
      if (Object.keys(settings).length > 0) queue.durable?.queueChanged(queue);
      isThere();
    }
  }

  #begin(pattern: string, name: string): AckQueue {
    const words = wordsOfPattern(pattern, "subscribe");
    return this.#add(++this.#lastQueue, name, pattern, words, this.#durableOf(words));
  }

  #add(
    number: number,
    name: string,
    pattern: string,
    words: readonly string[],
    durable: DurableTopic | undefined,
    storedNumber?: number,
  ): AckQueue {
    const fullNumber = this.#kernel.topics.nextFullNumber();
    const queue = new AckQueue(number, name, pattern, words, fullNumber, durable, storedNumber);
    this.#byName.set(`${pattern} ${name}`, queue);
    this.#byNumber.set(number, queue);
    this.#tree.add(words, queue);
    return queue;
  }

  /** It is there when the store has it: then what is published for it is found in the next run, too. */
  #store(queue: AckQueue, durable: DurableTopic): void {
    queue.beginning = [];
    durable.queueBegun(queue, (error) => {
      const { beginning = [] } = queue;
      queue.beginning = undefined;
      if (error !== undefined && this.isThere(queue)) this.#remove(queue);
      for (const { done, failed } of beginning) {
        if (error === undefined) done();
        else failed(error);
      }
    });
  }

  #remove(queue: AckQueue): void {
    this.#byName.delete(`${queue.pattern} ${queue.name}`);
    this.#byNumber.delete(queue.number);
    this.#tree.delete(queue.words, queue);
    for (const { holder, subscription } of queue.members) this.#members.delete(keyOf(holder.thread, subscription));
    this.#resume(queue);
    this.#interest.over(queue.words, queue.pattern);
  }

  /** It has not ended. */
  isThere(queue: AckQueue): boolean {
    return this.#byNumber.get(queue.number) === queue;
  }

  // Durable queues ---------------------------------------------------------------------------------------------------

  /** @throws RuntimeError `already_kept`: a queue that would be durable is in memory alone. */
  assertNone(pattern: string): void {
    const words = wordsOfPattern(pattern, "keepTopic");
    for (const queue of this.#byName.values()) {
      if (queue.durable === undefined && covers(words, queue.words))
        throw new RuntimeError(
          "already_kept",
          `keepTopic: queue "${queue.name}" of "${queue.pattern}" is in memory already: keep the durable topic before anybody joins its queues, or end that queue`,
        );
    }
  }

  /** The queues of a durable topic, as an earlier run has left them. */
  recover({ durable, pattern: of }: KeptTopic, { entries, queues }: RecoveredTopic): void {
    for (const { name, pattern, settings, storedNumber } of queues) {
      const words = wordsOfPattern(pattern, "subscribe");
      this.#lastQueue = Math.max(this.#lastQueue, storedNumber);
      const number = this.#byNumber.has(storedNumber) ? ++this.#lastQueue : storedNumber;
      const queue = this.#add(number, name, pattern, words, durable, storedNumber);
      queue.settings = settings;
      for (const { attempts, message, seq } of entries.get(storedNumber) ?? []) queue.add(message, seq, attempts);
      this.#interest.known(pattern, () => {});
    }
    const known = new Set(queues.map(({ storedNumber }) => storedNumber));
    for (const [number, left] of entries)
      if (!known.has(number)) this.#report(of, `${left.length} messages of queue ${number}`, "there is no such queue");
  }

  #report(pattern: string, what: string, fault: string): void {
    const kernel = this.#kernel;
    const data = { topic: pattern, what, fault };
    const ref = kernel.refOf(kernel.guest).toJSON();
    const message = "what a durable topic has in its store is wrong";
    kernel.emit({ type: "log", ref, name: "system.bus", level: "error", message, data });
  }

  durableOf(pattern: string, name: string): DurableTopic | undefined {
    return this.#byName.get(`${pattern} ${name}`)?.durable;
  }

  endAllOf(durable: DurableTopic): void {
    for (const queue of [...this.#byName.values()]) if (queue.durable === durable) this.end(queue.pattern, queue.name);
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
    const queue = this.#byName.get(`${pattern} ${name}`);
    if (queue === undefined) return undefined;
    const left = [...queue.entries.values()];
    const members = [...queue.members];
    this.#remove(queue);
    queue.members.splice(0);
    for (const entry of left) this.deadLetter(entry, "queue_ended");
    for (const { holder, subscription } of members) tellEnded(this.#kernel, holder, subscription, "queue_ended");
    queue.durable?.queueEnded(queue.storedNumber);
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
    const { attempts, queue, seq } = entry;
    // While the system ends that is no failure of the message's.
    if (queue.durable !== undefined && seq !== undefined && this.#kernel.stores?.isEnding !== true) {
      queue.durable.attempted(queue.storedNumber, seq, attempts);
      entry.isTried = true;
    }
    entry.state = "failed";
    this.#news.changed(entry);
  }

  #end(entry: QueueEntry, staysStored = false): void {
    const { isTried, queue, seq } = entry;
    queue.end(entry);
    if (seq !== undefined && !staysStored) queue.durable?.entryEnded(queue.storedNumber, seq, isTried);
    this.#news.changed(entry);
    if (queue.pausedThreads.size > 0 && queue.entries.size <= queue.settings.capacity >> 1) this.#resume(queue);
  }

  /** Back into its queue, with all its attempts. False: the queue has ended. */
  #again({ message, queue, seq }: QueueEntry): boolean {
    if (!this.isThere(queue) || (seq !== undefined && queue.entries.has(seq))) return false;
    if (seq !== undefined) queue.durable?.entryAgain(queue.storedNumber, seq, message);
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
    // While the system ends its members end with it, and the next run may do better.
    this.#end(entry, why === "attempts" && this.#kernel.stores?.isEnding === true);
    this.#letters.add(entry, why);
  }

  get stats(): readonly QueueStats[] {
    return [...this.#byName.values()].map((queue) => queue.stats());
  }
}

const keyOf = (thread: number, subscription: number): string => `${thread}.${subscription}`;
