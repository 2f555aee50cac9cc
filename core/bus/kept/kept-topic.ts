/**
 * A kept topic: what was published under its pattern, in order, each with a number, as far back as its bounds say.
 *
 * Bounds remove from the front; the bound of one topic also from the middle. Those places stay empty until half of all are.
 */
import type { ErrorCode } from "../../errors.ts";
import { Fifo } from "../fifo.ts";
import type { DurableTopic, RecoveredTopic } from "./durable-topic.ts";
import type { KeepLimits } from "./keep-options.ts";
import type { KeptMessage } from "./kept-message.ts";

export interface LogEntry {
  readonly seq: number;
  readonly message: KeptMessage;
  isGone: boolean;
}

/** Empty places before the others move together. */
const goneMax = 1_024;

/** What a system tells of a kept topic. */
export interface KeptTopicStats {
  readonly pattern: string;
  readonly messages: number;
  readonly bytes: number;
  /** The number of the oldest message that is kept; of the next one where none is. */
  readonly firstSeq: number;
  /** The number of the last one; 0: there was none. */
  readonly lastSeq: number;
  /** Messages that its bounds have removed, or refused. */
  readonly removed: number;
  readonly refused: number;
  /** Messages that `system.bus` found to be wrong, and threw out. */
  readonly discarded: number;
  /** Subscriptions that read it. */
  readonly readers: number;
}

export class KeptTopic {
  readonly pattern: string;
  readonly words: readonly string[];
  #limits: KeepLimits;
  /** Ordered by seq. */
  #entries: LogEntry[] = [];
  /** Where the oldest that is not gone stands. */
  #head = 0;
  #byTopic: Map<string, Fifo<LogEntry>> | undefined;
  #bytes = 0;
  #messages = 0;
  #lastSeq = 0;
  /** Of those that were given out: what is on its way to a store has one already. */
  #lastGiven = 0;
  /** Such messages, which take room as well. */
  #coming = 0;
  #comingBytes = 0;
  /** Undefined: it is kept in memory alone. */
  readonly durable: DurableTopic | undefined;
  /** The highest number that a bound of the whole has removed: who has not read as far has a gap. */
  #removedTo = 0;
  removed = 0;
  refused = 0;
  discarded = 0;

  constructor(pattern: string, words: readonly string[], limits: KeepLimits, durable?: DurableTopic) {
    this.pattern = pattern;
    this.words = words;
    this.#limits = limits;
    this.durable = durable;
    this.limit(limits, 0);
  }

  /** What an earlier run has left in the store, before anything else. */
  recover({ lastSeq, messages }: RecoveredTopic): void {
    this.#lastGiven = lastSeq;
    if (this.#byTopic === undefined) this.#removedTo = (messages[0]?.[0] ?? lastSeq + 1) - 1;
    for (const [seq, message] of messages) this.#append(message, seq);
    this.#lastSeq = lastSeq;
  }

  get messages(): number {
    return this.#messages;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get firstSeq(): number {
    return this.#entries[this.#head]?.seq ?? this.#lastSeq + 1;
  }

  get removedTo(): number {
    return this.#removedTo;
  }

  /** Other bounds, from now on. */
  limit(limits: KeepLimits, nowMs: number): void {
    this.#limits = limits;
    this.#byTopic = undefined;
    if (limits.messagesPerTopic !== Number.POSITIVE_INFINITY) {
      this.#byTopic = new Map();
      for (const entry of this.#entries) if (!entry.isGone) this.#note(entry);
    }
    this.trim(nowMs);
  }

  /** Why it does not take a message; undefined: it does. */
  refusal({ bytes, topic }: KeptMessage): ErrorCode | undefined {
    const limits = this.#limits;
    if (bytes.length > limits.bytes) return "message_too_large";
    if (limits.policy === "dropOldest") return undefined;
    const superseded = this.#isTopicFull(topic) ? this.#byTopic?.get(topic)?.first : undefined;
    const messages = this.#messages + this.#coming - (superseded === undefined ? 0 : 1);
    const held = this.#bytes + this.#comingBytes - (superseded?.message.bytes.length ?? 0);
    return messages >= limits.messages || held + bytes.length > limits.bytes ? "queue_full" : undefined;
  }

  /** Its number. Only what `refusal` lets through. */
  append(message: KeptMessage): number {
    return this.#append(message, ++this.#lastGiven);
  }

  /** The number of a message that is on its way to the store. Only what `refusal` lets through. */
  expect({ bytes }: KeptMessage): number {
    this.#coming++;
    this.#comingBytes += bytes.length;
    return ++this.#lastGiven;
  }

  /** The store has it, or has refused it: then its number is left out. In the order of their numbers. */
  arrived(message: KeptMessage, seq: number, isKept: boolean): void {
    this.#coming--;
    this.#comingBytes -= message.bytes.length;
    if (isKept) this.#append(message, seq);
  }

  #append(message: KeptMessage, seq: number): number {
    this.#lastSeq = seq;
    const entry: LogEntry = { seq, message, isGone: false };
    this.#entries.push(entry);
    this.#messages++;
    this.#bytes += message.bytes.length;
    if (this.#byTopic !== undefined) this.#note(entry);
    this.trim(message.atMs);
    return entry.seq;
  }

  #isTopicFull(topic: string): boolean {
    return (this.#byTopic?.get(topic)?.size ?? 0) >= this.#limits.messagesPerTopic;
  }

  /** Among those of its topic, of which only so many stay. */
  #note(entry: LogEntry): void {
    const { topic } = entry.message;
    const ofTopic = this.#byTopic?.get(topic) ?? new Fifo<LogEntry>();
    this.#byTopic?.set(topic, ofTopic);
    ofTopic.push(entry);
    while (ofTopic.size > this.#limits.messagesPerTopic) {
      const oldest = ofTopic.shift();
      if (oldest !== undefined && !oldest.isGone) this.#remove(oldest);
    }
  }

  /** Removes what is beyond the bounds. */
  trim(nowMs: number): void {
    const { messages, bytes, ms } = this.#limits;
    for (let oldest = this.#oldest(); oldest !== undefined; oldest = this.#oldest()) {
      if (this.#messages <= messages && this.#bytes <= bytes && oldest.message.atMs + ms > nowMs) break;
      this.#removedTo = oldest.seq;
      this.#remove(oldest);
      this.#forget(oldest);
    }
    if (this.#head > goneMax && this.#head * 2 > this.#entries.length) this.#close();
    else if (this.#entries.length - this.#head > 2 * this.#messages + goneMax) this.#close();
  }

  #oldest(): LogEntry | undefined {
    while (this.#entries[this.#head]?.isGone === true) this.#head++;
    return this.#entries[this.#head];
  }

  #remove(entry: LogEntry): void {
    entry.isGone = true;
    this.durable?.removed(entry.seq, this.#lastGiven);
    this.#messages--;
    this.#bytes -= entry.message.bytes.length;
    this.removed++;
  }

  /** The oldest of all is the oldest of its topic. */
  #forget({ message: { topic } }: LogEntry): void {
    const ofTopic = this.#byTopic?.get(topic);
    while (ofTopic?.first?.isGone === true) ofTopic.shift();
    if (ofTopic?.size === 0) this.#byTopic?.delete(topic);
  }

  #close(): void {
    this.#entries = this.#entries.filter(({ isGone }) => !isGone);
    this.#head = 0;
  }

  /** When the oldest is too old; Infinity: never. */
  get nextDueMs(): number {
    const oldest = this.#oldest();
    return oldest === undefined ? Number.POSITIVE_INFINITY : oldest.message.atMs + this.#limits.ms;
  }

  /** What is kept from a number on, oldest first. */
  *from(seq: number): Generator<LogEntry, void> {
    for (let at = this.#placeOf(seq); at < this.#entries.length; at++) {
      const entry = this.#entries[at] as LogEntry;
      if (!entry.isGone) yield entry;
    }
  }

  /** What is kept, newest first. */
  *backwards(): Generator<LogEntry, void> {
    for (let at = this.#entries.length - 1; at >= this.#head; at--) {
      const entry = this.#entries[at] as LogEntry;
      if (!entry.isGone) yield entry;
    }
  }

  /** Where the first of at least that number stands. */
  #placeOf(seq: number): number {
    let low = this.#head;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#entries[middle] as LogEntry).seq < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** It ends for good: also once more, for what had been on its way to the store. */
  drop(): void {
    for (const { seq } of this.from(0)) this.durable?.removed(seq, this.#lastGiven);
    this.#entries = [];
    this.#head = 0;
    this.durable?.dropped();
  }

  /** Throws out what is wrong, and counts it, for a new owner. Returns the numbers. */
  repair(): number[] {
    let former = 0;
    const wrong: LogEntry[] = [];
    for (const entry of this.#entries) {
      const isRight =
        Number.isSafeInteger(entry.seq) &&
        entry.seq > former &&
        entry.seq <= this.#lastSeq &&
        ArrayBuffer.isView(entry.message?.bytes);
      if (isRight) former = entry.seq;
      else wrong.push(entry);
    }
    this.discarded += wrong.length;
    if (wrong.length > 0) {
      this.#entries = this.#entries.filter((entry) => !wrong.includes(entry) && !entry.isGone);
      this.#head = 0;
      this.#messages = this.#entries.length;
      this.#bytes = this.#entries.reduce((bytes, { message }) => bytes + message.bytes.length, 0);
      this.limit(this.#limits, 0);
    }
    return wrong.map(({ seq }) => seq);
  }
}
