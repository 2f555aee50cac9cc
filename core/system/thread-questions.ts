/** What the program's kernel asks the kernels of all threads. One that goes away meanwhile says nothing. */
import { RuntimeError } from "../errors.ts";
import type { FrameKind } from "../kernel/frame-kind.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { type LookOptions, lookTimeoutMs } from "./look-options.ts";

export class ThreadQuestions {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** What every thread that is up says; `own` says it for this one. */
  async askAll<T>(question: FrameKind, name: string, own: () => T, look: LookOptions = {}): Promise<T[]> {
    const kernel = this.#kernel;
    const { timeoutMs = lookTimeoutMs, unanswered } = look;
    const ask = async (thread: number): Promise<T | undefined> => {
      if (thread === kernel.thread) return own();
      const late = unanswered && (() => this.#untold(thread, unanswered));
      return await this.ask<T>(thread, question, name, { timeoutMs, late });
    };
    const answers = await Promise.all(kernel.memory.threadsUp().map(ask));
    return answers.filter((answer) => answer !== undefined);
  }

  /** Undefined: it is gone, or did not answer in time, and `late` was called. */
  async ask<T>(
    thread: number,
    question: FrameKind,
    name: string,
    {
      timeoutMs,
      late,
      payload,
    }: { readonly timeoutMs: number; readonly late?: (() => void) | undefined; readonly payload?: unknown },
  ): Promise<T | undefined> {
    const { calls, guest } = this.#kernel;
    try {
      // The kinds of questions and their answers stand beside each other in `inbound.ts`.
      return (await calls.ask(guest, this.#kernel.makeRef(thread, 0, 0), question, name, timeoutMs, payload)) as T;
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      if (error.code === "thread_lost" || error.code === "noproc") return undefined;
      if (error.code !== "timeout" || late === undefined) throw error;
      late();
      return undefined;
    }
  }

  /** One without actors, such as a spare that starts, leaves nothing out. */
  #untold(thread: number, unanswered: (thread: number, position: number) => void): void {
    const { memory } = this.#kernel;
    if (memory.actors(thread) > 0) unanswered(thread, memory.position(thread));
  }
}
