/**
 * Where each word of a system's shared memory stands: a few for all threads, then who holds which position, then a row of
 * words for each thread. The running words (slot, generation, turn) follow one another.
 */

/** Words of each thread, by index in its row. */
export const Word = {
  state: 0,
  base: 1,
  slots: 2,
  nextSlot: 3,
  runSlot: 4,
  runGeneration: 5,
  turn: 6,
  sent: 7,
  received: 8,
  busy: 9,
  actors: 10,
  position: 11,
  starter: 12,
  unread: 13,
  lossesTold: 14,
  lossesTaken: 15,
  /** What the watchdog reads, beside the running words. */
  turnLimit: 16,
  drains: 17,
  openTurns: 18,
  killsWanted: 19,
  tainted: 20,
  /** Whose code runs behind an `await`, and its turn limit: where no watchdog can ask. */
  ownerSlot: 21,
  ownerGeneration: 22,
  ownerLimit: 23,
  /** Bells rung for the thread, and how many of them it has heard. */
  bells: 24,
  bellsHeard: 25,
  /** An actor with time budgets that ran here last, and by which of its bounds its limit was. */
  limitSlot: 26,
  limitGeneration: 27,
  limitKind: 28,
  osThread: 29,
  /** Main has something to tell it before it hears others. */
  introduction: 30,
  /** When its last drain began, as `agent-words.ts` has times. */
  drainBegan: 31,
  /** Turns of a publish to many that are not in the thread's counters yet. */
  uncounted: 32,
} as const;
/** Whole lines of a processor's cache, so that no thread writes into another's. */
export const wordsPerThread = 48;

export const Global = {
  interest: 0,
  nextThread: 1,
  nextBase: 2,
  schedulers: 3,
  attention: 4,
  /** Which run of the system, as its refs tell when they are kept as data. */
  creation: 5,
  /** Threads may begin tasks for their own actors. */
  openTasks: 6,
} as const;
/** Scheduler threads at most, main included. */
export const positionsMax = 128;
export const firstPosition = 16;
export const globalWords = firstPosition + positionsMax;

/** Index of a thread's first word. */
export function rowOf(thread: number): number {
  return globalWords + thread * wordsPerThread;
}
