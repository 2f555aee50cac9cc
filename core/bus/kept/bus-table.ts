/**
 * What a system's bus keeps, on main: kept topics with their readers, acknowledged queues with their members.
 *
 * The table is no actor's: it is there before `system.bus` and after it, like an ETS table with an heir. Publishes, joins and
 * acknowledgements are recorded by main's kernel; who gets what when is decided by the actor, and what that decides stands
 * here, and is on its way, in one step. So nothing is lost or given twice when it is killed, at whatever moment.
 */
import type { Envelope } from "../../actor/context.ts";
import type { Ref } from "../../actor/ref.ts";
import { type ErrorCode, type ErrorData, errorData } from "../../errors.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { ValueBytes } from "../../thread/value-bytes.ts";
import type { EnvelopeExtras } from "../publish-options.ts";
import type { AckQueue, QueueEntry, QueueStats } from "./ack-queue.ts";
import { AckQueues, type MemberTerms } from "./ack-queues.ts";
import { busBehaviour, busName } from "./bus-actor.ts";
import { BusNews } from "./bus-news.ts";
import type { DurableTopic } from "./durable-topic.ts";
import type { KeepLimits } from "./keep-options.ts";
import type { KeptMessage } from "./kept-message.ts";
import type { KeptTopic, KeptTopicStats } from "./kept-topic.ts";
import { KeptTopics, type ReaderTerms } from "./kept-topics.ts";

/** What a subscription that main serves tells when it begins. */
export type ConsumeJoin = readonly [
  subscription: number,
  pattern: string,
  holder: Ref,
  terms: MemberTerms | ReaderTerms,
];

/** The interest of main's thread in patterns. */
export interface PatternInterest {
  /** Calls back when every thread knows of it. */
  known(pattern: string, done: () => void): void;
  /** It is over, unless somebody else has it. */
  over(words: readonly string[], pattern: string): void;
}

/** Who published, and how it is to be answered. */
export interface PublishSource {
  readonly from: Ref;
  readonly thread: number;
  /** The publisher does not wait any more. */
  readonly isExcess: boolean;
  /** Undefined: nobody waits for an answer. */
  readonly question: number | undefined;
}

export class BusTable {
  readonly #kernel: Kernel;
  readonly #values: ValueBytes;
  readonly news: BusNews;
  readonly topics: KeptTopics;
  readonly queues: AckQueues;

  constructor(kernel: Kernel, interest: PatternInterest) {
    this.#kernel = kernel;
    this.#values = new ValueBytes(kernel.refWire);
    this.news = new BusNews(kernel, () => {
      const behaviour = busBehaviour(kernel, this);
      kernel.host.startService?.({ name: busName, behaviour, ended: () => this.news.tell(undefined) });
    });
    this.topics = new KeptTopics(kernel, interest, this.news);
    this.queues = new AckQueues(kernel, interest, this.news, (words) => this.topics.durableOf(words));
  }

  /**
   * Keeps a pattern from when it calls back on; of a durable topic what an earlier run has left is there then.
   * @throws RuntimeError `already_kept`.
   */
  keep(
    pattern: string,
    limits: KeepLimits,
    store: string | undefined,
    done: () => void,
    failed: (error: ErrorData) => void,
  ): void {
    if (store === undefined) {
      this.topics.keep(pattern, limits, done);
      return;
    }
    this.queues.assertNone(pattern);
    const topic = this.topics.keepDurable(pattern, limits, store, { kept: done, failed });
    if (topic === undefined) return;
    this.topics.open(topic, (found) => {
      // Somebody may have joined one meanwhile.
      this.queues.assertNone(pattern);
      return () => this.queues.recover(topic, found);
    });
  }

  /** Drops a topic, and if it is durable its queues; calls back when the store has heard of it. */
  drop(pattern: string, done: (was: boolean) => void): void {
    const topic = this.topics.byPattern(pattern);
    const was = this.topics.drop(pattern);
    if (topic?.durable === undefined) done(was);
    else {
      this.queues.endAllOf(topic.durable);
      topic.drop();
      topic.durable.link.note([], () => done(was));
    }
  }

  endQueue(pattern: string, name: string, done: (left: number | undefined) => void): void {
    const durable = this.queues.durableOf(pattern, name);
    const left = this.queues.end(pattern, name);
    if (durable === undefined) done(left);
    else durable.link.note([], () => done(left));
  }

  /** Whether main is interested in a pattern for the table's sake. */
  has(words: readonly string[]): boolean {
    return this.topics.has(words) || this.queues.has(words);
  }

  /** Whether a topic is kept, or for a queue. */
  takes(words: readonly string[]): boolean {
    return this.topics.of(words) !== undefined || this.queues.of(words).length > 0;
  }

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
    const topic = this.topics.of(words);
    const queues = this.queues.of(words);
    if (topic === undefined && queues.length === 0) {
      this.#refuse(source, "not_kept", `no kept topic and no acknowledged queue takes "${envelope.topic}"`);
      return;
    }
    const message = this.#kept(words, envelope, extras, source.from);
    const unable = queues.filter((queue) => !takes(queue, source.isExcess));
    const refusal = topic?.refusal(message);
    if (topic !== undefined && refusal !== undefined) topic.refused++;
    // One that drops the newest has not refused it, unless nobody has it then.
    const isKept = topic !== undefined || unable.length < queues.length;
    const code = refusal ?? (unable.some(isRefusing) || !isKept ? "queue_full" : undefined);
    if (source.question !== undefined && code !== undefined) {
      for (const queue of queues) this.queues.drop(queue);
      const which = refusal === undefined ? "an acknowledged queue" : "the kept topic";
      this.#refuse(source, code, `${which} of "${envelope.topic}" has no room`);
      return;
    }
    if (topic?.durable !== undefined && refusal === undefined) {
      this.#keepDurable(topic, topic.durable, message, envelope.message, queues, unable, source);
      return;
    }
    const seq = refusal === undefined ? topic?.append(message) : undefined;
    for (const queue of queues) {
      if (unable.includes(queue)) this.queues.drop(queue);
      else this.queues.put(queue, message, seq, source.thread);
    }
    if (topic !== undefined) this.news.read(topic);
    if (source.question !== undefined) this.#kernel.calls.answer(source.from, source.question, { seq }, undefined);
  }

  /** In the store first: who publishes is answered, and who is to get it does, when that has it. */
  #keepDurable(
    topic: KeptTopic,
    durable: DurableTopic,
    message: KeptMessage,
    content: unknown,
    queues: readonly AckQueue[],
    unable: readonly AckQueue[],
    source: PublishSource,
  ): void {
    const refuse = (code: ErrorCode, why: string): void => {
      topic.refused++;
      for (const queue of queues) this.queues.drop(queue);
      this.#refuse(source, code, why);
    };
    let bytes: Uint8Array;
    try {
      bytes = durable.bytesOf(message, content);
    } catch (error) {
      refuse("not_cloneable", `"${message.topic}" is durable: ${errorData(error).message}`);
      return;
    }
    if (source.isExcess && durable.link.isCrowded) {
      refuse("queue_full", `too much waits for store "${durable.link.name}" already`);
      return;
    }
    const able = queues.filter((queue) => !unable.includes(queue));
    const stored = able.filter((queue) => queue.durable === durable);
    for (const queue of unable) this.queues.drop(queue);
    for (const queue of able) queue.coming++;
    const seq = topic.expect(message);
    const numbers = stored.map(({ storedNumber }) => storedNumber);
    durable.keep(bytes, seq, numbers, (error) => {
      topic.arrived(message, seq, error === undefined);
      for (const queue of able) queue.coming--;
      this.topics.mayResume(topic);
      if (error !== undefined) {
        topic.refused++;
        for (const queue of able) this.queues.drop(queue);
        this.#refuse(source, error.code as ErrorCode, error.message);
        return;
      }
      for (const queue of able) {
        if (this.queues.isThere(queue)) this.queues.put(queue, message, seq, source.thread);
        else if (queue.durable === durable) durable.entryEnded(queue.storedNumber, seq, false);
      }
      if (this.topics.isKept(topic)) this.news.read(topic);
      else topic.drop();
      if (source.question !== undefined) this.#kernel.calls.answer(source.from, source.question, { seq }, undefined);
    });
    if (!source.isExcess) this.topics.mayPause(topic, source.thread);
  }

  /** So many were dropped on their way to main, for whatever has exactly that pattern here. */
  skipped(words: readonly string[], count: number): void {
    this.topics.skipped(words, count);
    this.queues.skipped(words, count);
  }

  #kept(
    words: readonly string[],
    { id, message, topic }: Envelope,
    extras: EnvelopeExtras | undefined,
    from: Ref,
  ): KeptMessage {
    const bytes = this.#values.encode(message, "publish");
    return { topic, words, bytes, id, from, extras, atMs: this.#kernel.readClock() };
  }

  #refuse({ question, from }: PublishSource, code: ErrorCode, why: string): void {
    const { calls, guest } = this.#kernel;
    if (question === undefined) return;
    const error = { name: "RuntimeError", code, message: `publish: ${why}` };
    calls.answerError(from, question, error, this.#kernel.refOf(guest));
  }

  /** Calls back when what is published anywhere from then on reaches it. @throws RuntimeError `not_kept`. */
  join(
    [subscription, pattern, holder, terms]: ConsumeJoin,
    done: (firstSeq: number | undefined) => void,
    failed: (error: ErrorData) => void,
  ): void {
    if ("queue" in terms) this.queues.join(subscription, pattern, holder, terms, () => done(undefined), failed);
    else done(this.topics.read(subscription, pattern, holder, terms));
  }

  /** A subscription has ended; @param begun numbers of those that came into its hands and are not answered for. */
  leave(thread: number, subscription: number, begun: readonly number[]): void {
    this.topics.leave(thread, subscription);
    this.queues.leave(thread, subscription, begun);
  }

  threadLost(thread: number): void {
    this.topics.threadLost(thread);
    this.queues.threadLost(thread);
  }

  /** `system.bus` begins, and looks at everything anew. What is wrong is thrown out; what of queues is right is returned. */
  adopt(actor: Ref, report: (what: string, fault: string) => void): QueueEntry[] {
    this.news.tell(actor);
    this.news.take();
    this.topics.adopt(report);
    return this.queues.adopt(report);
  }

  get stats(): { readonly kept: readonly KeptTopicStats[]; readonly queues: readonly QueueStats[] } {
    return { kept: this.topics.stats, queues: this.queues.stats };
  }
}

/** Whether a queue takes a message more: it has room, or makes some, or lets its publisher wait. */
function takes({ backlog, isFull, settings: { policy } }: AckQueue, isExcess: boolean): boolean {
  if (!isFull) return true;
  return policy === "dropOldest" ? backlog.size > 0 : policy === "wait" && !isExcess;
}

/** Whether a queue without room refuses what comes, so that its publisher is told. */
function isRefusing({ settings: { policy } }: AckQueue): boolean {
  return policy === "reject" || policy === "wait";
}
