/**
 * Streams on one thread: one producer, one consumer, chunks in order, as many on their way as the consumer allows.
 *
 * A stream is a call, or a request by topic, whose answer is its end, so it has that answer's semantics: an actor that ends
 * answers with its reason, a lost thread is told of, and what was sent before the answer is there before it (S2.1). Before
 * it chunks may come, from whoever opens the stream first; credit goes the other way. What comes for a stream that is not
 * there any more is answered by `streamClosed`, so neither end needs to be asked whether the other still is.
 */
import { type Cell, extraOf, Flag } from "../actor/cell.ts";
import type { From, RequestStreamOptions, StreamOptions, Target } from "../actor/context.ts";
import { type Blamed, retiredWhy } from "../actor/exit-reason.ts";
import { MetaKind } from "../actor/mailbox.ts";
import { type Ref, type RefData, refKey, sameRef } from "../actor/ref.ts";
import { checkedExtras } from "../bus/publish-options.ts";
import { type ErrorData, RuntimeError } from "../errors.ts";
import { errorOfAnswer, placeLost } from "../kernel/calls.ts";
import { FrameKind } from "../kernel/frame-kind.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { assertHandlerName } from "../kernel/verb-arguments.ts";
import { assertKeys } from "../known-keys.ts";
import {
  type CheckedStreamOptions,
  checkedStreamOptions,
  givenUp,
  readerOf,
  requestStreamKeys,
  streamKeys,
} from "./stream-options.ts";
import { Reader } from "./stream-reader.ts";
import { Writer } from "./stream-writer.ts";

/** Of a reader that fails before anything has begun. */
const nothing: CheckedStreamOptions = {
  idleTimeoutMs: 0,
  timeoutMs: 0,
  window: 1,
  signal: undefined,
  trace: undefined,
};

export class Streams {
  readonly #kernel: Kernel;
  /** By the id of the call or request. */
  readonly #readers = new Map<number, Reader>();
  readonly #writers = new Set<Writer>();
  /** Errors of writes that fail since nobody reads. */
  readonly #closings = new WeakSet<object>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Ends of streams on this thread. */
  get open(): number {
    return this.#readers.size + this.#writers.size;
  }

  // The consumer's thread -------------------------------------------------------------------------------------------

  /** What is wrong is told by its first `next`, as a call's promise tells it. */
  call(cell: Cell, target: Target, name: string, argument: unknown, options: StreamOptions = {}): Reader {
    return this.#begin(cell, name, () => {
      assertHandlerName("callStream", name);
      assertKeys("callStream: options", options, streamKeys);
      const checked = checkedStreamOptions(options, "callStream");
      const ref = this.#kernel.resolve(target, "callStream");
      this.#assertOpen(checked, name);
      const { calls } = this.#kernel;
      calls.assertMayCall(cell, ref, name, argument);
      return this.#open(cell, name, ref, checked, (id) =>
        calls.sendCall(cell, ref, id, name, argument, checked.timeoutMs, checked.window, checked.trace),
      );
    });
  }

  request(cell: Cell, topic: string, message: unknown, options: RequestStreamOptions = {}): Reader {
    return this.#begin(cell, topic, () => {
      const kernel = this.#kernel;
      assertKeys("requestStream: options", options, requestStreamKeys);
      const checked = checkedStreamOptions(options, "requestStream");
      const deadlineMs = Math.min(checked.timeoutMs, checked.idleTimeoutMs);
      const extras = checkedExtras({ deadlineMs, trace: cell.current?.trace, ...options }, kernel, "requestStream");
      this.#assertOpen(checked, topic);
      return this.#open(cell, topic, undefined, checked, (id) => {
        const replyTo: From = { caller: kernel.refOf(cell), id, stream: checked.window };
        kernel.topics.ask(cell, topic, message, { ...extras, replyTo });
      });
    });
  }

  #begin(cell: Cell, name: string, begin: () => Reader): Reader {
    const kernel = this.#kernel;
    try {
      kernel.assertAlive(cell, "a stream");
      return begin();
    } catch (error) {
      const reader = new Reader(kernel, cell, 0, name, undefined, nothing);
      reader.finish({ error: error as RuntimeError }); // of these verbs
      return reader;
    }
  }

  #assertOpen({ signal }: CheckedStreamOptions, name: string): void {
    if (signal?.aborted === true) throw givenUp(name);
  }

  #open(
    cell: Cell,
    name: string,
    callee: RefData | undefined,
    options: CheckedStreamOptions,
    send: (id: number) => void,
  ): Reader {
    const kernel = this.#kernel;
    if ((cell.flags & Flag.counted) !== 0) kernel.budgets.admit(cell, "a stream");
    const reader = kernel.scheduler.commit(() => {
      const made = new Reader(kernel, cell, kernel.calls.newId(), name, callee, options);
      this.#readers.set(made.id, made);
      const extra = extraOf(cell);
      extra.readers ??= new Set();
      extra.readers.add(made);
      kernel.timers.sweepBy(made.dueMs);
      return made;
    });
    try {
      kernel.scheduler.commit(() => send(reader.id));
    } catch (error) {
      kernel.scheduler.commit(() => this.readerEnded(reader));
      throw error;
    }
    if (options.signal !== undefined) this.#follow(options.signal, reader);
    return reader;
  }

  /** An abort may come from anybody's frames. The signal may outlive the stream by far, and keeps nothing of it. */
  #follow(signal: AbortSignal, reader: Reader): void {
    const abort = () => this.#kernel.scheduler.commit(() => reader.leave("has given it up", givenUp(reader.name)));
    signal.addEventListener("abort", abort, { once: true });
    reader.ended = () => signal.removeEventListener("abort", abort);
  }

  /** It is over, and only what has come is left of it, in the consumer's hands. */
  readerEnded(reader: Reader): void {
    this.#readers.delete(reader.id);
    reader.cell.extra?.readers?.delete(reader);
    reader.ended?.();
    reader.ended = undefined;
  }

  /** To a producer. */
  tellWriter(
    producer: Ref,
    consumer: Cell,
    id: number,
    kind: typeof FrameKind.streamCredit | typeof FrameKind.streamClosed,
    payload: number | string,
  ): void {
    const { peers, thread } = this.#kernel;
    if (producer.thread !== thread) peers.push(producer.thread, kind, producer, consumer, id, payload);
    else this.writerTold(producer, thread, id, kind, payload);
  }

  /** Somebody opens a stream for a reader of this thread. */
  openReceived(from: Ref, to: RefData, id: number): void {
    const reader = this.#readers.get(id);
    if (reader === undefined) this.#refuse(from, to, id, "is gone");
    else if (!reader.opened(from)) this.#refuse(from, to, id, "reads another's");
  }

  chunkReceived(from: Ref, id: number, chunk: unknown): void {
    const reader = this.#readers.get(id);
    if (reader !== undefined && sameRef(reader.producer, from)) reader.received(chunk);
  }

  #refuse(from: Ref, to: RefData, id: number, how: string): void {
    const { peers, thread } = this.#kernel;
    const why = `the reader ${how}`;
    if (from.thread === thread) this.writerTold(from, thread, id, FrameKind.streamClosed, why);
    else peers.pushFrom(from.thread, FrameKind.streamClosed, from, to, id, why);
  }

  /** The answer: the stream's end. */
  ended(id: number, by: RefData | undefined, value: unknown): void {
    const reader = this.#readers.get(id);
    if (reader?.heeds(by) === true) reader.finish({ value });
  }

  failed(id: number, by: RefData | undefined, error: ErrorData): void {
    const reader = this.#readers.get(id);
    if (reader?.heeds(by) === true) reader.finish({ error: errorOfAnswer(error) });
  }

  /** See `Calls.askedOn`. */
  askedOn(id: number, places: Set<number>): void {
    const reader = this.#readers.get(id);
    if (reader !== undefined) reader.places = places;
  }

  /** See `Calls.placeOut`. Who has opened the stream is not among them any more. */
  placeOut(id: number, thread: number, error: ErrorData): void {
    const reader = this.#readers.get(id);
    if (reader?.places?.delete(thread) !== true || reader.places.size > 0) return;
    if (reader.producer === undefined) reader.finish({ error: errorOfAnswer(error) });
  }

  /** Ends those whose time is over; returns when to look again. */
  expire(nowMs: number): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const reader of this.#readers.values()) {
      if (reader.dueMs <= nowMs) reader.timedOut(nowMs);
      else nextMs = Math.min(nextMs, reader.dueMs);
    }
    return nextMs;
  }

  /** The system has stopped: nobody opens the streams any more that the program has asked for. The others end with who writes them. */
  close(): void {
    for (const reader of [...this.#readers.values()])
      if (reader.producer === undefined && reader.callee === undefined)
        reader.finish({
          error: new RuntimeError("not_started", `the stream "${reader.name}": the system has stopped`),
        });
  }

  // The producer's thread -------------------------------------------------------------------------------------------

  /** @throws RuntimeError `bad_argument`. */
  stream(cell: Cell, from: From | undefined): Writer {
    const kernel = this.#kernel;
    const { caller, id, stream } = readerOf(from, this.#kernel.memory.creation);
    const known = this.writerOf(cell, caller, id);
    if (known !== undefined) return known;
    return kernel.scheduler.commit(() => {
      const writer = new Writer(kernel, cell, kernel.adopt(caller), id, stream);
      const extra = extraOf(cell);
      extra.writers ??= new Map();
      extra.writers.set(keyOf(caller, id), writer);
      this.#writers.add(writer);
      const { current } = cell;
      const isInHand = current?.kind === MetaKind.call && current.id === id && current.from?.thread === caller.thread;
      if (!isInHand) this.keepOpen(writer);
      const self = kernel.refOf(cell);
      if (caller.thread !== kernel.thread)
        kernel.peers.push(caller.thread, FrameKind.streamOpen, caller, cell, id, undefined);
      else this.#inOrder(self, caller, () => this.openReceived(self, caller, id));
      return writer;
    });
  }

  /** Until it is over the actor's end answers. */
  keepOpen({ cell, caller, id }: Writer): void {
    this.#kernel.calls.keepOpenFor(cell, caller, id, "stream");
  }

  send({ cell, caller, id }: Writer, chunk: unknown): void {
    const { peers, thread } = this.#kernel;
    if (caller.thread !== thread) {
      peers.push(caller.thread, FrameKind.chunk, caller, cell, id, chunk);
      return;
    }
    const self = this.#kernel.refOf(cell);
    this.#inOrder(self, caller, () => this.chunkReceived(self, id, chunk));
  }

  /** Behind what a plan of faults holds up of this pair. */
  #inOrder(from: Ref, to: RefData, pass: () => void): void {
    if (this.#kernel.faults?.holds(from, to, pass) !== true) pass();
  }

  /** A call's handler has come to a value, or somebody answers by the token: the end of its stream, if there is one. */
  answer(cell: Cell, caller: RefData, id: number, value: unknown): void {
    const writer = this.writerOf(cell, caller, id);
    if (writer !== undefined) writer.end(value);
    else this.#kernel.calls.answer(caller, id, value, this.#kernel.refOf(cell));
  }

  /** What the actor writes for that token. */
  writerOf(cell: Cell, caller: RefData, id: number): Writer | undefined {
    return cell.extra?.writers?.get(keyOf(caller, id));
  }

  /** Its reader has read so many, or reads no more. */
  writerTold(
    producer: RefData,
    readerThread: number,
    id: number,
    kind: typeof FrameKind.streamCredit | typeof FrameKind.streamClosed,
    payload: number | string,
  ): void {
    const writer = this.#kernel.cellOf(producer)?.extra?.writers?.get(`${readerThread}.${id}`);
    if (writer === undefined) return;
    if (kind === FrameKind.streamClosed) writer.closed(payload as string);
    else writer.credited(payload as number);
  }

  /** An actor's write fails with this from now on, since nobody reads any more. */
  noteClosing(error: RuntimeError): void {
    this.#closings.add(error);
  }

  /** Whether a turn that failed with this had but nobody to write for. */
  isClosing(thrown: unknown): thrown is RuntimeError {
    return typeof thrown === "object" && thrown !== null && this.#closings.has(thrown);
  }

  writerEnded(writer: Writer): void {
    this.#writers.delete(writer);
    writer.cell.extra?.writers?.delete(keyOf(writer.caller, writer.id));
  }

  /** A chunk cannot be written for the other thread after all: the stream fails at both ends. */
  chunkRefused(from: RefData, caller: RefData, id: number, error: ErrorData): void {
    this.writerTold(from, caller.thread, id, FrameKind.streamClosed, error.message);
    this.#kernel.peers.pushFrom(caller.thread, FrameKind.replyError, caller, from, id, error);
  }

  // Ends ------------------------------------------------------------------------------------------------------------

  /** An actor has ended, and its calls are answered after this: nobody reads its streams, and nothing waits to be written. */
  actorEnded(cell: Cell): void {
    const { readers, writers } = cell.extra ?? {};
    for (const reader of [...(readers ?? [])])
      reader.leave("has ended", new RuntimeError("noproc", "the reader has ended"));
    for (const writer of [...(writers?.values() ?? [])]) {
      this.writerEnded(writer);
      writer.abandoned();
    }
  }

  /** @param blame whose doing it was, and what that one ended with. */
  threadLost(thread: number, why: string, blame: Blamed | undefined): void {
    for (const reader of [...this.#readers.values()]) {
      if (why !== retiredWhy && reader.places?.has(thread) === true)
        this.placeOut(reader.id, thread, placeLost(reader.name, why));
      const who = reader.producer ?? reader.callee;
      if (who?.thread === thread)
        reader.finish({ error: errorOfAnswer(this.#kernel.calls.lossError(who, reader.name, why, blame)) });
    }
    for (const writer of [...this.#writers])
      if (writer.caller.thread === thread)
        writer.closed(`the reader <${refKey(writer.caller)}> was lost with its thread (${why})`);
  }
}

function keyOf(caller: RefData, id: number): string {
  return `${caller.thread}.${id}`;
}
