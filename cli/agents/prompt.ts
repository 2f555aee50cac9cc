/** Where a person writes: line by line, with the lines before at the arrow keys. */
import { createInterface, type Interface } from "node:readline";

/** Of a line that nobody has written: Ctrl-C, or the end of the input. */
export type Unwritten = "interrupt" | "end";

export class Prompt implements Disposable {
  /** False: lines come from a file or a program, and questions are not shown. */
  readonly isTerminal: boolean;
  readonly #output: NodeJS.WritableStream;
  readonly #terminal: Interface;
  readonly #lines: string[] = [];
  #waiting: ((line: string | { readonly not: Unwritten }) => void) | undefined;
  #isOver = false;
  /** Where nobody is asked for a line: Ctrl-C at a terminal, which is no signal then. */
  onInterrupt: () => void = () => {};

  constructor(input: NodeJS.ReadStream, output: NodeJS.WritableStream, signal: AbortSignal) {
    this.isTerminal = input.isTTY === true;
    this.#output = output;
    this.#terminal = createInterface({ input, output, terminal: this.isTerminal, historySize: 1_000 });
    this.#terminal.on("line", (line) => {
      if (this.#waiting === undefined) this.#lines.push(line);
      else this.#settle(line);
    });
    this.#terminal.on("SIGINT", () => {
      if (this.#waiting === undefined) this.onInterrupt();
      else {
        this.#dropLine();
        this.#settle({ not: "interrupt" });
      }
    });
    this.#terminal.once("close", () => {
      this.#isOver = true;
      this.#settle({ not: "end" });
    });
    signal.addEventListener("abort", () => this.#terminal.close(), { once: true });
  }

  /**
   * The next line; lines that came before anybody asked are taken first.
   * @param isFresh at a terminal they are not: who has written them has not seen what is asked
   */
  ask(question: string, isFresh = false): Promise<string | { readonly not: Unwritten }> {
    const line = isFresh && this.isTerminal ? undefined : this.#lines.shift();
    if (line !== undefined) return Promise.resolve(line);
    if (this.#isOver) return Promise.resolve({ not: "end" });
    const { promise, resolve } = Promise.withResolvers<string | { readonly not: Unwritten }>();
    this.#waiting = resolve;
    if (this.isTerminal) {
      this.#terminal.setPrompt(question);
      this.#terminal.prompt();
    }
    return promise;
  }

  /** What was begun of a line is not written. */
  #dropLine(): void {
    this.#terminal.write(null, { ctrl: true, name: "e" });
    this.#terminal.write(null, { ctrl: true, name: "u" });
  }

  #settle(line: string | { readonly not: Unwritten }): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    // What comes next does not stand behind the question.
    if (waiting !== undefined && typeof line !== "string" && this.isTerminal) this.#output.write("\n");
    waiting?.(line);
  }

  [Symbol.dispose](): void {
    this.#terminal.close();
  }
}
