/** The configuration of `llm-anthropic`. */
import { configSchema, countKey, httpUrlKey, type ModelLimits, modelLimits, textKey } from "../../core/index.ts";

export interface AnthropicConfig extends ModelLimits {
  /** From the environment's `ANTHROPIC_API_KEY`, where it is not given. */
  readonly apiKey: string;
  /** Default: Anthropic's, or the environment's `ANTHROPIC_BASE_URL`. */
  readonly baseUrl: string;
  /** Of a request that names none. */
  readonly model: string;
  /** Of a request that sets no `maxOutputTokens`: this protocol has no answer without a bound. Default 8,192. */
  readonly maxOutputTokens: number;
}

/** A token of an identity has some thousand characters. */
const key = /^[^\0-\x1f\x7f]{1,10000}$/u;
const some = /^[^\0-\x1f\x7f]{1,500}$/u;

export const anthropicConfig = configSchema<AnthropicConfig>({
  ...modelLimits,
  apiKey: textKey(undefined, key, "is a key of the provider: give it, or set ANTHROPIC_API_KEY"),
  baseUrl: httpUrlKey("https://api.anthropic.com"),
  model: textKey(undefined, some, "is the name of a model of the provider's"),
  maxOutputTokens: countKey(8_192, 1),
});
