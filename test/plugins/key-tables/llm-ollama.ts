/** What users see of each key of `llm-ollama`. */
import { ollamaConfig } from "../../../plugins/llm-ollama/config.ts";
import { ollamaDialect } from "../models/ollama-dialect.ts";
import { lookAtChat, modelTable } from "./model-table.ts";

export const table = await modelTable({
  name: "llm-ollama",
  schema: ollamaConfig,
  dialect: ollamaDialect,
  embedded: JSON.stringify({ model: "embedding-1", embeddings: [[0.5]], prompt_eval_count: 1 }),
  keys: (server) => ({
    keepAlive: { changed: "5m", look: lookAtChat(server, (body) => body["keep_alive"] ?? "as the server is set") },
  }),
});
