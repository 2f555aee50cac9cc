/** The configuration of `llm-ollama`. */
import { configSchema, type ModelLimits, modelLimits, textKey } from "../../core/index.ts";

export interface OllamaConfig extends ModelLimits {
  /** Default: this machine's, or the environment's `OLLAMA_HOST`, where that is a URL. */
  readonly baseUrl: string;
  /** Of a request that names none. */
  readonly model: string;
  readonly embeddingModel: string;
  /** How long a model stays in memory behind a request: `5m`, `0`, `-1` (for ever). Default: as the server is set. */
  readonly keepAlive: string;
}

const some = /^[^\0-\x1f\x7f]{1,500}$/u;

export const ollamaConfig = configSchema<OllamaConfig>({
  ...modelLimits,
  baseUrl: textKey("http://127.0.0.1:11434", /^https?:\/\/[^\s]+$/, 'is a URL like "http://127.0.0.1:11434"'),
  model: textKey("llama3.2", some, "is the name of a model"),
  embeddingModel: textKey("nomic-embed-text", some, "is the name of a model of embeddings"),
  keepAlive: textKey("", /^(?:-?\d+(?:ms|s|m|h)?)?$/, 'is a time like "5m", "0" or "-1", or empty'),
});
