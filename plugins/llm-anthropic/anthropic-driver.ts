/** The protocol of Anthropic's messages, by its package. Its own retries are off: a router has a budget for them. */
import Anthropic, { APIConnectionError, APIError } from "@anthropic-ai/sdk";
import type { MessageDeltaUsage, RawMessageStreamEvent, StopReason, Usage } from "@anthropic-ai/sdk/resources/messages";
import {
  boundedFetch,
  type ChatDelta,
  type ChatEnd,
  type ChatOutlet,
  type ChatRequest,
  type ChatUsage,
  codeOfStatus,
  type ModelDriver,
  ModelError,
  type ModelErrorCode,
  type ModelInfo,
  RuntimeError,
  retryAfterMs,
  wallMs,
} from "../../core/index.ts";
import type { AnthropicConfig } from "./config.ts";
import { messageParameters } from "./message-parameters.ts";

/** A character of an answer takes as many bytes of a stream at most, and what stands around it so many. */
const bytesOfChar = 6;
const bytesAround = 65_536;

export class AnthropicDriver implements ModelDriver {
  readonly #config: AnthropicConfig;
  readonly #client: Anthropic;

  constructor(config: AnthropicConfig) {
    const { apiKey, baseUrl, timeoutMs, maxAnswerChars } = config;
    this.#config = config;
    this.#client = new Anthropic({
      apiKey,
      authToken: null,
      baseURL: baseUrl,
      maxRetries: 0,
      timeout: timeoutMs,
      // What goes wrong is told to whoever asked.
      logLevel: "off",
      fetch: boundedFetch(maxAnswerChars * bytesOfChar + bytesAround),
    });
  }

  async chat(request: ChatRequest, out: ChatOutlet): Promise<ChatEnd> {
    try {
      const stream = await this.#client.messages.create(messageParameters(request, this.#config), {
        signal: out.signal,
      });
      return await read(stream, out);
    } catch (error) {
      throw failureOf(error);
    }
  }

  async models(signal: AbortSignal): Promise<readonly ModelInfo[]> {
    try {
      const found: ModelInfo[] = [];
      for await (const { id } of this.#client.models.list({}, { signal })) found.push({ name: id });
      return found;
    } catch (error) {
      throw failureOf(error);
    }
  }
}

async function read(stream: AsyncIterable<RawMessageStreamEvent>, out: ChatOutlet): Promise<ChatEnd> {
  let model = "";
  let stop: StopReason | undefined;
  let usage: ChatUsage | undefined;
  /** By block, the place of the tool's call among the calls. */
  const calls = new Map<number, number>();
  for await (const event of stream) {
    switch (event.type) {
      case "message_start":
        ({ model } = event.message);
        usage = usageOf(event.message.usage, usage);
        break;
      case "message_delta":
        stop = event.delta.stop_reason ?? stop;
        usage = usageOf(event.usage, usage);
        break;
      default: {
        const delta = deltaOf(event, calls);
        if (delta !== undefined) await out.write(delta);
      }
    }
  }
  out.signal.throwIfAborted();
  switch (stop) {
    case undefined:
      throw new ModelError("model_network", "the answer broke off: it has no stop_reason");
    case "refusal":
      throw new ModelError("model_refused", "the model refuses to answer");
    case "model_context_window_exceeded":
      throw new ModelError("model_context", "the answer has come to the end of the model's context");
    case "max_tokens":
      return { model, finishReason: "length", usage };
    default:
      return { model, finishReason: stop === "tool_use" ? "toolCalls" : "stop", usage };
  }
}

function deltaOf(event: RawMessageStreamEvent, calls: Map<number, number>): ChatDelta | undefined {
  if (event.type === "content_block_start" && event.content_block.type === "tool_use") {
    const { id, name } = event.content_block;
    calls.set(event.index, calls.size);
    return { type: "toolCall", index: calls.size - 1, id, name, arguments: "" };
  }
  if (event.type !== "content_block_delta") return undefined;
  const { delta } = event;
  if (delta.type === "text_delta") return delta.text === "" ? undefined : { type: "text", text: delta.text };
  const index = calls.get(event.index);
  if (delta.type !== "input_json_delta" || index === undefined || delta.partial_json === "") return undefined;
  return { type: "toolCall", index, arguments: delta.partial_json };
}

/** What it says stands for all so far; what it leaves out, for what it said before. The input is what is cached and what is not. */
function usageOf(
  said: Usage | MessageDeltaUsage | null | undefined,
  before: ChatUsage | undefined,
): ChatUsage | undefined {
  if (said === undefined || said === null) return before;
  const { input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens } = said;
  const cached = cache_read_input_tokens ?? before?.cachedInputTokens ?? 0;
  const inputTokens =
    input_tokens === null || input_tokens === undefined
      ? (before?.inputTokens ?? 0)
      : input_tokens + (cache_read_input_tokens ?? 0) + (cache_creation_input_tokens ?? 0);
  return { inputTokens, outputTokens: output_tokens, ...(cached > 0 && { cachedInputTokens: cached }) };
}

const codes: Readonly<Record<string, ModelErrorCode>> = {
  authentication_error: "model_auth",
  permission_error: "model_auth",
  billing_error: "model_quota",
  not_found_error: "model_unknown",
  rate_limit_error: "model_rate_limit",
  overloaded_error: "model_overloaded",
  api_error: "model_overloaded",
  timeout_error: "model_network",
};

function failureOf(error: unknown): unknown {
  if (error instanceof RuntimeError) return error;
  // What the bounds have thrown comes wrapped, once or twice.
  for (let cause = error, depth = 0; cause instanceof Error && depth < 4; cause = cause.cause, depth++)
    if (cause instanceof ModelError) return cause;
  if (error instanceof SyntaxError)
    return new ModelError("model_protocol", `an event of the stream is no JSON: ${error.message}`, { cause: error });
  if (!(error instanceof APIError) || error instanceof APIConnectionError) return error;
  const { status, type, message, headers } = error as APIError;
  const isLong = type === "invalid_request_error" && /prompt is too long|context (?:length|window)/i.test(message);
  const isPoor = /credit balance is too low/i.test(message);
  const code = isLong ? "model_context" : isPoor ? "model_quota" : (codes[type ?? ""] ?? codeOfStatus(status));
  return new ModelError(code, message, { retryAfterMs: retryAfterMs(headers, wallMs()), cause: error });
}
