/** The model that makes vectors of texts. */
import { describe, type ModelClient, type PluginHealth, ToolError } from "../../core/index.ts";
import type { Embedding } from "./memory-keys.ts";

/** Texts that it is asked for at once: providers bound a request by its tokens, too. */
const textsAtOnce = 64;

export interface Embedded {
  /** One a text. */
  readonly vectors: readonly (readonly number[])[];
  readonly embedding: Embedding;
}

export class Embedder {
  readonly #client: ModelClient;
  readonly #model: string | undefined;
  #lastFailure: string | undefined;

  /** @param model undefined: the plugin's own */
  constructor(client: ModelClient, model: string | undefined) {
    this.#client = client;
    this.#model = model;
  }

  /** @param texts at least one @throws ModelError, what it fails with; ToolError `tool_failed`: what it gives is not what it says. */
  async embed(texts: readonly string[], signal: AbortSignal): Promise<Embedded> {
    try {
      const embedded = await this.#embed(texts, signal);
      this.#lastFailure = undefined;
      return embedded;
    } catch (error) {
      this.#lastFailure = `no vectors: ${(error as Error).message}`;
      throw error;
    }
  }

  async #embed(texts: readonly string[], signal: AbortSignal): Promise<Embedded> {
    const vectors: (readonly number[])[] = [];
    let model: string | undefined;
    for (let from = 0; from < texts.length; from += textsAtOnce) {
      signal.throwIfAborted();
      const some = texts.slice(from, from + textsAtOnce);
      const answer = await this.#client.embed({
        texts: some,
        ...(this.#model !== undefined && { model: this.#model }),
      });
      if (answer.vectors.length !== some.length || (model ?? answer.model) !== answer.model)
        throw new ToolError(
          "tool_failed",
          `${some.length} texts were given for vectors, and the model ${describe(answer.model)} gave ${answer.vectors.length}`,
        );
      model = answer.model;
      vectors.push(...answer.vectors);
    }
    const dimension = vectors[0]?.length ?? 0;
    if (model === undefined || dimension === 0 || vectors.some(({ length }) => length !== dimension))
      throw new ToolError("tool_failed", `the vectors of the model ${describe(model)} are not of one length`);
    return { vectors, embedding: { model, dimension } };
  }

  get health(): PluginHealth {
    return this.#lastFailure === undefined ? { status: "up" } : { status: "degraded", detail: this.#lastFailure };
  }
}
