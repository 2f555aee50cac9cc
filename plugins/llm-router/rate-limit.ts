/** What a provider's key may be asked: requests and tokens a minute. Who comes too early waits, in order, or is told when to come. */
import { ModelError, pause } from "../../core/index.ts";
import type { Route } from "./checked-routes.ts";
import { TokenBucket } from "./token-bucket.ts";

export interface RateLimits {
  /** Default: no limit. */
  readonly requestsPerMinute?: number | undefined;
  /** Of input and output: an estimate when it is asked, and the provider's count when it has answered. Default: no limit. */
  readonly tokensPerMinute?: number | undefined;
}

export class RateLimit {
  readonly #who: string;
  readonly #waitMaxMs: number;
  readonly #requests: TokenBucket | undefined;
  readonly #tokens: TokenBucket | undefined;

  /** @param who has the limit, for people @param nowMs a clock */
  constructor(who: string, { requestsPerMinute, tokensPerMinute }: RateLimits, waitMaxMs: number, nowMs: () => number) {
    this.#who = who;
    this.#waitMaxMs = waitMaxMs;
    this.#requests = requestsPerMinute === undefined ? undefined : new TokenBucket(requestsPerMinute, nowMs);
    this.#tokens = tokensPerMinute === undefined ? undefined : new TokenBucket(tokensPerMinute, nowMs);
  }

  static of(route: Route, waitMaxMs: number, nowMs: () => number): RateLimit {
    const { plugin, model } = route;
    return new RateLimit(model === undefined ? plugin : `${plugin} (${model})`, route, waitMaxMs, nowMs);
  }

  /** Waits for its turn. @throws ModelError `model_rate_limit`: that would be too long; the signal's reason: what it had taken is given back. */
  async admit(tokens: number, signal: AbortSignal): Promise<void> {
    const waitMs = Math.max(this.#requests?.waitMs(1) ?? 0, this.#tokens?.waitMs(tokens) ?? 0);
    if (waitMs > this.#waitMaxMs)
      throw new ModelError(
        "model_rate_limit",
        `${this.#who} may be asked again in ${waitMs} ms, by the limits of its route (rateWaitMaxMs: ${this.#waitMaxMs})`,
        { retryAfterMs: waitMs },
      );
    this.#requests?.take(1);
    this.#tokens?.take(tokens);
    try {
      await pause(waitMs, signal);
    } catch (error) {
      this.giveBack(tokens);
      throw error;
    }
  }

  /** It was not asked after all. */
  giveBack(tokens: number): void {
    this.#requests?.giveBack(1);
    this.#tokens?.giveBack(tokens);
  }

  /** It was asked, and used so many in the place of those that were taken. */
  settle(taken: number, used: number): void {
    this.#tokens?.giveBack(taken, used);
  }
}
