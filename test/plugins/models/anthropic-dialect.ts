/** The protocol of Anthropic's messages, as its server speaks it. */
import { llmAnthropic } from "../../../plugins/llm-anthropic/index.ts";
import type { Dialect, PlannedFailure } from "./dialect.ts";

const event = (type: string, data: object): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;

const stops = { stop: "end_turn", length: "max_tokens", toolCalls: "tool_use", refused: "refusal" } as const;

const failures: Readonly<Record<PlannedFailure, readonly [status: number, type: string, message: string]>> = {
  auth: [401, "authentication_error", "invalid x-api-key"],
  context: [400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"],
  overloaded: [529, "overloaded_error", "Overloaded"],
  quota: [400, "invalid_request_error", "Your credit balance is too low"],
  rateLimit: [429, "rate_limit_error", "Number of requests has exceeded your rate limit"],
  refused: [200, "", ""],
  rejected: [400, "invalid_request_error", "max_tokens: must be greater than 0"],
  unknown: [404, "not_found_error", "model: claude-none"],
};

export const anthropicDialect: Dialect = {
  plugin: llmAnthropic,
  lacks: [],
  config: (url) => ({ apiKey: "key-1", baseUrl: url, model: "claude-test" }),
  headers: { "content-type": "text/event-stream; charset=utf-8" },
  last: event("message_stop", {}),
  events({ texts = [], calls = [], finish = "stop", usage = { inputTokens: 1, outputTokens: 1 } }) {
    const { inputTokens, outputTokens } = usage;
    const start = {
      id: "msg_1",
      type: "message",
      role: "assistant",
      model: "claude-test-1",
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: inputTokens, output_tokens: 1 },
    };
    const textBlock = texts.length === 0 ? 0 : 1;
    return [
      event("message_start", { message: start }),
      ...(textBlock === 0
        ? []
        : [event("content_block_start", { index: 0, content_block: { type: "text", text: "" } })]),
      event("ping", {}),
      ...texts.map((text) => event("content_block_delta", { index: 0, delta: { type: "text_delta", text } })),
      ...(textBlock === 0 ? [] : [event("content_block_stop", { index: 0 })]),
      ...calls.flatMap(({ id, name, arguments: said }, place) => {
        const index = place + textBlock;
        return [
          event("content_block_start", { index, content_block: { type: "tool_use", id, name, input: {} } }),
          ...["", ...(said.match(/.{1,5}/gsu) ?? [])].map((partial_json) =>
            event("content_block_delta", { index, delta: { type: "input_json_delta", partial_json } }),
          ),
          event("content_block_stop", { index }),
        ];
      }),
      event("message_delta", {
        delta: { stop_reason: stops[finish], stop_sequence: null },
        usage: { output_tokens: outputTokens },
      }),
      event("message_stop", {}),
    ];
  },
  failure(why) {
    // It has no failure for that, but an answer.
    if (why === "refused")
      return { headers: anthropicDialect.headers, parts: anthropicDialect.events({ finish: why }) };
    const [status, type, message] = failures[why];
    return {
      status,
      headers: { "content-type": "application/json" },
      parts: [JSON.stringify({ type: "error", error: { type, message } })],
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
      readonly tools?: readonly { readonly name: string }[];
    };
    return {
      model,
      messages,
      tools: tools.map(({ name }) => name),
      key: headers.authorization?.replace("Bearer ", ""),
    };
  },
};
