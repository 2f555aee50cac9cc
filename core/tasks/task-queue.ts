/**
 * What waits for one destination, and what of it is next.
 *
 * Ten levels of priority. In a level the keys take turns, so that one key with much work holds up no other; of one key
 * the oldest is first. A level that is passed over becomes more urgent with time: by one level for each `ageingMs` since
 * it was last served, so what is first in the lowest comes up however much arrives above it. Ageing by each task's own
 * age alone would not do: under more work than can be done those of the upper levels grow old as well. So that has a share:
 * of eight tasks one is of a level whose next has waited for as long as it takes to become the most urgent. Without it a
 * level would get one task done in such a time, however many the agents could do. (ours)
 */
import { LinkedList, type LinkedNode } from "./linked-list.ts";

/** The most urgent level; the least is 0. */
export const priorityMax = 9;
export const priorityDefault = 5;
/** In this time a level that is passed over becomes as urgent as the next. So the lowest is served within 9 of it. */
export const ageingMsDefault = 150;

/** Of so many tasks that are taken one may be overdue. */
export const overdueEach = 8;

export interface QueuedTask {
  /** 0 to 9. */
  readonly priority: number;
  /** Whose work it is, for fairness. Tasks without one share a key. */
  readonly key: string | undefined;
}

interface Waiting<T> {
  readonly task: T;
  readonly sinceMs: number;
}

/** What waits of one key. */
interface Line<T> {
  readonly key: string | undefined;
  readonly tasks: LinkedList<Waiting<T>>;
  /** Where it stands among the lines of its level. */
  node: LinkedNode<Line<T>> | undefined;
}

class Level<T> {
  readonly byKey = new Map<string | undefined, Line<T>>();
  /** Whose turn it is next stands first. */
  readonly lines = new LinkedList<Line<T>>();
  /** What was put back: before all others of the level, the oldest first. */
  readonly returned: (Waiting<T> & { readonly order: number })[] = [];
  size = 0;
  /** When it was last served, or got its first task since it was empty. */
  sinceMs = 0;

  get next(): Waiting<T> | undefined {
    return this.returned[0] ?? this.lines.first?.value.tasks.first?.value;
  }
}

export class TaskQueue<T extends QueuedTask> {
  readonly #ageingMs: number;
  readonly #levels = Array.from({ length: priorityMax + 1 }, () => new Level<T>());
  readonly #places = new Map<T, LinkedNode<Waiting<T>>>();
  #returned = 0;
  /** Taken since one was that was overdue. */
  #inTime = 0;

  constructor(ageingMs = ageingMsDefault) {
    this.#ageingMs = ageingMs;
  }

  get size(): number {
    return this.#places.size + this.#returned;
  }

  /** How many wait, by priority from 0 on. */
  get sizes(): readonly number[] {
    return this.#levels.map(({ size }) => size);
  }

  /** @param sinceMs since when it waits */
  add(task: T, sinceMs: number): void {
    const level = this.#levels[task.priority] as Level<T>;
    if (level.size === 0) level.sinceMs = sinceMs;
    let line = level.byKey.get(task.key);
    if (line === undefined) {
      line = { key: task.key, tasks: new LinkedList(), node: undefined };
      line.node = level.lines.push(line);
      level.byKey.set(task.key, line);
    }
    this.#places.set(task, line.tasks.push({ task, sinceMs }));
    level.size++;
  }

  /**
   * Puts back what was taken and not done, in its place: before all that came behind it.
   * @param order where it stands among those that were put back
   * @param sinceMs since when it waits
   */
  putBack(task: T, order: number, sinceMs: number): void {
    const level = this.#levels[task.priority] as Level<T>;
    level.sinceMs = level.size === 0 ? sinceMs : Math.min(level.sinceMs, sinceMs);
    const at = level.returned.findIndex((other) => other.order > order);
    level.returned.splice(at < 0 ? level.returned.length : at, 0, { task, sinceMs, order });
    level.size++;
    this.#returned++;
  }

  /** False when it does not wait here. */
  delete(task: T): boolean {
    const level = this.#levels[task.priority] as Level<T>;
    const place = this.#places.get(task);
    if (place === undefined) return this.#deleteReturned(level, task);
    this.#places.delete(task);
    const line = level.byKey.get(task.key) as Line<T>;
    line.tasks.remove(place);
    level.size--;
    if (line.tasks.first === undefined) {
      level.lines.remove(line.node as LinkedNode<Line<T>>);
      level.byKey.delete(task.key);
    }
    return true;
  }

  #deleteReturned(level: Level<T>, task: T): boolean {
    const at = level.returned.findIndex((returned) => returned.task === task);
    if (at < 0) return false;
    level.returned.splice(at, 1);
    level.size--;
    this.#returned--;
    return true;
  }

  /** The priority that what is next counts as now, aged, or goes before as overdue; undefined: nothing waits. To compare queues. */
  urgency(nowMs: number): number | undefined {
    const level = this.#next(nowMs);
    return level === undefined ? undefined : this.#urgencyOf(level, nowMs);
  }

  /** Takes what is next. */
  take(nowMs: number): T | undefined {
    const next = this.#next(nowMs);
    this.#inTime++;
    const overdue = this.#inTime < overdueEach ? undefined : this.#overdue(nowMs);
    if (overdue !== undefined && overdue !== next) this.#inTime = 0;
    return this.#takeOf(overdue ?? next, nowMs);
  }

  /** What has the highest priority, however long others wait. */
  uppermost(): T | undefined {
    return this.#levels.findLast(({ size }) => size > 0)?.next?.task;
  }

  takeUppermost(nowMs: number): T | undefined {
    const priority = this.#levels.findLastIndex(({ size }) => size > 0);
    return this.#takeOf(priority < 0 ? undefined : priority, nowMs);
  }

  #takeOf(priority: number | undefined, nowMs: number): T | undefined {
    if (priority === undefined) return undefined;
    const level = this.#levels[priority] as Level<T>;
    const [back] = level.returned;
    if (back !== undefined) {
      level.sinceMs = nowMs;
      this.delete(back.task);
      return back.task;
    }
    const line = level.lines.first?.value;
    const task = line?.tasks.first?.value.task;
    if (line === undefined || task === undefined) return undefined;
    level.sinceMs = nowMs;
    this.delete(task);
    // The key's next task stands behind those of the others.
    if (line.tasks.first !== undefined) {
      level.lines.remove(line.node as LinkedNode<Line<T>>);
      line.node = level.lines.push(line);
    }
    return task;
  }

  /** Of two that are as urgent the upper level. */
  #next(nowMs: number): number | undefined {
    let best: number | undefined;
    let most = Number.NEGATIVE_INFINITY;
    for (let priority = priorityMax; priority >= 0; priority--) {
      if ((this.#levels[priority] as Level<T>).size === 0) continue;
      const urgency = this.#urgencyOf(priority, nowMs);
      if (urgency <= most) continue;
      most = urgency;
      best = priority;
    }
    return best;
  }

  /** Of the levels whose next has waited until it is as urgent as the uppermost the one that was served the longest ago. */
  #overdue(nowMs: number): number | undefined {
    let best: number | undefined;
    let sinceMs = Number.POSITIVE_INFINITY;
    for (let priority = 0; priority < priorityMax; priority++) {
      const level = this.#levels[priority] as Level<T>;
      const { next } = level;
      if (next === undefined || level.sinceMs >= sinceMs) continue;
      if (nowMs - next.sinceMs < (priorityMax - priority) * this.#ageingMs) continue;
      best = priority;
      sinceMs = level.sinceMs;
    }
    return best;
  }

  #urgencyOf(priority: number, nowMs: number): number {
    return priority + (nowMs - (this.#levels[priority] as Level<T>).sinceMs) / this.#ageingMs;
  }
}
