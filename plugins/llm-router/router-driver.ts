/** Several models as one: whoever answers first in their order. */
import {
  type ChatEnd,
  type ChatOutlet,
  type ChatRequest,
  type EmbedAnswer,
  type EmbedRequest,
  type ModelBudgets,
  type ModelDriver,
  type ModelInfo,
  type PluginHealth,
  SeededRandom,
  wallMs,
} from "../../core/index.ts";
import { Answering, type Ask, type Lane, type Means } from "./answering.ts";
import { type Counting, Meter } from "./meter.ts";
import { RetryBudget } from "./retry-budget.ts";
import type { Target } from "./target.ts";

/** In the order in which they are asked. Chats that fail say nothing of embeddings, and these nothing of chats. */
export interface Targets {
  readonly chat: readonly Target[];
  readonly embed: readonly Target[];
}

export class RouterDriver implements ModelDriver {
  readonly #targets: Targets;
  readonly #means: Means;
  readonly #counting: Counting;
  /** Answers that are on their way, also those that nobody waits for any more. */
  readonly #open = new Set<Promise<unknown>>();

  constructor(name: string, targets: Targets, counting: Counting) {
    const { config } = counting;
    this.#targets = targets;
    this.#counting = counting;
    this.#means = {
      name,
      config,
      budget: new RetryBudget(config.retryPercent),
      // So that those who failed together do not come again together.
      random: new SeededRandom(wallMs() ^ process.pid),
    };
  }

  get budgets(): ModelBudgets | undefined {
    return this.#counting.book;
  }

  async chat({ budgets = [], ...rest }: ChatRequest, out: ChatOutlet): Promise<ChatEnd> {
    let hasBegun = false;
    const ask = async (target: Target, lane: Lane): Promise<ChatEnd> => {
      if (hasBegun) await out.write({ type: "again" });
      hasBegun = false;
      const asked = askedOf(target, rest);
      const meter = new Meter(this.#counting, target, lane, asked, budgets);
      return await meter.run(async () => {
        const chat = target.client.chat(asked, { signal: lane.signal, trace: out.trace });
        for await (const delta of chat) {
          await meter.count(delta);
          hasBegun = true;
          await out.write(delta);
        }
        const { model, finishReason, usage } = await chat.answer();
        return { model, finishReason, usage: this.#counting.prices.priced(usage, asked.model, model) };
      });
    };
    return await this.#answer(
      this.#targets.chat,
      ask,
      out.signal,
      () => hasBegun && this.#means.config.midStream === "fail",
    );
  }

  embed({ budgets = [], ...rest }: EmbedRequest, signal: AbortSignal, trace?: string): Promise<EmbedAnswer> {
    const ask = async (target: Target, lane: Lane): Promise<EmbedAnswer> => {
      const asked = askedOf(target, rest);
      return await new Meter(this.#counting, target, lane, asked, budgets).run(async () => {
        const answer = await unless(lane.signal, target.client.embed(asked, { trace }));
        return { ...answer, usage: this.#counting.prices.priced(answer.usage, asked.model, answer.model) };
      });
    };
    return this.#answer(this.#targets.embed, ask, signal, () => false);
  }

  #answer<T>(targets: readonly Target[], ask: Ask<T>, signal: AbortSignal, isOver: () => boolean): Promise<T> {
    const answer = new Answering(this.#means, targets, ask, signal, isOver).run();
    this.#open.add(answer);
    return answer.finally(() => this.#open.delete(answer));
  }

  /** Of those that answer, also where one is passed over: a list says nothing of its answers. @throws what the last one failed with, where none does. */
  async models(): Promise<readonly ModelInfo[]> {
    const outcomes = await Promise.allSettled(this.#targets.chat.map(({ client }) => client.models()));
    const found = outcomes.filter((outcome) => outcome.status === "fulfilled").flatMap(({ value }) => value);
    const failed = outcomes.findLast((outcome) => outcome.status === "rejected");
    if (failed !== undefined && outcomes.every(({ status }) => status === "rejected")) throw failed.reason;
    return [...new Set(found.map(({ name }) => name))].map((name) => ({ name }));
  }

  health(): PluginHealth {
    const { chat, embed } = this.#targets;
    const broken = [...chat, ...embed].filter(({ isBroken }) => isBroken);
    if (broken.length === 0) return { status: "up" };
    const isDown = [chat, embed].some((targets) => targets.every(({ isBroken }) => isBroken));
    const names = new Set(broken.map(({ plugin }) => plugin));
    return { status: isDown ? "down" : "degraded", detail: `not asked for a while: ${[...names].join(", ")}` };
  }

  /** What was used of budgets is kept before it ends. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#open);
  }
}

function askedOf<R extends { readonly model?: string }>({ model }: Target, request: R): R {
  return model === undefined ? request : { ...request, model };
}

/** What is waited for no longer when the signal is aborted. @throws its reason, by rejection. */
function unless<T>(signal: AbortSignal, waited: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  return Promise.race([waited, promise]).finally(() => signal.removeEventListener("abort", stop));
}
