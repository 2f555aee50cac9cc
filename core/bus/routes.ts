/**
 * Where what is published goes: this thread's own subscribers, and the threads that have others.
 *
 * A thread tells the others which patterns it has subscribers of (`replica.ts`), and not who they are. So a subscription
 * counts from when all know of its pattern, and the second one of a pattern asks nobody.
 */
import { Flag } from "../actor/cell.ts";
import { describe, errorData } from "../errors.ts";
import { fanOutMin } from "../kernel/fan-outs.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { Table } from "../kernel/replica.ts";
import type { QueueGroup } from "./queue-group.ts";
import type { Queues } from "./queues.ts";
import type { TopicSubscription } from "./subscription.ts";
import { wordsOfPattern, wordsOfTopic } from "./topic.ts";
import { TopicTree } from "./topic-tree.ts";

/** Topics whose way is remembered; past that all are looked up anew. */
const routesMax = 4_096;

/** Who gets what is published under a topic. */
export interface Route {
  readonly words: readonly string[];
  /** On main: queue groups. */
  readonly groups: readonly QueueGroup[];
  readonly subscriptions: readonly TopicSubscription[];
  readonly threads: readonly number[];
  /** What is published must be data: somebody gets it on another thread or in a process, or looks at its fields. */
  readonly isChecked: boolean;
  /** Many are subscribed here, and each of them takes all that is published. */
  readonly isForMany: boolean;
  /** A subscription here has the policy `wait`. */
  readonly hasWaiting: boolean;
  /** On main: its table keeps it. */
  readonly isKept: boolean;
}

/** That a thread has subscribers of a pattern. */
interface Interest {
  readonly thread: number;
  readonly pattern: string;
}

export class Routes {
  readonly #kernel: Kernel;
  readonly #queues: () => Queues;
  readonly #own = new TopicTree<TopicSubscription>();
  readonly #others = new TopicTree<Interest>();
  readonly #byTopic = new Map<string, Route>();
  /** Patterns of this thread's subscribers: who waits for all threads to know; undefined: all do. */
  readonly #interests = new Map<string, (() => void)[] | undefined>();

  /** @param queues of the same thread */
  constructor(kernel: Kernel, queues: () => Queues) {
    this.#kernel = kernel;
    this.#queues = queues;
    kernel.replica.checkedBy(Table.interests, (pattern, value) => interestFault(pattern, value));
    kernel.replica.onChange(Table.interests, (pattern, changes) => {
      const words = wordsOfPattern(pattern, "subscribe");
      for (const { holder, value: isInterested } of changes) {
        const { thread } = holder;
        if (thread === kernel.thread) continue;
        const known = [...(this.#others.itemsOf(words) ?? [])].find((interest) => interest.thread === thread);
        if (isInterested === undefined) {
          if (known !== undefined) this.#others.delete(words, known);
        } else if (known === undefined) this.#others.add(words, { thread, pattern });
        this.#byTopic.clear();
      }
    });
  }

  add(subscription: TopicSubscription, done: () => void): void {
    this.#own.add(subscription.words, subscription);
    this.known(subscription.pattern, done);
  }

  delete(subscription: TopicSubscription): void {
    this.#own.delete(subscription.words, subscription);
    this.over(subscription.words, subscription.pattern);
  }

  /** Calls back when every thread knows that this one is interested in the pattern. */
  known(pattern: string, done: () => void): void {
    this.#byTopic.clear();
    if (this.#interests.has(pattern)) {
      const waiting = this.#interests.get(pattern);
      if (waiting === undefined) done();
      else waiting.push(done);
      return;
    }
    const waiting = [done];
    this.#interests.set(pattern, waiting);
    this.#kernel.replica.putEverywhere(Table.interests, pattern, this.#kernel.guest, true, () => {
      // Meanwhile the last subscriber may have gone, and another have come.
      if (this.#interests.get(pattern) === waiting) this.#interests.set(pattern, undefined);
      for (const one of waiting) one();
    });
  }

  /** Unless somebody else here is interested in the pattern, this thread is no more. */
  over(words: readonly string[], pattern: string): void {
    this.#byTopic.clear();
    if ((this.#own.itemsOf(words)?.size ?? 0) > 0 || this.#queues().has(words)) return;
    if (this.#kernel.bus?.has(words) === true) return;
    this.#interests.delete(pattern);
    this.#kernel.replica.put(Table.interests, pattern, this.#kernel.guest, undefined);
  }

  /** Patterns of a thread by which it gets what is published under a topic. */
  patternsOf(thread: number, words: readonly string[]): readonly string[] {
    const found: string[] = [];
    this.#others.match(words, (interest) => {
      if (interest.thread === thread) found.push(interest.pattern);
    });
    return found;
  }

  /** How many of this thread's subscriptions have exactly that pattern. */
  countOf(words: readonly string[]): number {
    return this.#own.itemsOf(words)?.size ?? 0;
  }

  /** @throws RuntimeError `bad_argument`: the topic is none. */
  of(topic: string, verb: string): Route {
    const known = this.#byTopic.get(topic);
    if (known !== undefined) return known;
    const words = wordsOfTopic(topic, verb);
    const subscriptions: TopicSubscription[] = [];
    const threads = new Set<number>();
    this.#own.match(words, (subscription) => subscriptions.push(subscription));
    this.#others.match(words, ({ thread }) => threads.add(thread));
    const groups = this.#queues().groupsOf(words);
    const isKept = this.#kernel.bus?.takes(words) === true;
    const isChecked =
      isKept ||
      threads.size > 0 ||
      groups.length > 0 ||
      subscriptions.some(({ cell, filter }) => filter !== undefined || (cell.flags & Flag.remote) !== 0);
    const hasWaiting = subscriptions.some(({ policy }) => policy === "wait");
    const isForMany = subscriptions.length >= fanOutMin && subscriptions.every(({ takesAll }) => takesAll);
    const route: Route = {
      isForMany,
      words,
      subscriptions,
      groups,
      threads: [...threads],
      isChecked,
      hasWaiting,
      isKept,
    };
    if (this.#byTopic.size >= routesMax) this.#byTopic.clear();
    this.#byTopic.set(topic, route);
    return route;
  }
}

function interestFault(pattern: string, value: unknown): string | undefined {
  try {
    wordsOfPattern(pattern, "subscribe");
  } catch (error) {
    return errorData(error).message;
  }
  return value === true ? undefined : `it says ${describe(value)}`;
}
