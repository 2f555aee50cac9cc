/** Several models as one: whoever answers first in their order. */
import { isBrokenCircuitError } from "cockatiel";
import {
  type ChatEnd,
  type ChatOutlet,
  type ChatRequest,
  type EmbedAnswer,
  type EmbedRequest,
  type ModelClient,
  type ModelDriver,
  ModelError,
  type ModelInfo,
  modelError,
  type PluginHealth,
  pause,
  SeededRandom,
  wallMs,
} from "../../core/index.ts";
import type { RouterConfig } from "./config.ts";
import { RetryBudget } from "./retry-budget.ts";
import { routeOf } from "./route.ts";
import type { Target } from "./target.ts";

export class RouterDriver implements ModelDriver {
  readonly #name: string;
  readonly #targets: readonly Target[];
  readonly #config: RouterConfig;
  readonly #budget: RetryBudget;
  /** So that those who failed together do not come again together. */
  readonly #random = new SeededRandom(wallMs() ^ process.pid);

  /** @param targets in the order in which they are asked */
  constructor(name: string, targets: readonly Target[], config: RouterConfig) {
    this.#name = name;
    this.#targets = targets;
    this.#config = config;
    this.#budget = new RetryBudget(config.retryPercent);
  }

  async chat(request: ChatRequest, out: ChatOutlet): Promise<ChatEnd> {
    let hasBegun = false;
    const ask = async (client: ModelClient, model: string | undefined): Promise<ChatEnd> => {
      if (hasBegun) await out.write({ type: "again" });
      hasBegun = false;
      const chat = client.chat(model === undefined ? request : { ...request, model }, { signal: out.signal });
      for await (const delta of chat) {
        hasBegun = true;
        await out.write(delta);
      }
      const { model: named, finishReason, usage } = await chat.answer();
      return { model: named, finishReason, usage };
    };
    return await this.#route(ask, out.signal, () => hasBegun && this.#config.midStream === "fail");
  }

  embed(request: EmbedRequest, signal: AbortSignal): Promise<EmbedAnswer> {
    const ask = (client: ModelClient, model: string | undefined) =>
      client.embed(model === undefined ? request : { ...request, model });
    return this.#route(ask, signal, () => false);
  }

  /** @param isOver whether a failure is final, whatever its class */
  async #route<T>(
    ask: (client: ModelClient, model: string | undefined) => Promise<T>,
    signal: AbortSignal,
    isOver: () => boolean,
  ): Promise<T> {
    const { attempts, backoffMaxMs } = this.#config;
    this.#budget.asked();
    let failure: ModelError | undefined;
    for (const target of this.#targets) {
      for (let attempt = 1; attempt <= attempts; attempt++) {
        try {
          return await target.ask((client) => ask(client, target.model));
        } catch (error) {
          signal.throwIfAborted();
          // Passed over: what it had failed with before says more.
          if (isBrokenCircuitError(error)) break;
          failure = modelError(error, target.plugin);
        }
        const route = routeOf(failure.code);
        if (route === "end" || isOver()) throw failure;
        const waitMs = this.#waitMs(attempt, failure);
        const isLast = attempt === attempts || target.isBroken || waitMs > backoffMaxMs;
        if (route === "next" || isLast || !this.#budget.take()) break;
        await pause(waitMs, signal);
      }
    }
    throw (
      failure ??
      new ModelError(
        "model_overloaded",
        `${this.#name}: ${this.#names()} have failed too often, and are not asked for a while`,
      )
    );
  }

  #waitMs(attempt: number, { retryAfterMs }: ModelError): number {
    if (retryAfterMs !== undefined) return retryAfterMs;
    const { backoffMs, backoffMaxMs } = this.#config;
    const most = Math.min(backoffMaxMs, backoffMs * 2 ** (attempt - 1));
    return most / 2 + (most / 2) * this.#random.next();
  }

  #names(): string {
    return this.#targets.map(({ plugin }) => plugin).join(", ");
  }

  async models(): Promise<readonly ModelInfo[]> {
    const found = await Promise.all(this.#targets.map((target) => target.ask((client) => client.models())));
    return [...new Set(found.flat().map(({ name }) => name))].map((name) => ({ name }));
  }

  health(): PluginHealth {
    const broken = this.#targets.filter(({ isBroken }) => isBroken).map(({ plugin }) => plugin);
    if (broken.length === 0) return { status: "up" };
    const status = broken.length === this.#targets.length ? "down" : "degraded";
    return { status, detail: `not asked for a while: ${broken.join(", ")}` };
  }
}
