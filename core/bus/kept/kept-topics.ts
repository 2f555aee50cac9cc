/** The kept topics of a system and who reads them, on main. */
import type { Ref } from "../../actor/ref.ts";
import type { StoreLink } from "../../durable/store-link.ts";
import { type ErrorData, errorData, RuntimeError } from "../../errors.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { wordsOfPattern } from "../topic.ts";
import { covers, overlap } from "../topic-patterns.ts";
import { TopicTree } from "../topic-tree.ts";
import type { BusNews } from "./bus-news.ts";
import type { PatternInterest } from "./bus-table.ts";
import { giveTo, tellEnded } from "./consumers.ts";
import { DurableTopic, type RecoveredTopic } from "./durable-topic.ts";
import type { KeepLimits } from "./keep-options.ts";
import { KeptTopic, type KeptTopicStats, type LogEntry } from "./kept-topic.ts";
import { type Replay, type ReplayFrom, seqOf } from "./replay.ts";

/** Who waits for a topic to be kept. */
export interface Opened {
  kept(): void;
  failed(error: ErrorData): void;
}

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
  /** Durable ones that are read from their stores: by their patterns. */
  readonly #opening = new Map<string, { readonly topic: KeptTopic; readonly waiting: Opened[] }>();
  /** Threads whose publishers wait for a store. */
  readonly #pauses = new Map<KeptTopic, { readonly number: number; readonly threads: Set<number> }>();
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
    const known = this.#known(pattern, undefined);
    if (known === undefined) this.#add(new KeptTopic(pattern, wordsOfPattern(pattern, "keepTopic"), limits));
    else this.#limit(known, limits);
    this.#interest.known(pattern, done);
  }

  /** One that is to be opened; undefined: it is kept there already, or about to be. @throws RuntimeError `already_kept`. */
  keepDurable(pattern: string, limits: KeepLimits, store: string, done: Opened): KeptTopic | undefined {
    const known = this.#known(pattern, store);
    if (known !== undefined) {
      this.#limit(known, limits);
      this.#interest.known(pattern, done.kept);
      return undefined;
    }
    const opening = this.#opening.get(pattern);
    if (opening !== undefined) {
      opening.topic.limit(limits, this.#kernel.readClock());
      opening.waiting.push(done);
      return undefined;
    }
    const link = this.#kernel.stores?.of(store) as StoreLink; // this is main
    const durable = new DurableTopic(this.#kernel, link, pattern);
    const topic = new KeptTopic(pattern, wordsOfPattern(pattern, "keepTopic"), limits, durable);
    this.#opening.set(pattern, { topic, waiting: [done] });
    return topic;
  }

  /**
   * What an earlier run has left of it is there when it is kept.
   * @param found told of that: throws RuntimeError where it cannot be kept after all; what it returns is called when it is
   */
  open(topic: KeptTopic, found: (found: RecoveredTopic) => () => void): void {
    const { durable, pattern } = topic;
    const take = (): readonly Opened[] => {
      const waiting = this.#opening.get(pattern)?.waiting ?? [];
      this.#opening.delete(pattern);
      return waiting;
    };
    durable?.recover(
      (recovered) => {
        const waiting = take();
        let kept: () => void;
        try {
          kept = found(recovered);
        } catch (error) {
          if (!(error instanceof RuntimeError)) throw error;
          for (const { failed } of waiting) failed(errorData(error));
          return;
        }
        topic.recover(recovered);
        topic.trim(this.#kernel.readClock());
        this.#add(topic);
        kept();
        this.#news.read(topic);
        for (const one of waiting) this.#interest.known(pattern, one.kept);
      },
      (error) => {
        for (const { failed } of take()) failed(error);
      },
    );
  }

  #add(topic: KeptTopic): void {
    this.#byPattern.set(topic.pattern, topic);
    this.#tree.add(topic.words, topic);
    this.#readers.set(topic, new Set());
  }

  #limit(topic: KeptTopic, limits: KeepLimits): void {
    topic.limit(limits, this.#kernel.readClock());
    this.#news.read(topic);
  }

  /** The topic of that very pattern. @throws RuntimeError `already_kept`: in another place, or one that overlaps it. */
  #known(pattern: string, store: string | undefined): KeptTopic | undefined {
    const words = wordsOfPattern(pattern, "keepTopic");
    const opening = [...this.#opening.values()].map(({ topic }) => topic);
    for (const other of [...this.#byPattern.values(), ...opening]) {
      if (!overlap(words, other.words)) continue;
      const place = other.durable?.link.name;
      if (other.pattern !== pattern)
        throw new RuntimeError(
          "already_kept",
          `keepTopic: "${pattern}" overlaps "${other.pattern}", which is kept: a topic has one number line`,
        );
      if (place !== store)
        throw new RuntimeError(
          "already_kept",
          `keepTopic: "${pattern}" is kept already ${placeText(place)}, and not ${placeText(store)}: drop it before`,
        );
    }
    return this.#byPattern.get(pattern);
  }

  byPattern(pattern: string): KeptTopic | undefined {
    return this.#byPattern.get(pattern);
  }

  /** The durable topic that has all that a pattern matches. */
  durableOf(words: readonly string[]): DurableTopic | undefined {
    return [...this.#byPattern.values()].find((one) => one.durable !== undefined && covers(one.words, words))?.durable;
  }

  // Where a store is slower than publishers --------------------------------------------------------------------------

  /** Publishers of that thread wait from now on, if too much waits for the store. */
  mayPause(topic: KeptTopic, thread: number): void {
    if (topic.durable?.link.isCrowded !== true) return;
    let pause = this.#pauses.get(topic);
    if (pause === undefined) {
      pause = { number: this.#kernel.topics.nextFullNumber(), threads: new Set() };
      this.#pauses.set(topic, pause);
    }
    if (pause.threads.has(thread)) return;
    pause.threads.add(thread);
    this.#kernel.topics.tellFull(thread, pause.number, topic.pattern);
  }

  mayResume(topic: KeptTopic): void {
    const pause = this.#pauses.get(topic);
    if (pause === undefined || topic.durable?.link.hasRoom !== true) return;
    this.#pauses.delete(topic);
    for (const thread of pause.threads) this.#kernel.topics.tellRoom(thread, pause.number);
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
    for (const { threads } of this.#pauses.values()) threads.delete(thread);
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
      const { pattern, messages, bytes, firstSeq, lastSeq, removed, refused, discarded } = topic;
      const readers = this.readersOf(topic).size;
      return { pattern, messages, bytes, firstSeq, lastSeq, removed, refused, discarded, readers };
    });
  }
}

const noReaders: ReadonlySet<Replay> = new Set();
const placeText = (store: string | undefined): string => (store === undefined ? "in memory" : `in store "${store}"`);
const keyOf = (thread: number, subscription: number): string => `${thread}.${subscription}`;
