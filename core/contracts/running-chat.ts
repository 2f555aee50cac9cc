/** One chat that is under way: its deltas, its time, and its end, whoever ends it. */
import { byDeadline } from "../clock.ts";
import { ChatAssembly, type ChatEnd } from "./chat-assembly.ts";
import type { ChatAnswer, ChatDelta, ChatRequest } from "./model.ts";
import type { ChatOutlet, ModelDriver, ModelLimits } from "./model-driver.ts";
import { ModelError } from "./model-failure.ts";

/** Where deltas go; undefined: the caller wants the answer alone. */
export interface DeltaWriter {
  readonly signal: AbortSignal;
  write(delta: ChatDelta): PromiseLike<unknown> | undefined;
}

export class RunningChat implements ChatOutlet {
  readonly #request: ChatRequest;
  readonly #limits: ModelLimits;
  readonly #writer: DeltaWriter | undefined;
  readonly #controller = new AbortController();
  readonly #assembly: ChatAssembly;
  #heard = () => {};

  constructor(request: ChatRequest, limits: ModelLimits, writer: DeltaWriter | undefined) {
    this.#request = request;
    this.#limits = limits;
    this.#writer = writer;
    this.#assembly = new ChatAssembly(limits.maxAnswerChars);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** @param why the error that it fails with */
  end(why: Error): void {
    this.#controller.abort(why);
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
      this.#listen();
      const end = await Promise.race([this.#drive(driver, ended), this.#aborted()]);
      return await this.#assembly.answer(this.#request, end);
    } finally {
      over();
      this.#heard();
      this.#writer?.signal.removeEventListener("abort", left);
      // Whatever the driver still has of it.
      this.end(new ModelError("cancelled", "the chat has ended"));
    }
  }

  async #drive(driver: ModelDriver, ended: () => void): Promise<ChatEnd> {
    try {
      return await driver.chat(this.#request, this);
    } finally {
      ended();
    }
  }

  #aborted(): Promise<never> {
    const { signal } = this;
    return new Promise((_resolve, reject) => {
      if (signal.aborted) reject(signal.reason);
      else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }

  async write(delta: ChatDelta): Promise<void> {
    this.#heard();
    this.signal.throwIfAborted();
    this.#assembly.add(delta);
    // The provider does not have to answer for a slow reader.
    await this.#writer?.write(delta);
    this.#listen();
  }

  #listen(): void {
    const { silenceTimeoutMs } = this.#limits;
    this.#heard = byDeadline(silenceTimeoutMs, () =>
      this.end(new ModelError("model_network", `nothing came within silenceTimeoutMs (${silenceTimeoutMs})`)),
    );
  }
}
