/**
 * EXPERIMENT, not the product: the words that a thread of the kill experiments shares with the watchdog.
 *
 * The kernel writes the first five with plain stores (two a turn and two an actor run, as the scheduler will);
 * the watchdog reads them and writes the coarse clock. The `loop…` words are the experiments' oracle: a runaway
 * actor says of itself that it is about to loop, so that a run needs no turn limit and a wrong victim shows.
 */

/** Positions in the thread's Int32Array. */
export const word = {
  /** Turn number: odd while a turn's synchronous part runs, even between turns. */
  turn: 0,
  slot: 1,
  generation: 2,
  /** Drains begun; moves while the thread gets on with its work. */
  drains: 3,
  /** Recoveries finished: one for each kill that landed. */
  recoveries: 4,
  /** Milliseconds since the watchdog started, written by the watchdog. */
  clockMs: 5,
  /** Oracle: slot + 1 of the actor that loops now, 0 if none. Written after `loopGeneration`. */
  loopSlot: 6,
  loopGeneration: 7,
  /** 1 while the thread sleeps and has to be woken through its port when a ring gets a frame. */
  sleeping: 8,
  /** Oracle: slot + 1 of the actor that looped last; unlike `loopSlot` it stays when the loop ends by itself. */
  truthSlot: 9,
} as const;

/** Bytes of the words, and where the one Float64 (time of the first turn after a recovery, in ms) stands. */
const wordsBytes = 64;

export interface SharedWords {
  readonly buffer: SharedArrayBuffer;
  readonly ints: Int32Array;
  /** [0]: when the first turn after the latest recovery began, in milliseconds of `monotonicMs`. */
  readonly stamps: Float64Array;
}

export function openWords(buffer: SharedArrayBuffer = new SharedArrayBuffer(wordsBytes + 8)): SharedWords {
  return { buffer, ints: new Int32Array(buffer, 0, wordsBytes / 4), stamps: new Float64Array(buffer, wordsBytes, 1) };
}

/** A clock that all threads of a process share, in milliseconds. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** A small seeded generator (mulberry32): numbers in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
