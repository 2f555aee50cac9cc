/** One question to one model: when it may be asked, and what it uses. */
import type { ChatDelta, ChatRequest, EmbedRequest } from "../../core/index.ts";
import type { Lane } from "./answering.ts";
import type { TokensUsed } from "./prices.ts";
import type { Target } from "./target.ts";
import { bytesOfDelta, inputTokensOf, tokensOfBytes } from "./token-estimate.ts";

export class Meter {
  readonly #target: Target;
  readonly #lane: Lane;
  readonly #inputTokens: number;
  readonly #tokensTaken: number;
  #outputBytes = 0;
  #hasBegun = false;

  constructor(target: Target, lane: Lane, request: ChatRequest | EmbedRequest) {
    this.#target = target;
    this.#lane = lane;
    this.#inputTokens = inputTokensOf(request);
    this.#tokensTaken = this.#inputTokens + (("messages" in request ? request.maxOutputTokens : undefined) ?? 0);
  }

  /** Asks when it may be asked. @throws what the question throws; ModelError `model_rate_limit`. */
  async run<T extends { readonly usage: TokensUsed | undefined }>(question: () => Promise<T>): Promise<T> {
    const target = this.#target;
    try {
      await target.rate.admit(this.#tokensTaken, this.#lane.signal);
    } catch (error) {
      throw target.unproven(error);
    }
    try {
      const answer = await question();
      this.#begin();
      this.#settle(answer.usage);
      return answer;
    } catch (error) {
      if (this.#lane.signal.aborted && !this.#hasBegun) target.unproven(error);
      this.#settle(undefined);
      throw error;
    }
  }

  /** Before a delta is passed on. @throws the lane's. */
  count(delta: ChatDelta): void {
    this.#begin();
    this.#outputBytes += bytesOfDelta(delta);
  }

  #begin(): void {
    this.#lane.begin();
    this.#hasBegun = true;
  }

  /** @param usage as the provider says; undefined: by what has come */
  #settle(usage: TokensUsed | undefined): void {
    const { inputTokens, outputTokens = 0 } = usage ?? this.#estimate();
    this.#target.rate.settle(this.#tokensTaken, inputTokens + outputTokens);
  }

  #estimate(): TokensUsed {
    return { inputTokens: this.#inputTokens, outputTokens: tokensOfBytes(this.#outputBytes) };
  }
}
