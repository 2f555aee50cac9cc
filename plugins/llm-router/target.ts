/** One of the models that a router asks, with its breaker. */
import { type CircuitBreakerPolicy, CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen } from "cockatiel";
import { errorData, type ModelClient } from "../../core/index.ts";
import type { RouterConfig } from "./config.ts";
import { isUnwell } from "./route.ts";

export class Target {
  readonly plugin: string;
  /** It is asked for this one; undefined: for what the request names. */
  readonly model: string | undefined;
  readonly #client: ModelClient;
  readonly #breaker: CircuitBreakerPolicy;

  constructor(plugin: string, model: string | undefined, client: ModelClient, { breakAfter, breakMs }: RouterConfig) {
    this.plugin = plugin;
    this.model = model;
    this.#client = client;
    this.#breaker = circuitBreaker(
      handleWhen((error) => isUnwell(errorData(error).code ?? "")),
      { halfOpenAfter: breakMs, breaker: new ConsecutiveBreaker(breakAfter) },
    );
  }

  /** Whether it is passed over. */
  get isBroken(): boolean {
    return this.#breaker.state === CircuitState.Open;
  }

  /** @throws what the question does; and where it is passed over after all, an error of the breaker's, which `isBroken` tells. */
  async ask<T>(question: (client: ModelClient) => Promise<T>): Promise<T> {
    return await this.#breaker.execute(() => question(this.#client));
  }
}
