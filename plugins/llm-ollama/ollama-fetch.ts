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

const newline = 10;
/** Of a line that is none: more than is told in the end, since a secret that is cut is not known again. */
const shownMax = 20_000;

/** Hands lines on that are whole, and JSON. */
class JsonLines implements Transformer<Uint8Array, Uint8Array> {
  /** Of a line that is not whole yet, so many bytes. It doubles when it is full: a line costs time by its length, however it is cut. */
  #begun = Buffer.alloc(4_096);
  #length = 0;

  transform(chunk: Uint8Array, controller: TransformStreamDefaultController<Uint8Array>): void {
    const end = chunk.lastIndexOf(newline) + 1;
    this.#add(chunk.subarray(0, end));
    if (end > 0) {
      const lines = this.#take().split("\n").filter(isSomething);
      for (const line of lines)
        if (!isJson(line))
          throw new ModelError("model_protocol", `a line of the stream is no JSON: ${line.slice(0, shownMax)}`);
      if (lines.length > 0) controller.enqueue(Buffer.from(`${lines.join("\n")}\n`));
    }
    this.#add(chunk.subarray(end));
  }

  flush(controller: TransformStreamDefaultController<Uint8Array>): void {
    const rest = this.#take();
    if (!isSomething(rest)) return;
    if (!isJson(rest)) throw new ModelError("model_network", "the answer broke off in the middle of a line");
    controller.enqueue(Buffer.from(rest));
  }

  #add(bytes: Uint8Array): void {
    const length = this.#length + bytes.byteLength;
    if (length > this.#begun.byteLength)
      this.#begun = Buffer.concat([this.#begun], Math.max(length, this.#begun.byteLength * 2));
    this.#begun.set(bytes, this.#length);
    this.#length = length;
  }

  #take(): string {
    const text = this.#begun.toString("utf8", 0, this.#length);
    this.#length = 0;
    return text;
  }
}

const isSomething = (line: string): boolean => line.trim() !== "";

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
