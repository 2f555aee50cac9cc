/** The timers of a thread's actors: `sendAfter`, `sendEvery`, idle, start and budget time-outs, and the deadlines of calls. */
import { type Cell, extraOf, Flag, type StartInfo, type TimerEntry } from "../actor/cell.ts";
import type { Target, TimerRef } from "../actor/context.ts";
import { type MessageMeta, Meta, MetaKind } from "../actor/mailbox.ts";
import type { RefData } from "../actor/ref.ts";
import { describe, RuntimeError } from "../errors.ts";
import type { MissedRuns } from "../tasks/schedules.ts";
import { freezeMessage } from "../thread/message-check.ts";
import type { Kernel } from "./kernel.ts";
import { TimerHeap } from "./timers.ts";

export class Timers {
  readonly #kernel: Kernel;
  readonly #heap = new TimerHeap<TimerEntry>();
  #nextId = 1;
  /** What the clock was told last; NaN, which equals no due time: it is to be told anew. */
  #wakeMs = Number.POSITIVE_INFINITY;
  /** When the next deadline of a call is to be looked at. */
  #sweepMs = Number.POSITIVE_INFINITY;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  get running(): number {
    return this.#heap.size;
  }

  /** @throws RuntimeError `bad_argument` unless the delay is a number from 0. */
  start(
    cell: Cell,
    verb: string,
    delayMs: number,
    periodMs: number,
    message: unknown,
    target: Target | undefined,
    missed: MissedRuns = "all",
  ): TimerRef {
    if (typeof delayMs !== "number" || !(delayMs >= 0)) {
      throw new RuntimeError("bad_argument", `${verb} wants a time in milliseconds from 0, got ${describe(delayMs)}`);
    }
    const kernel = this.#kernel;
    if (typeof target !== "string" && target !== undefined) kernel.resolve(target, verb);
    // Refused and frozen here, in the caller's frame; a name may be anybody's by then, on any thread (S2.6, S2.7).
    if (typeof target === "string" || (target !== undefined && target.thread !== kernel.thread))
      kernel.outgoing.check(message, undefined, undefined, verb);
    else if (kernel.checks) freezeMessage(message);
    return kernel.scheduler.commit(() => {
      const entry = this.#add(cell, "message", delayMs, periodMs, message, target, missed);
      const extra = extraOf(cell);
      extra.timers ??= new Map();
      extra.timers.set(entry.id, entry);
      return { id: entry.id };
    });
  }

  /** Runs when the time to start is over and `init` has not ended. */
  startTimeout(cell: Cell, delayMs: number): void {
    this.#add(cell, "start", delayMs, 0, undefined, undefined);
  }

  /** Rings when the time that the actor has for what it does now is over. */
  budgetTimeout(cell: Cell, delayMs: number): void {
    this.#add(cell, "budget", delayMs, 0, undefined, undefined);
  }

  cancelBudget(cell: Cell): void {
    const extra = extraOf(cell);
    if (extra.budgetTimer !== undefined) this.#heap.cancel(extra.budgetTimer);
    extra.budgetTimer = undefined;
  }

  /** Rings when a turn that was interrupted has had its grace; in place of any before. */
  interruptTimeout(cell: Cell, delayMs: number): void {
    this.cancelInterrupt(cell);
    this.#add(cell, "interrupt", delayMs, 0, undefined, undefined);
  }

  cancelInterrupt(cell: Cell): void {
    const extra = extraOf(cell);
    if (extra.interruptTimer !== undefined) this.#heap.cancel(extra.interruptTimer);
    extra.interruptTimer = undefined;
  }

  cancel(cell: Cell, timer: TimerRef): number | undefined {
    const entry = cell.extra?.timers?.get(timer.id);
    if (entry === undefined) return undefined;
    cell.extra?.timers?.delete(timer.id);
    const isRunning = !entry.cancelled && entry.dueMs >= 0;
    this.#heap.cancel(entry);
    // Its message may have been queued already: it must not arrive after this. Looked for only then: a mailbox may be long.
    if (entry.hasFired) this.#kernel.delivery.withdrawTimer(cell, timer.id);
    if (!isRunning) return undefined;
    const leftMs = entry.dueMs - this.#kernel.readClock();
    return leftMs > 0 ? leftMs : 0;
  }

  cancelStart(start: StartInfo): void {
    if (start.timer !== undefined) this.#heap.cancel(start.timer);
    start.timer = undefined;
  }

  setIdle(cell: Cell, delayMs: number | undefined): void {
    const extra = extraOf(cell);
    if (extra.idleTimer !== undefined) this.#endIdle(cell, extra.idleTimer);
    extra.idleTimer = undefined;
    if (delayMs === undefined || delayMs === Number.POSITIVE_INFINITY) return;
    if (typeof delayMs !== "number" || !(delayMs >= 0)) {
      throw new RuntimeError(
        "bad_argument",
        `idleTimeout wants a time in milliseconds from 0, got ${describe(delayMs)}`,
      );
    }
    extra.idleTimer = this.#add(cell, "idle", delayMs, 0, undefined, undefined);
    cell.flags |= Flag.special;
  }

  /** Any message cancels the idle time-out, also one that stands in the queue already (gen_server). */
  cancelIdle(cell: Cell, meta: MessageMeta): void {
    const extra = cell.extra;
    const entry = extra?.idleTimer;
    if (extra === undefined || entry === undefined) return;
    extra.idleTimer = undefined;
    if (extra.continues === undefined) cell.flags &= ~Flag.special;
    if (!(meta instanceof Meta && meta.kind === MetaKind.idle)) this.#endIdle(cell, entry);
  }

  #endIdle(cell: Cell, entry: TimerEntry): void {
    this.#heap.cancel(entry);
    if (!entry.hasFired) return;
    this.#kernel.delivery.withdraw(
      cell,
      (queued) => queued instanceof Meta && queued.kind === MetaKind.idle && queued.id === entry.id,
    );
  }

  /** A timer's message was handled: a single one is over. */
  delivered(cell: Cell, id: number): void {
    const entry = cell.extra?.timers?.get(id);
    if (entry !== undefined && entry.periodMs === 0) cell.extra?.timers?.delete(id);
  }

  /** The actor ended: so do its timers. */
  cancelAll(cell: Cell): void {
    const { extra, start } = cell;
    if (start !== undefined) this.cancelStart(start);
    if (extra === undefined) return;
    if (extra.timers !== undefined) for (const entry of extra.timers.values()) this.#heap.cancel(entry);
    if (extra.idleTimer !== undefined) this.#heap.cancel(extra.idleTimer);
    if (extra.budgetTimer !== undefined) this.#heap.cancel(extra.budgetTimer);
    if (extra.interruptTimer !== undefined) this.#heap.cancel(extra.interruptTimer);
  }

  /** Looks at the deadlines of calls no later than this. */
  sweepBy(dueMs: number): void {
    if (dueMs >= this.#sweepMs) return;
    this.#sweepMs = dueMs;
    this.publishNextDue();
  }

  fireDue(nowMs: number): void {
    // A due time that is over must be published anew, also when nothing is due any more.
    if (this.#wakeMs <= nowMs) this.#wakeMs = Number.NaN;
    for (;;) {
      const entry = this.#heap.takeDue(nowMs);
      if (entry === undefined) break;
      this.#fire(entry);
    }
    if (this.#sweepMs <= nowMs) {
      this.#sweepMs = Number.POSITIVE_INFINITY;
      const { agents, asyncTurns, calls, faults, starts, stores, streams } = this.#kernel;
      const nextMs = Math.min(
        calls.expire(nowMs),
        streams.expire(nowMs),
        starts.expire(nowMs),
        agents.expire(nowMs),
        asyncTurns.expire(nowMs),
        faults?.expire(nowMs) ?? Number.POSITIVE_INFINITY,
        stores?.expire(nowMs) ?? Number.POSITIVE_INFINITY,
      );
      // An end may have asked for an earlier look.
      this.#sweepMs = Math.min(this.#sweepMs, nextMs);
    }
    this.publishNextDue();
  }

  /** Tells the clock when to wake the thread next. */
  publishNextDue(): void {
    const dueMs = Math.min(this.#heap.nextDueMs() ?? Number.POSITIVE_INFINITY, this.#sweepMs);
    if (dueMs === this.#wakeMs) return;
    this.#wakeMs = dueMs;
    if (dueMs === Number.POSITIVE_INFINITY) this.#kernel.host.clock.cancelWake();
    else this.#kernel.host.clock.wakeAt(dueMs, () => this.#woken());
  }

  /** The clock's wake is used up, also one that came too early: Node's timers may, by a part of a millisecond. */
  #woken(): void {
    this.#wakeMs = Number.NaN;
    this.#kernel.scheduler.arm();
  }

  #add(
    cell: Cell,
    kind: TimerEntry["kind"],
    delayMs: number,
    periodMs: number,
    message: unknown,
    target: RefData | string | undefined,
    missed: MissedRuns = "all",
  ): TimerEntry {
    const dueMs = this.#kernel.readClock() + delayMs;
    const entry: TimerEntry = {
      id: this.#nextId++,
      dueMs,
      sequence: -1,
      periodMs,
      missed,
      cell,
      target,
      message,
      kind,
      cancelled: false,
      hasFired: false,
    };
    if (dueMs < Number.POSITIVE_INFINITY) this.#heap.add(entry);
    if (kind === "start" && cell.start !== undefined) cell.start.timer = entry;
    else if (kind === "budget") extraOf(cell).budgetTimer = entry;
    else if (kind === "interrupt") extraOf(cell).interruptTimer = entry;
    if (dueMs < this.#wakeMs) this.publishNextDue();
    return entry;
  }

  #fire(entry: TimerEntry): void {
    const kernel = this.#kernel;
    const cell = entry.cell;
    if ((cell.flags & Flag.dead) !== 0) return;
    switch (entry.kind) {
      case "idle":
        entry.hasFired = true;
        kernel.delivery.deliverSystem(cell, new Meta(MetaKind.idle, "", entry.id, undefined), {
          type: "timer",
          timer: "idle",
        });
        return;
      case "start":
        if ((cell.flags & Flag.initializing) !== 0) kernel.births.timedOut(cell);
        return;
      case "budget":
        kernel.budgets.rang(cell);
        return;
      case "interrupt":
        kernel.interrupts.rang(cell);
        return;
      case "message":
        this.#sendTimed(entry);
        return;
    }
  }

  #sendTimed(entry: TimerEntry): void {
    const kernel = this.#kernel;
    const cell = entry.cell;
    if (entry.periodMs > 0) {
      // Ticks behind this one that have passed as well.
      const more = entry.missed === "all" ? 0 : Math.floor((kernel.nowMs - entry.dueMs) / entry.periodMs);
      entry.dueMs += (more + 1) * entry.periodMs;
      this.#heap.add(entry);
      if (more > 0 && entry.missed === "skip") return;
    } else entry.dueMs = -1;
    if (entry.target === undefined) {
      entry.hasFired = true;
      void kernel.delivery.deliver(cell, new Meta(MetaKind.timer, "", entry.id, undefined), entry.message, undefined);
      return;
    }
    if (entry.periodMs === 0) cell.extra?.timers?.delete(entry.id);
    // As in Erlang, a timer for a name that nobody holds any more is lost; here it is a dead letter.
    const target = typeof entry.target === "string" ? kernel.names.whereis(entry.target) : entry.target;
    if (target === undefined) kernel.delivery.deadLetter(kernel.refOf(cell), undefined, entry.message, "noproc");
    else this.#sendTo(cell, target, entry.message);
  }

  /** There is no caller to throw to: a message that cannot cross to its target's thread is a dead letter. */
  #sendTo(cell: Cell, target: RefData, message: unknown): void {
    const kernel = this.#kernel;
    try {
      void kernel.send(cell, target, message, undefined);
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.code !== "not_cloneable") throw error;
      kernel.delivery.deadLetter(target, undefined, message, "not_cloneable");
    }
  }
}
