/** The process: both ends of streams, each known to main by a number (`remote-streams.ts`). */
import type { StreamOptions, StreamReader, StreamWriter } from "../actor/context.ts";
import type { SendResult } from "../actor/ref.ts";
import { RuntimeError } from "../errors.ts";
import { assertReplyError } from "../kernel/verb-arguments.ts";
import { assertKeys } from "../known-keys.ts";
import { checkedStreamOptions, givenUp, type ReaderToken } from "../streams/stream-options.ts";
import { waitingWritesMax } from "../streams/stream-writer.ts";
import type { MainLine } from "./main-line.ts";
import type { StreamBatch } from "./remote-streams.ts";

type Result = IteratorResult<unknown, unknown>;
type End = { readonly value: unknown } | { readonly error: unknown };

export class ProcessReader implements StreamReader {
  readonly #line: MainLine;
  readonly #number: number;
  /** What has come and was not read, and where the next stands. */
  #chunks: readonly unknown[] = [];
  #at = 0;
  #end: End | undefined;
  #isTold = false;
  #asked: Promise<void> | undefined;
  #unfollow: (() => void) | undefined;

  /**
   * @param keys that its options may have
   * @param question what main is told, behind the number and before the options
   */
  constructor(
    line: MainLine,
    number: number,
    verb: string,
    keys: readonly string[],
    options: StreamOptions,
    ...question: readonly unknown[]
  ) {
    this.#line = line;
    this.#number = number;
    const what = String(question[0] === "call" ? question[2] : question[1]);
    try {
      assertKeys(`${verb}: options`, options, keys);
      const { signal } = checkedStreamOptions(options, verb);
      if (signal?.aborted === true) throw givenUp(what);
      const { signal: _, ...rest } = options;
      line.tell("openStream", [number, ...question, rest]);
      if (signal !== undefined) this.#follow(signal, what);
    } catch (error) {
      this.#end = { error };
    }
  }

  get result(): unknown {
    return this.#end !== undefined && "value" in this.#end ? this.#end.value : undefined;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<Result> {
    for (;;) {
      if (this.#at < this.#chunks.length) return { done: false, value: this.#chunks[this.#at++] };
      if (this.#end !== undefined) break;
      this.#asked ??= this.#ask();
      await this.#asked;
    }
    if ("value" in this.#end || this.#isTold) return { done: true, value: this.result };
    this.#isTold = true;
    throw this.#end.error;
  }

  async #ask(): Promise<void> {
    try {
      const { chunks, end } = (await this.#line.begin("readStream", [this.#number])) as StreamBatch; // as main answers
      if (this.#end !== undefined) return;
      this.#chunks = chunks;
      this.#at = 0;
      if (end !== undefined) this.#finish(end);
    } catch (error) {
      // What it was too large for is still there.
      this.#leave({ error });
    } finally {
      this.#asked = undefined;
    }
  }

  return(): Promise<Result> {
    this.cancel();
    return Promise.resolve({ done: true, value: undefined });
  }

  cancel(): void {
    this.#isTold = true;
    this.#leave({ value: undefined });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
    return Promise.resolve();
  }

  #follow(signal: AbortSignal, what: string): void {
    const abort = () => this.#leave({ error: givenUp(what) });
    signal.addEventListener("abort", abort, { once: true });
    this.#unfollow = () => signal.removeEventListener("abort", abort);
  }

  #leave(end: End): void {
    this.#chunks = [];
    this.#at = 0;
    if (this.#end !== undefined) return;
    this.#line.tell("leaveStream", [this.#number]);
    this.#finish(end);
  }

  #finish(end: End): void {
    this.#end = end;
    this.#unfollow?.();
  }
}

export class ProcessWriter implements StreamWriter {
  readonly #line: MainLine;
  readonly #number: number;
  /** Chunks that main may have before it is asked whether they have gone. */
  readonly #allowance: number;
  /** Chunks of which that is not known: those that wait are among them. */
  #ahead = 0;
  #flushing: Promise<void> | undefined;
  readonly #abort = new AbortController();
  #closed: RuntimeError | undefined;
  readonly #over: () => void;

  /** @param over is called when it is over. */
  constructor(line: MainLine, number: number, from: ReaderToken, over: () => void) {
    this.#line = line;
    this.#number = number;
    this.#allowance = Math.min(from.stream, waitingWritesMax);
    this.#over = over;
    line.begin("openWriter", [number, from]).then(
      (why) => this.#close(why as string | undefined), // as main answers
      (error: unknown) => this.#close((error as Error).message),
    );
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  write(chunk: unknown): SendResult {
    if (this.#closed !== undefined) throw this.#closed;
    if (this.#ahead >= waitingWritesMax)
      throw new RuntimeError(
        "stream_full",
        `write: ${waitingWritesMax} chunks wait for the reader; await what write returns`,
      );
    this.#line.tell("writeStream", [this.#number, chunk]);
    this.#ahead++;
    if (this.#ahead < this.#allowance) return undefined;
    this.#flushing ??= this.#flush(this.#ahead);
    return this.#flushing;
  }

  #flush(sent: number): Promise<void> {
    const flushed = (this.#line.begin("flushWriter", [this.#number]) as Promise<void>).finally(() => {
      this.#ahead -= sent;
      this.#flushing = undefined;
    });
    // Who does not await it hears it from the next write.
    flushed.catch(() => {});
    return flushed;
  }

  end(value?: unknown): void {
    if (this.#closed !== undefined) return;
    this.#line.tell("endWriter", [this.#number, value]);
    this.#close(undefined);
  }

  fail(error: { readonly code: string; readonly message: string }): void {
    const { code, message } = assertReplyError(error, "fail");
    if (this.#closed !== undefined) return;
    this.#line.tell("failWriter", [this.#number, { code, message }]);
    this.#close(undefined);
  }

  /** @param why nobody reads it any more; undefined: it was ended here. */
  #close(why: string | undefined): void {
    if (this.#closed !== undefined) return;
    this.#closed = new RuntimeError("stream_closed", why ?? "write: the stream was ended here");
    this.#over();
    if (why !== undefined) this.#abort.abort(this.#closed);
  }
}
