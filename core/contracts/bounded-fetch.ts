/**
 * `fetch` for the packages of providers, which believe what they are told: an answer that is no stream of events and no JSON is
 * refused by its type, and no line of a stream, nor a whole answer in JSON, fills the memory.
 */
import { ModelError } from "./model-failure.ts";

const jsonBytesMax = 256 * 2 ** 20;
const shownMax = 200;
const newline = 10;
const types = /^(?:text\/event-stream|application\/(?:[\w.-]+\+)?(?:json|x-ndjson|jsonl))\b/i;

/** @param lineBytesMax of a stream of events, or of lines */
export function boundedFetch(lineBytesMax: number): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    const { body, status } = response;
    const type = response.headers.get("content-type") ?? "";
    if (body === null || !types.test(type)) {
      if (!response.ok) return new Response(await beginning(body), response);
      throw new ModelError(
        "model_protocol",
        `answered ${status} with ${type === "" ? "no content type" : type}: ${JSON.stringify(await beginning(body))}`,
      );
    }
    const isJson = /json\b/i.test(type) && !/x-ndjson|jsonl/i.test(type);
    const bounded = body.pipeThrough(isJson ? bytesBound(jsonBytesMax) : linesBound(lineBytesMax));
    return new Response(bounded, response);
  };
}

function bytesBound(bytesMax: number): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0;
  return new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      if (bytes > bytesMax) throw new ModelError("model_protocol", `an answer has more than ${bytesMax} bytes`);
      controller.enqueue(chunk);
    },
  });
}

function linesBound(lineBytesMax: number): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0;
  return new TransformStream({
    transform(chunk, controller) {
      const at = chunk.lastIndexOf(newline);
      bytes = at === -1 ? bytes + chunk.byteLength : chunk.byteLength - at - 1;
      if (bytes > lineBytesMax)
        throw new ModelError("model_protocol", `a line of the stream has more than ${lineBytesMax} bytes`);
      controller.enqueue(chunk);
    },
  });
}

/** And lets go of the rest. */
async function beginning(body: ReadableStream<Uint8Array> | null): Promise<string> {
  if (body === null) return "";
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (text.length < shownMax) {
    const { value, done } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  void reader.cancel().catch(() => {});
  return text.slice(0, shownMax);
}
