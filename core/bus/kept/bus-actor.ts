/**
 * `system.bus`: decides who gets what next, when an attempt has failed, when a message is given up, what a reader is given,
 * and what is too old to be kept.
 *
 * A synchronous state machine over main's table. What it knows beside that (when what is due) its successor makes anew.
 */
import type { Behaviour } from "../../actor/behaviour.ts";
import type { Context, TimerRef } from "../../actor/context.ts";
import type { RefData } from "../../actor/ref.ts";
import { Alarms } from "../../kernel/alarms.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { serviceBehaviour } from "../../kernel/service.ts";
import { restMs } from "../../tasks/task-request.ts";
import type { AckQueue, QueueEntry } from "./ack-queue.ts";
import type { BusTable } from "./bus-table.ts";
import { isLate } from "./kept-message.ts";
import { KeptTopic, type LogEntry } from "./kept-topic.ts";
import { readOn } from "./replay.ts";

/** Its name, and that of its behaviour. */
export const busName = "system.bus";
/** Its own timer's message. */
const dueMessage = "due";
/** Messages that members of one queue, or readers of one topic, are given in one look: main has other things to do. */
const givesPerLook = 1_024;

class BusKeeper {
  readonly #kernel: Kernel;
  readonly #table: BusTable;
  readonly #ctx: Context;
  readonly #alarms = new Alarms<QueueEntry | KeptTopic>();
  #timer: { readonly ref: TimerRef; readonly dueMs: number } | undefined;

  constructor(kernel: Kernel, table: BusTable, ctx: Context) {
    this.#kernel = kernel;
    this.#table = table;
    this.#ctx = ctx;
  }

  /** Takes the table over from a predecessor, or as it is. */
  begin(): void {
    const entries = this.#table.adopt(this.#ctx.self, (what, fault) =>
      this.#ctx.log("error", "a message of the bus was thrown out", { what, fault }),
    );
    const nowMs = this.#ctx.nowMs();
    for (const entry of entries) this.#decide(entry, nowMs);
    this.look();
  }

  receive(message: unknown): void {
    if (message === dueMessage) this.#timer = undefined;
    this.look();
  }

  look(): void {
    const nowMs = this.#ctx.nowMs();
    const { entries, queues, topics } = this.#table.news.take();
    for (const entry of entries) this.#decide(entry, nowMs);
    for (let due = this.#alarms.takeDue(nowMs); due !== undefined; due = this.#alarms.takeDue(nowMs)) {
      if (due instanceof KeptTopic) this.#age(due, nowMs);
      else this.#decide(due, nowMs);
    }
    for (const topic of topics) this.#serveReaders(topic);
    for (const queue of queues) this.#serve(queue, nowMs);
    this.#setTimer(nowMs);
  }

  /** What becomes of a message whose attempt has failed, that has ended, or that is due. */
  #decide(entry: QueueEntry, nowMs: number): void {
    this.#table.queues.deciding = entry;
    if (entry.state === "inHand" && entry.dueMs <= nowMs) this.#table.queues.recall(entry);
    switch (entry.state) {
      case "failed":
        this.#tryAgain(entry, nowMs);
        break;
      case "resting":
        this.#rest(entry, nowMs);
        break;
      case "inHand":
        this.#alarms.set(entry, entry.dueMs);
        break;
      case "waiting":
      case "ended":
        this.#alarms.clear(entry);
        break;
    }
    this.#table.queues.deciding = undefined;
  }

  #tryAgain(entry: QueueEntry, nowMs: number): void {
    const { attempts, backoff } = entry.queue.settings;
    if (entry.attempts >= attempts) {
      this.#table.queues.deadLetter(entry, "attempts");
      this.#alarms.clear(entry);
      return;
    }
    entry.state = "resting";
    entry.dueMs = nowMs + (entry.restMs ?? restMs(backoff, entry.attempts));
    this.#rest(entry, nowMs);
  }

  #rest(entry: QueueEntry, nowMs: number): void {
    if (entry.dueMs > nowMs) this.#alarms.set(entry, entry.dueMs);
    else {
      this.#alarms.clear(entry);
      this.#table.queues.retry(entry);
    }
  }

  /** Gives members of a queue as much as each may have in hand. */
  #serve(queue: AckQueue, nowMs: number): void {
    const isAlive = (holder: RefData) => this.#kernel.isAlive(holder);
    for (let given = 0; queue.backlog.size > 0; given++) {
      const member = queue.memberWithRoom(isAlive);
      if (member === undefined) return;
      if (given === givesPerLook) {
        this.#table.news.serve(queue);
        return;
      }
      const entry = queue.backlog.take();
      if (entry === undefined) return;
      this.#table.queues.deciding = entry;
      if (isLate(entry.message, nowMs)) this.#table.queues.dropEntry(entry);
      else {
        this.#table.queues.give(entry, member);
        this.#alarms.set(entry, entry.dueMs);
      }
      this.#table.queues.deciding = undefined;
    }
  }

  #serveReaders(topic: KeptTopic): void {
    let isMore = false;
    let given = 0;
    for (const replay of this.#table.topics.readersOf(topic)) {
      const give = (entry: LogEntry) => {
        given++;
        this.#table.topics.give(replay, entry);
      };
      if (readOn(replay, give)) isMore = true;
      if (given < givesPerLook) continue;
      isMore = true;
      this.#table.topics.toEnd(replay);
      break;
    }
    this.#alarms.set(topic, this.#table.topics.isKept(topic) ? topic.nextDueMs : Number.POSITIVE_INFINITY);
    if (isMore) this.#table.news.read(topic);
  }

  #age(topic: KeptTopic, nowMs: number): void {
    topic.trim(nowMs);
    this.#alarms.set(topic, topic.nextDueMs);
  }

  #setTimer(nowMs: number): void {
    const dueMs = this.#alarms.nextDueMs;
    const timer = this.#timer;
    // A timer that is too early costs one look.
    if (timer !== undefined && dueMs !== undefined && timer.dueMs <= dueMs) return;
    if (timer !== undefined) this.#ctx.cancelTimer(timer.ref);
    this.#timer =
      dueMs === undefined || dueMs === Number.POSITIVE_INFINITY
        ? undefined
        : { ref: this.#ctx.sendAfter(Math.max(0, dueMs - nowMs), dueMessage), dueMs };
  }
}

/** On main, where the table is. */
export function busBehaviour(kernel: Kernel, table: BusTable): Behaviour<undefined> {
  return serviceBehaviour(busName, import.meta.url, {
    init: (_argument, ctx) => {
      const keeper = new BusKeeper(kernel, table, ctx);
      keeper.begin();
      return keeper;
    },
    receive: (state, message) => (state as BusKeeper).receive(message), // what init returned
    format: () => table.stats,
  });
}
