/**
 * Ctrl-C and SIGTERM as an AbortSignal: the first asks for an orderly end, the second does not ask.
 *
 * One keystroke can arrive twice, from the terminal and from a parent that hands signals on (npm does, and so does
 * mofa.cjs where it had to start another Node), so a signal soon after the first counts as the same one.
 */
import { type ExitCode, exitCodes } from "./command.ts";

/** Signals closer together than this are one. */
export const interruptEchoMs = 500;

export interface InterruptSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
  exit(code: number): void;
}

export class Interrupt implements Disposable {
  readonly #source: InterruptSource;
  readonly #nowMs: () => number;
  readonly #controller = new AbortController();
  #firstMs = 0;
  #exitCode: ExitCode | undefined;
  readonly #onInterrupt = () => this.#received(exitCodes.interrupted);
  readonly #onTerminate = () => this.#received(exitCodes.terminated);

  /** Listens from now until it is disposed. `nowMs` is any clock that does not go backwards. */
  constructor(source: InterruptSource = process, nowMs: () => number = () => performance.now()) {
    this.#source = source;
    this.#nowMs = nowMs;
    source.on("SIGINT", this.#onInterrupt);
    source.on("SIGTERM", this.#onTerminate);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** 130 or 143 once a signal has come, else undefined. */
  get exitCode(): ExitCode | undefined {
    return this.#exitCode;
  }

  [Symbol.dispose](): void {
    this.#source.off("SIGINT", this.#onInterrupt);
    this.#source.off("SIGTERM", this.#onTerminate);
  }

  #received(exitCode: ExitCode): void {
    const nowMs = this.#nowMs();
    if (this.#exitCode === undefined) {
      this.#exitCode = exitCode;
      this.#firstMs = nowMs;
      this.#controller.abort();
    } else if (nowMs - this.#firstMs >= interruptEchoMs) {
      this.#source.exit(exitCode);
    }
  }
}
