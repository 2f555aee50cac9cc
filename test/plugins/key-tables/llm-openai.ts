/** What users see of each key of `llm-openai`. */
import { openaiConfig } from "../../../plugins/llm-openai/config.ts";
import { openaiDialect } from "../models/openai-dialect.ts";
import { hello, lookAtChat, modelTable } from "./model-table.ts";

export const table = await modelTable({
  name: "llm-openai",
  schema: openaiConfig,
  dialect: openaiDialect,
  embedded: JSON.stringify({
    object: "list",
    model: "embedding-1",
    data: [{ object: "embedding", index: 0, embedding: [0.5] }],
    usage: { prompt_tokens: 1, total_tokens: 1 },
  }),
  keys: (server) => ({
    apiKey: { from: "key-1", changed: "key-2", look: lookAtChat(server, () => server.last.headers.authorization) },
    azureApiVersion: { changed: "2026-06-01", look: lookAtChat(server, () => server.last.path) },
    organization: {
      changed: "org-1",
      look: lookAtChat(server, () => server.last.headers["openai-organization"] ?? "none"),
    },
    project: { changed: "project-1", look: lookAtChat(server, () => server.last.headers["openai-project"] ?? "none") },
    maxTokensField: {
      changed: "max_tokens",
      look: lookAtChat(server, (body) => [body["max_tokens"] ?? 0, body["max_completion_tokens"] ?? 0], {
        ...hello,
        maxOutputTokens: 7,
      }),
    },
  }),
});
