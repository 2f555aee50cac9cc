/** Where a person writes: line by line, with the lines before at the arrow keys. */
import { createInterface, type Interface } from "node:readline";

/** Of a line that nobody has written: Ctrl-C, or the end of the input. */
export type Unwritten = "interrupt" | "end";

export class Prompt implements Disposable {
  readonly #terminal: Interface;
  readonly #isTerminal: boolean;
  readonly #lines: string[] = [];
  #waiting: ((line: string | { readonly not: Unwritten }) => void) | undefined;
  #isOver = false;
  /** Where nobody is asked for a line: Ctrl-C at a terminal, which is no signal then. */
  onInterrupt: () => void = () => {};

  constructor(input: NodeJS.ReadStream, output: NodeJS.WritableStream, signal: AbortSignal) {
    this.#isTerminal = input.isTTY === true;
    this.#terminal = createInterface({ input, output, terminal: this.#isTerminal, historySize: 1_000 });
    this.#terminal.on("line", (line) => {
      if (this.#waiting === undefined) this.#lines.push(line);
      else this.#settle(line);
    });
    this.#terminal.on("SIGINT", () => {
      if (this.#waiting === undefined) this.onInterrupt();
      else {
        this.#clear();
        this.#settle({ not: "interrupt" });
      }
    });
    this.#terminal.once("close", () => {
      this.#isOver = true;
      this.#settle({ not: "end" });
    });
    signal.addEventListener("abort", () => this.#terminal.close(), { once: true });
  }

  /** The same, of somebody who has read the question: what was typed at a terminal before is no answer. */
  askAnew(question: string): Promise<string | { readonly not: Unwritten }> {
    if (this.#isTerminal) {
      this.#lines.length = 0;
      this.#clear();
    }
    return this.ask(question);
  }

  /** The next line; lines that came before anybody asked are taken first. */
  ask(question: string): Promise<string | { readonly not: Unwritten }> {
    const line = this.#lines.shift();
    if (line !== undefined) return Promise.resolve(line);
    if (this.#isOver) return Promise.resolve({ not: "end" });
    const { promise, resolve } = Promise.withResolvers<string | { readonly not: Unwritten }>();
    this.#waiting = resolve;
    this.#terminal.setPrompt(question);
    this.#terminal.prompt();
    return promise;
  }

  /** What stands in the line that is being written. */
  #clear(): void {
    this.#terminal.write(null, { ctrl: true, name: "e" });
    this.#terminal.write(null, { ctrl: true, name: "u" });
  }

  #settle(line: string | { readonly not: Unwritten }): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(line);
  }

  [Symbol.dispose](): void {
    this.#terminal.close();
  }
}
