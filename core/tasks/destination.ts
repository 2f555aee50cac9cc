/** An actor, a name or a capability, with what waits for it. */
import type { TaskEntry } from "./task-entry.ts";
import { priorityMax, TaskQueue } from "./task-queue.ts";
import type { Recipient } from "./task-request.ts";

export class Destination {
  readonly key: string;
  readonly to: Recipient;
  /** What the last request said that said anything. */
  concurrency: number | undefined = undefined;
  readonly #queue = new TaskQueue<TaskEntry>();
  /** For whom a running task makes way: the most urgent first, and before all that wait in the queue. */
  readonly #favoured: TaskEntry[] = [];

  constructor(key: string, to: Recipient) {
    this.key = key;
    this.to = to;
  }

  get size(): number {
    return this.#queue.size + this.#favoured.length;
  }

  get favoured(): readonly TaskEntry[] {
    return this.#favoured;
  }

  add(entry: TaskEntry): void {
    if (entry.isBack) this.#queue.putBack(entry, entry.order, entry.atMs);
    else this.#queue.add(entry, entry.atMs);
  }

  /** False: it does not wait here. */
  delete(entry: TaskEntry): boolean {
    const at = this.#favoured.indexOf(entry);
    if (at < 0) return this.#queue.delete(entry);
    this.#favoured.splice(at, 1);
    return true;
  }

  /** The priority that what is next counts as. */
  urgency(nowMs: number): number {
    return this.#favoured.length > 0 ? priorityMax + 1 : (this.#queue.urgency(nowMs) ?? 0);
  }

  /** What has the highest priority, not aged: a running task may make way for it. */
  uppermost(): TaskEntry | undefined {
    return this.#queue.uppermost();
  }

  /** A running task makes way for the uppermost: it gets the next room that there is. */
  favourUppermost(nowMs: number): void {
    const entry = this.#queue.takeUppermost(nowMs);
    if (entry === undefined) return;
    const at = this.#favoured.findIndex(({ priority }) => priority < entry.priority);
    this.#favoured.splice(at < 0 ? this.#favoured.length : at, 0, entry);
  }

  /** What is next leaves; it notes as how urgent it did. */
  take(nowMs: number): TaskEntry | undefined {
    const favoured = this.#favoured.shift();
    if (favoured !== undefined) {
      favoured.urgency = favoured.priority;
      return favoured;
    }
    const urgency = this.#queue.urgency(nowMs);
    const entry = this.#queue.take(nowMs);
    if (entry !== undefined && urgency !== undefined) entry.urgency = urgency;
    return entry;
  }
}
