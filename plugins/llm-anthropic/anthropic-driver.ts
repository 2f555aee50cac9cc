/** The protocol of Anthropic's messages, by its package. Its own retries are off: a router has a budget for them. */
import Anthropic from "@anthropic-ai/sdk";
import {
  type BoundedFetch,
  boundedFetch,
  type ChatEnd,
  type ChatOutlet,
  type ChatRequest,
  eventWeightMax,
  type ModelDriver,
  type ModelInfo,
} from "../../core/index.ts";
import { failureOf } from "./anthropic-failure.ts";
import type { AnthropicConfig } from "./config.ts";
import { messageParameters } from "./message-parameters.ts";
import { readMessage } from "./message-reader.ts";

const modelsMax = 10_000;

export class AnthropicDriver implements ModelDriver {
  readonly #config: AnthropicConfig;
  /** For what is no stream. */
  readonly #client: Anthropic;

  constructor(config: AnthropicConfig) {
    this.#config = config;
    this.#client = clientOf(config, {});
  }

  async chat(request: ChatRequest, out: ChatOutlet): Promise<ChatEnd> {
    const { maxAnswerChars } = this.#config;
    const bound = { eventWeightMax: eventWeightMax(maxAnswerChars), heard: () => out.heard() };
    try {
      const stream = await clientOf(this.#config, bound).messages.create(messageParameters(request, this.#config), {
        signal: out.signal,
      });
      return await readMessage(stream, out);
    } catch (error) {
      throw failureOf(error);
    }
  }

  async models(signal: AbortSignal): Promise<readonly ModelInfo[]> {
    try {
      const found: ModelInfo[] = [];
      for await (const { id } of this.#client.models.list({}, { signal })) {
        if (found.push({ name: id }) >= modelsMax) break;
      }
      return found;
    } catch (error) {
      throw failureOf(error);
    }
  }
}

function clientOf({ apiKey, baseUrl, timeoutMs }: AnthropicConfig, bound: BoundedFetch): Anthropic {
  return new Anthropic({
    apiKey,
    authToken: null,
    baseURL: baseUrl,
    maxRetries: 0,
    timeout: timeoutMs,
    // What goes wrong is told to whoever asked.
    logLevel: "off",
    // Prompts are for nobody else, whatever the environment says.
    openTelemetry: false,
    // The package takes headers from the environment, which may be for another server.
    fetch: boundedFetch({ ...bound, headers: { authorization: `Bearer ${apiKey}` } }),
  });
}
