/**
 * Interrupts: the turn of an actor that is under way is asked to end, and the actor may live on (SEMANTICS S14.13 on).
 *
 * An open async turn is told by its `ctx.signal`, and has a grace. A synchronous one holds its thread, so the watchdog is
 * asked at once to cut it down if the thread still stands where it stood when its grace is over; each such request names
 * that turn, and is void when the thread has gone on. What is left to a thread that comes to read it is the signal itself.
 */
import { type Cell, extraOf, Flag } from "../actor/cell.ts";
import type { InterruptOptions } from "../actor/context.ts";
import { type Mail, Meta, MetaKind } from "../actor/mailbox.ts";
import { type Ref, type RefData, sameRef } from "../actor/ref.ts";
import { type ErrorData, RuntimeError } from "../errors.ts";
import { callTimeoutMs } from "./calls.ts";
import { eventBit } from "./events.ts";
import { FrameKind } from "./frame-kind.ts";
import { type Interrupt, type InterruptRequest, interruptGraceMs, interruptOptions } from "./interrupt-request.ts";
import { mayEnd } from "./interrupted-turns.ts";
import type { Kernel } from "./kernel.ts";

export class Interrupts {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  // Who asks ---------------------------------------------------------------------------------------------------------

  /** @throws RuntimeError `bad_argument`, `calling_self`; `noproc`, `timeout` by rejection. */
  ask(cell: Cell, ref: RefData, options: InterruptOptions | undefined): Promise<boolean> {
    const kernel = this.#kernel;
    const { reason, graceMs } = interruptOptions(options);
    if (sameRef(ref, kernel.refOf(cell)) && cell !== kernel.guest)
      throw new RuntimeError("calling_self", "interrupt: an actor cannot interrupt its own turn");
    return kernel.scheduler.commit(() => {
      const { id, promise } = kernel.calls.expect(cell, ref, "interrupt", graceMs + callTimeoutMs);
      this.#send(cell, ref, id, reason, graceMs, 0);
      return promise as Promise<boolean>; // as `received` answers
    });
  }

  /** The turn of one call of that actor, or the call in the mailbox. Without a promise: one of the two is called in the drain. */
  askOfCall(
    cell: Cell,
    ref: RefData,
    call: number,
    reason: string,
    resolve: (wasUnderWay: unknown) => void,
    reject: (error: unknown) => void,
  ): void {
    this.#kernel.scheduler.commit(() => {
      const id = this.#kernel.calls.expectThen(cell, ref, "interrupt", resolve, reject);
      this.#send(cell, ref, id, reason, interruptGraceMs, call);
    });
  }

  #send(cell: Cell, ref: RefData, id: number, reason: string, graceMs: number, call: number): void {
    const kernel = this.#kernel;
    if (ref.thread === kernel.thread) {
      this.received(ref, { reason, graceMs, turn: 0, call }, kernel.refOf(cell), id);
      return;
    }
    const { turn, drains, isHeldByOther } = kernel.memory.standing(ref);
    const request: InterruptRequest = { reason, graceMs, turn: (turn & 1) === 1 && !isHeldByOther ? turn : 0, call };
    if (!isHeldByOther && graceMs !== Number.POSITIVE_INFINITY) {
      const { thread, slot, generation } = ref;
      const { thread: by } = kernel;
      kernel.host.askCut?.({ ...request, turn, thread, slot, generation, drains, by, question: id });
    }
    kernel.peers.push(ref.thread, FrameKind.control, ref, cell, id, ["interrupt", request]);
  }

  // The actor's own kernel -------------------------------------------------------------------------------------------

  /** Who asked gets the answer as that of a call: whether a turn was under way that is interrupted now. */
  received(ref: RefData, request: InterruptRequest, caller: Ref, id: number): void {
    const kernel = this.#kernel;
    const { calls } = kernel;
    const cell = kernel.cellOf(ref);
    const again = () => this.received(ref, request, caller, id);
    if (cell !== undefined && kernel.interruptedTurns.keeps(cell, again)) return;
    if (kernel.interruptedTurns.isOne(caller.thread, id)) calls.answer(caller, id, true, undefined);
    else if (cell === undefined) {
      const message = `interrupt: there is no actor ${kernel.nameOf(ref)}`;
      calls.answerError(caller, id, { name: "RuntimeError", code: "noproc", message }, ref);
    } else calls.answer(caller, id, this.#isUnderWay(cell, request, caller), undefined);
  }

  #isUnderWay(cell: Cell, { turn, call, reason, graceMs }: InterruptRequest, caller: Ref): boolean {
    const { extra, flags } = cell;
    if (call !== 0) {
      const isIt = (meta: unknown) =>
        meta instanceof Meta && meta.kind === MetaKind.call && meta.id === call && meta.from?.thread === caller.thread;
      if ((flags & Flag.open) === 0 || !isIt(extra?.turnMeta)) return this.#takeBack(cell, isIt, reason);
    }
    if ((flags & Flag.open) === 0 || extra === undefined || extra.isTurnSettled) return false;
    if (turn !== 0 && extra.turnNumber !== turn) return false;
    this.#begin(cell, reason, call !== 0 && !mayEnd(cell) ? Number.POSITIVE_INFINITY : graceMs);
    return true;
  }

  /** The call is in nobody's hands yet. */
  #takeBack(cell: Cell, isIt: (meta: unknown) => boolean, reason: string): boolean {
    const { calls, counters, delivery } = this.#kernel;
    const mail = delivery.takeOldest(cell, isIt);
    if (mail === undefined) return false;
    counters.addUnread(-1);
    if ((cell.flags & Flag.bounded) !== 0) delivery.afterService(cell);
    const { from, id, name } = mail.meta as Meta; // a call's
    calls.answerError(from, id, this.#errorOf(cell, name, reason), this.#kernel.refOf(cell));
    return true;
  }

  #begin(cell: Cell, reason: string, graceMs: number): void {
    const kernel = this.#kernel;
    const extra = extraOf(cell);
    const dueMs = kernel.readClock() + graceMs;
    // The one that was first has told it; the shorter grace counts.
    const former = extra.interrupt;
    if (former !== undefined && former.dueMs <= dueMs) return;
    const error = former?.error ?? new RuntimeError("interrupted", `the turn was interrupted: ${reason}`);
    extra.interrupt = { reason: former?.reason ?? reason, error, dueMs };
    kernel.timers.interruptTimeout(cell, graceMs);
    if (graceMs !== Number.POSITIVE_INFINITY) {
      const { slot, generation } = cell;
      const { thread } = kernel;
      const standing = { drains: -1, turn: extra.turnNumber, call: 0, by: -1, question: -1 };
      // Its code may hold the thread when its grace is over.
      kernel.host.askCut?.({ ...standing, thread, slot, generation, reason: extra.interrupt.reason, graceMs });
    }
    if (former !== undefined) return;
    this.tell(cell, reason, undefined);
    // What goes on in the microtasks behind this drain is its turn.
    kernel.checkpoint.note(cell);
    const { remote, turnAbort } = extra;
    if (remote !== undefined) remote.interrupt(reason);
    else if (turnAbort?.turn === extra.turnNumber)
      kernel.scheduler.runLast(cell, () => turnAbort.controller.abort(error));
  }

  /** The turn has ended. Returns by which interrupt it was asked to. */
  over(cell: Cell): Interrupt | undefined {
    const extra = cell.extra;
    const interrupt = extra?.interrupt;
    if (extra === undefined || interrupt === undefined) return undefined;
    extra.interrupt = undefined;
    this.#kernel.timers.cancelInterrupt(cell);
    return interrupt;
  }

  /** Its grace is over. A turn that has settled is taken in this drain. */
  rang(cell: Cell): void {
    const { extra, flags } = cell;
    if (extra?.interrupt === undefined || (flags & Flag.open) === 0 || extra.isTurnSettled) return;
    this.#kernel.crashes.outside(cell, { interrupted: extra.interrupt.reason });
  }

  /** Whether a turn has failed by having been told to end. What was thrown is the actor's, and so are its getters. */
  isAborted(cell: Cell, interrupt: Interrupt, thrown: unknown): boolean {
    if (thrown === interrupt.error) return true;
    if (typeof thrown !== "object" || thrown === null) return false;
    return this.#kernel.dispatch.runAs(cell, () => {
      try {
        return (thrown as { readonly name?: unknown }).name === "AbortError";
      } catch {
        return false;
      }
    });
  }

  /** A turn's message is used up; who waits for its answer learns why. @param mail the message, where that is known */
  refuse(cell: Cell, meta: Meta | undefined, mail: Mail | undefined, reason: string): void {
    this.#kernel.topics.receivers.interrupted(cell, mail, reason);
    if (meta?.kind !== MetaKind.call) return;
    // What that turn wrote is all that is written.
    if (meta.credit !== undefined && meta.from !== undefined)
      this.#kernel.streams.writerOf(cell, meta.from, meta.id)?.closed(`its turn was interrupted: ${reason}`);
    this.#kernel.calls.answerError(
      meta.from,
      meta.id,
      this.#errorOf(cell, meta.name, reason),
      this.#kernel.refOf(cell),
    );
  }

  #errorOf(cell: Cell, name: string, reason: string): ErrorData {
    const who = this.#kernel.nameOf(this.#kernel.refOf(cell));
    return { name: "RuntimeError", code: "interrupted", message: `${who} was interrupted at "${name}": ${reason}` };
  }

  /** As an event. */
  tell(cell: Cell, reason: string, stack: string | undefined): void {
    const kernel = this.#kernel;
    if (!kernel.wants(eventBit("turnInterrupted"))) return;
    const ref = kernel.refOf(cell).toJSON();
    kernel.emit({
      type: "turnInterrupted",
      ref,
      name: cell.extra?.name,
      reason,
      ...(stack !== undefined && { stack }),
    });
  }
}
