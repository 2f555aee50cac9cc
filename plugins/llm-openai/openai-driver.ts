/** The protocol of OpenAI's chat completions, by the package `openai`. Its own retries are off: a router has a budget for them. */
import { AzureOpenAI, OpenAI } from "openai";
import {
  type BoundedFetch,
  boundedFetch,
  type ChatEnd,
  type ChatOutlet,
  type ChatRequest,
  type EmbedAnswer,
  type EmbedRequest,
  eventWeightMax,
  type ModelDriver,
  ModelError,
  type ModelInfo,
  RuntimeError,
  vectorsWeightMax,
} from "../../core/index.ts";
import { chatParameters } from "./chat-parameters.ts";
import { readCompletion } from "./completion-reader.ts";
import type { OpenaiConfig } from "./config.ts";
import { failureOf } from "./openai-failure.ts";

const modelsMax = 10_000;

export class OpenaiDriver implements ModelDriver {
  readonly #config: OpenaiConfig;
  /** For what is no stream, and of no great length. */
  readonly #client: OpenAI;

  constructor(config: OpenaiConfig) {
    this.#config = config;
    this.#client = clientOf(config, {});
  }

  async chat(request: ChatRequest, out: ChatOutlet): Promise<ChatEnd> {
    const { maxAnswerChars } = this.#config;
    const bound = { eventWeightMax: eventWeightMax(maxAnswerChars), heard: () => out.heard() };
    try {
      const stream = await clientOf(this.#config, bound).chat.completions.create(
        chatParameters(request, this.#config),
        {
          signal: out.signal,
        },
      );
      return await readCompletion(stream, out);
    } catch (error) {
      throw failureOf(error);
    }
  }

  async embed({ model = this.#config.embeddingModel, texts }: EmbedRequest, signal: AbortSignal): Promise<EmbedAnswer> {
    if (model === "")
      throw new RuntimeError("bad_argument", "embed: neither the request nor embeddingModel names a model: name one");
    try {
      const bound = { weightMax: vectorsWeightMax(texts.length) };
      const answer = await clientOf(this.#config, bound).embeddings.create(
        { model, input: [...texts], encoding_format: "float" },
        { signal },
      );
      const vectors = [...answer.data].sort((a, b) => a.index - b.index).map(({ embedding }) => embedding);
      if (vectors.length !== texts.length)
        throw new ModelError("model_protocol", `${vectors.length} vectors came for ${texts.length} texts`);
      // Compatible servers leave it out.
      const usage = answer.usage as typeof answer.usage | undefined;
      return { model: answer.model, vectors, usage: usage && { inputTokens: usage.prompt_tokens } };
    } catch (error) {
      throw failureOf(error);
    }
  }

  async models(signal: AbortSignal): Promise<readonly ModelInfo[]> {
    try {
      const found: ModelInfo[] = [];
      for await (const { id } of this.#client.models.list({ signal })) {
        if (found.push({ name: id }) >= modelsMax) break;
      }
      return found;
    } catch (error) {
      throw failureOf(error);
    }
  }
}

function clientOf(config: OpenaiConfig, bound: BoundedFetch): OpenAI {
  const { apiKey, baseUrl, azureApiVersion, organization, project, timeoutMs } = config;
  const isAzure = azureApiVersion !== "";
  const options = {
    apiKey,
    organization: organization === "" ? null : organization,
    project: project === "" ? null : project,
    maxRetries: 0,
    timeout: timeoutMs,
    // What goes wrong is told to whoever asked.
    logLevel: "off" as const,
    // The package takes headers from the environment, which may be for another server.
    fetch: boundedFetch({ ...bound, headers: isAzure ? { "api-key": apiKey } : { authorization: `Bearer ${apiKey}` } }),
  };
  if (!isAzure) return new OpenAI({ ...options, baseURL: baseUrl });
  // With an `endpoint` it would refuse to start where the environment has a base URL.
  return new AzureOpenAI({ ...options, baseURL: `${baseUrl.replace(/\/+$/, "")}/openai`, apiVersion: azureApiVersion });
}
