/** The configuration of `llm-ollama`. */
import { configSchema, type ModelLimits, modelLimits, textKey } from "../../core/index.ts";

export interface OllamaConfig extends ModelLimits {
  /** A URL, or `host:port`. Default: this machine's, or the environment's `OLLAMA_HOST`. */
  readonly baseUrl: string;
  /** Of a request that names none. */
  readonly model: string;
  /** Of an `embed` that names none. Default none. */
  readonly embeddingModel: string;
  /** How long a model stays in memory behind a request: `5m`, `0`, `-1` (for ever). Default: as the server is set. */
  readonly keepAlive: string;
}

const anyText = /^[^\0-\x1f\x7f]{0,500}$/u;
const some = /^[^\0-\x1f\x7f]{1,500}$/u;

export const ollamaConfig = configSchema<OllamaConfig>({
  ...modelLimits,
  baseUrl: textKey(
    "http://127.0.0.1:11434",
    /^(?:https?:\/\/)?[^\s/@]+(?:\/[^\s@]*)?$/,
    'is a URL like "http://127.0.0.1:11434", or a host with its port, without a user or a password',
  ),
  model: textKey(undefined, some, "is the name of a model of the provider's"),
  embeddingModel: textKey("", anyText, "is the name of a model of embeddings, or empty"),
  keepAlive: textKey("", /^(?:-?\d+(?:ms|s|m|h)?)?$/, 'is a time like "5m", "0" or "-1", or empty'),
});
