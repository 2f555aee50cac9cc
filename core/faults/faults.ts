/**
 * A plan of faults at work in one thread: the kernel asks it about the actors that the plan means (`Flag.faulty`), and
 * about nobody else.
 *
 * Turns and messages are counted for each incarnation and each pair of them, and chance is a function of seed, fault, who
 * and count. So who is struck when depends on no clock and no other thread; only `times`, which holds for all threads
 * together, goes to whoever comes first.
 */
import { type Cell, extraOf, Flag } from "../actor/cell.ts";
import type { MessageMeta } from "../actor/mailbox.ts";
import type { RefData } from "../actor/ref.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { ActorFaults } from "./actor-faults.ts";
import { FaultBook } from "./fault-book.ts";
import { MessageFaults } from "./message-faults.ts";
import type { FaultWork } from "./plan.ts";
import { TurnFaults } from "./turn-faults.ts";

export class Faults {
  readonly #kernel: Kernel;
  readonly #book: FaultBook;
  readonly #turns: TurnFaults;
  readonly #messages: MessageFaults;

  constructor(kernel: Kernel, work: FaultWork) {
    const { faults } = work.plan;
    this.#kernel = kernel;
    this.#book = new FaultBook(kernel, work);
    this.#turns = new TurnFaults(kernel, this.#book, faults, work.beganMs);
    this.#messages = new MessageFaults(kernel, this.#book, faults);
  }

  begin(): void {
    for (const cell of this.#kernel.cells) if (cell !== undefined) this.meet(cell);
    this.#kernel.timers.sweepBy(this.#turns.nextMs);
  }

  /** The plan is taken back: what it holds up goes on now. */
  end(): void {
    this.#messages.lines.releaseAll();
    for (const cell of this.#kernel.cells) {
      if (cell === undefined) continue;
      cell.flags &= ~Flag.faulty;
      if (cell.extra !== undefined) cell.extra.faults = undefined;
    }
  }

  /** An actor has come, or has another name: what of the plan means it? */
  meet(cell: Cell): void {
    if ((cell.flags & Flag.dead) !== 0) return;
    const who = this.#book.identityOf(cell);
    const strikes = this.#turns.of(who);
    if (strikes.length === 0 && !this.#messages.mean(who)) {
      cell.flags &= ~Flag.faulty;
      return;
    }
    const extra = extraOf(cell);
    extra.faults ??= new ActorFaults(this.#book.keyOf(cell, who));
    this.#turns.arm(cell, extra.faults, strikes);
    this.#messages.arm(extra.faults, who);
    cell.flags |= Flag.faulty;
  }

  /** Asked at each turn of an actor that the plan means: what to run in place of the handler; undefined: nothing happens. */
  strike(cell: Cell, meta: MessageMeta, payload: unknown): (() => unknown) | undefined {
    return this.#turns.strike(cell, meta, payload);
  }

  /**
   * Asked at each message to an actor that the plan means. True: it is taken, and `pass` is called later if it is only
   * delayed.
   * @param mark the sender's, by `markOf`.
   */
  takes(cell: Cell, meta: MessageMeta, payload: unknown, from: RefData, mark: number, pass: () => void): boolean {
    return this.#messages.takes(cell, meta, payload, from, mark, pass);
  }

  /** What a message of this sender carries to another thread, and to `takes`; 0: no plan means the sender. */
  markOf(sender: Cell): number {
    return sender.extra?.faults?.mark ?? 0;
  }

  /** Asked at each other signal that has its place in the order of its pair. True: it waits, and `pass` is called later. */
  holds(from: RefData, to: RefData, pass: () => void): boolean {
    return this.#messages.holds(from, to, pass);
  }

  /** A kill waits for nothing: what stands before it comes at once. */
  hurry(from: RefData, to: RefData): void {
    this.#messages.lines.releasePair(from, to);
  }

  /** An actor has ended: what is on its way to it finds that out now. */
  ended(ref: RefData): void {
    this.#messages.lines.releaseTo(ref);
  }

  /** What a lost thread had sent was sent before its end. */
  threadLost(thread: number): void {
    this.#messages.lines.releaseFromThread(thread);
  }

  /** What is due by the clock happens; returns when to look again. */
  expire(nowMs: number): number {
    this.#turns.expire(nowMs);
    return Math.min(this.#messages.lines.expire(nowMs), this.#turns.nextMs);
  }
}

/** A thread takes a plan in the place of the one that it has; undefined: none. */
export function setFaults(kernel: Kernel, work: FaultWork | undefined): void {
  kernel.faults?.end();
  kernel.faults = work === undefined ? undefined : new Faults(kernel, work);
  kernel.faults?.begin();
}
