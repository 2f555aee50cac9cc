/**
 * The producer's end of a stream, on its own thread. A chunk costs one credit; without credit it waits here, and the credit
 * comes as the consumer reads. The end waits behind the chunks, and goes out as the answer of the call or request.
 */
import { type Cell, Flag } from "../actor/cell.ts";
import type { StreamWriter } from "../actor/context.ts";
import type { Ref, SendResult } from "../actor/ref.ts";
import { type ErrorData, RuntimeError } from "../errors.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { assertReplyError } from "../kernel/verb-arguments.ts";
import { Outcome } from "../tasks/task-handle.ts";
import { freezeMessage } from "../thread/message-check.ts";

/** Chunks that may wait for credit. */
export const waitingWritesMax = 1_024;

/** A write that waits: its promise is made when it is asked for, so that one that fails unasked ends nobody. */
class WaitingWrite implements PromiseLike<void> {
  readonly chunk: unknown;
  readonly outcome: Outcome;

  constructor(chunk: unknown, outcome: Outcome) {
    this.chunk = chunk;
    this.outcome = outcome;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- a write may be awaited (SendResult)
  readonly then: PromiseLike<void>["then"] = (resolved, rejected) =>
    (this.outcome.promise as Promise<void>).then(resolved, rejected);
}

type End = { readonly value: unknown } | { readonly error: ErrorData };

export class Writer implements StreamWriter {
  readonly cell: Cell;
  readonly caller: Ref;
  readonly id: number;
  /** Told when it is over, with what has closed it; undefined: it was ended here. */
  over: ((closed: RuntimeError | undefined) => void) | undefined;
  /** Why nobody reads any more. */
  closedBy: RuntimeError | undefined;
  readonly #kernel: Kernel;
  #credit: number;
  readonly #waiting: WaitingWrite[] = [];
  #end: End | undefined;
  #abort: AbortController | undefined;

  constructor(kernel: Kernel, cell: Cell, caller: Ref, id: number, credit: number) {
    this.#kernel = kernel;
    this.cell = cell;
    this.caller = caller;
    this.id = id;
    this.#credit = credit;
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.closedBy !== undefined) this.#abort.abort(this.closedBy);
    }
    return this.#abort.signal;
  }

  /** Nothing can be written any more. */
  get isOver(): boolean {
    return this.#end !== undefined || this.closedBy !== undefined;
  }

  write(chunk: unknown): SendResult {
    const kernel = this.#kernel;
    const { cell } = this;
    kernel.assertAlive(cell, "write");
    if (this.closedBy !== undefined) throw this.closedBy;
    if (this.#end !== undefined) throw new RuntimeError("stream_closed", "write: the stream was ended here");
    this.#check(chunk, "write");
    if (this.#credit > 0) {
      kernel.scheduler.enter();
      this.#credit--;
      kernel.streams.send(this, chunk);
      kernel.scheduler.leave();
      return undefined;
    }
    if (this.#waiting.length >= waitingWritesMax)
      throw new RuntimeError(
        "stream_full",
        `write: ${waitingWritesMax} chunks wait for the reader; await what write returns`,
      );
    if ((cell.flags & Flag.counted) !== 0) kernel.budgets.admit(cell, "write");
    return kernel.scheduler.commit(() => {
      const waiting = new WaitingWrite(chunk, new Outcome(kernel, cell));
      this.#waiting.push(waiting);
      kernel.asyncTurns.awaits(cell, 1);
      // Behind an await nothing else may be left to do here: the thread is to come to rest.
      kernel.scheduler.wake();
      return waiting;
    });
  }

  end(value?: unknown): void {
    this.#kernel.assertAlive(this.cell, "end");
    if (this.isOver) return;
    this.#check(value, "end");
    this.#kernel.scheduler.commit(() => this.#finishWith({ value }));
  }

  fail(error: { readonly code: string; readonly message: string }): void {
    this.#kernel.assertAlive(this.cell, "fail");
    const { code, message } = assertReplyError(error, "fail");
    if (this.isOver) return;
    this.#kernel.scheduler.commit(() => this.#finishWith({ error: { name: "RuntimeError", code, message } }));
  }

  #check(value: unknown, verb: string): void {
    const { checks, outgoing, thread } = this.#kernel;
    if (this.caller.thread !== thread) outgoing.check(value, undefined, this.caller, verb);
    else if (this.#kernel.isRemote(this.caller)) outgoing.checkToProcess(value, this.caller, verb);
    else if (checks) freezeMessage(value);
  }

  #finishWith(end: End): void {
    this.#end = end;
    if (this.#waiting.length === 0) this.#finish(end);
    // Its handler may have answered with this, and until it is out the actor's end answers.
    else this.#kernel.streams.keepOpen(this);
  }

  #finish(end: End): void {
    const { calls, streams } = this.#kernel;
    const { caller, cell, id } = this;
    streams.writerEnded(this);
    const self = this.#kernel.refOf(cell);
    if ("value" in end) calls.answer(caller, id, end.value, self);
    else calls.answerError(caller, id, end.error, self);
    calls.answered(cell, caller, id);
    this.over?.(undefined);
  }

  /** The reader has read so many. */
  credited(count: number): void {
    this.#credit += count;
    let sent = 0;
    while (this.#credit > 0 && sent < this.#waiting.length) {
      const { chunk, outcome } = this.#waiting[sent++] as WaitingWrite;
      this.#credit--;
      this.#kernel.streams.send(this, chunk);
      this.#leaves(outcome.succeed, undefined);
    }
    this.#waiting.splice(0, sent);
    if (this.#waiting.length === 0 && this.#end !== undefined) this.#finish(this.#end);
  }

  /** Nobody reads any more. */
  closed(why: string): void {
    const { calls, streams } = this.#kernel;
    const closed = new RuntimeError("stream_closed", why);
    streams.noteClosing(closed);
    streams.writerEnded(this);
    this.#close(closed);
    calls.answered(this.cell, this.caller, this.id);
    for (const { outcome } of this.#waiting.splice(0)) this.#leaves(outcome.fail, closed);
  }

  /** Its actor has ended: what waits was not sent. */
  abandoned(): void {
    this.#waiting.length = 0;
    this.#close(new RuntimeError("noproc", "the actor has ended"));
  }

  /** The last chunk that waits has gone, or will not go. */
  get lastWaiting(): PromiseLike<void> | undefined {
    return this.#waiting.at(-1);
  }

  #close(closed: RuntimeError): void {
    this.closedBy = closed;
    const abort = this.#abort;
    // Its listeners are the actor's code.
    if (abort !== undefined) this.#kernel.scheduler.runLast(this.cell, () => abort.abort(closed));
    this.over?.(closed);
  }

  #leaves(settle: (value: never) => void, value: unknown): void {
    const { asyncTurns, scheduler } = this.#kernel;
    asyncTurns.awaits(this.cell, -1);
    scheduler.settle(this.cell, settle, value);
  }
}
