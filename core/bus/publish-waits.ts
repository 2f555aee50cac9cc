/**
 * Publishes that wait: a subscription with policy `wait` is full, or a thread has too much to read.
 *
 * In the subscriber's own thread the message itself waits, before the mailbox. On another thread it is taken beyond the
 * bound, and that thread asks the publisher's to wait: what is published there under the pattern from then on goes its way
 * as ever, but its promise is settled only when there is room again. So the bound is soft by what is published before the
 * question comes (SEMANTICS S7.4), and no other subscriber waits for a slow one. And what is published to a thread waits while
 * that has too much to read, so that no publisher fills memory before it can be asked.
 */
import { type Cell, extraOf } from "../actor/cell.ts";
import { waitingSendsMax } from "../kernel/delivery.ts";
import { FrameKind } from "../kernel/frame-kind.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { wordsOfPattern } from "./topic.ts";
import { TopicTree } from "./topic-tree.ts";

/** Frames that may wait for a thread before what is published to it waits. */
export const backlogMax = 8_192;
/** Frames that may wait for it before what is published by somebody who waits no more is dropped. */
export const carelessMax = 131_072;

/** One publish that waits: at how many places, and who awaits it. */
export interface PublishWait {
  readonly sender: Cell;
  readonly promise: Promise<void>;
  readonly accepted: () => void;
  places: number;
}

/** A full subscription on another thread. */
interface Pause {
  readonly thread: number;
  readonly subscription: number;
  readonly words: readonly string[];
  readonly waits: PublishWait[];
}

const none: readonly Pause[] = [];
const noThreads: readonly number[] = [];
const toKernel = { slot: 0, generation: 0 };

export class PublishWaits {
  readonly #kernel: Kernel;
  /** By thread and subscription. */
  readonly #pauses = new Map<string, Pause>();
  /** By thread and pattern of its subscribers: what was dropped on the way there, and is still to be told. */
  readonly #skipped = new Map<number, Map<string, number>>();
  readonly #byPattern = new TopicTree<Pause>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Whether a publisher has so many that wait that none more may. */
  isFull(sender: Cell): boolean {
    return (sender.extra?.waitingCount ?? 0) >= waitingSendsMax;
  }

  /** Full subscriptions on other threads that a topic meets. */
  pausesOf(words: readonly string[]): readonly Pause[] {
    if (this.#pauses.size === 0) return none;
    const found: Pause[] = [];
    this.#byPattern.match(words, (pause) => found.push(pause));
    return found;
  }

  /** Of threads, those that have so much to read that what is published to them waits. */
  crowdedOf(threads: readonly number[]): readonly number[] {
    const { peers } = this.#kernel;
    return threads.some((thread) => peers.backlogOf(thread) >= backlogMax)
      ? threads.filter((thread) => peers.backlogOf(thread) >= backlogMax)
      : noThreads;
  }

  /** Whether so much waits for a thread that what somebody publishes who waits no more is dropped. */
  isOverfull(thread: number): boolean {
    return this.#kernel.peers.backlogOf(thread) >= carelessMax;
  }

  /** For a thread that has too much to read. */
  awaitThread(wait: PublishWait, thread: number): void {
    wait.places++;
    this.#kernel.peers.whenEmptied(thread, () => this.leave(wait));
  }

  /** It goes to no subscriber of that pattern there, which only hears how many there were: its publisher waits for nothing any more. */
  skip(thread: number, pattern: string): void {
    const { guest, peers } = this.#kernel;
    let skipped = this.#skipped.get(thread);
    if (skipped === undefined) {
      const counts = new Map<string, number>();
      skipped = counts;
      this.#skipped.set(thread, counts);
      peers.whenEmptied(thread, () => {
        this.#skipped.delete(thread);
        for (const [of, count] of counts) peers.push(thread, FrameKind.topicSkipped, toKernel, guest, count, of);
      });
    }
    skipped.set(pattern, (skipped.get(pattern) ?? 0) + 1);
  }

  /** It may have to wait: its places are counted until `end`. @param hasRoom called in the promise's stead */
  begin(sender: Cell, hasRoom?: () => void): PublishWait {
    extraOf(sender).waitingCount++;
    this.#kernel.asyncTurns.awaits(sender, 1);
    const { promise, resolve } = Promise.withResolvers<void>();
    return { sender, promise, accepted: hasRoom ?? resolve, places: 0 };
  }

  /** For a full subscription on another thread. */
  await(wait: PublishWait, pause: Pause): void {
    wait.places++;
    pause.waits.push(wait);
  }

  /** All its places are known. Undefined: there is none, as where a filter did not let it through. */
  end(wait: PublishWait): Promise<void> | undefined {
    if (wait.places > 0) return wait.promise;
    this.#forget(wait);
    return undefined;
  }

  /** One place has room, or is gone. */
  leave(wait: PublishWait): void {
    wait.places--;
    if (wait.places > 0) return;
    this.#forget(wait);
    this.#kernel.scheduler.settle(wait.sender, wait.accepted, undefined);
  }

  #forget({ sender }: PublishWait): void {
    extraOf(sender).waitingCount--;
    this.#kernel.asyncTurns.awaits(sender, -1);
  }

  /** A subscription of another thread is full. */
  fullReceived(thread: number, subscription: number, pattern: string): void {
    const words = wordsOfPattern(pattern, "subscribe");
    const pause: Pause = { thread, subscription, words, waits: [] };
    this.#pauses.set(`${thread}.${subscription}`, pause);
    this.#byPattern.add(words, pause);
  }

  /** It has room again, or is gone. */
  roomReceived(thread: number, subscription: number): void {
    const key = `${thread}.${subscription}`;
    const pause = this.#pauses.get(key);
    if (pause === undefined) return;
    this.#pauses.delete(key);
    this.#byPattern.delete(pause.words, pause);
    for (const wait of pause.waits) this.leave(wait);
  }

  threadLost(thread: number): void {
    for (const { thread: of, subscription } of [...this.#pauses.values()])
      if (of === thread) this.roomReceived(of, subscription);
  }
}
