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
  readonly pid: number;
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
  removeAllListeners(signal: NodeJS.Signals): unknown;
  kill(pid: number, signal: NodeJS.Signals): unknown;
}

export class Interrupt implements Disposable {
  readonly #source: InterruptSource;
  readonly #nowMs: () => number;
  readonly #controller = new AbortController();
  #firstMs = 0;
  #first: NodeJS.Signals | undefined;
  readonly #onInterrupt = () => this.#received("SIGINT");
  readonly #onTerminate = () => this.#received("SIGTERM");

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
    if (this.#first === undefined) return undefined;
    return this.#first === "SIGINT" ? exitCodes.interrupted : exitCodes.terminated;
  }

  /**
   * Ends the process here and now, by the signal that it was sent, so that a shell sees the usual code; SIGKILL when it
   * was sent none. `process.exit` would wait for every thread, also for one that native code never gives back.
   */
  endAtOnce(signal: NodeJS.Signals = this.#first ?? "SIGKILL"): void {
    this.#source.removeAllListeners(signal);
    this.#source.kill(this.#source.pid, signal);
  }

  [Symbol.dispose](): void {
    this.#source.off("SIGINT", this.#onInterrupt);
    this.#source.off("SIGTERM", this.#onTerminate);
  }

  #received(signal: NodeJS.Signals): void {
    const nowMs = this.#nowMs();
    if (this.#first === undefined) {
      this.#first = signal;
      this.#firstMs = nowMs;
      this.#controller.abort();
    } else if (nowMs - this.#firstMs >= interruptEchoMs) {
      this.endAtOnce(signal);
    }
  }
}
