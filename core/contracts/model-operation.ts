/** A model's chat, and an embedding, as operations: what OpenTelemetry's conventions for generative AI want to be told of them. */
import type { PluginBus } from "../plugin/plugin-bus.ts";
import { inputMessages, outputMessages } from "./message-parts.ts";
import type { ChatAnswer, ChatRequest, ChatUsage, EmbedAnswer, EmbedRequest, FinishReason } from "./model.ts";
import { beginOperation } from "./operation.ts";

export interface ModelOperation<A> {
  /** See `Operation.trace`. */
  readonly trace: string | undefined;
  answered(answer: A): void;
  /** @param usage of a chat, what was read and written nonetheless */
  failed(code: string, usage?: ChatUsage): void;
}

const finishReasons: Readonly<Record<FinishReason, string>> = {
  stop: "stop",
  length: "length",
  toolCalls: "tool_call",
};

export interface AskedModel {
  /** Of the plugin: `llm-openai` is of the provider `openai`. */
  readonly name: string;
  /** It asks others, who tell of it themselves: what was read and written is counted there. */
  readonly isRelay: boolean;
}

export function beginChat(bus: PluginBus, model: AskedModel, request: ChatRequest): ModelOperation<ChatAnswer> {
  const operation = beginOperation(bus, "chat", request.model);
  const asked = {
    "gen_ai.operation.name": "chat",
    ...ownAttributes(model),
    "gen_ai.request.model": request.model,
    "gen_ai.request.max_tokens": request.maxOutputTokens,
    "gen_ai.request.temperature": request.temperature,
    "gen_ai.request.top_p": request.topP,
    "gen_ai.request.seed": request.seed,
    "gen_ai.output.type": request.output === undefined ? undefined : "json",
  };
  return {
    trace: operation.trace,
    answered(answer) {
      const { model: answering, finishReason, usage } = answer;
      const reason = finishReasons[finishReason];
      operation.end({
        attributes: {
          ...asked,
          "gen_ai.response.model": answering || undefined,
          "gen_ai.response.finish_reasons": [reason],
          ...usageAttributes(usage),
        },
        content: () => ({ input: inputMessages(request.messages), output: outputMessages(answer, reason) }),
      });
    },
    failed: (code, usage) =>
      operation.end({
        attributes: { ...asked, ...usageAttributes(usage) },
        failure: code,
        content: () => ({ input: inputMessages(request.messages) }),
      }),
  };
}

export function beginEmbed(bus: PluginBus, model: AskedModel, request: EmbedRequest): ModelOperation<EmbedAnswer> {
  const operation = beginOperation(bus, "embeddings", request.model);
  const asked = {
    "gen_ai.operation.name": "embeddings",
    ...ownAttributes(model),
    "gen_ai.request.model": request.model,
  };
  return {
    trace: operation.trace,
    answered: ({ model: answering, usage }) =>
      operation.end({
        attributes: {
          ...asked,
          "gen_ai.response.model": answering || undefined,
          "gen_ai.usage.input_tokens": usage?.inputTokens,
        },
        content: () => ({ input: request.texts }),
      }),
    failed: (code) => operation.end({ attributes: asked, failure: code, content: () => ({ input: request.texts }) }),
  };
}

function usageAttributes(usage: ChatUsage | undefined) {
  return {
    "gen_ai.usage.input_tokens": usage?.inputTokens,
    "gen_ai.usage.output_tokens": usage?.outputTokens,
    "gen_ai.usage.cache_read.input_tokens": usage?.cachedInputTokens,
  };
}

function ownAttributes({ name, isRelay }: AskedModel) {
  return {
    "gen_ai.provider.name": name.replace(/^llm-/, ""),
    "mofa.relay": isRelay ? true : undefined,
  };
}
