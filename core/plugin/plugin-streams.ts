/** What a plugin has of a stream: its verbs. The runtime's own handles know the actor at the other end, whom a plugin cannot name. */
import type { StreamReader, StreamWriter } from "../actor/context.ts";
import type { SendResult } from "../actor/ref.ts";

export class PluginReader implements StreamReader {
  readonly #reader: StreamReader;

  constructor(reader: StreamReader) {
    this.#reader = reader;
  }

  next(): Promise<IteratorResult<unknown, unknown>> {
    return this.#reader.next();
  }

  return(): Promise<IteratorResult<unknown, unknown>> {
    return this.#reader.return();
  }

  cancel(): void {
    this.#reader.cancel();
  }

  get result(): unknown {
    return this.#reader.result;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#reader[Symbol.asyncDispose]();
  }
}

export class PluginWriter implements StreamWriter {
  readonly #writer: StreamWriter;

  constructor(writer: StreamWriter) {
    this.#writer = writer;
  }

  get signal(): AbortSignal {
    return this.#writer.signal;
  }

  write(chunk: unknown): SendResult {
    return this.#writer.write(chunk);
  }

  end(value?: unknown): void {
    this.#writer.end(value);
  }

  fail(error: { readonly code: string; readonly message: string }): void {
    this.#writer.fail(error);
  }
}
