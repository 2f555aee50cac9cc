/** Passes on what a model writes, in its order, while it goes on writing: its callbacks wait for nobody. */
import type { FunctionCallChunk } from "node-llama-cpp";
import type { ChatDelta, ChatOutlet } from "../../core/index.ts";
import { StopWords } from "./stop-words.ts";

export class AnswerWriter {
  readonly #out: ChatOutlet;
  readonly #turn: number;
  readonly #stops: StopWords;
  readonly #controller = new AbortController();
  readonly #announced = new Set<number>();
  #written: Promise<void> = Promise.resolve();
  #isOver = false;
  /** White space at the end of what came last of a call's arguments. */
  #space = "";
  /** Aborted where the model is to stop: at a stop word, if nobody reads on, or if what it writes has become too long. */
  readonly signal: AbortSignal;

  /** @param turn how many messages came before */
  constructor(out: ChatOutlet, turn: number, stops: readonly string[]) {
    this.#out = out;
    this.#turn = turn;
    this.#stops = new StopWords(stops);
    this.signal = AbortSignal.any([out.signal, this.#controller.signal]);
  }

  /** It has come to a stop word: nothing has failed. */
  get isOver(): boolean {
    return this.#isOver;
  }

  text(part: string): void {
    if (this.#isOver) return;
    const { text, isOver } = this.#stops.push(part);
    this.#passOn(text);
    if (!isOver) return;
    this.#isOver = true;
    this.#controller.abort(new Error("a stop word came"));
  }

  call({ callIndex: index, functionName: name, paramsChunk }: FunctionCallChunk): void {
    const isFirst = !this.#announced.has(index);
    // Behind the arguments a grammar lets the model end by empty lines, which say nothing.
    const whole = (isFirst ? "" : this.#space) + paramsChunk;
    const part = whole.trimEnd();
    this.#space = whole.slice(part.length);
    if (!isFirst && part === "") return;
    this.#announced.add(index);
    // It names none: unique in the conversation, as others' are.
    const head = isFirst ? { id: `call_${this.#turn}_${index}`, name } : {};
    this.#write({ type: "toolCall", index, ...head, arguments: part });
  }

  /** Those of which no part came. */
  calls(calls: readonly { readonly functionName: string; readonly params: unknown }[]): void {
    for (const [callIndex, { functionName, params }] of calls.entries())
      if (!this.#announced.has(callIndex))
        this.call({ callIndex, functionName, paramsChunk: JSON.stringify(params ?? {}) });
  }

  /** No more will come. @throws what a write has failed with, by rejection. */
  async end(): Promise<void> {
    this.#passOn(this.#stops.rest());
    await this.#written;
  }

  #passOn(text: string): void {
    if (text !== "") this.#write({ type: "text", text });
  }

  /** No more than an answer has room for in its context waits there. */
  #write(delta: ChatDelta): void {
    this.#written = this.#written.then(async () => await this.#out.write(delta));
    this.#written.catch((error: unknown) => this.#controller.abort(error));
  }
}
