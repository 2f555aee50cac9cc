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
  /** Messages that stood in the mailboxes of lost threads, and messages that these had not published (S2.3). */
  readonly unreadLost: number;
  readonly unsentLost: number;
  /** Events of other threads that main never got (S7.6). */
  readonly eventsDropped: number;
  readonly deadLetters: Readonly<Record<DeadLetterWhy, number>>;
  readonly bus: BusTotals;
}

/** Of what was published: once for each subscription that it was for, it counts as exactly one of the last three. */
export interface BusTotals {
  /** Calls of `publish`. */
  readonly published: number;
  /** Messages that came into their subscriber's hands. */
  readonly delivered: number;
  /** By a bound's policy, the subscription's or the mailbox's, or with a subscription that was ended. */
  readonly dropped: number;
  /** Their subscriber had ended. */
  readonly deadLettered: number;
}

export function totalsOf(memory: SystemMemory): Totals {
  const totals = { turns: 0, crashes: 0, cuts: 0, turnsLost: 0, eventsDropped: 0, unreadLost: 0, unsentLost: 0 };
  const bus = { published: 0, delivered: 0, dropped: 0, deadLettered: 0 };
  let deadLetters: Record<DeadLetterWhy, number> | undefined;
  for (let thread = 0; thread < memory.threadCount; thread++) {
    const counters = memory.countersOf(thread);
    totals.turns += counters.get(Counter.turns);
    totals.crashes += counters.get(Counter.crashes);
    totals.eventsDropped += counters.get(Counter.eventsDropped);
    totals.cuts += counters.get(Counter.cuts);
    totals.turnsLost += counters.get(Counter.turnsLost);
    bus.published += counters.get(Counter.published);
    bus.delivered += counters.get(Counter.busDelivered);
    bus.dropped += counters.get(Counter.busDropped);
    bus.deadLettered += counters.get(Counter.busDeadLettered);
    if (!memory.isThreadUp(thread)) {
      totals.unreadLost += counters.unread;
      totals.unsentLost += counters.get(Counter.unsent);
    }
    const letters = counters.deadLetters;
    if (deadLetters === undefined) deadLetters = letters;
    else for (const why of deadLetterReasons) deadLetters[why] += letters[why];
  }
  // Main is always there.
  return { ...totals, bus, deadLetters: deadLetters as Record<DeadLetterWhy, number> };
}
