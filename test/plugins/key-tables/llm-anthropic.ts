/** What users see of each key of `llm-anthropic`. */
import { anthropicConfig } from "../../../plugins/llm-anthropic/config.ts";
import { anthropicDialect } from "../models/anthropic-dialect.ts";
import { lookAtChat, modelTable } from "./model-table.ts";

export const table = await modelTable({
  name: "llm-anthropic",
  schema: anthropicConfig,
  dialect: anthropicDialect,
  keys: (server) => ({
    apiKey: { from: "key-1", changed: "key-2", look: lookAtChat(server, () => server.last.headers.authorization) },
    maxOutputTokens: { changed: 7, look: lookAtChat(server, (body) => body["max_tokens"]) },
  }),
});
