/** The protocol of OpenAI's chat completions, as its server speaks it. */
import { llmOpenai } from "../../../plugins/llm-openai/index.ts";
import type { Dialect, PlannedFailure } from "./dialect.ts";

const event = (data: unknown): string => `data: ${JSON.stringify(data)}\n\n`;
const chunk = (choice: object | undefined, rest: object = {}): string =>
  event({
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1,
    model: "gpt-test-1",
    choices: choice === undefined ? [] : [{ index: 0, finish_reason: null, ...choice }],
    ...rest,
  });

const finishes = { stop: "stop", length: "length", toolCalls: "tool_calls", refused: "content_filter" } as const;

const failures: Readonly<Record<PlannedFailure, readonly [status: number, code: string, message: string]>> = {
  auth: [401, "invalid_api_key", "Incorrect API key provided"],
  context: [400, "context_length_exceeded", "This model's maximum context length is 8192 tokens"],
  overloaded: [503, "server_error", "The engine is currently overloaded"],
  quota: [429, "insufficient_quota", "You exceeded your current quota"],
  rateLimit: [429, "rate_limit_exceeded", "Rate limit reached"],
  refused: [400, "content_filter", "The prompt was filtered"],
  rejected: [400, "invalid_value", "Invalid value"],
  unknown: [404, "model_not_found", "The model does not exist"],
};

export const openaiDialect: Dialect = {
  plugin: llmOpenai,
  lacks: [],
  config: (url) => ({ apiKey: "key-1", baseUrl: `${url}/v1`, model: "gpt-test" }),
  headers: { "content-type": "text/event-stream; charset=utf-8" },
  last: "data: [DONE]\n\n",
  events({ texts = [], calls = [], finish = "stop", usage }) {
    return [
      chunk({ delta: { role: "assistant", content: "" } }),
      ...texts.map((content) => chunk({ delta: { content } })),
      ...calls.flatMap(({ id, name, arguments: said }, index) => [
        chunk({ delta: { tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] } }),
        ...(said.match(/.{1,5}/gsu) ?? []).map((part) =>
          chunk({ delta: { tool_calls: [{ index, function: { arguments: part } }] } }),
        ),
      ]),
      chunk({ delta: {}, finish_reason: finishes[finish] }),
      ...(usage === undefined
        ? []
        : [
            chunk(undefined, {
              usage: {
                prompt_tokens: usage.inputTokens,
                completion_tokens: usage.outputTokens,
                total_tokens: usage.inputTokens + usage.outputTokens,
                prompt_tokens_details: { cached_tokens: usage.cachedInputTokens ?? 0 },
              },
            }),
          ]),
      "data: [DONE]\n\n",
    ];
  },
  failure(why) {
    const [status, code, message] = failures[why];
    return {
      status,
      headers: { "content-type": "application/json" },
      parts: [JSON.stringify({ error: { message, type: "error", param: null, code } })],
    };
  },
  asked({ body, headers }) {
    const {
      model,
      messages,
      tools = [],
    } = body as {
      readonly model: string;
      readonly messages: readonly { readonly role: string; readonly content?: unknown }[];
      readonly tools?: readonly { readonly function: { readonly name: string } }[];
    };
    const key = headers.authorization?.replace("Bearer ", "");
    return { model, messages, tools: tools.map(({ function: { name } }) => name), key };
  },
};
