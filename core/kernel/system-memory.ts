/**
 * What all threads of a system share: the liveness words, and a few words each thread publishes about itself.
 *
 * A ref is alive while its thread's state word says `alive` and its slot's word equals its generation, so death is one
 * store and anybody can see it at once (SEMANTICS S4). Memory is reserved for the largest system and only touched
 * pages cost anything. Thread ids are never reused; the slots of a lost thread are (under another thread id).
 */

import type { RefData } from "../actor/ref.ts";
import { drawOnce } from "../random.ts";
import { AgentWords, ageMs } from "./agent-words.ts";
import { Counters, countersPerThread } from "./counters.ts";
import { firstPosition, Global, globalWords, rowOf, Word, wordsPerThread } from "./memory-layout.ts";
import { blocksOf, SlotReservations, slotBlock } from "./slot-reservations.ts";
import { TaskWords } from "./task-words.ts";
import { WatchWords } from "./watch-words.ts";

/** Threads that one system may ever have started. */
export const threadIdsMax = 16_384;
/** Slots of a scheduler thread or main: how many actors may live there at once. */
export const slotsPerThread = 2 ** 21;
/** Slots of a dedicated thread: its actor, and the children it keeps with it. */
export const slotsPerDedicated = 1_024;

/** `retired`: a dedicated thread whose last actor had ended. */
export const ThreadState = { unused: 0, starting: 1, alive: 2, lost: 3, retired: 4 } as const;

/** A tainted thread counts as this many actors more, so that it gets new ones only when every other is tainted too. */
const taintedLoad = 2 ** 30;

/** The buffers, as they are handed to a starting thread. */
export interface SystemBuffers {
  readonly words: SharedArrayBuffer;
  readonly slots: SharedArrayBuffer;
  readonly times: SharedArrayBuffer;
  readonly owners: SharedArrayBuffer;
  readonly counters: SharedArrayBuffer;
  readonly announced: SharedArrayBuffer;
  readonly kills: SharedArrayBuffer;
  readonly loads: SharedArrayBuffer;
  readonly restarts: SharedArrayBuffer;
  readonly turns: SharedArrayBuffer;
  readonly tasks: SharedArrayBuffer;
}

type ActorAddress = Pick<RefData, "thread" | "slot" | "generation">;

/** What `Word.busy` says. */
const Busy = { idle: 0, awake: 1, waiting: 2 } as const;

export class SystemMemory {
  readonly buffers: SystemBuffers;
  readonly words: Int32Array;
  readonly slots: Int32Array;
  /** `[0]` manual time, `[1 + thread]` when the thread's next timer is due (0 or Infinity: none). */
  readonly times: Float64Array;
  readonly reservations: SlotReservations;
  readonly watch: WatchWords;
  readonly #agents: AgentWords;
  readonly #tasks: TaskWords;
  /** What each thread counts, by rows: `Counters`. */
  readonly #counters: Float64Array;

  private constructor(buffers: SystemBuffers) {
    this.buffers = buffers;
    this.words = new Int32Array(buffers.words);
    this.slots = new Int32Array(buffers.slots);
    this.times = new Float64Array(buffers.times);
    this.#agents = new AgentWords(buffers);
    this.#tasks = new TaskWords(this.words, buffers.tasks);
    this.#counters = new Float64Array(buffers.counters);
    this.reservations = new SlotReservations(this, buffers.owners, buffers.announced);
    this.watch = new WatchWords(this, buffers.kills);
  }

  /**
   * @param threadsMax scheduler threads, main included, that may live at once; their slots are reserved.
   * @param dedicatedMax dedicated threads that may ever be started. Each thread reserves 4 KiB of address space.
   */
  static create(threadsMax: number, slotsEach = slotsPerThread, dedicatedMax = threadIdsMax): SystemMemory {
    const slotWords = threadsMax * slotsEach + dedicatedMax * slotsPerDedicated;
    const memory = new SystemMemory({
      words: new SharedArrayBuffer((globalWords + threadIdsMax * wordsPerThread) * 4),
      slots: new SharedArrayBuffer(slotWords * 4),
      times: new SharedArrayBuffer((1 + threadIdsMax) * 8),
      owners: new SharedArrayBuffer(blocksOf(slotWords) * 4),
      announced: new SharedArrayBuffer(blocksOf(slotWords) * 4),
      counters: new SharedArrayBuffer(threadIdsMax * countersPerThread * 8),
      kills: new SharedArrayBuffer(slotWords * 4),
      loads: new SharedArrayBuffer(slotWords * 4),
      restarts: new SharedArrayBuffer(slotWords * 4),
      turns: new SharedArrayBuffer(slotWords * 4),
      tasks: new SharedArrayBuffer(slotWords * 4),
    });
    memory.#drawCreation();
    return memory;
  }

  static attach(buffers: SystemBuffers): SystemMemory {
    return new SystemMemory(buffers);
  }

  /** As if it were new, so that memory can be used again: nothing may run in it. */
  clear(): void {
    const threads = this.threadCount;
    const slots = this.words[Global.nextBase] as number;
    this.slots.fill(0, 0, slots);
    this.watch.clear(slots);
    this.#agents.clear(slots);
    this.#tasks.clear(slots);
    this.reservations.clear(slots);
    this.times.fill(0, 0, 1 + threads);
    this.#counters.fill(0, 0, threads * countersPerThread);
    this.words.fill(0, 0, rowOf(threads));
    this.#drawCreation();
  }

  /** Which run of the system this memory is of. */
  get creation(): number {
    return this.words[Global.creation] as number;
  }

  #drawCreation(): void {
    this.words[Global.creation] = drawOnce();
  }

  /** Whether threads may begin tasks for their own actors. Main says so. */
  get areTasksOpen(): boolean {
    return this.#tasks.isOpen;
  }
  openTasks(areOpen: boolean): void {
    this.#tasks.isOpen = areOpen;
  }
  /** The thread of an actor begins a task for it. False: it has one in hand. */
  beginTask(ref: ActorAddress): boolean {
    return this.#tasks.begin(this.base(ref.thread) + ref.slot, ref);
  }
  /** Main is about to give it a task. Returns whether its own thread has, of which main has not heard. */
  markTask(ref: ActorAddress): boolean {
    return this.#tasks.mark(this.base(ref.thread) + ref.slot, ref);
  }
  /** It has nothing of main's in hand any more. */
  unmarkTask(ref: ActorAddress): void {
    this.#tasks.unmark(this.base(ref.thread) + ref.slot, ref);
  }
  /** Main has heard of the task that its own thread has begun. */
  heardTask(ref: ActorAddress): void {
    this.#tasks.heard(this.base(ref.thread) + ref.slot, ref);
  }

  /** What a thread tells of an actor of its that has declared something. */
  tellAgent(
    thread: number,
    slot: number,
    load: number,
    restartedMs: number | undefined,
    turnBeganMs: number | undefined,
  ): void {
    this.#agents.tell(this.base(thread) + slot, load, restartedMs, turnBeganMs);
  }
  agentLoad(thread: number, slot: number): number {
    return this.#agents.load(this.base(thread) + slot);
  }
  agentRestartAgeMs(thread: number, slot: number, nowMs: number): number | undefined {
    return this.#agents.restartAgeMs(this.base(thread) + slot, nowMs);
  }
  agentTurnAgeMs(thread: number, slot: number, nowMs: number): number | undefined {
    return this.#agents.turnAgeMs(this.base(thread) + slot, nowMs);
  }

  /** Index of the word that says when the thread's last drain began. */
  drainBeganWord(thread: number): number {
    return rowOf(thread) + Word.drainBegan;
  }

  /** For how long one turn has held the thread at least; 0: none runs, or it has just begun. A drain is short but for such a turn. */
  heldMs(thread: number, nowMs: number): number {
    const isInTurn = (Atomics.load(this.words, this.runWords(thread) + 2) & 1) === 1;
    return isInTurn ? (ageMs(Atomics.load(this.words, this.drainBeganWord(thread)), nowMs) ?? 0) : 0;
  }

  /** Index of a thread's running words: slot, generation and turn number follow one another. */
  runWords(thread: number): number {
    return rowOf(thread) + Word.runSlot;
  }

  /**
   * Where the thread of an actor stands: its turn and its drain, both at one moment. `isHeldByOther`: in a turn that is not
   * that actor's, or it is not to be seen, since it moves.
   */
  standing({ thread, slot, generation }: ActorAddress): {
    readonly turn: number;
    readonly drains: number;
    readonly isHeldByOther: boolean;
  } {
    const { words } = this;
    const run = this.runWords(thread);
    const turn = Atomics.load(words, run + 2);
    const isIts = Atomics.load(words, run) === slot && Atomics.load(words, run + 1) === generation;
    const drains = Atomics.load(words, this.watch.drainWord(thread));
    const hasMoved = Atomics.load(words, run + 2) !== turn;
    return { turn, drains, isHeldByOther: hasMoved || ((turn & 1) === 1 && !isIts) };
  }

  /** Index of the word in which a thread counts its unread mail. */
  unreadWord(thread: number): number {
    return rowOf(thread) + Word.unread;
  }

  /** A new thread id, in state `starting`, from any thread. Its first block of slots is its own. Undefined when all ids were used. */
  newThread(position: number, base: number, slots: number, starter = 0): number | undefined {
    const thread = Atomics.add(this.words, Global.nextThread, 1);
    if (thread >= threadIdsMax) {
      Atomics.sub(this.words, Global.nextThread, 1);
      return undefined;
    }
    const row = rowOf(thread);
    this.words[row + Word.base] = base;
    this.words[row + Word.slots] = slots;
    this.words[row + Word.position] = position;
    this.words[row + Word.starter] = starter;
    this.words[row + Word.nextSlot] = slotBlock;
    this.words[row + Word.busy] = Busy.awake;
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
    Atomics.store(this.words, rowOf(thread) + Word.state, state);
  }

  /** A thread that never was is unused. */
  state(thread: number): number {
    if (!(thread >= 0 && thread < threadIdsMax)) return ThreadState.unused;
    return Atomics.load(this.words, rowOf(thread) + Word.state);
  }

  base(thread: number): number {
    return this.words[rowOf(thread) + Word.base] as number;
  }

  position(thread: number): number {
    return this.words[rowOf(thread) + Word.position] as number;
  }

  setPosition(thread: number, position: number): void {
    this.words[rowOf(thread) + Word.position] = position;
  }

  /** The thread that asked for this one: for a dedicated thread the one that spawns its actor. */
  starter(thread: number): number {
    return this.words[rowOf(thread) + Word.starter] as number;
  }

  slotsOf(thread: number): number {
    return this.words[rowOf(thread) + Word.slots] as number;
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
    return rowOf(thread) + Word.turnLimit;
  }

  /** A cut may have left something of Node's own half done there: no new actors, until it is replaced. */
  taint(thread: number): void {
    Atomics.store(this.words, rowOf(thread) + Word.tainted, 1);
  }
  isTainted(thread: number): boolean {
    return Atomics.load(this.words, rowOf(thread) + Word.tainted) === 1;
  }

  /** Main tells a thread that is to come up what all others know, before it hears them. */
  announceIntroduction(thread: number): void {
    Atomics.store(this.words, rowOf(thread) + Word.introduction, 1);
  }
  hasIntroduction(thread: number): boolean {
    return Atomics.load(this.words, rowOf(thread) + Word.introduction) === 1;
  }

  /** Counters for `settled`: frames handed to other threads, frames handled, and whether the thread has work. */
  addSent(thread: number, frames: number): void {
    Atomics.add(this.words, rowOf(thread) + Word.sent, frames);
  }
  addReceived(thread: number, frames: number): void {
    Atomics.add(this.words, rowOf(thread) + Word.received, frames);
  }
  /** The thread is awake. */
  setBusy(thread: number): void {
    Atomics.store(this.words, rowOf(thread) + Word.busy, Busy.awake);
  }
  /** The thread rests. @param isIdle whether nothing is left to do there. */
  setResting(thread: number, isIdle: boolean): void {
    Atomics.store(this.words, rowOf(thread) + Word.busy, isIdle ? Busy.idle : Busy.waiting);
  }
  /** Whether something is left to do there, be it to wait for what an actor awaits. */
  isBusy(thread: number): boolean {
    return Atomics.load(this.words, rowOf(thread) + Word.busy) !== Busy.idle;
  }
  isAwake(thread: number): boolean {
    return Atomics.load(this.words, rowOf(thread) + Word.busy) === Busy.awake;
  }
  sent(thread: number): number {
    return Atomics.load(this.words, rowOf(thread) + Word.sent);
  }
  received(thread: number): number {
    return Atomics.load(this.words, rowOf(thread) + Word.received);
  }

  /** Losses of threads that a thread is told of, and those whose signals it has made: until both agree nothing is settled. */
  tellLoss(thread: number): void {
    Atomics.add(this.words, rowOf(thread) + Word.lossesTold, 1);
  }
  takeLoss(thread: number): void {
    Atomics.add(this.words, rowOf(thread) + Word.lossesTaken, 1);
  }
  hasLossToTake(thread: number): boolean {
    const row = rowOf(thread);
    return Atomics.load(this.words, row + Word.lossesTold) !== Atomics.load(this.words, row + Word.lossesTaken);
  }

  /** Load of a thread, for placement: its living actors. */
  addActors(thread: number, count: number): void {
    Atomics.add(this.words, rowOf(thread) + Word.actors, count);
  }
  actors(thread: number): number {
    return Atomics.load(this.words, rowOf(thread) + Word.actors);
  }

  /** What a thread counts about itself, also when it is lost. */
  countersOf(thread: number): Counters {
    return new Counters(this.#counters, thread, this.words);
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
