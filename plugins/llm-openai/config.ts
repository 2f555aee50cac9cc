/** The configuration of `llm-openai`. */
import { choiceKey, configSchema, httpUrlKey, type ModelLimits, modelLimits, textKey } from "../../core/index.ts";

export interface OpenaiConfig extends ModelLimits {
  /** From the environment's `OPENAI_API_KEY`, where it is not given. A compatible server that wants none takes any text. */
  readonly apiKey: string;
  /** Of OpenAI, of a compatible server, or the endpoint of Azure. Default: OpenAI's, or the environment's `OPENAI_BASE_URL`. */
  readonly baseUrl: string;
  /** Of a request that names none; of Azure the name of the deployment. */
  readonly model: string;
  /** Of an `embed` that names none. Default none. */
  readonly embeddingModel: string;
  /** Of Azure: its `api-version`; with one, `baseUrl` is an endpoint of Azure. Default none. */
  readonly azureApiVersion: string;
  /** Billed to; default that of the key. */
  readonly organization: string;
  readonly project: string;
  /** How the server calls `maxOutputTokens`: old compatible ones have `max_tokens`. Default `max_completion_tokens`. */
  readonly maxTokensField: "max_completion_tokens" | "max_tokens";
}

const anyText = /^[^\0-\x1f\x7f]{0,500}$/u;
/** A token of an identity has some thousand characters. */
const key = /^[^\0-\x1f\x7f]{1,10000}$/u;
const some = /^[^\0-\x1f\x7f]{1,500}$/u;

export const openaiConfig = configSchema<OpenaiConfig>({
  ...modelLimits,
  apiKey: textKey(undefined, key, "is a key of the provider: give it, or set OPENAI_API_KEY"),
  baseUrl: httpUrlKey("https://api.openai.com/v1"),
  model: textKey(undefined, some, "is the name of a model of the provider's"),
  embeddingModel: textKey("", anyText, "is the name of a model of embeddings, or empty"),
  azureApiVersion: textKey("", anyText, 'is a text like "2026-06-01", or empty'),
  organization: textKey("", anyText, "is the id of an organization, or empty"),
  project: textKey("", anyText, "is the id of a project, or empty"),
  maxTokensField: choiceKey("max_completion_tokens", ["max_completion_tokens", "max_tokens"]),
});
