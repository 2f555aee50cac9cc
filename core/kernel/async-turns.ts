/**
 * Turns whose handler returned a promise: the mailbox is held until it settles (SEMANTICS S1.1).
 *
 * Settling only queues; the next drain takes the end of the turn, so that no code of an actor runs in another's frames.
 */
import { blockedFlags, type Cell, extraOf, Flag } from "../actor/cell.ts";
import { Meta, MetaKind } from "../actor/mailbox.ts";
import { asPromise, nothing } from "./dispatch.ts";
import type { Kernel } from "./kernel.ts";

/** What an open turn was about. */
const initTurn = new Meta(MetaKind.continue, "init", 0, undefined);
const terminateTurn = new Meta(MetaKind.continue, "terminate", 0, undefined);

interface Settled {
  readonly cell: Cell;
  readonly ok: boolean;
  readonly value: unknown;
}

export class AsyncTurns {
  readonly #kernel: Kernel;
  /** Turns that settled since the last drain. */
  #ended: Settled[] = [];
  /** Turns open; of these, those that wait for a promise of the kernel. */
  #openCount = 0;
  #waitingCount = 0;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Whether a drain has an end to take. */
  get hasEnded(): boolean {
    return this.#ended.length > 0;
  }

  /** Whether nothing is open but what waits for others or for the clock. */
  get isIdle(): boolean {
    return this.#ended.length === 0 && this.#openCount === this.#waitingCount;
  }

  /** Holds the mailbox until the promise settles; settling only queues. */
  open(cell: Cell, promise: PromiseLike<unknown>, meta: Meta | undefined, payload: unknown): void {
    cell.flags |= Flag.open | Flag.async;
    cell.current = meta;
    const extra = extraOf(cell);
    extra.turnMessage = payload;
    this.#openCount++;
    if (extra.awaiting > 0) this.#waitingCount++;
    extra.turnEnds ??= {
      ok: (value) => this.#settled({ cell, ok: true, value }),
      fail: (value) => this.#settled({ cell, ok: false, value }),
    };
    asPromise(promise).then(extra.turnEnds.ok, extra.turnEnds.fail);
  }

  #settled(settled: Settled): void {
    // The dead have no turns: their open turn was closed when they died.
    if ((settled.cell.flags & Flag.dead) !== 0) return;
    this.#ended.push(settled);
    this.#kernel.scheduler.wake();
  }

  takeSettled(): void {
    if (this.#ended.length === 0) return;
    const all = this.#ended;
    this.#ended = [];
    for (const { cell, ok, value } of all) {
      if ((cell.flags & Flag.dead) !== 0) continue;
      this.#close(cell);
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
        if (meta !== undefined) this.#kernel.dispatch.answer(cell, meta, value);
        this.#kernel.dispatch.afterTurn(cell);
      }
      if ((cell.flags & blockedFlags) === 0 && this.#kernel.scheduler.hasWorkFor(cell))
        this.#kernel.scheduler.schedule(cell);
      else if ((cell.flags & (blockedFlags | Flag.scheduled)) === 0 && cell.mailbox?.size === 0)
        this.#kernel.delivery.closeMailbox(cell);
    }
  }

  #close(cell: Cell): void {
    if ((cell.flags & Flag.open) === 0) return;
    cell.flags &= ~Flag.open;
    this.#openCount--;
    if (cell.extra !== undefined && cell.extra.awaiting > 0) this.#waitingCount--;
  }

  /** The actor waits for one more (1) or one less (-1) promise of the kernel. */
  awaits(cell: Cell, change: 1 | -1): void {
    const extra = extraOf(cell);
    const before = extra.awaiting;
    extra.awaiting += change;
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
    this.open(cell, promise, initTurn, undefined);
  }

  openTerminate(cell: Cell, promise: PromiseLike<unknown>): void {
    this.open(cell, promise, terminateTurn, undefined);
  }
}
