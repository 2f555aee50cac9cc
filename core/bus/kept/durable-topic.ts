/**
 * What a durable topic and its queues have in a store: a record for each message that the topic has, for each that a queue has,
 * and for each queue. What main's table has in memory goes by these, and not the other way round: a message is in the table
 * when the store has it, and what leaves the table is deleted there afterwards.
 */
import type { StoredEntry } from "../../contracts/storage.ts";
import { bytesOfValue } from "../../contracts/stored-value.ts";
import type { Settled, StoreLink, StoreWrite } from "../../durable/store-link.ts";
import { wallOf } from "../../durable/wall-time.ts";
import { type ErrorData, errorData } from "../../errors.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { ValueBytes } from "../../thread/value-bytes.ts";
import type { EnvelopeExtras } from "../publish-options.ts";
import type { QueueSettings } from "./ack-queue.ts";
import type { KeptMessage } from "./kept-message.ts";

/** A queue as it was stored. */
export interface StoredQueue {
  /** Unique in its topic. */
  readonly storedNumber: number;
  readonly name: string;
  readonly pattern: string;
  readonly settings: QueueSettings;
}

/** What is found in the store when a topic is kept again. */
export interface RecoveredTopic {
  /** Number of the last message that there was. */
  readonly lastSeq: number;
  readonly messages: readonly (readonly [seq: number, message: KeptMessage])[];
  readonly queues: readonly StoredQueue[];
  /** By the number of the queue, in the order of their numbers. */
  readonly entries: ReadonlyMap<number, readonly RecoveredEntry[]>;
}

export interface RecoveredEntry {
  readonly seq: number;
  readonly message: KeptMessage;
  /** That have failed. */
  readonly attempts: number;
}

interface StoredMessage {
  readonly topic: string;
  readonly message: unknown;
  readonly id: string;
  readonly extras: Omit<EnvelopeExtras, "replyTo" | "untilMs"> | undefined;
  /** By the clock on the wall, since the system's begins anew with each run. */
  readonly atMs: number;
  readonly untilMs: number | undefined;
}

/** Neither a pattern nor a number has a space in it. */
const keyOf = (kind: string, ...parts: readonly (string | number)[]): string =>
  `mofa.${kind} ${parts.map((part) => (typeof part === "number" ? String(part).padStart(16, "0") : part)).join(" ")}`;
const numberAt = (key: string, fromEnd: number): number => Number(key.split(" ").at(-fromEnd));

export class DurableTopic {
  readonly link: StoreLink;
  readonly #kernel: Kernel;
  readonly #pattern: string;
  readonly #values: ValueBytes;

  constructor(kernel: Kernel, link: StoreLink, pattern: string) {
    this.#kernel = kernel;
    this.link = link;
    this.#pattern = pattern;
    this.#values = new ValueBytes(kernel.refWire);
  }

  // Messages ---------------------------------------------------------------------------------------------------------

  /** As it is stored. @throws RuntimeError `not_cloneable`: it holds what means nothing in the next run. */
  bytesOf({ atMs, extras, id, topic }: KeptMessage, message: unknown): Uint8Array {
    const { replyTo: _replyTo, untilMs, ...rest } = extras ?? {};
    const stored: StoredMessage = {
      topic,
      message,
      id,
      extras: extras && rest,
      atMs: wallOf(this.#kernel, atMs),
      untilMs: untilMs === undefined ? undefined : wallOf(this.#kernel, untilMs),
    };
    return bytesOfValue(stored, "publish");
  }

  /** For the topic, and for those of its queues. */
  keep(bytes: Uint8Array, seq: number, queues: readonly number[], settled: Settled): void {
    const writes: StoreWrite[] = [{ key: keyOf("kept", this.#pattern, seq), value: bytes }];
    for (const number of queues) writes.push({ key: this.#entryKey(number, seq), value: bytes });
    this.link.demand(writes, settled);
  }

  /** The topic has it no more. @param lastSeq where the numbers go on, whatever is left */
  removed(seq: number, lastSeq: number): void {
    this.link.note([
      { key: keyOf("kept", this.#pattern, seq), value: undefined },
      { key: keyOf("topic", this.#pattern), value: bytesOfValue({ lastSeq }, "the topic") },
    ]);
  }

  /** Nothing of it is left. */
  dropped(): void {
    this.link.note([{ key: keyOf("topic", this.#pattern), value: undefined }]);
  }

  // Queues -----------------------------------------------------------------------------------------------------------

  queueBegun(queue: StoredQueue, settled: Settled): void {
    this.link.demand([this.#recordOf(queue)], settled);
  }

  queueChanged(queue: StoredQueue): void {
    this.link.note([this.#recordOf(queue)]);
  }

  queueEnded(number: number): void {
    this.link.note([{ key: keyOf("queue", this.#pattern, number), value: undefined }]);
  }

  #recordOf({ storedNumber, name, pattern, settings }: StoredQueue): StoreWrite {
    const value = bytesOfValue({ storedNumber, name, pattern, settings } satisfies StoredQueue, "the queue");
    return { key: keyOf("queue", this.#pattern, storedNumber), value };
  }

  /** It is in the queue no more. */
  entryEnded(queue: number, seq: number, isTried: boolean): void {
    const writes: StoreWrite[] = [{ key: this.#entryKey(queue, seq), value: undefined }];
    if (isTried) writes.push({ key: keyOf("tried", this.#pattern, queue, seq), value: undefined });
    this.link.note(writes);
  }

  /** It is in the queue again. */
  entryAgain(queue: number, seq: number, message: KeptMessage): void {
    const bytes = this.bytesOf(message, this.#values.decode(message.bytes));
    this.link.note([{ key: this.#entryKey(queue, seq), value: bytes }]);
  }

  attempted(queue: number, seq: number, attempts: number): void {
    const value = bytesOfValue(attempts, "the attempts");
    this.link.note([{ key: keyOf("tried", this.#pattern, queue, seq), value }]);
  }

  #entryKey(queue: number, seq: number): string {
    return keyOf("entry", this.#pattern, queue, seq);
  }

  // The next run -----------------------------------------------------------------------------------------------------

  recover(done: (found: RecoveredTopic) => void, failed: (error: ErrorData) => void): void {
    const kinds = ["topic", "kept", "queue", "entry", "tried"] as const;
    const found = new Map<string, readonly StoredEntry[]>();
    const next = (at: number): void => {
      const kind = kinds[at];
      if (kind === undefined) {
        let recovered: RecoveredTopic;
        try {
          recovered = this.#recovered(found);
        } catch (error) {
          failed(errorData(error));
          return;
        }
        done(recovered);
        return;
      }
      const prefix = kind === "topic" ? keyOf(kind, this.#pattern) : keyOf(kind, this.#pattern, "");
      const got = (entries: readonly StoredEntry[]): void => {
        found.set(kind, entries);
        next(at + 1);
      };
      this.link.list(prefix, got, failed);
    };
    next(0);
  }

  #recovered(found: ReadonlyMap<string, readonly StoredEntry[]>): RecoveredTopic {
    const all = (kind: string) => found.get(kind) ?? [];
    const record = all("topic").find(({ key }) => key === keyOf("topic", this.#pattern));
    const tried = new Map(
      all("tried").map((entry) => [entry.key.slice(keyOf("tried").length), this.link.valueOf(entry)]),
    );
    const messages = all("kept").map((entry) => [numberAt(entry.key, 1), this.#messageOf(entry)] as const);
    const entries = new Map<number, RecoveredEntry[]>();
    for (const entry of all("entry")) {
      const queue = numberAt(entry.key, 2);
      const attempts = (tried.get(entry.key.slice(keyOf("entry").length)) as number | undefined) ?? 0;
      const ofQueue = entries.get(queue) ?? [];
      entries.set(queue, ofQueue);
      ofQueue.push({ seq: numberAt(entry.key, 1), message: this.#messageOf(entry), attempts });
    }
    const { lastSeq = 0 } = (record === undefined ? {} : this.link.valueOf(record)) as { lastSeq?: number };
    const seqs = [...entries.values()].map((ofQueue) => ofQueue.at(-1)?.seq ?? 0);
    return {
      lastSeq: Math.max(lastSeq, messages.at(-1)?.[0] ?? 0, ...seqs),
      messages,
      queues: all("queue").map((entry) => this.link.valueOf(entry) as StoredQueue),
      entries,
    };
  }

  #messageOf(entry: StoredEntry): KeptMessage {
    const { topic, message, id, extras, atMs, untilMs } = this.link.valueOf(entry) as StoredMessage;
    const kernel = this.#kernel;
    const sinceMs = kernel.readClock() - wallOf(kernel, kernel.nowMs);
    const until = untilMs === undefined ? undefined : { untilMs: untilMs + sinceMs };
    return {
      topic,
      words: topic.split("."),
      bytes: this.#values.encode(message, "publish"),
      id,
      // Whoever published it has ended with its run.
      from: kernel.refOf(kernel.guest),
      extras: extras === undefined && until === undefined ? undefined : { ...extras, ...until },
      // The clock on the wall may have been set back.
      atMs: Math.min(atMs + sinceMs, kernel.nowMs),
    };
  }
}
