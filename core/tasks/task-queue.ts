/**
 * What waits for one destination, and what of it is next.
 *
 * Ten levels of priority. In a level the keys take turns, so that one key with much work holds up no other; of one key
 * the oldest is first. A level that is passed over becomes more urgent with time: by one level for each `ageingMs` since
 * it was last served, so what is first in the lowest comes up however much arrives above it. Ageing by each task's own
 * age would not do: under more work than can be done those of the upper levels grow old as well. (ours)
 */

/** The most urgent level; the least is 0. */
export const priorityMax = 9;
export const priorityDefault = 5;
/** In this time a level that is passed over becomes as urgent as the next. So the lowest is served within 9 of it. */
export const ageingMsDefault = 150;

export interface QueuedTask {
  /** 0 to 9. */
  readonly priority: number;
  /** Whose work it is, for fairness. Tasks without one share a key. */
  readonly key: string | undefined;
}

class Level<T extends QueuedTask> {
  /** Whose turn it is next stands first. */
  readonly keys = new Map<string | undefined, Set<T>>();
  /** What was put back: before all others of the level, the oldest first. */
  readonly returned: { readonly task: T; readonly order: number }[] = [];
  size = 0;
  /** When it was last served, or got its first task since it was empty. */
  sinceMs = 0;
}

export class TaskQueue<T extends QueuedTask> {
  readonly #ageingMs: number;
  readonly #levels = Array.from({ length: priorityMax + 1 }, () => new Level<T>());
  #size = 0;

  constructor(ageingMs = ageingMsDefault) {
    this.#ageingMs = ageingMs;
  }

  get size(): number {
    return this.#size;
  }

  /** How many wait, by priority from 0 on. */
  get sizes(): readonly number[] {
    return this.#levels.map(({ size }) => size);
  }

  add(task: T, nowMs: number): void {
    const level = this.#levels[task.priority] as Level<T>;
    if (level.size === 0) level.sinceMs = nowMs;
    const tasks = level.keys.get(task.key);
    if (tasks === undefined) level.keys.set(task.key, new Set([task]));
    else tasks.add(task);
    level.size++;
    this.#size++;
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
    level.returned.splice(at < 0 ? level.returned.length : at, 0, { task, order });
    level.size++;
    this.#size++;
  }

  /** False when it does not wait here. */
  delete(task: T): boolean {
    const level = this.#levels[task.priority] as Level<T>;
    const at = level.returned.findIndex((returned) => returned.task === task);
    if (at >= 0) {
      level.returned.splice(at, 1);
      level.size--;
      this.#size--;
      return true;
    }
    const tasks = level.keys.get(task.key);
    if (tasks?.delete(task) !== true) return false;
    if (tasks.size === 0) level.keys.delete(task.key);
    level.size--;
    this.#size--;
    return true;
  }

  /** The priority that what is next counts as now, aged; undefined: nothing waits. To compare queues. */
  urgency(nowMs: number): number | undefined {
    const level = this.#next(nowMs);
    return level === undefined ? undefined : this.#urgencyOf(level, nowMs);
  }

  /** Takes what is next. */
  take(nowMs: number): T | undefined {
    return this.#takeOf(this.#next(nowMs), nowMs);
  }

  /** What has the highest priority, however long others wait. */
  uppermost(): T | undefined {
    const level = this.#levels.findLast(({ size }) => size > 0);
    const [tasks] = level?.keys.values() ?? [];
    return level?.returned[0]?.task ?? tasks?.values().next().value;
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
    const [first] = level.keys;
    if (first === undefined) return undefined;
    const [key, tasks] = first;
    const [task] = tasks;
    if (task === undefined) return undefined;
    level.sinceMs = nowMs;
    this.delete(task);
    // The key's next task stands behind those of the others.
    if (tasks.size > 0) {
      level.keys.delete(key);
      level.keys.set(key, tasks);
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

  #urgencyOf(priority: number, nowMs: number): number {
    return priority + (nowMs - (this.#levels[priority] as Level<T>).sinceMs) / this.#ageingMs;
  }
}
