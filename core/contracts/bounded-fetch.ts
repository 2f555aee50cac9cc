/**
 * `fetch` for the packages of providers, which believe what they are told: an answer of another type than was asked for is refused,
 * nothing that comes fills the memory, and a server that sends elsewhere is not followed there with what it was told.
 */
import { ModelError } from "./model-failure.ts";

export interface BoundedFetch {
  /** Of one event of a stream, or one line; undefined: it is to be JSON, and no stream. */
  readonly eventBytesMax?: number;
  /** Set last, whatever the package has from the environment: the key. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The server is alive. */
  heard?(): void;
}

const jsonBytesMax = 256 * 2 ** 20;
const failureBytesMax = 65_536;
const shownMax = 200;
const newline = 10;
const streams = /^(?:text\/event-stream|application\/(?:x-ndjson|jsonl))\b/i;
const json = /^application\/(?:[\w.-]+\+)?json\b/i;

export function boundedFetch({ eventBytesMax, headers = {}, heard }: BoundedFetch): typeof fetch {
  return async (input, init) => {
    const own = new Headers(init?.headers);
    for (const [name, value] of Object.entries(headers)) own.set(name, value);
    const response = await fetch(input, { ...init, headers: own, redirect: "manual" });
    heard?.();
    const { body, status } = response;
    if (status >= 300 && status < 400)
      throw new ModelError(
        "model_protocol",
        `answered ${status}, which sends to ${response.headers.get("location") ?? "nowhere"}: set baseUrl to where the server is`,
      );
    if (!response.ok) return new Response(await beginning(body, failureBytesMax), response);
    const type = response.headers.get("content-type") ?? "";
    if (body === null || !(eventBytesMax === undefined ? json : streams).test(type))
      throw new ModelError(
        "model_protocol",
        `answered ${status} with ${type === "" ? "no content type" : type}: ${JSON.stringify(await beginning(body, shownMax))}`,
      );
    const bound = eventBytesMax === undefined ? bytesBound() : eventsBound(eventBytesMax, /^text/i.test(type), heard);
    return new Response(body.pipeThrough(bound), response);
  };
}

function bytesBound(): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0;
  return new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      if (bytes > jsonBytesMax) throw new ModelError("model_protocol", `an answer has more than ${jsonBytesMax} bytes`);
      controller.enqueue(chunk);
    },
  });
}

/** @param isSse an event ends with an empty line, and else with its line */
function eventsBound(
  eventBytesMax: number,
  isSse: boolean,
  heard: (() => void) | undefined,
): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0;
  let isLineEmpty = true;
  return new TransformStream({
    transform(chunk, controller) {
      heard?.();
      for (const byte of chunk) {
        bytes++;
        if (byte === newline) {
          if (!isSse || isLineEmpty) bytes = 0;
          isLineEmpty = true;
        } else if (byte !== 13) isLineEmpty = false;
      }
      if (bytes > eventBytesMax)
        throw new ModelError(
          "model_protocol",
          `an event of the stream, or a line, has more than ${eventBytesMax} bytes`,
        );
      controller.enqueue(chunk);
    },
  });
}

/** And lets go of the rest. */
async function beginning(body: ReadableStream<Uint8Array> | null, max: number): Promise<string | null> {
  if (body === null) return null;
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (text.length < max) {
    const { value, done } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  // What is let go of may have broken off already.
  void reader.cancel().catch(() => {});
  return text.slice(0, max);
}
