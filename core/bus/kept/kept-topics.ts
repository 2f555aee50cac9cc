/** The kept topics of a system and who reads them, on main. */
import type { Ref } from "../../actor/ref.ts";
import { RuntimeError } from "../../errors.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { wordsOfPattern } from "../topic.ts";
import { covers, overlap } from "../topic-patterns.ts";
import { TopicTree } from "../topic-tree.ts";
import type { BusNews } from "./bus-news.ts";
import type { PatternInterest } from "./bus-table.ts";
import { giveTo, tellEnded } from "./consumers.ts";
import type { KeepLimits } from "./keep-options.ts";
import { KeptTopic, type KeptTopicStats, type LogEntry } from "./kept-topic.ts";
import { type Replay, type ReplayFrom, seqOf } from "./replay.ts";

/** What a reader says when it begins. */
export interface ReaderTerms {
  readonly from: ReplayFrom;
  /** Messages that it is given ahead. */
  readonly window: number;
}

export class KeptTopics {
  readonly #kernel: Kernel;
  readonly #interest: PatternInterest;
  readonly #news: BusNews;
  readonly #tree = new TopicTree<KeptTopic>();
  readonly #byPattern = new Map<string, KeptTopic>();
  readonly #readers = new Map<KeptTopic, Set<Replay>>();
  /** By thread and subscription. */
  readonly #replays = new Map<string, Replay>();

  constructor(kernel: Kernel, interest: PatternInterest, news: BusNews) {
    this.#kernel = kernel;
    this.#interest = interest;
    this.#news = news;
  }

  /** @throws RuntimeError `already_kept`. */
  keep(pattern: string, limits: KeepLimits, done: () => void): void {
    const words = wordsOfPattern(pattern, "keepTopic");
    const known = this.#byPattern.get(pattern);
    if (known !== undefined) {
      known.limit(limits, this.#kernel.readClock());
      this.#news.read(known);
    } else {
      for (const other of this.#byPattern.values())
        if (overlap(words, other.words))
          throw new RuntimeError(
            "already_kept",
            `keepTopic: "${pattern}" overlaps "${other.pattern}", which is kept: a topic has one number line`,
          );
      const topic = new KeptTopic(pattern, words, limits);
      this.#byPattern.set(pattern, topic);
      this.#tree.add(words, topic);
      this.#readers.set(topic, new Set());
    }
    this.#interest.known(pattern, done);
  }

  /** What it kept is gone, and who read it gets nothing more. False: there was none. */
  drop(pattern: string): boolean {
    const words = wordsOfPattern(pattern, "dropTopic");
    const topic = this.#byPattern.get(pattern);
    if (topic === undefined) return false;
    const readers = this.readersOf(topic);
    this.#readers.delete(topic);
    this.#byPattern.delete(pattern);
    this.#tree.delete(words, topic);
    for (const { holder, subscription } of readers) {
      this.#replays.delete(keyOf(holder.thread, subscription));
      tellEnded(this.#kernel, holder, subscription, "topic_dropped");
    }
    this.#news.read(topic);
    this.#interest.over(words, pattern);
    return true;
  }

  has(words: readonly string[]): boolean {
    return (this.#tree.itemsOf(words)?.size ?? 0) > 0;
  }

  /** So many for it did not come. */
  skipped(words: readonly string[], count: number): void {
    for (const topic of this.#tree.itemsOf(words) ?? []) topic.refused += count;
  }

  /** What keeps a topic: there is one at most. */
  of(words: readonly string[]): KeptTopic | undefined {
    let found: KeptTopic | undefined;
    this.#tree.match(words, (topic) => (found = topic));
    return found;
  }

  isKept(topic: KeptTopic): boolean {
    return this.#byPattern.get(topic.pattern) === topic;
  }

  /** Somebody begins to read; returns the oldest number that there is. @throws RuntimeError `not_kept`. */
  read(subscription: number, pattern: string, holder: Ref, { from, window }: ReaderTerms): number {
    const words = wordsOfPattern(pattern, "subscribe");
    const topic = [...this.#byPattern.values()].find((one) => covers(one.words, words));
    if (topic === undefined)
      throw new RuntimeError("not_kept", `subscribe: no kept topic has all that "${pattern}" matches`);
    topic.trim(this.#kernel.readClock());
    const nextSeq = seqOf(from, topic, words, this.#kernel.nowMs);
    const replay: Replay = { holder, subscription, words, topic, nextSeq, credit: window, isAfterGap: false };
    this.#readers.get(topic)?.add(replay);
    this.#replays.set(keyOf(holder.thread, subscription), replay);
    this.#news.read(topic);
    return topic.firstSeq;
  }

  leave(thread: number, subscription: number): void {
    const key = keyOf(thread, subscription);
    const replay = this.#replays.get(key);
    if (replay === undefined) return;
    this.#replays.delete(key);
    this.#readers.get(replay.topic)?.delete(replay);
  }

  /** A reader has handled so many more. */
  handled(thread: number, subscription: number, count: number): void {
    const replay = this.#replays.get(keyOf(thread, subscription));
    if (replay === undefined) return;
    replay.credit += count;
    this.#news.read(replay.topic);
  }

  threadLost(thread: number): void {
    for (const { holder, subscription } of [...this.#replays.values()])
      if (holder.thread === thread) this.leave(thread, subscription);
  }

  // What system.bus does ---------------------------------------------------------------------------------------------

  /** Throws out what is wrong, and looks at everything anew. */
  adopt(report: (what: string, fault: string) => void): void {
    for (const topic of this.#byPattern.values()) {
      for (const seq of topic.repair()) report(`message ${seq} of "${topic.pattern}"`, "it is no message in its order");
      this.#news.read(topic);
    }
  }

  readersOf(topic: KeptTopic): ReadonlySet<Replay> {
    return this.#readers.get(topic) ?? noReaders;
  }

  /** Who reads what is kept under a pattern. */
  replaysOf(pattern: string): readonly Replay[] {
    const topic = this.#byPattern.get(pattern);
    return topic === undefined ? [] : [...this.readersOf(topic)];
  }

  /** Others are given something before it. */
  toEnd(replay: Replay): void {
    const readers = this.#readers.get(replay.topic);
    if (readers?.delete(replay) === true) readers.add(replay);
  }

  /** A reader gets what is next for it. */
  give({ holder, subscription, isAfterGap }: Replay, { message, seq }: LogEntry): void {
    giveTo(this.#kernel, holder, subscription, message, seq, undefined, isAfterGap);
  }

  get stats(): readonly KeptTopicStats[] {
    return [...this.#byPattern.values()].map((topic) => {
      const { pattern, messages, bytes, firstSeq, lastSeq, removed, refused } = topic;
      return { pattern, messages, bytes, firstSeq, lastSeq, removed, refused, readers: this.readersOf(topic).size };
    });
  }
}

const noReaders: ReadonlySet<Replay> = new Set();
const keyOf = (thread: number, subscription: number): string => `${thread}.${subscription}`;
