/**
 * The scheduler of one thread: the run queue, the drain, and turns.
 *
 * A drain runs in a MessagePort callback, so that a turn that is cut down from outside loses nothing of its neighbours.
 * Behind a drain in which async turns began, or promises were resolved, the next one runs in the same callback when no microtask
 * is left: a call that is awaited costs no message of the port.
 *
 * Per turn there are two plain stores (the turn number, odd while user code runs) and, per run of an actor, its slot
 * and generation: the running words. Dequeue and stores come before the handler, after the loop's back edge.
 */
import { blockedFlags, Cell, Flag } from "../actor/cell.ts";
import { errorReason } from "../actor/exit-reason.ts";
import type { Mailbox, MessageMeta } from "../actor/mailbox.ts";
import type { ActivityCounts } from "./activity-counts.ts";
import { timeWord } from "./agent-words.ts";
import { Counter } from "./counters.ts";
import { nothing, slowFlags } from "./dispatch.ts";
import type { Idle } from "./host.ts";
import type { Kernel } from "./kernel.ts";
import { RunQueue } from "./run-queue.ts";

/** By what name V8 knows the script of `drain`. */
export const drainScript = import.meta.url;

const notedFlags = Flag.limited | Flag.agent;
/** In the place of a value: what is called lets a promise fail with the stack of who awaits it, in which a tick would show. */
export const byPort: unique symbol = Symbol("in a drain by the port");

/** Turns of one actor before the next has its go. */
const turnsPerRun = 100;
/** Turns in one drain. */
const turnsPerDrain = 10_000;
/**
 * The clock is looked at after so many turns at the most, and as many fewer as keep a millisecond between two looks. In a row of an
 * actor's turns it is looked at behind the 16th, or the first where its turns were long before, and behind four times as many: when
 * a millisecond has gone since the last look the next actor comes.
 */
const turnsPerLookMax = 512;
const lookEveryMs = 1;
const turnsInRowToLook = 16;
const looksInRowApart = 4;
/** What goes to other threads leaves after so many turns of a drain, so that they begin on it while this one works on. */
const turnsPerFlush = 32;
/** A drain, with those behind it, gives the thread back after this long. */
const drainMs = 5;
/** Drains behind one by the port: also where the clock is a test's, which stands still. */
const drainsBehindMax = 500;
/** Flags that want a look after each turn. */
const afterTurnFlags = Flag.stopping | Flag.special | blockedFlags;

/** Place in the thread's counters. */
const turnsPlace = Counter.turns;

export class Scheduler {
  readonly #kernel: Kernel;
  readonly #queue = new RunQueue();
  /** Stands in the run queue for the oldest publish to many that has not had its turn. */
  readonly #fanOutMark: Cell;
  readonly #words: Int32Array;
  readonly #counters: Float64Array;
  readonly #runSlot: number;
  readonly #runGeneration: number;
  readonly #turnWord: number;
  readonly #unreadWord: number;
  #turn = 0;
  #isDraining = false;
  #isArmed = false;
  /** The next drain comes behind this one; and it runs there. */
  #isToComeBehind = false;
  #isBehind = false;
  readonly #drainBehind = (): void => this.#runBehind();
  /** Turns until the next look at the clock, how many there are between two, and when the last one was. */
  #untilLook = 0;
  #turnsPerLook = turnsPerLookMax;
  #lookedMs = 0;
  /** When a drain by the port, and those behind it, have to be over; and how many these were. */
  #burstEndMs = 0;
  #drainsBehind = 0;
  /** Promises to resolve in the drain, never in user frames: function, value, the actor that waits for it. */
  #settlements: unknown[] = [];
  #settled = 0;
  /** Code of actors that have died, to be run in the drain: listeners of `ctx.signal`. */
  readonly #last: { readonly cell: Cell; readonly run: () => void }[] = [];
  /**
   * Depth of kernel work in user frames that no cut may divide. Where an actor's stack may end in that work, it is counted
   * down by hand: a call of `leave` would have no room either.
   */
  commits = 0;
  readonly #turnLimitMs: number;
  readonly #turnLimitWord: number;
  readonly #drainWord: number;
  readonly #drainBeganWord: number;
  #drains = 0;
  /** Work outside turns that `settled` must wait for: loads, tasks. */
  outside = 0;
  /** The cell whose turn runs now. */
  current: Cell | undefined;
  /** Counts what each actor does; undefined: nobody looks. */
  activity: ActivityCounts | undefined;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#fanOutMark = new Cell(0, 0, 0, { name: "fan-out", handlers: {} } as never, undefined);
    this.#words = kernel.memory.words;
    this.#counters = kernel.counters.row;
    this.#runSlot = kernel.memory.runWords(kernel.thread);
    this.#runGeneration = this.#runSlot + 1;
    this.#turnWord = this.#runSlot + 2;
    this.#turnLimitMs = kernel.turnLimitMs;
    this.#turnLimitWord = kernel.memory.turnLimitWord(kernel.thread);
    this.#drainWord = kernel.memory.watch.drainWord(kernel.thread);
    this.#drainBeganWord = kernel.memory.drainBeganWord(kernel.thread);
    this.#unreadWord = kernel.memory.unreadWord(kernel.thread);
  }

  get queued(): number {
    return this.#queue.size;
  }

  /** Whether a drain would find something to do. */
  get hasWork(): boolean {
    return (
      this.#queue.size > 0 || this.#settlements.length > 0 || this.#last.length > 0 || this.#kernel.asyncTurns.hasEnded
    );
  }

  /** Whether nothing is left to do in this thread but to wait for others or for the clock. */
  get isIdle(): boolean {
    return (
      this.#queue.size === 0 &&
      this.#settlements.length === 0 &&
      this.#last.length === 0 &&
      this.outside === 0 &&
      this.#kernel.asyncTurns.isIdle
    );
  }

  /** Appends a message and makes the cell run. Everything that can loop or call comes before the first write. */
  enqueue(cell: Cell, box: Mailbox, meta: MessageMeta, payload: unknown): void {
    const queue = this.#queue;
    const words = this.#words;
    const unreadWord = this.#unreadWord;
    if (box.size > box.mask) box.makeRoom();
    if (meta !== undefined && box.metas === undefined) box.makeMetas();
    if (queue.size > queue.mask) queue.makeRoom();
    const tail = (box.head + box.size) & box.mask;
    const { metas } = box;
    box.items[tail] = payload;
    if (metas !== undefined) metas[tail] = meta;
    box.size++;
    words[unreadWord] = (words[unreadWord] as number) + 1;
    if ((cell.flags & (Flag.scheduled | blockedFlags)) === 0) {
      cell.flags |= Flag.scheduled;
      queue.items[(queue.head + queue.size) & queue.mask] = cell;
      queue.size++;
    }
    if (!this.#isArmed && !this.#isDraining) this.arm();
  }

  /** Makes a cell run that has something to do besides its mailbox. */
  schedule(cell: Cell): void {
    if ((cell.flags & (Flag.scheduled | blockedFlags)) === 0) {
      cell.flags |= Flag.scheduled;
      this.#queue.push(cell);
    }
    if (!this.#isArmed && !this.#isDraining) this.arm();
  }

  /** There is something to flush or to do: asks for a drain unless one is under way. */
  wake(): void {
    if (!this.#isArmed && !this.#isDraining) this.arm();
  }

  /** Asks for a drain, once. */
  arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#kernel.memory.setBusy(this.#kernel.thread);
    this.#kernel.host.post();
  }

  /** Asks for a drain whatever was asked for before: that may have come while the kernel was held, or be lost. */
  rearm(): void {
    this.#isArmed = false;
    this.arm();
  }

  /** Resolves a promise that an actor waits for in the next drain, or in this one. */
  settle(cell: Cell, resolve: (value: never) => void, value: unknown): void {
    this.#settlements.push(resolve, value, cell);
    if (!this.#isArmed && !this.#isDraining) this.arm();
  }

  /** Runs what an actor that died has left to be run, in its name. */
  runLast(cell: Cell, run: () => void): void {
    this.#last.push({ cell, run });
    if (!this.#isArmed && !this.#isDraining) this.arm();
  }

  // Cuts ----------------------------------------------------------------------------------------------------------

  /**
   * Kernel work in user frames that a cut may not divide (`core/README.md`, Cuts): between `enter` and `leave` no turn is
   * cut, and a cut that is under way already is awaited before. No code of an actor may run in between.
   */
  enter(): void {
    if (this.#kernel.cuts.isAwaited) this.#kernel.cuts.await();
    this.commits++;
  }

  leave(): void {
    this.commits--;
  }

  /** The same around a function. */
  commit<T>(work: () => T): T {
    this.enter();
    try {
      return work();
    } finally {
      this.commits--;
    }
  }

  get isCommitting(): boolean {
    return this.commits > 0;
  }

  /** How many drains there were. */
  get drains(): number {
    return this.#drains;
  }

  /** Odd while code of an actor runs in a turn. */
  get turn(): number {
    return this.#turn;
  }

  /** Code of an actor begins outside the loop over its mailbox: `init`, `terminate`, `continue`. Returns who was current. */
  begin(cell: Cell): Cell | undefined {
    const before = this.current;
    this.current = cell;
    this.#publishRun(cell);
    this.#words[this.#turnWord] = ++this.#turn;
    return before;
  }

  /** It ended. */
  end(before: Cell | undefined): void {
    this.#words[this.#turnWord] = ++this.#turn;
    this.current = before;
    if (this.#kernel.cuts.isFalling) this.#kernel.cuts.await();
  }

  /** Whether code of that actor runs in a turn. */
  isTurnOf(cell: Cell): boolean {
    return (this.#turn & 1) === 1 && this.current === cell;
  }

  /** In its turn other code of the actor begins, with a limit and a time of its own. */
  renew(cell: Cell): void {
    if (this.#kernel.cuts.isFalling) this.#kernel.cuts.await();
    this.#publishRun(cell);
    this.#turn += 2;
    this.#words[this.#turnWord] = this.#turn;
  }

  /** The turn that was under way is no more: its frames were cut down. */
  leaveTurn(): void {
    this.current = undefined;
    if ((this.#turn & 1) === 1) this.#words[this.#turnWord] = ++this.#turn;
  }

  /** What holds the thread until the next run of an actor may take as long as it does. */
  liftLimit(): void {
    this.#words[this.#turnLimitWord] = 0;
  }

  #publishRun(cell: Cell): void {
    const words = this.#words;
    // As whole numbers: else V8 looks for a fraction in each.
    words[this.#runSlot] = cell.slot | 0;
    words[this.#runGeneration] = cell.generation | 0;
    words[this.#turnLimitWord] =
      ((cell.flags & notedFlags) === 0 ? this.#turnLimitMs : this.#noteRun(cell, this.#kernel)) | 0;
  }

  /** How long its turn may take. */
  #noteRun(cell: Cell, { agents, budgets }: Kernel): number {
    if ((cell.flags & Flag.agent) !== 0) agents.touched(cell);
    return (cell.flags & Flag.limited) === 0 ? this.#turnLimitMs : budgets.publish(cell);
  }

  /**
   * A turn was cut down: what the vanished frames would have put right is put right here. Returns whether the cut fell
   * into a drain; else it fell into the microtasks behind one, and all that stood behind it there is gone.
   */
  recover(): boolean {
    // The watchdog sees that the thread has moved.
    this.#words[this.#drainWord] = ++this.#drains;
    const wasDraining = this.#isDraining;
    this.#isDraining = false;
    this.#isArmed = false;
    this.#isBehind = false;
    this.#isToComeBehind = false;
    this.commits = 0;
    this.leaveTurn();
    return wasDraining;
  }

  /** One go of the thread: what came from other threads, timers that are due, turns, promises, what goes to other threads. */
  drain(): void {
    // News are talk, behind which comes a round; and what is not counted as talk has the time of the wait.
    while (this.#drainOnce() === "news");
  }

  #drainOnce(): Idle {
    const kernel = this.#kernel;
    // A cut is under way: only the recovery knows what stands and what fell.
    if (this.#isDraining || kernel.cuts.isHeld) return "rest";
    this.#isDraining = true;
    this.#isArmed = false;
    this.#isToComeBehind = false;
    // Where an actor's stack came to its end in the kernel's work, that was not counted down.
    this.commits = 0;
    if (!this.#isBehind) {
      kernel.memory.setBusy(kernel.thread);
      kernel.memory.watch.heardBells(kernel.thread);
    }
    this.#words[this.#drainWord] = ++this.#drains;
    kernel.checkpoint.close();
    let hasMoreFrames = false;
    const turn = this.#turn;
    let hasRun = false;
    try {
      const startMs = kernel.readClock();
      if (!this.#isBehind) {
        this.#burstEndMs = startMs + drainMs;
        this.#drainsBehind = 0;
      }
      this.#words[this.#drainBeganWord] = timeWord(startMs);
      // Before anything that may end its actor.
      if (kernel.interruptedTurns.hasReturned) kernel.interruptedTurns.finish();
      // Before the timers: an answer that has come counts, also when the thread was blocked beyond the call's deadline.
      kernel.fanOuts.recover();
      hasMoreFrames = kernel.peers.read();
      kernel.timers.fireDue(startMs);
      hasRun = kernel.asyncTurns.hasEnded;
      kernel.asyncTurns.takeSettled();
      this.#runCells(this.#burstEndMs);
      this.#runLasts();
      if (this.#settlements.length > 0 || this.#turn !== turn) hasRun = true;
      this.#resolveSettlements();
      // Before the answers leave: who has one finds its agent as free as it is.
      const isQuiet = !hasMoreFrames && !this.hasWork;
      kernel.agents.tellLoads(kernel.nowMs, isQuiet);
      kernel.crashes.unheard.drained(isQuiet);
      kernel.peers.flush();
    } catch (error) {
      this.#isDraining = false;
      this.#escaped(error);
      return "rest";
    }
    this.#isDraining = false;
    if (this.#goesOnBehind()) return "round";
    const isBusy = hasMoreFrames || this.hasWork || this.#isArmed;
    const next = isBusy ? "round" : (kernel.host.idle?.(hasRun) ?? "rest");
    if (next === "round") this.arm();
    else if (next === "rest") this.rest();
    return next;
  }

  /** Whether the next drain comes in the same callback, behind the code that has an answer now. */
  #goesOnBehind(): boolean {
    const { checkpoint, host, nowMs } = this.#kernel;
    if (this.#isArmed || !checkpoint.goesOn || host.behind === undefined || this.#waitsForPort) return false;
    if (nowMs >= this.#burstEndMs || this.#drainsBehind === drainsBehindMax) return false;
    this.#drainsBehind++;
    this.#isArmed = true;
    this.#isToComeBehind = true;
    host.behind(this.#drainBehind);
    return true;
  }

  #runBehind(): void {
    // Another drain has come before it; or a cut has fallen, and its recovery asks for the next.
    if (!this.#isToComeBehind || this.#isDraining || this.#kernel.cuts.isHeld) return;
    this.#isBehind = true;
    try {
      this.drain();
    } finally {
      this.#isBehind = false;
    }
  }

  /** Whatever a bug of the kernel throws, its thread goes on: it takes the actor in hand, or the host reports it. */
  #escaped(error: unknown): void {
    this.#kernel.host.failed?.();
    const cell = this.current;
    this.current = undefined;
    this.#kernel.dispatch.inHand = nothing;
    this.#kernel.dispatch.returned = nothing;
    if ((this.#turn & 1) === 1) this.#words[this.#turnWord] = ++this.#turn;
    this.commits = 0;
    this.arm();
    if (cell === undefined || cell === this.#kernel.guest || (cell.flags & Flag.dead) !== 0) throw error;
    this.#kernel.crashes.outside(cell, errorReason(error));
  }

  /** The thread has nothing to run: says so, unless news came in between. */
  rest(): void {
    const kernel = this.#kernel;
    if (this.#isArmed || this.#isDraining) return;
    if (!kernel.peers.sleep()) {
      this.arm();
      return;
    }
    kernel.timers.publishNextDue();
    kernel.memory.watch.setOpenTurns(kernel.thread, kernel.asyncTurns.size + kernel.subscriptions.size);
    kernel.memory.setResting(kernel.thread, this.isIdle && kernel.peers.isFlushed);
    kernel.host.rested?.();
    kernel.retirement.consider();
  }

  #runCells(untilMs: number): void {
    const queue = this.#queue;
    this.activity?.begin();
    let left = turnsPerDrain;
    const kernel = this.#kernel;
    this.#lookedMs = kernel.nowMs;
    this.#untilLook = this.#turnsPerLook;
    let untilFlush = turnsPerFlush;
    while (left > 0) {
      const cell = queue.shift();
      if (cell === undefined) break;
      const turns = cell === this.#fanOutMark ? this.#runFanOut(left, untilMs) : this.#runCell(cell);
      // Not in there: what it does would take the place of what V8 inlines into a turn.
      if (this.activity !== undefined && cell !== this.#fanOutMark) this.activity.ran(cell, turns);
      const steps = turns === 0 ? 1 : turns;
      left -= steps;
      this.#untilLook -= steps;
      untilFlush -= steps;
      if (untilFlush <= 0) {
        untilFlush = turnsPerFlush;
        kernel.peers.flush();
      }
      if (kernel.checkpoint.isFull) break;
      if (this.#untilLook <= 0 && (this.#look() >= untilMs || this.#isAwaited)) break;
    }
    this.activity?.end();
  }

  /** Whether code of actors goes on only behind this drain. */
  get #isAwaited(): boolean {
    return this.#settlements.length > 0 || this.#kernel.checkpoint.goesOn;
  }

  /** Looks at the clock, and by how long the turns since the last look took says when to look again. */
  #look(): number {
    const nowMs = this.#kernel.readClock();
    const turns = this.#turnsPerLook;
    const elapsedMs = nowMs - this.#lookedMs;
    if (elapsedMs < lookEveryMs) this.#turnsPerLook = Math.min(turnsPerLookMax, turns * 2);
    else this.#turnsPerLook = Math.max(1, Math.floor((turns * lookEveryMs) / elapsedMs));
    this.#lookedMs = nowMs;
    this.#untilLook = this.#turnsPerLook;
    return nowMs;
  }

  /** Whether an actor's row of turns has taken so long that the next actor is to come, and the clock to be looked at. */
  #isSlowRow(cell: Cell): boolean {
    const isSlow = this.#kernel.readClock() - this.#lookedMs >= lookEveryMs;
    if (isSlow) {
      cell.flags |= Flag.slow;
      this.#untilLook = 0;
    } else cell.flags &= ~Flag.slow;
    return isSlow;
  }

  #runFanOut(max: number, untilMs: number): number {
    const { checkpoint, fanOuts } = this.#kernel;
    let turns = 0;
    do {
      turns += fanOuts.run(Math.min(max - turns, turnsPerLookMax));
    } while (fanOuts.isRunning && turns < max && !checkpoint.isFull && this.#kernel.readClock() < untilMs);
    if (fanOuts.isRunning) fanOuts.spread();
    return turns;
  }

  /** A publish to many stands behind all that is queued. */
  queueFanOut(): void {
    this.#queue.push(this.#fanOutMark);
    this.wake();
  }

  /**
   * One of many turns with the same message, which stands in no mailbox: for the plain handlers of actors that have nothing
   * else to do. Whoever has it counts it, and calls `ranPlain` behind the last.
   */
  runPlain(cell: Cell, meta: MessageMeta, payload: unknown): void {
    this.current = cell;
    this.#publishRun(cell);
    this.#takeTurn(cell, meta, payload, true, true);
    if (this.activity !== undefined) this.activity.ran(cell, 1);
    // Nothing has come up in most.
    if (cell.mailbox === undefined && (cell.flags & Flag.special) === 0) return;
    if ((cell.flags & (blockedFlags | Flag.scheduled)) === 0 && this.hasWorkFor(cell)) this.schedule(cell);
  }

  ranPlain(): void {
    this.current = undefined;
    this.#kernel.dispatch.inHand = nothing;
  }

  /** A turn that was cut down goes on, with the message that it had in hand. */
  runWith(cell: Cell, meta: MessageMeta, payload: unknown): void {
    this.current = cell;
    this.#publishRun(cell);
    this.#takeTurn(cell, meta, payload, false, false);
    this.#ran(cell, 1);
    if (this.activity !== undefined) this.activity.ran(cell, 1);
    if ((cell.flags & (blockedFlags | Flag.scheduled)) === 0 && this.hasWorkFor(cell)) this.schedule(cell);
  }

  /**
   * @param isPlain it is for the plain handler of an actor that needs no second look.
   * @param isRepeated the turn before may have had the same message.
   */
  #takeTurn(cell: Cell, meta: MessageMeta, payload: unknown, isPlain: boolean, isRepeated: boolean): void {
    const { cuts, dispatch } = this.#kernel;
    dispatch.inHandMeta = meta;
    // Of many turns with the same message it is in hand already, and to write down a new object is dear.
    if (!isRepeated || dispatch.inHand !== payload) dispatch.inHand = payload;
    this.#words[this.#turnWord] = ++this.#turn;
    try {
      const result = isPlain
        ? cell.behaviour.handlers.receive(cell.state, payload, cell.ctx ?? this.#kernel.contextOf(cell))
        : dispatch.slowTurn(cell, meta, payload);
      if (cuts.isFalling) {
        // An interrupt has come too late: this is taken behind it.
        dispatch.returned = result;
        standStill();
      }
      if (!isPlain) dispatch.returned = nothing;
      if (result !== undefined || cell.current !== undefined) {
        dispatch.takeResult(cell, meta, payload, result);
        if (cuts.isFalling) standStill();
      }
    } catch (error) {
      this.#words[this.#turnWord] = ++this.#turn;
      if (cuts.isFalling) standStill();
      this.#kernel.crashes.inTurn(cell, error, { meta, payload });
      return;
    }
    this.#words[this.#turnWord] = ++this.#turn;
    if ((cell.flags & afterTurnFlags) !== 0) dispatch.afterTurn(cell);
  }

  #ran(cell: Cell, turns: number): void {
    this.current = undefined;
    this.#kernel.dispatch.inHand = nothing;
    const counters = this.#counters;
    counters[turnsPlace] = (counters[turnsPlace] as number) + turns;
  }

  /** Serves one actor; returns how many turns that took. */
  #runCell(cell: Cell): number {
    cell.flags &= ~Flag.scheduled;
    if ((cell.flags & blockedFlags) !== 0) return 0;
    const kernel = this.#kernel;
    this.current = cell;
    this.#publishRun(cell);
    if ((cell.flags & Flag.unborn) !== 0) {
      kernel.births.begin(cell);
      if ((cell.flags & blockedFlags) !== 0 || !this.hasWorkFor(cell)) {
        this.current = undefined;
        return 0;
      }
      // What has come meanwhile is handled in the same run: among many new actors the way through the queue is a way through memory.
      this.current = cell;
      this.#publishRun(cell);
    }
    const words = this.#words;
    const unreadWord = this.#unreadWord;
    const box = cell.mailbox;
    let turns = 0;
    if ((cell.flags & Flag.special) !== 0) kernel.dispatch.runContinues(cell);
    if (box !== undefined) {
      let lookAt = (cell.flags & Flag.slow) === 0 ? turnsInRowToLook : 1;
      while (turns < turnsPerRun && box.size > 0 && (cell.flags & blockedFlags) === 0) {
        turns++;
        const head = box.head;
        const { metas } = box;
        const meta = metas === undefined ? undefined : metas[head];
        const payload = box.items[head];
        box.items[head] = undefined;
        if (metas !== undefined) metas[head] = undefined;
        box.head = (head + 1) & box.mask;
        box.size--;
        words[unreadWord] = (words[unreadWord] as number) - 1;
        this.#takeTurn(cell, meta, payload, meta === undefined && (cell.flags & slowFlags) === 0, false);
        if (turns < lookAt) continue;
        if (this.#isSlowRow(cell)) break;
        lookAt *= looksInRowApart;
      }
      if ((cell.flags & Flag.bounded) !== 0 && (cell.flags & Flag.dead) === 0) kernel.delivery.afterService(cell);
    }
    this.#ran(cell, turns);
    if ((cell.flags & (blockedFlags | Flag.scheduled)) === 0) {
      if (this.hasWorkFor(cell)) this.schedule(cell);
      else if (box !== undefined && box.size === 0 && cell.mailbox === box) kernel.delivery.closeMailbox(cell);
    }
    return turns;
  }

  /** Whether a cell has something to do that is not blocked. */
  hasWorkFor(cell: Cell): boolean {
    return (
      (cell.mailbox !== undefined && cell.mailbox.size > 0) ||
      ((cell.flags & Flag.special) !== 0 && cell.extra?.continues !== undefined)
    );
  }

  #runLasts(): void {
    for (let last = this.#last.shift(); last !== undefined; last = this.#last.shift())
      this.#kernel.dispatch.runAs(last.cell, last.run);
  }

  /** Whether the next of them is for a drain by the port, and this is none. */
  get #waitsForPort(): boolean {
    return this.#isBehind && this.#settlements[this.#settled + 1] === byPort;
  }

  /** At most as many as a cut may take with it; the others wait for the next drain. */
  #resolveSettlements(): void {
    const all = this.#settlements;
    const { checkpoint } = this.#kernel;
    while (this.#settled < all.length && !checkpoint.isFull && !this.#waitsForPort) {
      const at = this.#settled;
      this.#settled = at + 3;
      checkpoint.note(all[at + 2] as Cell);
      (all[at] as (value: unknown) => void)(all[at + 1]);
    }
    if (this.#settled < all.length || this.#settled === 0) return;
    this.#settlements = [];
    this.#settled = 0;
  }
}

/** The termination falls at a turn of this loop. If it had no body, V8 might let it run on for most of a second. */
export function standStill(): never {
  for (let rounds = 0; ; rounds++);
}
