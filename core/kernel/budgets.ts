/**
 * The budgets of actors (SEMANTICS S10): what counts against them, and the end of an actor that has used more.
 *
 * Nothing here runs for an actor without a budget: flags and words that are looked at anyway lead here. `init` and
 * `terminate` are timed three times, since each can take too long in its own way: a loop is cut down at the word of its
 * turn's limit, a promise ends with a timer, and what came back too late all the same is told by the clock.
 */
import { ActorBudget, LimitKind, none, overTime } from "../actor/actor-budget.ts";
import { type Budget, plainBudget } from "../actor/budget.ts";
import { type Cell, extraOf, Flag } from "../actor/cell.ts";
import type { ExitReason } from "../actor/exit-reason.ts";
import { RuntimeError } from "../errors.ts";
import type { Kernel } from "./kernel.ts";

export class Budgets {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** What the spawn says goes before what the behaviour says, one by one. */
  give(cell: Cell, ofSpawn: Budget | undefined, ofBehaviour: Budget | undefined): void {
    if (ofSpawn === undefined && ofBehaviour === undefined) return;
    const budget = new ActorBudget({ ...ofBehaviour, ...(ofSpawn && plainBudget(ofSpawn)) });
    extraOf(cell).budget = budget;
    if (budget.openTasks !== none) cell.flags |= Flag.counted;
    if (budget.times[LimitKind.init] > 0 || budget.times[LimitKind.terminate] > 0) cell.flags |= Flag.limited;
  }

  /**
   * One more piece of work of the actor's that is awaited. For actors with `Flag.counted`, before it begins.
   * @throws RuntimeError `budget`: it is one too many, and the actor has ended.
   */
  admit(cell: Cell, verb: string): void {
    const { awaiting, budget, readers } = extraOf(cell);
    if (budget === undefined || awaiting + (readers?.size ?? 0) < budget.openTasks || (cell.flags & Flag.dead) !== 0)
      return;
    const { openTasks } = budget;
    const who = this.#kernel.nameOf(this.#kernel.refOf(cell));
    this.end(cell, { budget: { openTasks } });
    throw new RuntimeError(
      "budget",
      `${verb}: ${who} has as many calls, tasks and the like under way as it may (openTasks: ${openTasks}), and was ended`,
    );
  }

  /** It has used too much: it ends where it stands. From whatever frames, so no code of it runs any more, for a report neither. */
  end(cell: Cell, reason: ExitReason): void {
    this.#kernel.scheduler.commit(() => this.#kernel.crashes.overBudget(cell, reason));
  }

  // Time ------------------------------------------------------------------------------------------------------------

  /** `init` or `terminate` begins. */
  begin(cell: Cell, kind: LimitKind): void {
    const budget = cell.extra?.budget;
    if (budget === undefined || budget.times[kind] === 0) return;
    budget.phase = kind;
    cell.flags |= Flag.limited;
    budget.sinceMs = this.#kernel.readClock();
  }

  /** Its synchronous part is over, or its promise has settled then. True: it took too long, and the actor has ended. */
  isOver(cell: Cell, settledMs?: number): boolean {
    const budget = cell.extra?.budget;
    if (budget === undefined || budget.phase === LimitKind.turn) return false;
    if ((settledMs ?? this.#kernel.readClock()) - budget.sinceMs < budget.times[budget.phase]) return false;
    this.#timeOver(cell);
    return true;
  }

  /** It goes on: by a promise, or until `initDone`. */
  goesOn(cell: Cell): void {
    const extra = cell.extra;
    const budget = extra?.budget;
    if (budget === undefined || budget.phase === LimitKind.turn || extra?.budgetTimer !== undefined) return;
    const untilMs = budget.sinceMs + budget.times[budget.phase];
    this.#kernel.timers.budgetTimeout(cell, Math.max(0, untilMs - this.#kernel.nowMs));
  }

  /** `init` has ended well. */
  done(cell: Cell): void {
    const extra = cell.extra;
    if (extra?.budget === undefined) return;
    extra.budget.phase = LimitKind.turn;
    const { memory, thread, timers } = this.#kernel;
    timers.cancelBudget(cell);
    // No run says again what limit it has: it is that of all others now.
    if (extra.turnLimitMs === undefined) cell.flags &= ~Flag.limited;
    const { slot, generation } = cell;
    if (memory.watch.limitKind(thread, slot, generation) !== LimitKind.turn)
      memory.watch.setLimitKind(thread, slot, generation, LimitKind.turn);
  }

  /** The timer rang, maybe late: where an `init` or `terminate` has settled, that is taken in this drain, and it is known when it did. */
  rang(cell: Cell): void {
    extraOf(cell).budgetTimer = undefined;
    if (!this.#kernel.asyncTurns.hasSettledLife(cell)) this.#timeOver(cell);
  }

  #timeOver(cell: Cell): void {
    const budget = cell.extra?.budget;
    if (budget === undefined || budget.phase === LimitKind.turn) return;
    this.#kernel.crashes.outside(cell, overTime(budget.phase, budget.times[budget.phase]));
  }

  /** How long its code may hold the thread now, in milliseconds; 0: for ever. Of the turn's limit and the budget the shorter one. */
  limitOf(cell: Cell): number {
    const turnMs = cell.extra?.turnLimitMs ?? this.#kernel.turnLimitMs;
    const budget = cell.extra?.budget;
    if (budget === undefined) return turnMs;
    const ms = budget.times[budget.phase];
    return ms === 0 || (turnMs !== 0 && turnMs < ms) ? turnMs : ms;
  }

  /** Which of both that is; of two that are equal, the budget. */
  kindOf(cell: Cell): LimitKind {
    const budget = cell.extra?.budget;
    return budget !== undefined && budget.times[budget.phase] === this.limitOf(cell) ? budget.phase : LimitKind.turn;
  }

  /** Its code begins to run, or is found to run behind an `await`: tells the watchdog its limit, which is returned. */
  publish(cell: Cell): number {
    if (cell.extra?.budget !== undefined)
      this.#kernel.memory.watch.setLimitKind(this.#kernel.thread, cell.slot, cell.generation, this.kindOf(cell));
    return this.limitOf(cell);
  }
}
