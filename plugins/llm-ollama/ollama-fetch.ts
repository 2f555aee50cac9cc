/**
 * What the package `ollama` is given for `fetch`. By itself it passes over a line that is no JSON, with a word on the console, and
 * knows a failure by its text alone: here either is a failure of its class.
 */
import type { Transformer, TransformStreamDefaultController } from "node:stream/web";
import {
  type BoundedFetch,
  boundedFetch,
  codeOfStatus,
  ModelError,
  type ModelErrorCode,
  retryAfterMs,
  wallMs,
} from "../../core/index.ts";

/** @param signal ends the request, also before its answer has begun */
export function ollamaFetch(bound: BoundedFetch, signal: AbortSignal): typeof fetch {
  const bounded = boundedFetch(bound);
  return async (input, init) => {
    const signals = init?.signal ? [init.signal, signal] : [signal];
    const response = await bounded(input, { ...init, signal: AbortSignal.any(signals) });
    if (!response.ok) throw await failureOf(response);
    const { body } = response;
    if (body === null || !/ndjson/.test(response.headers.get("content-type") ?? "")) return response;
    return new Response(body.pipeThrough(new TransformStream(new JsonLines())), response);
  };
}

async function failureOf(response: Response): Promise<ModelError> {
  const text = await response.text();
  const message = errorIn(text) ?? text;
  return new ModelError(codeOf(response.status, message), message, {
    retryAfterMs: retryAfterMs(response.headers, wallMs()),
  });
}

function errorIn(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { readonly error?: unknown };
    return typeof error === "string" ? error : undefined;
  } catch {
    return undefined;
  }
}

/** By its words, where the status says little. */
export function codeOf(status: number | undefined, message: string): ModelErrorCode {
  if (/context (?:length|window)|input length/i.test(message)) return "model_context";
  if (status !== undefined && status >= 500) return codeOfStatus(status);
  if (/model .*not found|manifest: file does not exist/i.test(message)) return "model_unknown";
  if (/content policy/i.test(message)) return "model_refused";
  return codeOfStatus(status);
}

/** Lets lines through that are JSON. */
class JsonLines implements Transformer<Uint8Array, Uint8Array> {
  readonly #decoder = new TextDecoder();
  #rest = "";

  transform(chunk: Uint8Array, controller: TransformStreamDefaultController<Uint8Array>): void {
    this.#check(this.#decoder.decode(chunk, { stream: true }));
    controller.enqueue(chunk);
  }

  #check(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      try {
        JSON.parse(line);
      } catch (error) {
        throw new ModelError("model_protocol", `a line of the stream is no JSON: ${line.slice(0, 200)}`, {
          cause: error,
        });
      }
    }
  }
}
