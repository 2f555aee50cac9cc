/**
 * The consumer's end of a stream, on its own thread. Chunks go past the mailbox, as answers do, into a buffer that the
 * producer's credit bounds; the end of the stream is the answer of its call or request.
 */
import type { Cell } from "../actor/cell.ts";
import type { StreamReader } from "../actor/context.ts";
import { type Ref, type RefData, sameRef } from "../actor/ref.ts";
import { RuntimeError } from "../errors.ts";
import { FrameKind } from "../kernel/frame-kind.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { byPort } from "../kernel/scheduler.ts";
import type { CheckedStreamOptions } from "./stream-options.ts";

type Result = IteratorResult<unknown, unknown>;

/** How it ended. */
type End = { readonly value: unknown } | { readonly error: RuntimeError };

/** Places of chunks that were read stand in front of the others until they are so many, and half of all. */
const readMax = 64;

export class Reader implements StreamReader {
  readonly id: number;
  readonly cell: Cell;
  /** What was asked: the handler's name, or the topic. */
  readonly name: string;
  /** Undefined: whoever is subscribed to the topic. */
  readonly callee: RefData | undefined;
  /** Who has opened it first; from then on only that one counts. */
  producer: Ref | undefined;
  /** Of a request: threads on which somebody may open it. */
  places: Set<number> | undefined;
  /** Told of its end, once. */
  ended: (() => void) | undefined;
  readonly #kernel: Kernel;
  readonly #idleMs: number;
  /** Chunks that are read before the producer hears of it. */
  readonly #reportAt: number;
  readonly #endMs: number;
  /** When the wait for what comes next is over; `Infinity`: nobody waits. */
  #idleEndMs: number;
  #chunks: unknown[] = [];
  #at = 0;
  #unreported = 0;
  #end: End | undefined;
  #isTold = false;
  readonly #waiting: PromiseWithResolvers<Result>[] = [];

  constructor(
    kernel: Kernel,
    cell: Cell,
    id: number,
    name: string,
    callee: RefData | undefined,
    options: CheckedStreamOptions,
  ) {
    this.#kernel = kernel;
    this.cell = cell;
    this.id = id;
    this.name = name;
    this.callee = callee;
    this.#idleMs = options.idleTimeoutMs;
    this.#reportAt = Math.ceil(options.window / 2);
    const nowMs = kernel.readClock();
    this.#endMs = nowMs + options.timeoutMs;
    this.#idleEndMs = nowMs + options.idleTimeoutMs;
  }

  get result(): unknown {
    return this.#end !== undefined && "value" in this.#end ? this.#end.value : undefined;
  }

  get isOver(): boolean {
    return this.#end !== undefined;
  }

  /** When it fails unless something comes. */
  get dueMs(): number {
    return Math.min(this.#endMs, this.#idleEndMs);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    const { scheduler } = this.#kernel;
    if (this.#at === this.#chunks.length) return scheduler.commit(() => this.#wait());
    scheduler.enter();
    const value = this.take();
    scheduler.leave();
    return Promise.resolve({ done: false, value });
  }

  return(): Promise<Result> {
    this.cancel();
    return Promise.resolve({ done: true, value: undefined });
  }

  cancel(): void {
    this.#kernel.scheduler.commit(() => {
      this.#isTold = true;
      this.leave("has left it");
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
    return Promise.resolve();
  }

  /** Nothing is there to be read. */
  #wait(): Promise<Result> {
    const kernel = this.#kernel;
    const { cell } = this;
    const end = this.#end;
    if (end !== undefined) {
      if ("value" in end || this.#isTold) return Promise.resolve({ done: true, value: this.result });
      this.#isTold = true;
      return kernel.tasks.rejection(cell, end.error);
    }
    const waiting = Promise.withResolvers<Result>();
    this.#waiting.push(waiting);
    kernel.asyncTurns.awaits(cell, 1);
    this.#idleEndMs = kernel.readClock() + this.#idleMs;
    kernel.timers.sweepBy(this.#idleEndMs);
    // Behind an await nothing else may be left to do here: the thread is to come to rest.
    kernel.scheduler.wake();
    return waiting.promise;
  }

  /** How many chunks have come and are not read. */
  get unread(): number {
    return this.#chunks.length - this.#at;
  }

  /** The oldest of these, without taking it. */
  get first(): unknown {
    return this.#chunks[this.#at];
  }

  /** Takes the oldest of these; there is one. */
  take(): unknown {
    const chunk = this.#chunks[this.#at];
    this.#chunks[this.#at++] = undefined;
    if (this.#at === this.#chunks.length || (this.#at >= readMax && this.#at * 2 >= this.#chunks.length)) {
      this.#chunks = this.#chunks.slice(this.#at);
      this.#at = 0;
    }
    this.#read();
    return chunk;
  }

  #read(): void {
    if (++this.#unreported < this.#reportAt || this.#end !== undefined) return;
    this.#tell(FrameKind.streamCredit, this.#unreported);
    this.#unreported = 0;
  }

  // From the producer ---------------------------------------------------------------------------------------------

  /** Somebody opens the stream. False: somebody else has. */
  opened(by: Ref): boolean {
    this.producer ??= by;
    this.#idleEndMs = this.#waiting.length > 0 ? this.#idleEndMs : Number.POSITIVE_INFINITY;
    return sameRef(this.producer, by);
  }

  /** Whether an answer counts: until somebody opens the stream anybody's does. */
  heeds(by: RefData | undefined): boolean {
    return this.producer === undefined || by === undefined || sameRef(this.producer, by);
  }

  received(chunk: unknown): void {
    const { asyncTurns, scheduler } = this.#kernel;
    const waiting = this.#waiting.shift();
    if (waiting === undefined) {
      this.#chunks.push(chunk);
      return;
    }
    if (this.#waiting.length === 0) this.#idleEndMs = Number.POSITIVE_INFINITY;
    asyncTurns.awaits(this.cell, -1);
    scheduler.settle(this.cell, waiting.resolve as (value: never) => void, { done: false, value: chunk });
    this.#read();
  }

  /** The last that is heard of it; what has come is read before it. */
  finish(end: End): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#idleEndMs = Number.POSITIVE_INFINITY;
    this.#kernel.streams.readerEnded(this);
    const { asyncTurns, calls, scheduler, tasks } = this.#kernel;
    const { cell } = this;
    for (const { resolve, reject } of this.#waiting.splice(0)) {
      asyncTurns.awaits(cell, -1);
      const settled = resolve as (value: unknown) => void;
      if ("value" in end || this.#isTold) scheduler.settle(cell, settled, { done: true, value: this.result });
      else {
        this.#isTold = true;
        tasks.failureOf(cell, end.error);
        scheduler.settle(cell, () => calls.failPromise(end.error, settled, reject), byPort);
      }
    }
  }

  // By the consumer -----------------------------------------------------------------------------------------------

  /** It reads no more, and nothing of it is left. @param how for the producer: what the reader has done. */
  leave(how: string, error?: RuntimeError): void {
    this.#chunks = [];
    this.#at = 0;
    this.give(how, error);
  }

  /** The same, but what has come may still be read. */
  give(how: string, error?: RuntimeError): void {
    if (this.#end !== undefined) return;
    this.#tell(FrameKind.streamClosed, `the reader of "${this.name}" ${how}`);
    this.finish(error === undefined ? { value: undefined } : { error });
  }

  /** Its time is over. */
  timedOut(nowMs: number): void {
    const what = nowMs >= this.#endMs ? "had not ended in time" : `had nothing for ${this.#idleMs} ms`;
    this.give("has waited too long", new RuntimeError("timeout", `the stream "${this.name}" ${what}`));
  }

  #tell(kind: typeof FrameKind.streamCredit | typeof FrameKind.streamClosed, payload: number | string): void {
    if (this.producer !== undefined) this.#kernel.streams.tellWriter(this.producer, this.cell, this.id, kind, payload);
  }
}
