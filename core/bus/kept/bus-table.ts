/**
 * What a system's bus keeps, on main: kept topics with their readers, acknowledged queues with their members, and what is
 * new since `system.bus` looked last.
 *
 * The table is no actor's: it is there before `system.bus` and after it, like an ETS table with an heir. Publishes, joins and
 * acknowledgements are recorded by main's kernel; who gets what when is decided by the actor, and what that decides stands
 * here, and is on its way, in one step. So nothing is lost or given twice when it is killed, at whatever moment.
 */
import type { Envelope } from "../../actor/context.ts";
import type { Ref } from "../../actor/ref.ts";
import { type ErrorData, errorData, RuntimeError } from "../../errors.ts";
import { Counter } from "../../kernel/counters.ts";
import { FrameKind } from "../../kernel/frame-kind.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { ValueBytes } from "../../thread/value-bytes.ts";
import type { EnvelopeExtras } from "../publish-options.ts";
import { wordsOfPattern } from "../topic.ts";
import { covers, overlap } from "../topic-patterns.ts";
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
import { busBehaviour, busName } from "./bus-actor.ts";
import type { KeepLimits } from "./keep-options.ts";
import type { DeliveryNumber, GivenPayload, KeptMessage } from "./kept-message.ts";
import { KeptTopic, type KeptTopicStats, type LogEntry } from "./kept-topic.ts";
import { type Replay, type ReplayFrom, seqOf } from "./replay.ts";

/** What `system.bus` gets to look at the news. */
export const lookMessage = "look";

/** What a subscription that main serves tells when it begins. */
export type ConsumeJoin = readonly [
  subscription: number,
  pattern: string,
  holder: Ref,
  how:
    | { readonly queue: string; readonly maxInHand: number; readonly settings: Partial<QueueSettings> }
    | { readonly from: ReplayFrom; readonly window: number },
];

/** How an attempt ended, by who had it. */
export type Answer = "ack" | "nack" | "refused" | "late";

/** What happened since `system.bus` looked last. */
export interface BusNews {
  /** With something to give, or somebody to give it to. */
  readonly queues: ReadonlySet<AckQueue>;
  /** That failed an attempt, or ended. */
  readonly entries: readonly QueueEntry[];
  /** With something new, or a reader that is new or has credit again. */
  readonly topics: ReadonlySet<KeptTopic>;
}

/** The interest of main's thread in patterns. */
export interface PatternInterest {
  /** Calls back when every thread knows of it. */
  known(pattern: string, done: () => void): void;
  /** It is over, unless somebody else has it. */
  over(words: readonly string[], pattern: string): void;
}

export class BusTable {
  readonly #kernel: Kernel;
  readonly #interest: PatternInterest;
  readonly #values: ValueBytes;
  readonly #topics = new TopicTree<KeptTopic>();
  readonly #topicOf = new Map<string, KeptTopic>();
  readonly #readers = new Map<KeptTopic, Set<Replay>>();
  readonly #queues = new TopicTree<AckQueue>();
  readonly #queueOf = new Map<string, AckQueue>();
  readonly #queueByNumber = new Map<number, AckQueue>();
  /** By thread and subscription. */
  readonly #members = new Map<string, { readonly queue: AckQueue; readonly member: QueueConsumer }>();
  readonly #replays = new Map<string, Replay>();
  #lastQueue = 0;
  #news = { queues: new Set<AckQueue>(), entries: [] as QueueEntry[], topics: new Set<KeptTopic>() };
  /** Whether the system's supervisor was asked for `system.bus`. */
  #isStarted = false;
  #actor: Ref | undefined;
  /** Whether it was told that there is news, and has not looked yet. */
  #isTold = false;
  /** What the actor decides about right now: where it crashes at that, the next one throws it out. */
  deciding: QueueEntry | undefined;

  constructor(kernel: Kernel, interest: PatternInterest) {
    this.#kernel = kernel;
    this.#interest = interest;
    this.#values = new ValueBytes(kernel.refWire);
  }

  // Kept topics ------------------------------------------------------------------------------------------------------

  /** @throws RuntimeError `already_kept`. */
  keep(pattern: string, limits: KeepLimits, done: () => void): void {
    const words = wordsOfPattern(pattern, "keepTopic");
    const known = this.#topicOf.get(pattern);
    if (known !== undefined) {
      known.limit(limits, this.#kernel.readClock());
      this.haveLook(known);
    } else {
      for (const other of this.#topicOf.values())
        if (overlap(words, other.words))
          throw new RuntimeError(
            "already_kept",
            `keepTopic: "${pattern}" overlaps "${other.pattern}", which is kept: a topic has one number line`,
          );
      const topic = new KeptTopic(pattern, words, limits);
      this.#topicOf.set(pattern, topic);
      this.#topics.add(words, topic);
      this.#readers.set(topic, new Set());
    }
    this.#interest.known(pattern, done);
  }

  /** What it kept is gone, and who read it gets nothing more. False: there was none. */
  drop(pattern: string): boolean {
    const words = wordsOfPattern(pattern, "dropTopic");
    const topic = this.#topicOf.get(pattern);
    if (topic === undefined) return false;
    for (const replay of this.#readers.get(topic) ?? [])
      this.#replays.delete(keyOf(replay.holder.thread, replay.subscription));
    this.#readers.delete(topic);
    this.#topicOf.delete(pattern);
    this.#topics.delete(words, topic);
    this.haveLook(topic);
    this.#interest.over(words, pattern);
    return true;
  }

  /** Whether main is interested in a pattern for the table's sake. */
  has(words: readonly string[]): boolean {
    return (this.#topics.itemsOf(words)?.size ?? 0) > 0 || (this.#queues.itemsOf(words)?.size ?? 0) > 0;
  }

  /** Whether a topic is kept, or for a queue. */
  takes(words: readonly string[]): boolean {
    return this.#topicOfWords(words) !== undefined || this.#queuesOfWords(words).length > 0;
  }

  #topicOfWords(words: readonly string[]): KeptTopic | undefined {
    let found: KeptTopic | undefined;
    this.#topics.match(words, (topic) => (found = topic));
    return found;
  }

  #queuesOfWords(words: readonly string[]): AckQueue[] {
    const found: AckQueue[] = [];
    this.#queues.match(words, (queue) => found.push(queue));
    return found;
  }

  // Publishes --------------------------------------------------------------------------------------------------------

  /**
   * Keeps what was published, wherever it is for. With a question nothing is kept where a bound refuses it, and the publisher
   * is answered; without one each that has room takes it.
   */
  record(
    words: readonly string[],
    envelope: Envelope,
    extras: EnvelopeExtras | undefined,
    source: PublishSource,
  ): void {
    const kernel = this.#kernel;
    const topic = this.#topicOfWords(words);
    const queues = this.#queuesOfWords(words);
    if (topic === undefined && queues.length === 0) {
      const text = `publish: no kept topic and no acknowledged queue takes "${envelope.topic}"`;
      this.#refuse(source, { name: "RuntimeError", code: "not_kept", message: text });
      return;
    }
    const bytes = this.#values.encode(envelope.message, "publish");
    const { id, from, topic: name } = envelope;
    const message: KeptMessage = {
      topic: name,
      words,
      bytes,
      id,
      from: kernel.adopt(from),
      extras,
      atMs: kernel.readClock(),
    };
    const full = queues.filter((queue) => queue.isFull && (source.isExcess || queue.settings.policy !== "wait"));
    const takers = queues.filter((queue) => !full.includes(queue) || queue.settings.policy === "dropOldest");
    const refusal = topic?.refusal(message);
    const isRefused =
      refusal !== undefined ||
      full.some(({ settings: { policy } }) => policy === "reject" || policy === "wait") ||
      (topic === undefined && takers.length === 0);
    if (refusal !== undefined && topic !== undefined) topic.refused++;
    if (source.question !== undefined && isRefused) {
      for (const queue of queues) this.#drop(queue);
      const text = `publish: ${refusal === undefined ? "an acknowledged queue" : "the kept topic"} of "${name}" is full`;
      this.#refuse(source, { name: "RuntimeError", code: refusal ?? "queue_full", message: text });
      return;
    }
    const seq = refusal === undefined ? topic?.append(message) : undefined;
    for (const queue of queues) {
      if (takers.includes(queue)) this.#take(queue, message, seq, source.thread);
      else this.#drop(queue);
    }
    if (topic !== undefined) this.haveLook(topic);
    if (source.question !== undefined) kernel.calls.answer(from, source.question, { seq }, undefined);
  }

  #refuse({ question, from }: PublishSource, error: ErrorData): void {
    if (question !== undefined)
      this.#kernel.calls.answerError(from, question, error, this.#kernel.refOf(this.#kernel.guest));
  }

  #take(queue: AckQueue, message: KeptMessage, seq: number | undefined, thread: number): void {
    if (queue.isFull && queue.settings.policy === "dropOldest") {
      const oldest = queue.backlog.takeLeast();
      // All of it may be in hand: then the new one is dropped.
      if (oldest === undefined) {
        this.#drop(queue);
        return;
      }
      this.dropEntry(oldest);
    }
    queue.add(message, seq);
    if (queue.settings.policy === "wait" && queue.isFull) this.#pause(queue, thread);
    this.serve(queue);
  }

  #drop(queue: AckQueue): void {
    queue.dropped++;
    this.#kernel.counters.add(Counter.busDropped, 1);
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

  // Who is served ----------------------------------------------------------------------------------------------------

  /** Calls back when what is published anywhere from then on reaches it. @throws RuntimeError `not_kept`. */
  join([subscription, pattern, holder, how]: ConsumeJoin, done: (firstSeq: number | undefined) => void): void {
    const words = wordsOfPattern(pattern, "subscribe");
    if ("queue" in how) this.#joinQueue(subscription, pattern, words, holder, how, () => done(undefined));
    else this.#read(subscription, pattern, words, holder, how, done);
  }

  #joinQueue(
    subscription: number,
    pattern: string,
    words: readonly string[],
    holder: Ref,
    { queue: name, maxInHand, settings }: Extract<ConsumeJoin[3], { queue: string }>,
    done: () => void,
  ): void {
    const key = `${pattern} ${name}`;
    let queue = this.#queueOf.get(key);
    if (queue === undefined) {
      queue = new AckQueue(++this.#lastQueue, name, pattern, words, this.#kernel.topics.nextFullNumber());
      this.#queueOf.set(key, queue);
      this.#queueByNumber.set(queue.number, queue);
      this.#queues.add(words, queue);
    }
    queue.settings = { ...queue.settings, ...settings };
    const member: QueueConsumer = { holder, subscription, maxInHand, inHand: new Map(), missed: 0 };
    queue.members.push(member);
    this.#members.set(keyOf(holder.thread, subscription), { queue, member });
    this.serve(queue);
    this.#interest.known(pattern, done);
  }

  #read(
    subscription: number,
    pattern: string,
    words: readonly string[],
    holder: Ref,
    { from, window }: Extract<ConsumeJoin[3], { from: ReplayFrom }>,
    done: (firstSeq: number) => void,
  ): void {
    const topic = [...this.#topicOf.values()].find((one) => covers(one.words, words));
    if (topic === undefined)
      throw new RuntimeError("not_kept", `subscribe: no kept topic has all that "${pattern}" matches`);
    topic.trim(this.#kernel.readClock());
    const nextSeq = seqOf(from, topic, words, this.#kernel.nowMs);
    const replay: Replay = { holder, subscription, words, topic, nextSeq, credit: window, isAfterGap: false };
    this.#readers.get(topic)?.add(replay);
    this.#replays.set(keyOf(holder.thread, subscription), replay);
    this.haveLook(topic);
    done(topic.firstSeq);
  }

  /** A subscription has ended; @param begun numbers of those that came into its hands and are not answered for. */
  leave(thread: number, subscription: number, begun: readonly number[]): void {
    const key = keyOf(thread, subscription);
    const replay = this.#replays.get(key);
    if (replay !== undefined) {
      this.#replays.delete(key);
      this.#readers.get(replay.topic)?.delete(replay);
      return;
    }
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
        this.#changed(entry);
      }
    }
    this.serve(queue);
  }

  /** A reader has handled so many more. */
  handled(thread: number, subscription: number, count: number): void {
    const replay = this.#replays.get(keyOf(thread, subscription));
    if (replay === undefined) return;
    replay.credit += count;
    this.haveLook(replay.topic);
  }

  /** What became of an attempt, as far as who had it knows. */
  answered(thread: number, delivery: DeliveryNumber, answer: Answer, delayMs: number | undefined): void {
    const [number, entryNumber, attempt] = delivery;
    const queue = this.#queueByNumber.get(number);
    const entry = queue?.entries.get(entryNumber);
    if (queue === undefined || entry === undefined) return;
    // What is done is done, also when the time for it was over.
    if (answer === "ack") this.#acknowledged(queue, entry, thread, attempt);
    else if (entry.state === "inHand" && entry.attempts === attempt) {
      if (entry.member !== undefined) entry.member.missed = 0;
      queue.release(entry);
      if (answer === "late") this.dropEntry(entry);
      else {
        entry.restMs = delayMs;
        this.#failed(entry);
      }
    }
    this.serve(queue);
  }

  #acknowledged(queue: AckQueue, entry: QueueEntry, thread: number, attempt: number): void {
    const { member } = entry;
    if (member !== undefined) {
      member.missed = 0;
      // Another attempt than that of whoever has it now, or somebody else in its stead.
      if (member.holder.thread !== thread || entry.attempts !== attempt) this.#tellRecalled(entry, member);
    }
    queue.delivered++;
    this.#kernel.counters.add(Counter.busDelivered, 1);
    this.#end(entry);
  }

  #failed(entry: QueueEntry): void {
    entry.state = "failed";
    this.#changed(entry);
  }

  /** Ends a queue for good: what is left of it becomes dead letters. How many; undefined: there was none. */
  endQueue(pattern: string, name: string): number | undefined {
    const key = `${pattern} ${name}`;
    const queue = this.#queueOf.get(key);
    if (queue === undefined) return undefined;
    const left = [...queue.entries.values()];
    this.#queueOf.delete(key);
    this.#queues.delete(queue.words, queue);
    for (const entry of left) this.deadLetter(entry, "queue_ended");
    this.#queueByNumber.delete(queue.number);
    for (const { holder, subscription } of queue.members.splice(0))
      this.#members.delete(keyOf(holder.thread, subscription));
    this.#resume(queue);
    this.#interest.over(queue.words, queue.pattern);
    return left.length;
  }

  threadLost(thread: number): void {
    for (const queue of this.#queueOf.values()) queue.pausedThreads.delete(thread);
    for (const { member } of [...this.#members.values()]) {
      // Nobody knows any more which of them had begun.
      if (member.holder.thread === thread) this.leave(thread, member.subscription, [...member.inHand.keys()]);
    }
    for (const { holder, subscription } of [...this.#replays.values()])
      if (holder.thread === thread) this.leave(thread, subscription, []);
  }

  // What system.bus does ---------------------------------------------------------------------------------------------

  /** It begins, and looks at everything anew. What is wrong is thrown out; what is right is returned. */
  adopt(actor: Ref, report: (what: string, fault: string) => void): QueueEntry[] {
    this.#actor = actor;
    this.takeNews();
    const { deciding } = this;
    this.deciding = undefined;
    const right: QueueEntry[] = [];
    for (const topic of this.#topicOf.values())
      for (const seq of topic.repair()) report(`message ${seq} of "${topic.pattern}"`, "it is no message in its order");
    for (const queue of this.#queueOf.values()) {
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
      this.serve(queue);
    }
    for (const topic of this.#topicOf.values()) this.haveLook(topic);
    return right;
  }

  takeNews(): BusNews {
    const news = this.#news;
    this.#news = { queues: new Set(), entries: [], topics: new Set() };
    this.#isTold = false;
    return news;
  }

  /** Who reads what is kept under a pattern. */
  replaysOf(pattern: string): readonly Replay[] {
    const topic = this.#topicOf.get(pattern);
    return topic === undefined ? [] : [...this.readersOf(topic)];
  }

  /** Others are given something before it. */
  toEnd(replay: Replay): void {
    const readers = this.#readers.get(replay.topic);
    if (readers?.delete(replay) === true) readers.add(replay);
  }

  isKept(topic: KeptTopic): boolean {
    return this.#topicOf.get(topic.pattern) === topic;
  }

  readersOf(topic: KeptTopic): ReadonlySet<Replay> {
    return this.#readers.get(topic) ?? noReaders;
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
    this.#send(member.holder, member.subscription, message, seq, [queue.number, number, entry.attempts], false);
  }

  /** A reader gets what is next for it. */
  giveReader({ holder, subscription, isAfterGap }: Replay, { message, seq }: LogEntry): void {
    this.#send(holder, subscription, message, seq, undefined, isAfterGap);
  }

  #send(
    holder: Ref,
    subscription: number,
    { topic, bytes, id, from, extras, atMs }: KeptMessage,
    seq: number | undefined,
    delivery: DeliveryNumber | undefined,
    isAfterGap: boolean,
  ): void {
    const { guest, peers, thread, topics } = this.#kernel;
    const payload: GivenPayload = [topic, bytes, id, from, extras, atMs, seq, delivery, isAfterGap];
    if (holder.thread === thread) topics.consumers.givenReceived(holder, subscription, payload);
    else peers.push(holder.thread, FrameKind.given, holder, guest, subscription, payload);
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
    this.serve(queue);
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
    this.serve(entry.queue);
  }

  /** By a bound, or for its deadline. */
  dropEntry(entry: QueueEntry): void {
    this.#drop(entry.queue);
    this.#end(entry);
  }

  /** It is given up, and may be sent again from there. */
  deadLetter(entry: QueueEntry, why: "attempts" | "queue_ended" | "discarded"): void {
    const kernel = this.#kernel;
    const { queue } = entry;
    queue.deadLettered++;
    kernel.counters.add(Counter.busDeadLettered, 1);
    this.#end(entry);
    const again = () => this.#again(queue, entry);
    kernel.deadLetters.add(entry.holder ?? kernel.refOf(kernel.guest), this.#letterOf(entry), why, again);
  }

  /** As a dead letter shows it: what was thrown out may be past reading. */
  #letterOf({ message: kept }: QueueEntry): { readonly meta: undefined; readonly payload: Envelope } | string {
    try {
      const { bytes, topic, id, from, extras } = kept;
      const message = this.#values.decode(bytes);
      return { meta: undefined, payload: { type: "published", topic, message, id, from, ...extras } };
    } catch (error) {
      return `(not decoded: ${errorData(error).message})`;
    }
  }

  /** Back into its queue, with all its attempts. */
  #again(queue: AckQueue, { message, seq }: QueueEntry): boolean {
    if (this.#queueByNumber.get(queue.number) !== queue) return false;
    queue.add(message, seq);
    this.serve(queue);
    return true;
  }

  #end(entry: QueueEntry): void {
    const { queue } = entry;
    queue.end(entry);
    this.#changed(entry);
    if (queue.pausedThreads.size > 0 && queue.entries.size <= queue.settings.capacity >> 1) this.#resume(queue);
  }

  // The actor --------------------------------------------------------------------------------------------------------

  /** Somebody of it may get something. */
  serve(queue: AckQueue): void {
    if (queue.backlog.size === 0 || queue.members.length === 0) return;
    this.#news.queues.add(queue);
    this.#ring();
  }

  /** Its readers may get something. */
  haveLook(topic: KeptTopic): void {
    this.#news.topics.add(topic);
    this.#ring();
  }

  #changed(entry: QueueEntry): void {
    this.#news.entries.push(entry);
    this.#ring();
  }

  /** One that is not there looks when it begins. */
  #ring(): void {
    const kernel = this.#kernel;
    const actor = this.#actor;
    this.#start();
    if (this.#isTold || actor === undefined || kernel.cellOf(actor) === undefined) return;
    this.#isTold = true;
    void kernel.send(kernel.guest, actor, lookMessage, undefined);
  }

  #start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    const behaviour = busBehaviour(this.#kernel, this);
    this.#kernel.host.startService?.({ name: busName, behaviour, ended: () => (this.#actor = undefined) });
  }

  get stats(): { readonly kept: readonly KeptTopicStats[]; readonly queues: readonly QueueStats[] } {
    const kept = [...this.#topicOf.values()].map((topic) => {
      const { pattern, messages, bytes, firstSeq, lastSeq, removed, refused } = topic;
      return { pattern, messages, bytes, firstSeq, lastSeq, removed, refused, readers: this.readersOf(topic).size };
    });
    return { kept, queues: [...this.#queueOf.values()].map((queue) => queue.stats()) };
  }
}

/** Who published, and how it is to be answered. */
export interface PublishSource {
  readonly from: Ref;
  readonly thread: number;
  /** The publisher does not wait any more. */
  readonly isExcess: boolean;
  readonly question: number | undefined;
}

const noReaders: ReadonlySet<Replay> = new Set();
const keyOf = (thread: number, subscription: number): string => `${thread}.${subscription}`;
