/** One chat that is under way: its deltas, its time, and its end, whoever ends it. */
import { byDeadline } from "../clock.ts";
import { ChatAssembly, type ChatEnd } from "./chat-assembly.ts";
import type { ChatAnswer, ChatDelta, ChatRequest, ChatUsage } from "./model.ts";
import type { ChatOutlet, ModelDriver, ModelLimits } from "./model-driver.ts";
import { ModelError } from "./model-failure.ts";
import { outputChecker } from "./model-output.ts";
import { chatUsage } from "./model-usage.ts";

/** Where deltas go; undefined: the caller wants the answer alone. */
export interface DeltaWriter {
  readonly signal: AbortSignal;
  write(delta: ChatDelta): PromiseLike<unknown> | undefined;
}

export class RunningChat implements ChatOutlet {
  readonly trace: string | undefined;
  readonly #request: ChatRequest;
  readonly #limits: ModelLimits;
  readonly #writer: DeltaWriter | undefined;
  readonly #controller = new AbortController();
  readonly #assembly: ChatAssembly;
  /** Deltas that wait for the reader. */
  #waiting = 0;
  #usage: ChatUsage | undefined;
  #cancelSilence = () => {};

  constructor(request: ChatRequest, limits: ModelLimits, writer: DeltaWriter | undefined, trace?: string) {
    this.#request = request;
    this.trace = trace;
    this.#limits = limits;
    this.#writer = writer;
    this.#assembly = new ChatAssembly(limits.maxAnswerChars);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What its provider has counted so far, whatever becomes of it. */
  get usage(): ChatUsage | undefined {
    return this.#usage;
  }

  counted(usage: ChatUsage | undefined): void {
    this.#usage = chatUsage(usage) ?? this.#usage;
  }

  /** @param why the error that it fails with */
  end(why: Error): void {
    this.#controller.abort(why);
    this.#cancelSilence();
  }

  /** @param ended called when the driver has let go of it, which may be later than the answer */
  async run(driver: ModelDriver, ended: () => void): Promise<ChatAnswer> {
    const { timeoutMs } = this.#limits;
    const over = byDeadline(timeoutMs, () =>
      this.end(new ModelError("timeout", `there was no whole answer within timeoutMs (${timeoutMs})`)),
    );
    const left = () => this.end(new ModelError("cancelled", "nobody reads the answer any more"));
    this.#writer?.signal.addEventListener("abort", left, { once: true });
    if (this.#writer?.signal.aborted === true) left();
    try {
      return await Promise.race([this.#drive(driver, ended), this.#aborted()]);
    } finally {
      over();
      this.#writer?.signal.removeEventListener("abort", left);
      // Whatever the driver still has of it.
      this.end(new ModelError("cancelled", "the chat has ended"));
    }
  }

  async #drive(driver: ModelDriver, ended: () => void): Promise<ChatAnswer> {
    const { output } = this.#request;
    let end: ChatEnd;
    let check: ((content: string) => unknown) | undefined;
    try {
      // Before anybody has cost anything.
      check = output && (await outputChecker(output.schema));
      this.heard();
      end = await driver.chat(this.#request, this);
    } finally {
      ended();
    }
    this.counted(end.usage);
    return this.#assembly.answer(end, check);
  }

  #aborted(): Promise<never> {
    const { signal } = this;
    return new Promise((_resolve, reject) => {
      if (signal.aborted) reject(signal.reason);
      else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }

  async write(delta: ChatDelta): Promise<void> {
    this.signal.throwIfAborted();
    this.#assembly.add(delta);
    this.#waiting++;
    this.#cancelSilence();
    try {
      await this.#writer?.write(delta);
    } finally {
      this.#waiting--;
      this.heard();
    }
  }

  heard(): void {
    this.#cancelSilence();
    // The provider does not have to answer for a slow reader.
    if (this.#waiting > 0 || this.signal.aborted) return;
    const { silenceTimeoutMs } = this.#limits;
    if (silenceTimeoutMs === undefined) return;
    this.#cancelSilence = byDeadline(silenceTimeoutMs, () =>
      this.end(new ModelError("model_network", `nothing came within silenceTimeoutMs (${silenceTimeoutMs})`)),
    );
  }
}
