/**
 * What the watchdog reads of each thread beside the running words: whose code may run there and how long, whether the
 * thread moves, what it was woken for, and which actors are to be killed in their turn.
 */
import { Global, rowOf, Word } from "./memory-layout.ts";
import type { SystemMemory } from "./system-memory.ts";

export class WatchWords {
  /** Index of the word that changes when the watchdog must look at once. */
  readonly attentionWord = Global.attention;
  readonly #memory: SystemMemory;
  readonly #words: Int32Array;
  /** By slot: generation + 1 of the actor whose running turn is to be ended; 0 none. */
  readonly #kills: Int32Array;

  constructor(memory: SystemMemory, kills: SharedArrayBuffer) {
    this.#memory = memory;
    this.#words = memory.words;
    this.#kills = new Int32Array(kills);
  }

  /** No actor in any of so many slots is to be killed. */
  clear(slots: number): void {
    this.#kills.fill(0, 0, slots);
  }

  /** Notes by which bound (`LimitKind`) the limit of an actor is whose code runs. */
  setLimitKind(thread: number, slot: number, generation: number, kind: number): void {
    const row = rowOf(thread);
    this.#words[row + Word.limitGeneration] = generation;
    this.#words[row + Word.limitKind] = kind;
    Atomics.store(this.#words, row + Word.limitSlot, slot);
  }

  /** What was noted of that actor; 0, the turn's own limit, if nothing was. */
  limitKind(thread: number, slot: number, generation: number): number {
    const row = rowOf(thread);
    const isIt =
      Atomics.load(this.#words, row + Word.limitSlot) === slot &&
      this.#words[row + Word.limitGeneration] === generation;
    return isIt ? (this.#words[row + Word.limitKind] as number) : 0;
  }

  /** Notes whose code runs behind an `await`; slot 0: nobody's. */
  setOwner(thread: number, slot: number, generation: number, limitMs: number): void {
    const row = rowOf(thread);
    this.#words[row + Word.ownerGeneration] = generation;
    this.#words[row + Word.ownerLimit] = limitMs;
    Atomics.store(this.#words, row + Word.ownerSlot, slot);
  }

  /** What was noted, in the words of `Cuts.who`: slot, generation and limit, or `idle`. */
  ownerText(thread: number): string {
    const row = rowOf(thread);
    const slot = Atomics.load(this.#words, row + Word.ownerSlot);
    return slot === 0
      ? "idle"
      : `${slot} ${this.#words[row + Word.ownerGeneration]} ${this.#words[row + Word.ownerLimit]}`;
  }

  /** Index of the word that counts a thread's drains: so the watchdog sees that it moves. */
  drainWord(thread: number): number {
    return rowOf(thread) + Word.drains;
  }

  /** Something is there for a thread that rests: to be called before it is woken. */
  ringing(thread: number): void {
    Atomics.add(this.#words, rowOf(thread) + Word.bells, 1);
  }

  /** The thread itself, before it takes up what is there. */
  heardBells(thread: number): void {
    const row = rowOf(thread);
    Atomics.store(this.#words, row + Word.bellsHeard, Atomics.load(this.#words, row + Word.bells));
  }

  /** Whether something waits for a thread that rested, as it believed. */
  isRung(thread: number): boolean {
    const row = rowOf(thread);
    return Atomics.load(this.#words, row + Word.bellsHeard) !== Atomics.load(this.#words, row + Word.bells);
  }

  /** Async turns that a thread has open: while there are any, code of actors may run outside of turns. */
  openTurns(thread: number): number {
    return this.#words[rowOf(thread) + Word.openTurns] as number;
  }
  setOpenTurns(thread: number, count: number): void {
    this.#words[rowOf(thread) + Word.openTurns] = count;
  }

  /** `kill` of an actor on another thread: if its turn is under way, the watchdog ends that. */
  wantKill(thread: number, slot: number, generation: number): void {
    // Also just after its death: its code may still run behind an await.
    const isSlot = slot >= 0 && slot < this.#memory.slotsOf(thread);
    const age = isSlot ? (this.#memory.generation(thread, slot) - generation) | 0 : -1;
    if (age === 0 || age === 1) Atomics.store(this.#kills, this.#memory.base(thread) + slot, (generation + 1) | 0);
    Atomics.add(this.#words, rowOf(thread) + Word.killsWanted, 1);
    Atomics.add(this.#words, Global.attention, 1);
    Atomics.notify(this.#words, Global.attention);
  }

  /** The thread has received the exit signal of a `wantKill`. */
  killReceived(thread: number): void {
    Atomics.sub(this.#words, rowOf(thread) + Word.killsWanted, 1);
  }

  killsWanted(thread: number): number {
    return Atomics.load(this.#words, rowOf(thread) + Word.killsWanted);
  }

  isKillWanted(thread: number, slot: number, generation: number): boolean {
    return Atomics.load(this.#kills, this.#memory.base(thread) + slot) === ((generation + 1) | 0);
  }

  /** The operating system's number of a thread; 0: it does not tell. */
  setOsThread(thread: number, number: number): void {
    Atomics.store(this.#words, rowOf(thread) + Word.osThread, number);
  }

  osThread(thread: number): number {
    return Atomics.load(this.#words, rowOf(thread) + Word.osThread);
  }
}
