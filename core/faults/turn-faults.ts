/** The faults of a plan that strike actors, and threads, of one thread: in a turn, or by the clock. */
import { type Cell, Flag } from "../actor/cell.ts";
import { type MessageMeta, Meta, MetaKind } from "../actor/mailbox.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { freezeMessage } from "../thread/message-check.ts";
import type { ActorFaults } from "./actor-faults.ts";
import type { FaultBook } from "./fault-book.ts";
import { Moments } from "./moments.ts";
import { type CheckedFault, isMessageFault, isThreadFault, type ThreadFault, type TurnFault } from "./plan.ts";
import { type Identity, type Matches, matcher } from "./selector.ts";
import { lossWhy, poisonMessage, strike } from "./strikes.ts";

/** Of most actors; a million of them are looked at when a plan begins. */
const none: readonly TurnFault[] = [];

export class TurnFaults {
  readonly #kernel: Kernel;
  readonly #book: FaultBook;
  readonly #rules: readonly { readonly fault: TurnFault; readonly means: Matches }[];
  readonly #moments: Moments;

  constructor(kernel: Kernel, book: FaultBook, faults: readonly CheckedFault[], beganMs: number) {
    this.#kernel = kernel;
    this.#book = book;
    const threads = faults.filter((fault) => !isMessageFault(fault) && isThreadFault(fault));
    const turns = faults.filter((fault): fault is TurnFault => !isMessageFault(fault) && !isThreadFault(fault));
    this.#rules = turns.map((fault) => ({ fault, means: matcher(fault.actor) }));
    // Threads are main's to end.
    const timed = [...turns.filter(({ isTimed }) => isTimed), ...(kernel.thread === 0 ? threads : [])];
    this.#moments = new Moments(timed, beganMs);
  }

  get nextMs(): number {
    return this.#moments.nextMs;
  }

  /** Those that mean an actor. */
  of(who: Identity): readonly TurnFault[] {
    if (!this.#rules.some(({ means }) => means(who))) return none;
    const faults = this.#rules.filter(({ means }) => means(who)).map(({ fault }) => fault);
    for (const fault of faults) this.#book.meet(fault, "actor");
    return faults;
  }

  /** Notes for an actor what shall strike it. */
  arm(cell: Cell, actor: ActorFaults, faults: readonly TurnFault[]): void {
    const able = faults.filter((fault) => this.#canStrike(fault, cell, actor));
    actor.inTurns = able.filter(({ isTimed }) => !isTimed);
    actor.timed = able.filter(({ isTimed }) => isTimed);
  }

  /** What to run in place of the handler in this turn of an actor; undefined: nothing happens. */
  strike(cell: Cell, meta: MessageMeta, payload: unknown): (() => unknown) | undefined {
    const actor = cell.extra?.faults;
    if (actor === undefined || actor.inTurns.length === 0 || isOfRuntime(meta)) return undefined;
    const { delivery, scheduler } = this.#kernel;
    // A cut may not divide it: count, tally and event belong together.
    const fault = scheduler.commit(() => this.#dueIn(cell, actor));
    if (fault === undefined) return undefined;
    // Whatever ends the actor now answers it.
    if (meta instanceof Meta && meta.kind === MetaKind.call) cell.current = meta;
    // It was killed before the message was looked at.
    if (fault.kind === "kill")
      scheduler.commit(() => delivery.deadLetter(this.#kernel.refOf(cell), meta, payload, "noproc"));
    return () => strike(fault, cell, this.#kernel);
  }

  #dueIn(cell: Cell, actor: ActorFaults): TurnFault | undefined {
    const turn = actor.turns++;
    for (const fault of actor.inTurns) {
      if (turn < fault.afterTurns || !this.#book.mayStrike(fault, actor.key, turn)) continue;
      this.#book.tell(fault, cell);
      if (fault.kind !== "poison") return fault;
      this.#poison(fault, cell);
    }
    return undefined;
  }

  #poison({ message }: TurnFault, cell: Cell): void {
    const { checks, delivery } = this.#kernel;
    if (checks && message !== undefined) freezeMessage(message);
    void delivery.deliver(cell, undefined, message === undefined ? poisonMessage() : message, undefined);
  }

  /** Lets happen what is due by the clock. */
  expire(nowMs: number): void {
    for (const { fault, count } of this.#moments.takeDue(nowMs)) {
      if (isThreadFault(fault)) this.#endThread(fault, count);
      else for (const cell of [...this.#kernel.cells]) if (cell !== undefined) this.#strikeNow(fault, cell, count);
    }
  }

  #strikeNow(fault: TurnFault, cell: Cell, count: number): void {
    const actor = cell.extra?.faults;
    if (actor === undefined || (cell.flags & Flag.dead) !== 0 || !actor.timed.includes(fault)) return;
    if (!this.#book.mayStrike(fault, actor.key, count)) return;
    this.#book.tell(fault, cell);
    if (fault.kind === "poison") this.#poison(fault, cell);
    else strike(fault, cell, this.#kernel);
  }

  #endThread(fault: ThreadFault, count: number): void {
    const { host, memory } = this.#kernel;
    const thread = host.isThreadAt?.(fault.thread) === true ? memory.threadAt(fault.thread) : undefined;
    if (thread === undefined) {
      const positions = Array.from({ length: memory.schedulers }, (_, position) => position);
      const there = positions.filter((position) => position > 0 && host.isThreadAt?.(position) === true);
      const others = there.length === 0 ? "none runs" : `those that run are at ${there.join(", ")}`;
      this.#book.skip(fault, fault.thread, `no worker thread runs at position ${fault.thread}; ${others}`);
    } else if (this.#book.mayStrike(fault, fault.thread, count)) {
      this.#book.tell(fault, thread);
      host.endThreadAt?.(fault.thread, lossWhy(fault.index));
    }
  }

  /** Where a fault could not be what it is meant to be, that is told, once for each actor. */
  #canStrike(fault: TurnFault, cell: Cell, { skipped }: ActorFaults): boolean {
    const why = this.#obstacle(fault, cell);
    if (why === undefined) return true;
    if (!skipped.has(fault.index)) this.#book.skip(fault, cell, why);
    skipped.add(fault.index);
    return false;
  }

  #obstacle({ kind, message }: TurnFault, cell: Cell): string | undefined {
    const { guest, isDedicated, thread } = this.#kernel;
    if (cell === guest) return "it is the program itself";
    const isRemote = (cell.flags & Flag.remote) !== 0;
    if (kind === "processKill") return isRemote ? undefined : 'it has no process of its own (isolation "process")';
    if (isRemote && kind === "poison" && message === undefined)
      return "what throws when it is read cannot cross to its process: give the poison a message";
    if (isRemote)
      return kind === "threadLoss" ? "it runs in a process and on no thread: processKill is for it" : undefined;
    if (kind === "allocate" && !isDedicated) return "others share its heap: give it a thread or process of its own";
    if (thread !== 0) return undefined;
    if (kind === "loop" || kind === "loopAfterAwait" || kind === "regex") return "on main no turn is cut down";
    if (kind === "exit") return "on main process.exit ends the whole process";
    return kind === "threadLoss" ? "main is never lost" : undefined;
  }
}

/** Turns in which no handler runs, or an actor's parent ends it. */
function isOfRuntime(meta: MessageMeta): boolean {
  return meta instanceof Meta && (meta.kind === MetaKind.stop || meta.kind === MetaKind.exit);
}
