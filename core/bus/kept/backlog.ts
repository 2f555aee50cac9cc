/**
 * What waits in an acknowledged queue, and what of it is next: the most urgent; of one priority what was given before and
 * comes again, then the oldest.
 */
import { Fifo } from "../fifo.ts";

/** The most urgent level; the least is 0. */
export const priorityMax = 9;
export const priorityDefault = 5;

interface Level<T> {
  readonly again: Fifo<T>;
  readonly fresh: Fifo<T>;
}

/** What it needs of an item. */
export interface Backlogged {
  readonly priority: number;
  /** It stands in the backlog. */
  isBacklogged: boolean;
}

export class PriorityBacklog<T extends Backlogged> {
  readonly #levels: readonly Level<T>[] = Array.from({ length: priorityMax + 1 }, () => ({
    again: new Fifo<T>(),
    fresh: new Fifo<T>(),
  }));
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(item: T, isAgain: boolean): void {
    const level = this.#levels[item.priority] as Level<T>;
    (isAgain ? level.again : level.fresh).push(item);
    item.isBacklogged = true;
    this.#size++;
  }

  /** It waits no more: its place is passed over. */
  forget(item: T): void {
    if (!item.isBacklogged) return;
    item.isBacklogged = false;
    this.#size--;
  }

  /** What is next leaves it. */
  take(): T | undefined {
    for (let priority = priorityMax; priority >= 0; priority--) {
      const item = this.#from(priority);
      if (item !== undefined) return item;
    }
    return undefined;
  }

  /** Of the least urgent the one that is next leaves it. */
  takeLeast(): T | undefined {
    for (let priority = 0; priority <= priorityMax; priority++) {
      const item = this.#from(priority);
      if (item !== undefined) return item;
    }
    return undefined;
  }

  #from(priority: number): T | undefined {
    const { again, fresh } = this.#levels[priority] as Level<T>;
    for (let item = again.shift() ?? fresh.shift(); item !== undefined; item = again.shift() ?? fresh.shift()) {
      if (!item.isBacklogged) continue;
      this.forget(item);
      return item;
    }
    return undefined;
  }
}
