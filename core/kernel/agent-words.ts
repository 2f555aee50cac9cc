/**
 * What a thread tells of each of its actors that has declared something, in shared memory: how much waits for it and in what
 * state it is, when its supervisor has put it in the place of one that failed, and when its open turn began (`core/registry`).
 *
 * A time stands in 32 bits, in steps of 16 ms: ages of up to a year are told right.
 */
const stepMs = 16;

/** 0 stands for none. */
export function timeWord(ms: number | undefined): number {
  return ms === undefined ? 0 : Math.floor(ms / stepMs) | 0 || 1;
}

/** How long ago that was, below 0 where it is to come or too old; undefined: never. */
export function ageMs(word: number, nowMs: number): number | undefined {
  return word === 0 ? undefined : ((timeWord(nowMs) - word) | 0) * stepMs;
}

export interface AgentWordBuffers {
  readonly loads: SharedArrayBuffer;
  readonly restarts: SharedArrayBuffer;
  readonly turns: SharedArrayBuffer;
}

/** By the actor's place in the memory of slots. */
export class AgentWords {
  readonly #loads: Int32Array;
  readonly #restarts: Int32Array;
  readonly #turns: Int32Array;

  constructor({ loads, restarts, turns }: AgentWordBuffers) {
    this.#loads = new Int32Array(loads);
    this.#restarts = new Int32Array(restarts);
    this.#turns = new Int32Array(turns);
  }

  /** @param restartedMs, turnBeganMs undefined: it is nobody's successor, it has no open turn. */
  tell(place: number, load: number, restartedMs: number | undefined, turnBeganMs: number | undefined): void {
    Atomics.store(this.#restarts, place, timeWord(restartedMs));
    Atomics.store(this.#turns, place, timeWord(turnBeganMs));
    Atomics.store(this.#loads, place, load);
  }

  load(place: number): number {
    return Atomics.load(this.#loads, place);
  }

  restartAgeMs(place: number, nowMs: number): number | undefined {
    return ageMs(Atomics.load(this.#restarts, place), nowMs);
  }

  turnAgeMs(place: number, nowMs: number): number | undefined {
    return ageMs(Atomics.load(this.#turns, place), nowMs);
  }

  clear(places: number): void {
    for (const words of [this.#loads, this.#restarts, this.#turns]) words.fill(0, 0, places);
  }
}
