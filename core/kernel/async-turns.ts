/**
 * Turns whose handler returned a promise: the mailbox is held until it settles (SEMANTICS S1.1).
 *
 * Settling only queues; the next drain takes the end of the turn, so that no code of an actor runs in another's frames.
 * A cut may drop the microtask by which a turn would have settled, so every open turn keeps its promise, to be asked again.
 */
import { blockedFlags, type Cell, type CellExtra, extraOf, Flag } from "../actor/cell.ts";
import { type Mail, type MessageMeta, Meta, MetaKind } from "../actor/mailbox.ts";
import { nothing } from "./dispatch.ts";
import { interruptedHook } from "./interrupt-request.ts";
import type { Kernel } from "./kernel.ts";

/** What an open turn was about. */
const initTurn = new Meta(MetaKind.continue, "init", 0, undefined);
const terminateTurn = new Meta(MetaKind.continue, "terminate", 0, undefined);

/** How often a turn whose grace is over is looked at while it waits for the kernel. */
const recheckMs = 1_000;

/** Places for turns that have settled, which are kept for those of the next drain. */
const endedKept = 1_024;
/** What is to be done behind a turn beside the next. */
const afterTurnFlags = Flag.stopping | Flag.special;

export class AsyncTurns {
  readonly #kernel: Kernel;
  /** Actors whose turn has settled since the last drain, and how many of them were taken. */
  #ended: (Cell | undefined)[] = [];
  #endedCount = 0;
  #taken = 0;
  /** Actors with an open turn, in no order; each knows its place. */
  readonly #open: Cell[] = [];
  /** Of these, those that wait for a promise of the kernel. */
  #waitingCount = 0;
  /** Of behaviours without an async function, whether a turn has returned a promise all the same; absent: none has begun here. */
  readonly #promising = new WeakMap<object, boolean>();
  /** When the first grace after a cut is over. */
  #graceEndMs = Number.POSITIVE_INFINITY;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Whether a drain has an end to take. */
  get hasEnded(): boolean {
    return this.#endedCount > 0;
  }

  /** Whether nothing is open but what waits for others or for the clock. */
  get isIdle(): boolean {
    return this.#endedCount === 0 && this.#open.length === this.#waitingCount;
  }

  get size(): number {
    return this.#open.length;
  }

  /**
   * The `init` of an actor begins. A function that is not async may return a promise: so the first `init` of a behaviour is
   * run in the actor's scope, and where a turn of that behaviour has returned one, everything of its next actors.
   */
  meet(cell: Cell): void {
    const { behaviour } = cell;
    if (behaviour.handlers.isAsync === true) return;
    const isPromising = this.#promising.get(behaviour);
    if (isPromising === false) return;
    if (isPromising === true) cell.flags |= Flag.async;
    else this.#promising.set(behaviour, false);
    this.#kernel.dispatch.giveScope(cell);
  }

  /** Holds the mailbox until the promise, one of JavaScript's own (`asPromiseOf`), settles; settling only queues. */
  open(
    cell: Cell,
    native: PromiseLike<unknown>,
    current: Meta | undefined,
    meta: MessageMeta | symbol,
    payload: unknown,
  ): void {
    const { checkpoint, scheduler } = this.#kernel;
    const extra = extraOf(cell);
    extra.turnEnds ??= {
      ok: (value) => this.#settled(cell, true, value),
      fail: (value) => this.#settled(cell, false, value),
    };
    if ((cell.flags & Flag.async) === 0) this.#promising.set(cell.behaviour, true);
    scheduler.enter();
    cell.flags |= Flag.open | Flag.async;
    cell.current = current;
    extra.turnMeta = meta;
    extra.turnMessage = payload;
    extra.turnPromise = native;
    extra.isTurnSettled = false;
    // Odd within the turn; where it is opened just behind it, it was the one before.
    extra.turnNumber = (scheduler.turn & 1) === 1 ? scheduler.turn | 0 : (scheduler.turn - 1) | 0;
    extra.turnBeganMs = this.#kernel.nowMs;
    extra.turnAt = this.#open.push(cell) - 1;
    if (extra.awaiting > 0) this.#waitingCount++;
    checkpoint.note(cell);
    native.then(extra.turnEnds.ok, extra.turnEnds.fail);
    scheduler.leave();
  }

  /** The message of its open turn. */
  mailOf({ flags, extra }: Cell): Mail | undefined {
    if ((flags & Flag.open) === 0 || extra === undefined) return undefined;
    const { turnMeta: meta, turnMessage: payload } = extra;
    return meta === nothing && payload === undefined ? undefined : { meta, payload };
  }

  #settled(cell: Cell, isOk: boolean, value: unknown): void {
    const { flags, extra } = cell;
    // The dead have no turns: their open turn was closed when they died. After a cut a turn may be told of twice.
    if ((flags & Flag.dead) !== 0 || (flags & Flag.open) === 0 || extra === undefined || extra.isTurnSettled) return;
    extra.isTurnSettled = true;
    extra.isTurnOk = isOk;
    extra.turnValue = value;
    if (extra.budget !== undefined) extra.budget.settledMs = this.#kernel.readClock();
    this.#ended[this.#endedCount++] = cell;
    this.#kernel.scheduler.wake();
  }

  takeSettled(): void {
    const ended = this.#ended;
    while (this.#taken < this.#endedCount) {
      const cell = ended[this.#taken] as Cell;
      ended[this.#taken++] = undefined;
      this.#take(cell);
    }
    this.#endedCount = 0;
    this.#taken = 0;
    if (ended.length > endedKept) this.#ended = [];
  }

  #take(cell: Cell): void {
    if ((cell.flags & Flag.dead) !== 0) return;
    const extra = extraOf(cell);
    const isPlain =
      extra.isTurnOk &&
      cell.current === undefined &&
      extra.interrupt === undefined &&
      extra.turnMeta !== interruptedHook &&
      (cell.flags & afterTurnFlags) === 0;
    if (isPlain) {
      this.#close(cell);
      extra.turnMessage = undefined;
      extra.turnMeta = nothing;
      extra.turnValue = undefined;
    } else this.#takeWithCare(cell, extra);
    const { delivery, scheduler } = this.#kernel;
    if ((cell.flags & blockedFlags) === 0 && scheduler.hasWorkFor(cell)) scheduler.schedule(cell);
    else if ((cell.flags & (blockedFlags | Flag.scheduled)) === 0 && cell.mailbox?.size === 0)
      delivery.closeMailbox(cell);
  }

  /** Of a turn behind which there is something to do: somebody is told how it has ended, or more was asked of its actor. */
  #takeWithCare(cell: Cell, extra: CellExtra): void {
    const { births, budgets, crashes, dispatch, interrupts, lifecycle } = this.#kernel;
    const { isTurnOk: ok, turnValue: value } = extra;
    const mail = this.mailOf(cell);
    this.#close(cell);
    const interrupt = interrupts.over(cell);
    const meta = cell.current;
    extra.turnValue = undefined;
    extra.turnMessage = undefined;
    extra.turnMeta = nothing;
    cell.current = undefined;
    if (ok && (meta === initTurn || meta === terminateTurn) && budgets.isOver(cell, extra.budget?.settledMs)) return;
    const isAborted = !ok && interrupt !== undefined && interrupts.isAborted(cell, interrupt, value);
    // Reading what it threw is code of its own.
    if ((cell.flags & Flag.dead) !== 0) return;
    if (meta === initTurn) {
      if (ok) births.initEnded(cell, value);
      else if (isAborted) crashes.outside(cell, { interrupted: interrupt.reason });
      else crashes.inTurn(cell, value, undefined);
    } else if (meta === terminateTurn) lifecycle.terminated(cell, ok || isAborted ? undefined : value);
    else if (isAborted) {
      interrupts.refuse(cell, meta, mail, interrupt.reason);
      dispatch.afterTurn(cell);
    } else if (!ok) {
      cell.current = meta;
      crashes.inTurn(cell, value, mail);
    } else {
      if (mail?.meta === interruptedHook && value !== undefined) cell.state = value;
      if (meta !== undefined) dispatch.runAs(cell, () => dispatch.answer(cell, meta, mail?.payload, value));
      dispatch.afterTurn(cell, mail);
    }
  }

  #close(cell: Cell): void {
    const extra = cell.extra;
    if ((cell.flags & Flag.open) === 0 || extra === undefined) return;
    cell.flags &= ~Flag.open;
    if ((cell.flags & Flag.agent) !== 0) this.#kernel.agents.touched(cell);
    const last = this.#open.pop() as Cell;
    if (last !== cell) {
      this.#open[extra.turnAt] = last;
      extraOf(last).turnAt = extra.turnAt;
    }
    extra.turnPromise = undefined;
    extra.graceEndMs = 0;
    if (extra.awaiting > 0) this.#waitingCount--;
    this.#kernel.checkpoint.leave(cell);
  }

  /** The actor waits for one more (1) or one less (-1) promise of the kernel. */
  awaits(cell: Cell, change: 1 | -1): void {
    const extra = extraOf(cell);
    const before = extra.awaiting;
    extra.awaiting += change;
    // It began something new: its turn lives. Or something has come: it is about to go on.
    if (change === 1) extra.graceEndMs = 0;
    else if (extra.graceEndMs !== 0)
      extra.graceEndMs = Math.max(extra.graceEndMs, this.#kernel.readClock() + recheckMs);
    if ((cell.flags & Flag.open) === 0) return;
    if (before === 0) this.#waitingCount++;
    else if (extra.awaiting === 0) this.#waitingCount--;
  }

  /** The actor died: its open turn no longer counts. */
  abandon(cell: Cell): void {
    if ((cell.flags & Flag.open) === 0) return;
    this.#close(cell);
    // It may have been all that kept the thread busy, and the exit may come from outside a drain: let it come to rest.
    this.#kernel.scheduler.wake();
  }

  openInit(cell: Cell, promise: PromiseLike<unknown>): void {
    this.open(cell, this.#kernel.dispatch.asPromiseOf(cell, promise), initTurn, nothing, undefined);
  }

  openTerminate(cell: Cell, promise: PromiseLike<unknown>): void {
    this.open(cell, this.#kernel.dispatch.asPromiseOf(cell, promise), terminateTurn, nothing, undefined);
  }

  /** Whether its open turn is its `init` or `terminate`, and has settled. */
  hasSettledLife({ current, flags, extra }: Cell): boolean {
    return (
      (flags & Flag.open) !== 0 && extra?.isTurnSettled === true && (current === initTurn || current === terminateTurn)
    );
  }

  // After a cut ---------------------------------------------------------------------------------------------------

  /** Microtasks were dropped: asks every open turn's promise again. */
  resubscribe(): void {
    for (const cell of this.#open) {
      const { turnEnds, turnPromise } = extraOf(cell);
      if (turnEnds !== undefined) turnPromise?.then(turnEnds.ok, turnEnds.fail);
    }
  }

  /**
   * Whose turn may have been lost with the dropped microtasks: members of the checkpoint's record with no promise of the
   * kernel to come. Every other open turn may wait for a foreign promise that was among them, and gets a grace.
   */
  suspects(graceEndMs: number): Cell[] {
    const { checkpoint } = this.#kernel;
    const suspects: Cell[] = [];
    for (const cell of this.#open) {
      const extra = extraOf(cell);
      if (checkpoint.has(cell) && extra.awaiting === 0) suspects.push(cell);
      else if (extra.graceEndMs === 0) extra.graceEndMs = graceEndMs;
    }
    this.#graceEndMs = Math.min(this.#graceEndMs, graceEndMs);
    this.#kernel.timers.sweepBy(this.#graceEndMs);
    return suspects;
  }

  /** Ends the turns whose grace is over; returns when to look again. */
  expire(nowMs: number): number {
    if (this.#graceEndMs > nowMs) return this.#graceEndMs;
    this.#graceEndMs = Number.POSITIVE_INFINITY;
    for (const cell of [...this.#open]) {
      const { awaiting, graceEndMs } = extraOf(cell);
      if (graceEndMs === 0 || (cell.flags & Flag.dead) !== 0) continue;
      // A promise of the kernel that is still to come excuses it, for as long as it is.
      if (graceEndMs > nowMs || awaiting > 0)
        this.#graceEndMs = Math.min(this.#graceEndMs, Math.max(graceEndMs, nowMs + recheckMs));
      else this.#kernel.cuts.lose(cell);
    }
    return this.#graceEndMs;
  }
}
