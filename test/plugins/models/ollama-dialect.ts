/** The protocol of Ollama, as its server speaks it: a line of JSON for each delta. */
import { llmOllama } from "../../../plugins/llm-ollama/index.ts";
import type { Dialect, PlannedFailure } from "./dialect.ts";

const line = (data: object): string =>
  `${JSON.stringify({ model: "llama-test", created_at: "2026-11-30T12:00:00Z", ...data })}\n`;
const message = (data: object): string => line({ message: { role: "assistant", content: "", ...data }, done: false });

const failures: Readonly<Record<PlannedFailure, readonly [status: number, message: string]>> = {
  auth: [401, "unauthorized"],
  context: [400, "input length exceeds the context length"],
  overloaded: [503, "server busy, please try again. maximum pending requests exceeded"],
  quota: [402, "payment required"],
  rateLimit: [429, "too many requests"],
  refused: [403, "the request was refused by content policy"],
  rejected: [400, "invalid options: temperature"],
  unknown: [404, "model 'other' not found"],
};

export const ollamaDialect: Dialect = {
  plugin: llmOllama,
  lacks: ["callIds", "cutArguments", "keys", "refusedAnswers"],
  config: (url) => ({ baseUrl: url, model: "llama-test" }),
  headers: { "content-type": "application/x-ndjson" },
  last: undefined,
  events({ texts = [], calls = [], finish = "stop", usage }) {
    return [
      ...texts.map((content) => message({ content })),
      ...calls.map(({ name, arguments: said }) =>
        message({ tool_calls: [{ function: { name, arguments: JSON.parse(said) as unknown } }] }),
      ),
      line({
        message: { role: "assistant", content: "" },
        done: true,
        done_reason: finish === "length" ? "length" : "stop",
        ...(usage !== undefined && { prompt_eval_count: usage.inputTokens, eval_count: usage.outputTokens }),
      }),
    ];
  },
  failure(why) {
    const [status, error] = failures[why];
    return { status, headers: { "content-type": "application/json" }, parts: [JSON.stringify({ error })] };
  },
  asked({ body }) {
    const {
      model,
      messages,
      tools = [],
    } = body as {
      readonly model: string;
      readonly messages: readonly { readonly role: string; readonly content?: unknown }[];
      readonly tools?: readonly { readonly function: { readonly name: string } }[];
    };
    return { model, messages, tools: tools.map(({ function: { name } }) => name), key: undefined };
  },
};
