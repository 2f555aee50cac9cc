/**
 * What waits, by destination, and what is due at which time. One scheduler's own view of the table, which its successor
 * makes anew.
 */
import { type Ref, refKey } from "../actor/ref.ts";
import { Alarms } from "../kernel/alarms.ts";
import { Destination } from "./destination.ts";
import type { TaskEntry } from "./task-entry.ts";

/** Destinations where nothing waits are kept for the tasks to come, until there are so many of both. */
const keptMax = 1_000;

export class Backlog {
  readonly #destinations = new Map<string, Destination>();
  /** Those that may have somebody with room. */
  readonly #ready = new Set<Destination>();
  /** By the key of an agent without room: who waits for it. */
  readonly #wanting = new Map<string, Set<Destination>>();
  readonly #alarms = new Alarms<TaskEntry>();
  /** At so many the empty ones are dropped. */
  #dropAt = keptMax;

  /** It waits for its turn. */
  add(entry: TaskEntry): void {
    const { recipient: key, request } = entry;
    const { to, concurrency } = request;
    let destination = this.#destinations.get(key);
    if (destination === undefined) {
      destination = new Destination(key, to);
      this.#destinations.set(key, destination);
    }
    if (concurrency !== undefined) destination.concurrency = concurrency;
    destination.add(entry);
    this.#ready.add(destination);
  }

  /** It has ended: it waits for nothing. */
  forget(entry: TaskEntry): void {
    this.#alarms.clear(entry);
    const destination = this.#destinations.get(entry.recipient);
    if (destination?.delete(entry) === true) this.#emptied(destination);
  }

  /** When it is to be looked at, in place of any time before. */
  setAlarm(entry: TaskEntry, dueMs: number): void {
    this.#alarms.set(entry, dueMs);
  }

  takeDue(nowMs: number): TaskEntry | undefined {
    return this.#alarms.takeDue(nowMs);
  }

  get nextDueMs(): number | undefined {
    return this.#alarms.nextDueMs;
  }

  /** There may be somebody now for that recipient. */
  mayBeServed(recipient: string): void {
    const destination = this.#destinations.get(recipient);
    if (destination !== undefined) this.#ready.add(destination);
  }

  /** An agent has room. */
  hasRoom(agent: string): void {
    const wanting = this.#wanting.get(agent);
    if (wanting === undefined) return;
    this.#wanting.delete(agent);
    for (const destination of wanting) this.#ready.add(destination);
  }

  /** What waits there waits until that agent has room. */
  want(agent: Ref, destination: Destination): void {
    const key = refKey(agent);
    const wanting = this.#wanting.get(key);
    if (wanting === undefined) this.#wanting.set(key, new Set([destination]));
    else wanting.add(destination);
  }

  /** Where tasks wait whose agent may have room, the most urgent first: two of them may have the same agent. */
  takeReady(nowMs: number): Destination[] {
    const ready = [...this.#ready].filter(({ size }) => size > 0);
    this.#ready.clear();
    if (ready.length < 2) return ready;
    const urgencies = new Map(ready.map((destination) => [destination, destination.urgency(nowMs)]));
    return ready.sort((a, b) => (urgencies.get(b) ?? 0) - (urgencies.get(a) ?? 0));
  }

  /** What is next there leaves its queue. */
  take(destination: Destination, nowMs: number): TaskEntry | undefined {
    const entry = destination.take(nowMs);
    this.#emptied(destination);
    return entry;
  }

  #emptied(destination: Destination): void {
    if (destination.size > 0) return;
    this.#ready.delete(destination);
    destination.concurrency = undefined;
    if (this.#destinations.size <= this.#dropAt) return;
    for (const [key, { size }] of this.#destinations) if (size === 0) this.#destinations.delete(key);
    this.#dropAt = Math.max(keptMax, this.#destinations.size * 2);
  }
}
