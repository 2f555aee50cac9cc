/** What a system has counted since its start, over all threads that it ever had: those that are lost count on. */
import { Counter } from "../kernel/counters.ts";
import { type DeadLetterWhy, deadLetterReasons } from "../kernel/events.ts";
import type { SystemMemory } from "../kernel/system-memory.ts";

export interface Totals {
  readonly turns: number;
  readonly crashes: number;
  /** Turns that were cut down, and turns of others that were lost with them. */
  readonly cuts: number;
  readonly turnsLost: number;
  readonly unreadLost: number;
  readonly unsentLost: number;
  readonly eventsDropped: number;
  readonly deadLetters: Readonly<Record<DeadLetterWhy, number>>;
}

export function totalsOf(memory: SystemMemory): Totals {
  const totals = { turns: 0, crashes: 0, cuts: 0, turnsLost: 0, eventsDropped: 0, unreadLost: 0, unsentLost: 0 };
  let deadLetters: Record<DeadLetterWhy, number> | undefined;
  for (let thread = 0; thread < memory.threadCount; thread++) {
    const counters = memory.countersOf(thread);
    totals.turns += counters.get(Counter.turns);
    totals.crashes += counters.get(Counter.crashes);
    totals.eventsDropped += counters.get(Counter.eventsDropped);
    totals.cuts += counters.get(Counter.cuts);
    totals.turnsLost += counters.get(Counter.turnsLost);
    if (!memory.isThreadUp(thread)) {
      totals.unreadLost += counters.unread;
      totals.unsentLost += counters.get(Counter.unsent);
    }
    const letters = counters.deadLetters;
    if (deadLetters === undefined) deadLetters = letters;
    else for (const why of deadLetterReasons) deadLetters[why] += letters[why];
  }
  // Main is always there.
  return { ...totals, deadLetters: deadLetters as Record<DeadLetterWhy, number> };
}
