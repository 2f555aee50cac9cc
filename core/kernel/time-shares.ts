/**
 * What the runs of actors have in turns and take in time, without a look at the clock for each: that costs as much as a short run.
 *
 * Runs that have been short have one look for up to 64 of them, and share its time by their turns. Where such a row
 * turns out to have been long, each of those who were in it has a look of its own behind its next 64 runs: so one that
 * takes long now and then is told from those that never do. No time is lost or counted twice.
 */
import { type Cell, Flag } from "../actor/cell.ts";
import type { CountTable } from "./count-table.ts";

/** Runs for one look. */
const rowMax = 64;
/** A row that took longer has somebody in it who is no short one. */
const longMs = 0.05;
/** Runs of such a one that have a look of their own. */
const ownLooks = 64;

export class TimeShares {
  /** To the microsecond, from an arbitrary start. */
  readonly nowMs: () => number;
  #table: CountTable;
  #lookedMs = 0;
  /** The runs since the last look: whose, and of how many turns. */
  #cells: (Cell | undefined)[] = new Array(rowMax).fill(undefined);
  readonly #turns = new Int32Array(rowMax);
  #size = 0;
  /** How many make a row now. */
  #sizeMax = 1;
  /** What a turn takes of those who are short. */
  #shortMs = 0;
  /** Of those who are not: looks of their own that are left. */
  #own = new WeakMap<Cell, number>();

  constructor(table: CountTable, nowMs: () => number) {
    this.#table = table;
    this.nowMs = nowMs;
  }

  /** Runs begin. Returns the time. */
  begin(): number {
    // Where the runs before it have not come to an end, nobody knows how long they took.
    this.#share(0, this.#size);
    this.#size = 0;
    this.#lookedMs = this.nowMs();
    return this.#lookedMs;
  }

  /** From now on another table has what they do. Nothing is known of anybody. */
  renew(table: CountTable): void {
    this.#table = table;
    this.#cells = new Array(rowMax).fill(undefined);
    this.#size = 0;
    this.#own = new WeakMap();
  }

  ran(cell: Cell, turns: number): void {
    const at = this.#size;
    this.#cells[at] = cell;
    this.#turns[at] = turns;
    this.#size = at + 1;
    if ((cell.flags & Flag.timed) !== 0) this.#lookAt(cell, turns);
    else if (at + 1 >= this.#sizeMax) this.end();
  }

  /** Shares the time since the last look. */
  end(): void {
    const size = this.#size;
    if (size === 0) return;
    const ms = this.#passedMs();
    const turnMs = ms / this.#weights(size);
    this.#share(turnMs, size);
    if (ms > longMs) {
      for (let i = 0; i < size; i++) this.#time(this.#cells[i] as Cell, ownLooks);
      this.#sizeMax = 1;
    } else {
      this.#shortMs += (turnMs - this.#shortMs) / 8;
      // As many as half of that time has room for.
      if (ms * 2 < longMs) this.#sizeMax = Math.min(rowMax, this.#sizeMax * 2);
    }
    this.#size = 0;
  }

  /** The last of the row is none of the short ones: it gets what these do not take. */
  #lookAt(cell: Cell, turns: number): void {
    const ms = this.#passedMs();
    const size = this.#size - 1;
    const othersMs = Math.min(ms, this.#weights(size) * this.#shortMs);
    this.#share(size === 0 ? 0 : othersMs / this.#weights(size), size);
    this.#table.add(cell, turns, ms - othersMs);
    this.#time(cell, ms - othersMs > longMs ? ownLooks : (this.#own.get(cell) ?? 1) - 1);
    this.#size = 0;
  }

  #time(cell: Cell, looks: number): void {
    if (looks > 0) {
      cell.flags |= Flag.timed;
      this.#own.set(cell, looks);
      return;
    }
    cell.flags &= ~Flag.timed;
    this.#own.delete(cell);
  }

  #weights(size: number): number {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += weightOf(this.#turns[i] as number);
    return sum;
  }

  #share(turnMs: number, size: number): void {
    const table = this.#table;
    for (let i = 0; i < size; i++) {
      const turns = this.#turns[i] as number;
      table.add(this.#cells[i] as Cell, turns, weightOf(turns) * turnMs);
    }
  }

  #passedMs(): number {
    const nowMs = this.nowMs();
    const ms = nowMs - this.#lookedMs;
    this.#lookedMs = nowMs;
    return ms;
  }
}

/** One that began has had no turn, and took its time all the same. */
const weightOf = (turns: number): number => (turns === 0 ? 1 : turns);
