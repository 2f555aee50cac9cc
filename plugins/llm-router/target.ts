/** One of the models that a router asks for answers of one kind, with its breaker and its limits. */
import {
  BrokenCircuitError,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
} from "cockatiel";
import { errorData, type ModelClient } from "../../core/index.ts";
import type { Route } from "./checked-routes.ts";
import type { RouterConfig } from "./config.ts";
import type { RateLimit } from "./rate-limit.ts";
import { isUnwell } from "./route.ts";

export class Target {
  readonly plugin: string;
  /** It is asked for this one; undefined: for what the request names. */
  readonly model: string | undefined;
  readonly client: ModelClient;
  readonly rate: RateLimit;
  readonly #breaker: CircuitBreakerPolicy;
  /** Errors that say nothing of it, since it has not been asked, or was not waited for. */
  readonly #unproven = new WeakSet<object>();
  /** Errors of the one that was let in to try it. */
  readonly #ofTrials = new WeakSet<object>();

  /** @param rate may be shared with other kinds */
  constructor({ plugin, model }: Route, client: ModelClient, rate: RateLimit, config: RouterConfig) {
    this.plugin = plugin;
    this.model = model;
    this.client = client;
    this.rate = rate;
    this.#breaker = circuitBreaker(
      handleWhen((error) => this.#isFailure(error)),
      { halfOpenAfter: config.breakMs, breaker: new ConsecutiveBreaker(config.breakAfter) },
    );
  }

  #isFailure(error: unknown): boolean {
    const isOfTrial = this.#ofTrials.has(error as object);
    // Who was asked before it was passed over says nothing new: the trial alone decides.
    if (!isOfTrial && this.#breaker.state !== CircuitState.Closed) return false;
    // One that was let in as a trial and came to nothing leaves it where it was: passed over.
    if (this.#unproven.has(error as object)) return isOfTrial;
    return isUnwell(errorData(error).code ?? "");
  }

  /** Whether it is passed over. */
  get isBroken(): boolean {
    return this.#breaker.state === CircuitState.Open;
  }

  /**
   * @throws what the question does; and where it is passed over after all, an error of the breaker's (`isBrokenCircuitError`): while one
   * tries it others do not wait for that.
   */
  async ask<T>(question: (client: ModelClient) => Promise<T>): Promise<T> {
    if (this.#breaker.state === CircuitState.HalfOpen) throw new BrokenCircuitError();
    const isTrial = this.isBroken;
    return await this.#breaker.execute(async () => {
      try {
        return await question(this.client);
      } catch (error) {
        if (isTrial && typeof error === "object" && error !== null) this.#ofTrials.add(error);
        throw error;
      }
    });
  }

  isUnproven(error: object): boolean {
    return this.#unproven.has(error);
  }

  /** The error, marked as one that says nothing of this model. */
  unproven(error: unknown): unknown {
    if (typeof error === "object" && error !== null) this.#unproven.add(error);
    return error;
  }
}
