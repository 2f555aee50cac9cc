/**
 * The scheduler of one thread: the run queue, the drain, and turns.
 *
 * A drain runs in a MessagePort callback, so that a turn that is cut down from outside loses nothing of its neighbours.
 * Per turn there are two plain stores (the turn number, odd while user code runs) and, per run of an actor, its slot
 * and generation: the running words. Dequeue and stores come before the handler, after the loop's back edge.
 */
import { types } from "node:util";
import { mailboxCapacityDefault } from "../actor/behaviour.ts";
import { blockedFlags, type Cell, extraOf, Flag } from "../actor/cell.ts";
import type { Context } from "../actor/context.ts";
import { errorReason } from "../actor/exit-reason.ts";
import { type Mailbox, type MessageMeta, Meta, MetaKind } from "../actor/mailbox.ts";
import { noReply } from "../actor/ref.ts";
import { RuntimeError } from "../errors.ts";
import type { Kernel } from "./kernel.ts";
import { RunQueue } from "./run-queue.ts";

/** Turns of one actor before the next has its go. */
const turnsPerRun = 100;
/** Turns in one drain, and how often the clock is read meanwhile. */
const turnsPerDrain = 10_000;
const turnsPerClockRead = 512;
/** A drain gives the thread back after this long. */
const drainMs = 5;

/** Flags that want a look after each turn. */
const afterTurnFlags = Flag.stopping | Flag.special | blockedFlags;
/** Flags that keep a raw message from the shortest way to its handler. */
const slowFlags = Flag.async | Flag.special | Flag.held;

/** `init` returns it when it will call `ctx.initDone` in a later turn. */
export const initLater: unique symbol = Symbol.for("mofa.initLater") as never;

/** No message is in hand. */
const nothing: unique symbol = Symbol("nothing in hand");

/** What an open turn was about. */
const initTurn = new Meta(MetaKind.continue, "init", 0, undefined);
const terminateTurn = new Meta(MetaKind.continue, "terminate", 0, undefined);

interface Settled {
  readonly cell: Cell;
  readonly ok: boolean;
  readonly value: unknown;
}

export class Scheduler {
  readonly #kernel: Kernel;
  readonly #queue = new RunQueue();
  readonly #words: Int32Array;
  readonly #runSlot: number;
  readonly #runGeneration: number;
  readonly #turnWord: number;
  #turn = 0;
  #isDraining = false;
  #isArmed = false;
  /** Async turns that settled since the last drain. */
  #settled: Settled[] = [];
  /** Promises to resolve in the drain, never in user frames: function, value. */
  #settlements: unknown[] = [];
  /** Async turns open; of these, those that wait for a promise of the kernel. */
  #openTurns = 0;
  #turnsWaiting = 0;
  /** Turns served since start. */
  turns = 0;
  /** Work outside turns that `settled` must wait for: loads, tasks. */
  outside = 0;
  /** The cell whose turn runs now, and its message. */
  current: Cell | undefined;
  #inHandMeta: MessageMeta;
  #inHand: unknown = nothing;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#words = kernel.memory.words;
    this.#runSlot = kernel.memory.runWords(kernel.thread);
    this.#runGeneration = this.#runSlot + 1;
    this.#turnWord = this.#runSlot + 2;
  }

  get queued(): number {
    return this.#queue.size;
  }

  /** Whether a drain would find something to do. */
  get hasWork(): boolean {
    return this.#queue.size > 0 || this.#settled.length > 0 || this.#settlements.length > 0;
  }

  /** Whether nothing is left to do in this thread but to wait for others or for the clock. */
  get isIdle(): boolean {
    return (
      this.#queue.size === 0 &&
      this.#settled.length === 0 &&
      this.#settlements.length === 0 &&
      this.outside === 0 &&
      this.#openTurns === this.#turnsWaiting
    );
  }

  /** Appends a message and makes the cell run. Everything that can loop or call comes before the first write. */
  enqueue(cell: Cell, box: Mailbox, meta: MessageMeta, payload: unknown): void {
    const queue = this.#queue;
    if (box.size * 2 > box.mask) box.makeRoom();
    if (queue.size > queue.mask) queue.makeRoom();
    const tail = (box.head + box.size * 2) & box.mask;
    box.items[tail] = meta;
    box.items[tail + 1] = payload;
    box.size++;
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
    this.#kernel.memory.setBusy(this.#kernel.thread, true);
    this.#kernel.host.post();
  }

  /** Resolves a promise in the next drain, or in this one. */
  settle(resolve: (value: never) => void, value: unknown): void {
    this.#settlements.push(resolve, value);
    if (!this.#isArmed && !this.#isDraining) this.arm();
  }

  /** One go of the thread: what came from other threads, timers that are due, turns, promises, what goes to other threads. */
  drain(): void {
    if (this.#isDraining) return;
    const kernel = this.#kernel;
    this.#isDraining = true;
    this.#isArmed = false;
    kernel.memory.setBusy(kernel.thread, true);
    let hasMoreFrames = false;
    try {
      const startMs = kernel.readClock();
      // Before the timers: an answer that has come counts, also when the thread was blocked beyond the call's deadline.
      hasMoreFrames = kernel.peers.read();
      kernel.timers.fireDue(startMs);
      this.#takeSettled();
      this.#runCells(startMs + drainMs);
      this.#resolveSettlements();
      kernel.peers.flush();
    } catch (error) {
      this.#isDraining = false;
      this.#escaped(error);
      return;
    }
    this.#isDraining = false;
    if (hasMoreFrames || this.hasWork) {
      this.arm();
      return;
    }
    this.rest();
  }

  /** Whatever a bug of the kernel throws, its thread goes on: it takes the actor in hand, or the host reports it. */
  #escaped(error: unknown): void {
    const cell = this.current;
    this.current = undefined;
    this.#inHand = nothing;
    if ((this.#turn & 1) === 1) this.#words[this.#turnWord] = ++this.#turn;
    this.arm();
    if (cell === undefined || cell === this.#kernel.guest || (cell.flags & Flag.dead) !== 0) throw error;
    this.#kernel.lifecycle.crashOutside(cell, errorReason(error));
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
    if (this.isIdle && kernel.peers.isFlushed) kernel.memory.setBusy(kernel.thread, false);
    kernel.afterRest();
  }

  #runCells(untilMs: number): void {
    const queue = this.#queue;
    let left = turnsPerDrain;
    let untilClock = turnsPerClockRead;
    while (left > 0) {
      const cell = queue.shift();
      if (cell === undefined) break;
      const turns = this.#runCell(cell);
      left -= turns;
      untilClock -= turns;
      if (untilClock <= 0) {
        untilClock = turnsPerClockRead;
        if (this.#kernel.readClock() >= untilMs) break;
      }
    }
  }

  /** Serves one actor; returns how many turns that took, at least one. */
  #runCell(cell: Cell): number {
    cell.flags &= ~Flag.scheduled;
    if ((cell.flags & blockedFlags) !== 0) return 1;
    const kernel = this.#kernel;
    this.current = cell;
    this.#words[this.#runSlot] = cell.slot;
    this.#words[this.#runGeneration] = cell.generation;
    if ((cell.flags & Flag.unborn) !== 0) {
      kernel.lifecycle.birth(cell);
      this.current = undefined;
      if ((cell.flags & blockedFlags) === 0 && this.#hasWork(cell)) this.schedule(cell);
      return 1;
    }
    const handlers = cell.behaviour.handlers;
    const box = cell.mailbox;
    let turns = 0;
    if ((cell.flags & Flag.special) !== 0) this.#runContinues(cell);
    if (box !== undefined) {
      while (turns < turnsPerRun && box.size > 0 && (cell.flags & blockedFlags) === 0) {
        turns++;
        const head = box.head;
        const meta = box.items[head] as MessageMeta;
        const payload = box.items[head + 1];
        box.items[head] = undefined;
        box.items[head + 1] = undefined;
        box.head = (head + 2) & box.mask;
        box.size--;
        this.#inHandMeta = meta;
        this.#inHand = payload;
        this.#words[this.#turnWord] = ++this.#turn;
        let result: unknown;
        try {
          if (meta === undefined && (cell.flags & slowFlags) === 0)
            result = handlers.receive(cell.state, payload, cell.ctx as Context);
          else result = this.#slowTurn(cell, meta, payload);
        } catch (error) {
          this.#words[this.#turnWord] = ++this.#turn;
          kernel.lifecycle.crash(cell, error, payload);
          continue;
        }
        this.#words[this.#turnWord] = ++this.#turn;
        if (result !== undefined || cell.current !== undefined) this.#takeResult(cell, meta, payload, result);
        if ((cell.flags & afterTurnFlags) !== 0) this.#afterTurn(cell);
      }
      if ((cell.flags & Flag.bounded) !== 0 && (cell.flags & Flag.dead) === 0) kernel.delivery.afterService(cell);
    }
    this.current = undefined;
    this.#inHand = nothing;
    this.turns += turns;
    if ((cell.flags & (blockedFlags | Flag.scheduled)) === 0) {
      if (this.#hasWork(cell)) this.schedule(cell);
      else if (box !== undefined && box.size === 0 && cell.mailbox === box) kernel.delivery.closeMailbox(cell);
    }
    return turns === 0 ? 1 : turns;
  }

  #hasWork(cell: Cell): boolean {
    return (
      (cell.mailbox !== undefined && cell.mailbox.size > 0) ||
      ((cell.flags & Flag.special) !== 0 && cell.extra?.continues !== undefined)
    );
  }

  /** Turns that need more than a plain handler: calls, system messages, blame, idle time-outs, held mail. */
  #slowTurn(cell: Cell, meta: MessageMeta, payload: unknown): unknown {
    if ((cell.flags & Flag.special) !== 0) this.#kernel.timers.cancelIdle(cell, meta);
    if ((cell.flags & Flag.held) !== 0 && !isSystem(meta)) {
      const extra = extraOf(cell);
      extra.stash ??= [];
      extra.stash.push(meta, payload);
      return undefined;
    }
    const scope = (cell.flags & Flag.async) !== 0 ? this.#scopeOf(cell) : undefined;
    if (scope !== undefined) return scope.runInAsyncScope(() => this.#dispatch(cell, meta, payload));
    return this.#dispatch(cell, meta, payload);
  }

  /** Runs code of an actor outside its turns: what it does is done in its name, and what it leaves behind is its own. */
  runAs(cell: Cell, run: () => void): void {
    const before = this.current;
    this.current = cell;
    try {
      const scope = this.#scopeOf(cell);
      if (scope === undefined) run();
      else scope.runInAsyncScope(run);
    } finally {
      this.current = before;
    }
  }

  #scopeOf(cell: Cell): { runInAsyncScope<T>(run: () => T): T } | undefined {
    const blame = this.#kernel.host.blame;
    if (blame === undefined) return undefined;
    const extra = extraOf(cell);
    extra.resource ??= blame.scope(cell);
    return extra.resource;
  }

  #dispatch(cell: Cell, meta: MessageMeta, payload: unknown): unknown {
    const kernel = this.#kernel;
    const handlers = cell.behaviour.handlers;
    const ctx = kernel.contextOf(cell);
    if (meta === undefined) return handlers.receive(cell.state, payload, ctx);
    if (typeof meta === "string") {
      if (handlers.cast === undefined) {
        kernel.delivery.deadLetter(kernel.refOf(cell), payload, "noproc");
        return undefined;
      }
      return handlers.cast(cell.state, meta, payload, ctx);
    }
    switch (meta.kind) {
      case MetaKind.call: {
        if (handlers.call === undefined) {
          kernel.calls.answerError(meta.from, meta.id, {
            name: "RuntimeError",
            code: "undef",
            message: `${kernel.nameOf(kernel.refOf(cell))} takes no calls, got "${meta.name}"`,
          });
          return undefined;
        }
        cell.current = meta;
        return handlers.call(cell.state, meta.name, payload, ctx);
      }
      case MetaKind.stop:
        kernel.lifecycle.stopRequested(cell, meta, payload);
        return undefined;
      case MetaKind.exit:
        if (kernel.lifecycle.parentExited(cell, meta, payload)) return undefined;
        return handlers.receive(cell.state, payload, ctx);
      case MetaKind.timer:
        kernel.timers.delivered(cell, meta.id);
        return handlers.receive(cell.state, payload, ctx);
      default:
        return handlers.receive(cell.state, payload, ctx);
    }
  }

  /** What a handler returned: the answer of a call, or a promise that keeps the turn open. */
  #takeResult(cell: Cell, meta: MessageMeta, payload: unknown, result: unknown): void {
    if (isThenable(result)) {
      if ((cell.flags & Flag.dead) !== 0) {
        // The actor ended itself in this turn; what its promise does later concerns nobody.
        asPromise(result).then(undefined, () => undefined);
        return;
      }
      this.openTurn(cell, result, cell.current, payload);
      extraOf(cell).turnMeta = this.#inHand === nothing ? nothing : meta;
    } else if (cell.current !== undefined) this.#answer(cell, cell.current, result);
  }

  #answer(cell: Cell, meta: Meta, result: unknown): void {
    cell.current = undefined;
    if (result === noReply) {
      if ((cell.flags & Flag.dead) === 0) this.#kernel.calls.keepOpen(cell, meta);
      return;
    }
    if ((cell.flags & Flag.dead) !== 0) return;
    try {
      this.#kernel.calls.answer(meta.from, meta.id, result);
    } catch (error) {
      // An answer that cannot cross to the caller's thread is the server's error, and the caller's answer.
      cell.current = meta;
      this.#kernel.lifecycle.crash(cell, error, undefined);
    }
  }

  /** Holds the mailbox until the promise settles; settling only queues. */
  openTurn(cell: Cell, promise: PromiseLike<unknown>, meta: Meta | undefined, payload: unknown): void {
    cell.flags |= Flag.open | Flag.async;
    cell.current = meta;
    const extra = extraOf(cell);
    extra.turnMessage = payload;
    this.#openTurns++;
    if (extra.awaiting > 0) this.#turnsWaiting++;
    extra.turnEnds ??= {
      ok: (value) => this.#turnSettled({ cell, ok: true, value }),
      fail: (value) => this.#turnSettled({ cell, ok: false, value }),
    };
    asPromise(promise).then(extra.turnEnds.ok, extra.turnEnds.fail);
  }

  #turnSettled(settled: Settled): void {
    // The dead have no turns: their open turn was closed when they died.
    if ((settled.cell.flags & Flag.dead) !== 0) return;
    this.#settled.push(settled);
    if (!this.#isArmed && !this.#isDraining) this.arm();
  }

  #takeSettled(): void {
    if (this.#settled.length === 0) return;
    const all = this.#settled;
    this.#settled = [];
    for (const { cell, ok, value } of all) {
      if ((cell.flags & Flag.dead) !== 0) continue;
      this.#closeTurn(cell);
      const meta = cell.current;
      const extra = extraOf(cell);
      const payload = extra.turnMessage;
      extra.turnMessage = undefined;
      extra.turnMeta = nothing;
      cell.current = undefined;
      if (meta === initTurn) {
        if (ok) this.#kernel.lifecycle.initEnded(cell, value);
        else this.#kernel.lifecycle.crash(cell, value, undefined);
      } else if (meta === terminateTurn) this.#kernel.lifecycle.terminated(cell, ok ? undefined : value);
      else if (!ok) {
        cell.current = meta;
        this.#kernel.lifecycle.crash(cell, value, payload);
      } else {
        if (meta !== undefined) this.#answer(cell, meta, value);
        this.#afterTurn(cell);
      }
      if ((cell.flags & blockedFlags) === 0 && this.#hasWork(cell)) this.schedule(cell);
      else if ((cell.flags & (blockedFlags | Flag.scheduled)) === 0 && cell.mailbox?.size === 0)
        this.#kernel.delivery.closeMailbox(cell);
    }
  }

  #closeTurn(cell: Cell): void {
    if ((cell.flags & Flag.open) === 0) return;
    cell.flags &= ~Flag.open;
    this.#openTurns--;
    if (cell.extra !== undefined && cell.extra.awaiting > 0) this.#turnsWaiting--;
  }

  /** The actor waits for one more (1) or one less (-1) promise of the kernel. */
  awaits(cell: Cell, change: 1 | -1): void {
    const extra = extraOf(cell);
    const before = extra.awaiting;
    extra.awaiting += change;
    if ((cell.flags & Flag.open) === 0) return;
    if (before === 0) this.#turnsWaiting++;
    else if (extra.awaiting === 0) this.#turnsWaiting--;
  }

  /** The actor died: its open turn no longer counts. */
  abandonTurn(cell: Cell): void {
    if ((cell.flags & Flag.open) === 0) return;
    this.#closeTurn(cell);
    // It may have been all that kept the thread busy, and the exit may come from outside a drain: let it come to rest.
    if (!this.#isArmed && !this.#isDraining) this.arm();
  }

  openInitTurn(cell: Cell, promise: PromiseLike<unknown>): void {
    this.openTurn(cell, promise, initTurn, undefined);
  }

  openTerminateTurn(cell: Cell, promise: PromiseLike<unknown>): void {
    this.openTurn(cell, promise, terminateTurn, undefined);
  }

  #afterTurn(cell: Cell): void {
    const flags = cell.flags;
    if ((flags & (Flag.dead | Flag.open)) !== 0) return;
    if ((flags & Flag.stopping) !== 0 && (flags & (Flag.terminating | Flag.initializing)) === 0) {
      this.#kernel.lifecycle.terminate(cell, cell.extra?.stopReason ?? "normal");
      return;
    }
    if ((flags & Flag.special) !== 0) this.#runContinues(cell);
  }

  /** Puts the message in hand aside (`ctx.stash`). */
  stashCurrent(cell: Cell): void {
    const extra = extraOf(cell);
    const isSync = this.current === cell && this.#inHand !== nothing;
    if (!isSync && ((cell.flags & Flag.open) === 0 || extra.turnMeta === nothing)) {
      throw new RuntimeError("bad_argument", "stash() puts the message in hand aside: there is none");
    }
    extra.stash ??= [];
    const capacity = extra.capacity > 0 ? extra.capacity : mailboxCapacityDefault;
    if (extra.stash.length >= capacity * 2) {
      throw new RuntimeError(
        "mailbox_full",
        `the stash of ${this.#kernel.nameOf(this.#kernel.refOf(cell))} is full (${capacity})`,
      );
    }
    if (isSync) {
      extra.stash.push(this.#inHandMeta, this.#inHand);
      this.#inHand = nothing;
    } else {
      extra.stash.push(extra.turnMeta, extra.turnMessage);
      extra.turnMeta = nothing;
    }
    // A stashed call is answered when it comes up again.
    cell.current = undefined;
  }

  /** `continue` runs before the next message (gen_server's handle_continue). */
  #runContinues(cell: Cell): void {
    const extra = cell.extra;
    while (
      extra?.continues !== undefined &&
      extra.continues.length > 0 &&
      (cell.flags & (blockedFlags | Flag.initializing)) === 0
    ) {
      const argument = extra.continues.shift();
      if (extra.continues.length === 0) extra.continues = undefined;
      const run = cell.behaviour.handlers.continue;
      if (run === undefined) {
        this.#kernel.lifecycle.crash(
          cell,
          new RuntimeError("undef", "ctx.continue was called, but the behaviour has no continue handler"),
          argument,
        );
        return;
      }
      try {
        this.#words[this.#turnWord] = ++this.#turn;
        const result = run(cell.state, argument, this.#kernel.contextOf(cell));
        if (isThenable(result)) this.openTurn(cell, result, undefined, argument);
      } catch (error) {
        this.#kernel.lifecycle.crash(cell, error, argument);
      } finally {
        this.#words[this.#turnWord] = ++this.#turn;
      }
      if ((cell.flags & Flag.stopping) !== 0 && (cell.flags & blockedFlags) === 0) {
        this.#kernel.lifecycle.terminate(cell, extra.stopReason ?? "normal");
      }
    }
    if (extra?.continues === undefined && extra?.idleTimer === undefined) cell.flags &= ~Flag.special;
  }

  #resolveSettlements(): void {
    const all = this.#settlements;
    if (all.length === 0) return;
    this.#settlements = [];
    for (let i = 0; i < all.length; i += 2) (all[i] as (value: unknown) => void)(all[i + 1]);
  }
}

function isSystem(meta: MessageMeta): boolean {
  return meta instanceof Meta && meta.kind !== MetaKind.call;
}

/** Whether a handler's result has to be awaited. One whose `then` cannot even be read is: awaiting it fails its turn. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== "object" || value === null) return false;
  try {
    return typeof (value as { then?: unknown }).then === "function";
  } catch {
    return true;
  }
}

/** A thenable of somebody else's may throw, or settle twice: a promise around it does not. */
function asPromise(value: PromiseLike<unknown>): PromiseLike<unknown> {
  return types.isPromise(value) ? value : Promise.resolve(value);
}
