/**
 * Main: the streams of an actor whose code is in a process. Both ends stand here, in the cell's name, and the process knows
 * them by a number. It pulls what it reads, as much as is there at a time, so that credit goes back only for what it has
 * taken; what it writes it pushes, and asks now and then whether all of it has gone.
 */
import type { Cell } from "../actor/cell.ts";
import type { From, RequestStreamOptions, StreamOptions, Target } from "../actor/context.ts";
import { type ErrorData, errorData, type RuntimeError } from "../errors.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Reader } from "../streams/stream-reader.ts";
import type { Writer } from "../streams/stream-writer.ts";
import type { ValueBytes } from "../thread/value-bytes.ts";

/** Chunks that the process gets at once, and their bytes; it gets one however large that is. */
const chunksMax = 64;
const bytesMax = 1_048_576;
/** Closed streams that are remembered. */
const closingsMax = 256;

/** What `openStream` is told beside a number. */
export type StreamQuestion =
  | readonly [kind: "call", target: Target, name: string, argument: unknown, options: StreamOptions | undefined]
  | readonly [kind: "request", topic: string, message: unknown, options: RequestStreamOptions | undefined];

/** What `readStream` comes to. */
export interface StreamBatch {
  readonly chunks: readonly unknown[];
  /** It is over, with this value. */
  readonly end?: { readonly value: unknown };
}

export class RemoteStreams {
  readonly #kernel: Kernel;
  readonly #cell: Cell;
  readonly #values: ValueBytes;
  readonly #readers = new Map<number, Reader>();
  readonly #writers = new Map<number, Writer>();
  /** What it was told of streams that nobody reads any more, the last of them. */
  readonly #closings = new Set<string>();

  constructor(kernel: Kernel, cell: Cell, values: ValueBytes) {
    this.#kernel = kernel;
    this.#cell = cell;
    this.#values = values;
  }

  openStream(number: number, ...question: StreamQuestion): void {
    const { streams } = this.#kernel;
    const reader =
      question[0] === "call"
        ? streams.call(this.#cell, question[1], question[2], question[3], question[4])
        : streams.request(this.#cell, question[1], question[2], question[3]);
    this.#readers.set(number, reader);
  }

  readStream(number: number): Promise<StreamBatch> {
    const reader = this.#readers.get(number);
    if (reader === undefined) return Promise.resolve({ chunks: [], end: { value: undefined } });
    return reader.next().then(
      ({ done, value }) => {
        if (done !== true) return { chunks: this.#batch(reader, value) };
        this.#readers.delete(number);
        return { chunks: [], end: { value } };
      },
      (error: unknown) => {
        this.#readers.delete(number);
        throw error;
      },
    );
  }

  #batch(reader: Reader, first: unknown): unknown[] {
    const chunks = [first];
    let bytes = this.#bytesOf(first);
    return this.#kernel.scheduler.commit(() => {
      while (reader.unread > 0 && chunks.length < chunksMax) {
        bytes += this.#bytesOf(reader.first);
        if (bytes > bytesMax) break;
        chunks.push(reader.take());
      }
      return chunks;
    });
  }

  #bytesOf(chunk: unknown): number {
    return this.#values.bytesOf(chunk, "a chunk");
  }

  leaveStream(number: number): void {
    this.#readers.get(number)?.cancel();
    this.#readers.delete(number);
  }

  /** Comes to why nobody reads it any more; undefined: the actor has ended it. */
  openWriter(number: number, from: From): Promise<string | undefined> {
    const writer = this.#kernel.streams.stream(this.#cell, from);
    // At once, where its reader is on main and gone.
    if (writer.closedBy !== undefined) return Promise.resolve(this.#closing(writer.closedBy));
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    this.#writers.set(number, writer);
    writer.over = (closed) => {
      this.#writers.delete(number);
      resolve(closed && this.#closing(closed));
    };
    return promise;
  }

  #closing({ message }: RuntimeError): string {
    const [oldest] = this.#closings;
    if (this.#closings.size >= closingsMax) this.#closings.delete(oldest as string); // there are some
    this.#closings.add(message);
    return message;
  }

  /** A turn has failed with that: whether it had but nobody to write for. */
  isClosing({ code, message }: ErrorData): boolean {
    return code === "stream_closed" && this.#closings.has(message);
  }

  /** The process may not know yet that nobody reads it. What else is wrong with a chunk is the stream's end. */
  writeStream(number: number, chunk: unknown): void {
    const writer = this.#writers.get(number);
    if (writer === undefined || writer.isOver) return;
    try {
      void writer.write(chunk);
    } catch (error) {
      const { code = "crashed", message }: ErrorData = errorData(error as RuntimeError);
      writer.fail({ code, message });
    }
  }

  flushWriter(number: number): PromiseLike<void> {
    return this.#writers.get(number)?.lastWaiting ?? Promise.resolve();
  }

  endWriter(number: number, value: unknown): void {
    this.#writers.get(number)?.end(value);
  }

  failWriter(number: number, error: { readonly code: string; readonly message: string }): void {
    this.#writers.get(number)?.fail(error);
  }
}
