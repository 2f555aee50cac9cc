/** The protocol of OpenAI's chat completions, by the package `openai`. Its own retries are off: a router has a budget for them. */
import { APIConnectionError, APIError, AzureOpenAI, OpenAI } from "openai";
import type { ChatCompletionChunk } from "openai/resources/chat/completions";
import {
  boundedFetch,
  type ChatEnd,
  type ChatOutlet,
  type ChatRequest,
  type ChatUsage,
  codeOfStatus,
  type EmbedAnswer,
  type EmbedRequest,
  type FinishReason,
  type ModelDriver,
  ModelError,
  type ModelErrorCode,
  type ModelInfo,
  retryAfterMs,
  wallMs,
} from "../../core/index.ts";
import { chatParameters } from "./chat-parameters.ts";
import type { OpenaiConfig } from "./config.ts";

/** A character of an answer takes as many bytes of a stream at most, and what stands around it so many. */
const bytesOfChar = 6;
const bytesAround = 65_536;

export class OpenaiDriver implements ModelDriver {
  readonly #config: OpenaiConfig;
  readonly #client: OpenAI;

  constructor(config: OpenaiConfig) {
    const { apiKey, baseUrl, azureApiVersion, organization, project, timeoutMs, maxAnswerChars } = config;
    const options = {
      apiKey,
      organization: organization === "" ? null : organization,
      project: project === "" ? null : project,
      maxRetries: 0,
      // What goes wrong is told to whoever asked.
      logLevel: "off" as const,
      timeout: timeoutMs,
      fetch: boundedFetch(maxAnswerChars * bytesOfChar + bytesAround),
    };
    this.#config = config;
    this.#client =
      azureApiVersion === ""
        ? new OpenAI({ ...options, baseURL: baseUrl })
        : new AzureOpenAI({ ...options, endpoint: baseUrl, apiVersion: azureApiVersion });
  }

  async chat(request: ChatRequest, out: ChatOutlet): Promise<ChatEnd> {
    try {
      const stream = await this.#client.chat.completions.create(chatParameters(request, this.#config), {
        signal: out.signal,
      });
      return await read(stream, out);
    } catch (error) {
      throw failureOf(error);
    }
  }

  async embed({ model = this.#config.embeddingModel, texts }: EmbedRequest, signal: AbortSignal): Promise<EmbedAnswer> {
    try {
      const answer = await this.#client.embeddings.create(
        { model, input: [...texts], encoding_format: "float" },
        { signal },
      );
      const vectors = [...answer.data].sort((a, b) => a.index - b.index).map(({ embedding }) => embedding);
      if (vectors.length !== texts.length)
        throw new ModelError("model_protocol", `${vectors.length} vectors came for ${texts.length} texts`);
      return { model: answer.model, vectors, usage: { inputTokens: answer.usage.prompt_tokens } };
    } catch (error) {
      throw failureOf(error);
    }
  }

  async models(signal: AbortSignal): Promise<readonly ModelInfo[]> {
    try {
      const found: ModelInfo[] = [];
      for await (const { id } of this.#client.models.list({ signal })) found.push({ name: id });
      return found;
    } catch (error) {
      throw failureOf(error);
    }
  }
}

async function read(stream: AsyncIterable<ChatCompletionChunk>, out: ChatOutlet): Promise<ChatEnd> {
  let model: string | undefined;
  let finish: string | undefined;
  let usage: ChatUsage | undefined;
  let refusal = "";
  for await (const chunk of stream) {
    model ??= chunk.model;
    usage = usageOf(chunk) ?? usage;
    // The last one, with the usage, has no choice.
    const choice = chunk.choices?.[0];
    if (choice === undefined) continue;
    const { delta, finish_reason } = choice;
    finish = finish_reason ?? finish;
    refusal += delta?.refusal ?? "";
    if (delta?.content) await out.write({ type: "text", text: delta.content });
    for (const { index, id, function: called } of delta?.tool_calls ?? [])
      await out.write({
        type: "toolCall",
        index,
        ...(id !== undefined && { id }),
        ...(called?.name !== undefined && { name: called.name }),
        arguments: called?.arguments ?? "",
      });
  }
  out.signal.throwIfAborted();
  if (refusal !== "") throw new ModelError("model_refused", refusal);
  if (finish === undefined) throw new ModelError("model_network", "the answer broke off: it has no finish_reason");
  if (finish === "content_filter") throw new ModelError("model_refused", "the provider's filter has cut the answer");
  return { model: model ?? "", finishReason: reasonOf(finish), usage };
}

function usageOf({ usage }: ChatCompletionChunk): ChatUsage | undefined {
  if (usage === undefined || usage === null) return undefined;
  const { prompt_tokens, completion_tokens, prompt_tokens_details } = usage;
  const cached = prompt_tokens_details?.cached_tokens;
  return {
    inputTokens: prompt_tokens,
    outputTokens: completion_tokens,
    ...(cached !== undefined && cached > 0 && { cachedInputTokens: cached }),
  };
}

function reasonOf(finish: string): FinishReason {
  if (finish === "length") return "length";
  return finish === "tool_calls" || finish === "function_call" ? "toolCalls" : "stop";
}

const codes: Readonly<Record<string, ModelErrorCode>> = {
  insufficient_quota: "model_quota",
  billing_hard_limit_reached: "model_quota",
  context_length_exceeded: "model_context",
  string_above_max_length: "model_context",
  content_filter: "model_refused",
  content_policy_violation: "model_refused",
  model_not_found: "model_unknown",
  DeploymentNotFound: "model_unknown",
  invalid_api_key: "model_auth",
  rate_limit_exceeded: "model_rate_limit",
  server_error: "model_overloaded",
  overloaded_error: "model_overloaded",
};

function failureOf(error: unknown): unknown {
  // What the bounds have thrown comes wrapped, once or twice.
  for (let cause = error, depth = 0; cause instanceof Error && depth < 4; cause = cause.cause, depth++)
    if (cause instanceof ModelError) return cause;
  if (error instanceof SyntaxError)
    return new ModelError("model_protocol", `an event of the stream is no JSON: ${error.message}`, { cause: error });
  if (!(error instanceof APIError) || error instanceof APIConnectionError) return error;
  const { status, code, type, message } = error;
  const known = codes[code ?? ""] ?? codes[type ?? ""];
  return new ModelError(
    known ?? (/context (?:length|window)/i.test(message) ? "model_context" : codeOfStatus(status)),
    message,
    {
      retryAfterMs: retryAfterMs(error.headers, wallMs()),
      cause: error,
    },
  );
}
