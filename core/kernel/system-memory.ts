/**
 * What all threads of a system share: the liveness words, and a few words each thread publishes about itself.
 *
 * A ref is alive while its thread's state word says `alive` and its slot's word equals its generation, so death is one
 * store and anybody can see it at once (SEMANTICS S4). Memory is reserved for the largest system and only touched
 * pages cost anything. Thread ids are never reused; the slots of a lost thread are (under another thread id).
 */

import { Counters, countersPerThread } from "./counters.ts";

/** Threads that one system may ever have started. */
export const threadIdsMax = 16_384;
/** Slots of a scheduler thread or main: how many actors may live there at once. */
export const slotsPerThread = 2 ** 21;
/** Slots of a dedicated thread: its actor, and the children it keeps with it. */
export const slotsPerDedicated = 1_024;
/** Slots reserved at a time by a spawner on another thread. */
export const slotBlock = 64;

/** `retired`: a dedicated thread whose last actor had ended. */
export const ThreadState = { unused: 0, starting: 1, alive: 2, lost: 3, retired: 4 } as const;

/** Words of each thread, by index in its row. */
const Word = {
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
} as const;
const wordsPerThread = 32;

/** Global words. */
const Global = { interest: 0, nextThread: 1, nextBase: 2, schedulers: 3, attention: 4 } as const;
/** Scheduler threads at most, main included. */
export const positionsMax = 128;
/** A tainted thread counts as this many actors more, so that it gets new ones only when every other is tainted too. */
const taintedLoad = 2 ** 30;
const globalWords = 16 + positionsMax;
const firstPosition = 16;

/** The buffers, as they are handed to a starting thread. */
export interface SystemBuffers {
  readonly words: SharedArrayBuffer;
  readonly slots: SharedArrayBuffer;
  readonly times: SharedArrayBuffer;
  readonly owners: SharedArrayBuffer;
  readonly counters: SharedArrayBuffer;
  readonly announced: SharedArrayBuffer;
  readonly kills: SharedArrayBuffer;
}

export class SystemMemory {
  readonly buffers: SystemBuffers;
  readonly words: Int32Array;
  readonly slots: Int32Array;
  /** `[0]` manual time, `[1 + thread]` when the thread's next timer is due (0 or Infinity: none). */
  readonly times: Float64Array;
  /** Who reserved each block of slots: thread id + 1, 0 nobody. */
  readonly #owners: Int32Array;
  /** Spawns by the holder of each block of slots that are on their way. */
  readonly #announced: Int32Array;
  /** What each thread counts, by rows: `Counters`. */
  readonly #counters: Float64Array;
  /** By slot: generation + 1 of the actor whose running turn is to be ended; 0 none. */
  readonly #kills: Int32Array;

  private constructor(buffers: SystemBuffers) {
    this.buffers = buffers;
    this.words = new Int32Array(buffers.words);
    this.slots = new Int32Array(buffers.slots);
    this.times = new Float64Array(buffers.times);
    this.#owners = new Int32Array(buffers.owners);
    this.#announced = new Int32Array(buffers.announced);
    this.#counters = new Float64Array(buffers.counters);
    this.#kills = new Int32Array(buffers.kills);
  }

  /**
   * @param threadsMax scheduler threads, main included, that may live at once; their slots are reserved.
   * @param dedicatedMax dedicated threads that may ever be started. Each thread reserves 4 KiB of address space.
   */
  static create(threadsMax: number, slotsEach = slotsPerThread, dedicatedMax = threadIdsMax): SystemMemory {
    const slotWords = threadsMax * slotsEach + dedicatedMax * slotsPerDedicated;
    return new SystemMemory({
      words: new SharedArrayBuffer((globalWords + threadIdsMax * wordsPerThread) * 4),
      slots: new SharedArrayBuffer(slotWords * 4),
      times: new SharedArrayBuffer((1 + threadIdsMax) * 8),
      owners: new SharedArrayBuffer(Math.ceil(slotWords / slotBlock) * 4),
      announced: new SharedArrayBuffer(Math.ceil(slotWords / slotBlock) * 4),
      counters: new SharedArrayBuffer(threadIdsMax * countersPerThread * 8),
      kills: new SharedArrayBuffer(slotWords * 4),
    });
  }

  static attach(buffers: SystemBuffers): SystemMemory {
    return new SystemMemory(buffers);
  }

  /** As if it were new, so that memory can be used again: nothing may run in it. */
  clear(): void {
    const threads = this.threadCount;
    const slots = this.words[Global.nextBase] as number;
    this.slots.fill(0, 0, slots);
    this.#kills.fill(0, 0, slots);
    this.#owners.fill(0, 0, Math.ceil(slots / slotBlock));
    this.times.fill(0, 0, 1 + threads);
    this.#counters.fill(0, 0, threads * countersPerThread);
    this.words.fill(0, 0, this.#row(threads));
  }

  #row(thread: number): number {
    return globalWords + thread * wordsPerThread;
  }

  /** Index of a thread's running words: slot, generation and turn number follow one another. */
  runWords(thread: number): number {
    return this.#row(thread) + Word.runSlot;
  }

  /** Index of the word in which a thread counts its unread mail. */
  unreadWord(thread: number): number {
    return this.#row(thread) + Word.unread;
  }

  /** A new thread id, in state `starting`, from any thread. Its first block of slots is its own. Undefined when all ids were used. */
  newThread(position: number, base: number, slots: number, starter = 0): number | undefined {
    const thread = Atomics.add(this.words, Global.nextThread, 1);
    if (thread >= threadIdsMax) {
      Atomics.sub(this.words, Global.nextThread, 1);
      return undefined;
    }
    const row = this.#row(thread);
    this.words[row + Word.base] = base;
    this.words[row + Word.slots] = slots;
    this.words[row + Word.position] = position;
    this.words[row + Word.starter] = starter;
    this.words[row + Word.nextSlot] = slotBlock;
    this.words[row + Word.busy] = 1;
    Atomics.store(this.words, row + Word.state, ThreadState.starting);
    return thread;
  }

  /** Takes slots that no thread has had yet, from any thread. Undefined when memory is used up. */
  newRegion(slots: number): number | undefined {
    const base = Atomics.add(this.words, Global.nextBase, slots);
    if (base + slots > this.slots.length) {
      Atomics.sub(this.words, Global.nextBase, slots);
      return undefined;
    }
    return base;
  }

  /** Which thread holds a scheduler position now (0 is main). Undefined when there is no such position. */
  threadAt(position: number): number | undefined {
    if (!(Number.isInteger(position) && position >= 0 && position < this.schedulers)) return undefined;
    return Atomics.load(this.words, firstPosition + position) - 1;
  }

  /** Main only. */
  setThreadAt(position: number, thread: number): void {
    Atomics.store(this.words, firstPosition + position, thread + 1);
    if (position >= this.schedulers) Atomics.store(this.words, Global.schedulers, position + 1);
  }

  /** Scheduler positions, main included. */
  get schedulers(): number {
    return Atomics.load(this.words, Global.schedulers);
  }

  /** The scheduler thread with the fewest actors; main only when there is no other. */
  leastLoaded(): number {
    let best = this.threadAt(0) ?? 0;
    let fewest = Number.POSITIVE_INFINITY;
    for (let position = 1; position < this.schedulers; position++) {
      const thread = this.threadAt(position) as number;
      const actors = this.actors(thread);
      const load = actors + (this.isTainted(thread) ? taintedLoad : 0);
      if (load < fewest && this.isThreadUp(thread)) {
        fewest = load;
        best = thread;
      }
    }
    return best;
  }

  setState(thread: number, state: (typeof ThreadState)[keyof typeof ThreadState]): void {
    Atomics.store(this.words, this.#row(thread) + Word.state, state);
  }

  /** A thread that never was is unused. */
  state(thread: number): number {
    if (!(thread >= 0 && thread < threadIdsMax)) return ThreadState.unused;
    return Atomics.load(this.words, this.#row(thread) + Word.state);
  }

  base(thread: number): number {
    return this.words[this.#row(thread) + Word.base] as number;
  }

  position(thread: number): number {
    return this.words[this.#row(thread) + Word.position] as number;
  }

  setPosition(thread: number, position: number): void {
    this.words[this.#row(thread) + Word.position] = position;
  }

  /** The thread that asked for this one: for a dedicated thread the one that spawns its actor. */
  starter(thread: number): number {
    return this.words[this.#row(thread) + Word.starter] as number;
  }

  slotsOf(thread: number): number {
    return this.words[this.#row(thread) + Word.slots] as number;
  }

  /** Ids of the threads that are up, main included. */
  threadsUp(): number[] {
    const up: number[] = [];
    for (let thread = 0; thread < this.threadCount; thread++) if (this.isThreadUp(thread)) up.push(thread);
    return up;
  }

  /** Whether the thread may still have living actors. */
  isThreadUp(thread: number): boolean {
    const state = this.state(thread);
    return state === ThreadState.alive || state === ThreadState.starting;
  }

  /** Reserves `slotBlock` slots of a thread for another, or for itself. Undefined when it has none left. */
  reserveSlots(thread: number, by: number): number | undefined {
    const row = this.#row(thread);
    const first = Atomics.add(this.words, row + Word.nextSlot, slotBlock);
    if (first + slotBlock > (this.words[row + Word.slots] as number)) {
      Atomics.sub(this.words, row + Word.nextSlot, slotBlock);
      return undefined;
    }
    // Whoever had these slots before, on a thread that is lost, may have left something.
    Atomics.store(this.#announced, this.#block(thread, first), 0);
    Atomics.store(this.#owners, this.#block(thread, first), by + 1);
    return first;
  }

  #block(thread: number, slot: number): number {
    return Math.floor((this.base(thread) + slot) / slotBlock);
  }

  /** The thread that makes actors in this slot. */
  ownerOf(thread: number, slot: number): number {
    return slot < slotBlock ? thread : Atomics.load(this.#owners, this.#block(thread, slot)) - 1;
  }

  /** Whether another thread makes actors in this slot. */
  isReserved(thread: number, slot: number): boolean {
    return slot >= 0 && slot < this.#reservedEnd(thread) && this.ownerOf(thread, slot) !== thread;
  }

  /** Where slots begin that nobody has reserved yet. */
  #reservedEnd(thread: number): number {
    return Atomics.load(this.words, this.#row(thread) + Word.nextSlot);
  }

  /**
   * A spawn on another thread begins, in a slot that the spawner has reserved there: the actor counts from now on, so
   * that the next one is placed accordingly.
   */
  announceSpawn(thread: number, slot: number): void {
    Atomics.add(this.#announced, this.#block(thread, slot), 1);
    this.addActors(thread, 1);
  }

  /** It has arrived. */
  spawnArrived(thread: number, slot: number): void {
    Atomics.sub(this.#announced, this.#block(thread, slot), 1);
  }

  /** It will not come: its spawner could not send it. */
  withdrawSpawn(thread: number, slot: number): void {
    Atomics.sub(this.#announced, this.#block(thread, slot), 1);
    this.addActors(thread, -1);
  }

  /**
   * The slots of all blocks that a lost thread had reserved in this one; from now on they are its own. Its spawns that
   * have not arrived never will, and count no more.
   */
  takeBackSlots(thread: number, lost: number): number[] {
    const slots: number[] = [];
    for (let first = slotBlock; first < this.#reservedEnd(thread); first += slotBlock) {
      if (this.ownerOf(thread, first) !== lost) continue;
      this.addActors(thread, -Atomics.exchange(this.#announced, this.#block(thread, first), 0));
      Atomics.store(this.#owners, this.#block(thread, first), thread + 1);
      for (let slot = first; slot < first + slotBlock; slot++) slots.push(slot);
    }
    return slots;
  }

  /** The generation that the slot's present or next holder has. */
  generation(thread: number, slot: number): number {
    return Atomics.load(this.slots, this.base(thread) + slot);
  }

  /** Death: one store to the slot's word. */
  killSlot(thread: number, slot: number, generation: number): void {
    Atomics.store(this.slots, this.base(thread) + slot, (generation + 1) | 0);
  }

  isAlive(thread: number, slot: number, generation: number): boolean {
    return (
      this.isThreadUp(thread) &&
      slot >= 0 &&
      slot < this.slotsOf(thread) &&
      this.generation(thread, slot) === generation
    );
  }

  /** Index of the word that says how long the running actor's turns may take, in milliseconds; 0: for ever. */
  turnLimitWord(thread: number): number {
    return this.#row(thread) + Word.turnLimit;
  }

  /** Notes by which bound (`LimitKind`) the limit of an actor is whose code runs. */
  setLimitKind(thread: number, slot: number, generation: number, kind: number): void {
    const row = this.#row(thread);
    this.words[row + Word.limitGeneration] = generation;
    this.words[row + Word.limitKind] = kind;
    Atomics.store(this.words, row + Word.limitSlot, slot);
  }

  /** What was noted of that actor; 0, the turn's own limit, if nothing was. */
  limitKind(thread: number, slot: number, generation: number): number {
    const row = this.#row(thread);
    const isIt =
      Atomics.load(this.words, row + Word.limitSlot) === slot && this.words[row + Word.limitGeneration] === generation;
    return isIt ? (this.words[row + Word.limitKind] as number) : 0;
  }

  /** Notes whose code runs behind an `await`; slot 0: nobody's. */
  setOwner(thread: number, slot: number, generation: number, limitMs: number): void {
    const row = this.#row(thread);
    this.words[row + Word.ownerGeneration] = generation;
    this.words[row + Word.ownerLimit] = limitMs;
    Atomics.store(this.words, row + Word.ownerSlot, slot);
  }

  /** What was noted, in the words of `Cuts.who`: slot, generation and limit, or `idle`. */
  ownerText(thread: number): string {
    const row = this.#row(thread);
    const slot = Atomics.load(this.words, row + Word.ownerSlot);
    return slot === 0
      ? "idle"
      : `${slot} ${this.words[row + Word.ownerGeneration]} ${this.words[row + Word.ownerLimit]}`;
  }

  /** Counts drains, so that the watchdog sees that a thread moves. */
  drainWord(thread: number): number {
    return this.#row(thread) + Word.drains;
  }

  /** Something is there for a thread that rests: to be called before it is woken. */
  ringing(thread: number): void {
    Atomics.add(this.words, this.#row(thread) + Word.bells, 1);
  }

  /** The thread itself, before it takes up what is there. */
  heardBells(thread: number): void {
    const row = this.#row(thread);
    Atomics.store(this.words, row + Word.bellsHeard, Atomics.load(this.words, row + Word.bells));
  }

  /** Whether something waits for a thread that rested, as it believed. */
  isRung(thread: number): boolean {
    const row = this.#row(thread);
    return Atomics.load(this.words, row + Word.bellsHeard) !== Atomics.load(this.words, row + Word.bells);
  }

  /** Async turns that a thread has open: while there are any, code of actors may run outside of turns. */
  openTurns(thread: number): number {
    return this.words[this.#row(thread) + Word.openTurns] as number;
  }
  setOpenTurns(thread: number, count: number): void {
    this.words[this.#row(thread) + Word.openTurns] = count;
  }

  /** `kill` of an actor on another thread: if its turn is under way, the watchdog ends that. */
  wantKill(thread: number, slot: number, generation: number): void {
    // Also just after its death: its code may still run behind an await.
    const isSlot = slot >= 0 && slot < this.slotsOf(thread);
    const age = isSlot ? (this.generation(thread, slot) - generation) | 0 : -1;
    if (age === 0 || age === 1) Atomics.store(this.#kills, this.base(thread) + slot, (generation + 1) | 0);
    Atomics.add(this.words, this.#row(thread) + Word.killsWanted, 1);
    Atomics.add(this.words, Global.attention, 1);
    Atomics.notify(this.words, Global.attention);
  }

  /** The thread has received the exit signal of a `wantKill`. */
  killReceived(thread: number): void {
    Atomics.sub(this.words, this.#row(thread) + Word.killsWanted, 1);
  }

  killsWanted(thread: number): number {
    return Atomics.load(this.words, this.#row(thread) + Word.killsWanted);
  }

  isKillWanted(thread: number, slot: number, generation: number): boolean {
    return Atomics.load(this.#kills, this.base(thread) + slot) === ((generation + 1) | 0);
  }

  /** Index of the word that changes when the watchdog must look at once. */
  readonly attentionWord = Global.attention;

  /** The operating system's number of a thread; 0: it does not tell. */
  setOsThread(thread: number, number: number): void {
    Atomics.store(this.words, this.#row(thread) + Word.osThread, number);
  }

  osThread(thread: number): number {
    return Atomics.load(this.words, this.#row(thread) + Word.osThread);
  }

  /** A cut may have left something of Node's own half done there: no new actors, until it is replaced. */
  taint(thread: number): void {
    Atomics.store(this.words, this.#row(thread) + Word.tainted, 1);
  }
  isTainted(thread: number): boolean {
    return Atomics.load(this.words, this.#row(thread) + Word.tainted) === 1;
  }

  /** Counters for `settled`: frames handed to other threads, frames handled, and whether the thread has work. */
  addSent(thread: number, frames: number): void {
    Atomics.add(this.words, this.#row(thread) + Word.sent, frames);
  }
  addReceived(thread: number, frames: number): void {
    Atomics.add(this.words, this.#row(thread) + Word.received, frames);
  }
  setBusy(thread: number, busy: boolean): void {
    Atomics.store(this.words, this.#row(thread) + Word.busy, busy ? 1 : 0);
  }
  isBusy(thread: number): boolean {
    return Atomics.load(this.words, this.#row(thread) + Word.busy) === 1;
  }
  sent(thread: number): number {
    return Atomics.load(this.words, this.#row(thread) + Word.sent);
  }
  received(thread: number): number {
    return Atomics.load(this.words, this.#row(thread) + Word.received);
  }

  /** Losses of threads that a thread is told of, and those whose signals it has made: until both agree nothing is settled. */
  tellLoss(thread: number): void {
    Atomics.add(this.words, this.#row(thread) + Word.lossesTold, 1);
  }
  takeLoss(thread: number): void {
    Atomics.add(this.words, this.#row(thread) + Word.lossesTaken, 1);
  }
  hasLossToTake(thread: number): boolean {
    const row = this.#row(thread);
    return Atomics.load(this.words, row + Word.lossesTold) !== Atomics.load(this.words, row + Word.lossesTaken);
  }

  /** Load of a thread, for placement: its living actors. */
  addActors(thread: number, count: number): void {
    Atomics.add(this.words, this.#row(thread) + Word.actors, count);
  }
  actors(thread: number): number {
    return Atomics.load(this.words, this.#row(thread) + Word.actors);
  }

  /** What a thread counts about itself, also when it is lost. */
  countersOf(thread: number): Counters {
    return new Counters(this.#counters, thread, this.words, this.unreadWord(thread));
  }

  /** Bits of the event kinds that somebody on main listens to. */
  get interest(): number {
    return this.words[Global.interest] as number;
  }
  set interest(bits: number) {
    this.words[Global.interest] = bits;
  }

  /** Manual time. */
  get manualMs(): number {
    return this.times[0] as number;
  }
  set manualMs(ms: number) {
    this.times[0] = ms;
  }

  /** When a thread's next timer is due under manual time; Infinity: none. */
  nextDueMs(thread: number): number {
    const dueMs = this.times[1 + thread] as number;
    return dueMs === 0 ? Number.POSITIVE_INFINITY : dueMs;
  }
  setNextDueMs(thread: number, dueMs: number): void {
    this.times[1 + thread] = dueMs;
  }

  get threadCount(): number {
    return this.words[Global.nextThread] as number;
  }
}
