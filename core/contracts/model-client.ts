/** A model as those see it who ask it: its calls with their types, and a chat as what can be read delta by delta, or as a whole. */
import type { Context, StreamOptions, StreamReader } from "../actor/context.ts";
import { type CallOptions, isRef, type Ref } from "../actor/ref.ts";
import { describe, errorData, RuntimeError } from "../errors.ts";
import type { PluginBus } from "../plugin/plugin-bus.ts";
import { pluginActorName } from "../plugin.ts";
import type {
  ChatAnswer,
  ChatDelta,
  ChatRequest,
  ChatUsage,
  EmbedAnswer,
  EmbedRequest,
  ModelInfo,
  PullProgress,
  PullRequest,
} from "./model.ts";
import { type BudgetLimits, checkedBudgetKeys, type ModelBudget } from "./model-budget.ts";
import { ModelError } from "./model-failure.ts";

export type ChatOptions = Pick<StreamOptions, "signal" | "timeoutMs" | "trace" | "window">;

export interface PullOptions extends Pick<StreamOptions, "signal" | "timeoutMs"> {
  onProgress?(progress: PullProgress): void;
}

export interface ModelClient {
  /** Asks at once. It ends with whoever asked, and with `cancel`. */
  chat(request: ChatRequest, options?: ChatOptions): ChatReader;
  embed(request: EmbedRequest, options?: CallOptions): Promise<EmbedAnswer>;
  models(options?: CallOptions): Promise<readonly ModelInfo[]>;
  /**
   * Has the provider fetch a model (`llm-ollama`), however long that takes. It ends with whoever asked, and by its signal.
   * @throws ModelError, by rejection: `undef` of a provider that fetches none.
   */
  pull(model: string, options?: PullOptions): Promise<void>;
  /** What is spent of a budget, and what it may be; undefined: nobody has set it. Of who keeps some (`llm-router`). */
  budget(key: string, options?: CallOptions): Promise<ModelBudget | undefined>;
  /** Sets its limits in the place of those that it had, and leaves what was spent. One without limits is counted alone. */
  setBudget(key: string, limits: BudgetLimits, options?: CallOptions): Promise<ModelBudget>;
  /**
   * Whether the client's budgets have something left. @param tokens so many at least. Default 1.
   * @throws ModelError `model_budget`, by rejection: an actor that lets it pass, in `init` too, ends with `{ budget }`.
   */
  assertBudget(tokens?: number, options?: CallOptions): Promise<void>;
}

export interface ModelOptions {
  /** Keys of budgets that each request names beside its own. */
  readonly budgets?: readonly string[];
}

export type AnswerDelta = Exclude<ChatDelta, { readonly type: "retryAfter" | "usage" }>;

/** The deltas as they come, and `answer`, which has them all: read it with `for await`, or not at all. */
export class ChatReader implements AsyncIterable<AnswerDelta> {
  readonly #reader: StreamReader;
  #retryAfterMs: number | undefined;
  #usage: ChatUsage | undefined;
  #failure: ModelError | undefined;
  /** Before its end, which may have come nonetheless. */
  #isLeft = false;

  constructor(reader: StreamReader) {
    this.#reader = reader;
  }

  /** @throws ModelError, by rejection. One that leaves early gives the chat up. */
  async *[Symbol.asyncIterator](): AsyncGenerator<AnswerDelta, void> {
    let isWhole = false;
    try {
      for await (const chunk of this.#reader) {
        const delta = chunk as ChatDelta;
        if (delta.type === "retryAfter") this.#retryAfterMs = delta.afterMs;
        else if (delta.type === "usage") this.#usage = delta.usage;
        else yield delta;
      }
      isWhole = true;
    } catch (error) {
      this.#failure = asModelError(error, this.#retryAfterMs, this.#usage);
      throw this.#failure;
    } finally {
      this.#isLeft ||= !isWhole;
    }
  }

  /** Reads what is left of it. @throws ModelError, by rejection. */
  async answer(): Promise<ChatAnswer> {
    for await (const _delta of this);
    // One that has failed, or was left, has none, however often it is asked for.
    const answer = this.#isLeft ? undefined : (this.#reader.result as ChatAnswer | undefined);
    if (answer === undefined) throw this.#failure ?? new ModelError("cancelled", "the chat was given up");
    return answer;
  }

  /** Gives it up: the provider's connection is closed. */
  cancel(): void {
    this.#reader.cancel();
  }
}

function asModelError(error: unknown, retryAfterMs?: number, usage?: ChatUsage): ModelError {
  const { code = "crashed", message } = errorData(error);
  return new ModelError(code, message, { retryAfterMs, usage, cause: error });
}

const embedTimeoutMs = 60_000;

/**
 * @param asker a system, or the `ctx` of an actor.
 * @param model the name of a plugin, as `llm-openai`, or a ref to it.
 * @throws RuntimeError `bad_argument`.
 */
export function modelOf(
  asker: Pick<Context, "call" | "callStream">,
  model: string | Ref,
  options?: ModelOptions,
): ModelClient;
/** For a plugin that requires it. @param asker its bus. @param model the capability, which is the plugin's name. */
export function modelOf(
  asker: Pick<PluginBus, "request" | "requestStream">,
  model: string,
  options?: ModelOptions,
): ModelClient;
export function modelOf(
  asker: Pick<Context, "call" | "callStream"> | Pick<PluginBus, "request" | "requestStream">,
  model: string | Ref,
  { budgets = [] }: ModelOptions = {},
): ModelClient {
  const own = checkedBudgetKeys(budgets, "modelOf");
  // What is none is told by the plugin.
  const withOwn = <R extends ChatRequest | EmbedRequest>(request: R): R =>
    own.length === 0 || typeof request !== "object" || request === null
      ? request
      : {
          ...request,
          budgets: Array.isArray(request.budgets ?? []) ? [...own, ...(request.budgets ?? [])] : request.budgets,
        };
  if (!isRef(model) && (typeof model !== "string" || model === ""))
    throw new RuntimeError(
      "bad_argument",
      `modelOf: the model is the name of a plugin, or a ref, got ${describe(model)}`,
    );
  // The plugin's own limits hold: what is silent for long may still be thinking.
  const patient = (options: ChatOptions | undefined) => ({ idleTimeoutMs: Number.POSITIVE_INFINITY, ...options });
  const ask = async (call: string, argument: unknown, given?: CallOptions) => {
    const options = { timeoutMs: embedTimeoutMs, ...given };
    try {
      if ("callStream" in asker) return await asker.call(target(), call, argument, options);
      return await asker.request(model as string, call, argument, options);
    } catch (error) {
      throw asModelError(error);
    }
  };
  const target = () => (isRef(model) ? model : pluginActorName(model));
  if (!("callStream" in asker) && isRef(model))
    throw new RuntimeError("bad_argument", "modelOf: a plugin reaches what it requires, by its name");
  return {
    chat: (request, options) =>
      new ChatReader(
        "callStream" in asker
          ? asker.callStream(target(), "chat", withOwn(request), patient(options))
          : asker.requestStream(model as string, "chat", withOwn(request), patient(options)),
      ),
    embed: async (request, options) => (await ask("embed", withOwn(request), options)) as EmbedAnswer,
    budget: async (key, options) => (await ask("budget", key, options)) as ModelBudget | undefined,
    setBudget: async (key, limits, options) => (await ask("setBudget", { ...limits, key }, options)) as ModelBudget,
    assertBudget: async (tokens = 1, options) => void (await ask("assertBudget", { budgets: own, tokens }, options)),
    models: async (options) => (await ask("models", undefined, options)) as readonly ModelInfo[],
    async pull(name, { onProgress, ...options } = {}) {
      const request: PullRequest = { model: name };
      const progress =
        "callStream" in asker
          ? asker.callStream(target(), "pull", request, patient(options))
          : asker.requestStream(model as string, "pull", request, patient(options));
      try {
        for await (const one of progress) onProgress?.(one as PullProgress);
      } catch (error) {
        throw asModelError(error);
      }
    },
  };
}
