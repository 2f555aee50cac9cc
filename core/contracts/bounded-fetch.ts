/**
 * `fetch` for the packages of providers, which believe what they are told: an answer of another type than was asked for is refused,
 * nothing that comes fills the memory, and a server that sends elsewhere is not followed there with what it was told.
 */
import { answerWeightMax, weightOf } from "./answer-weight.ts";
import { ModelError } from "./model-failure.ts";

export interface BoundedFetch {
  /** Of one event of a stream, or one line; undefined: it is to be JSON, and no stream. */
  readonly eventWeightMax?: number;
  /** Of what is JSON, and no stream. Default `answerWeightMax`. */
  readonly weightMax?: number;
  /** Set last, whatever the package has from the environment: the key. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The server is alive. */
  heard?(): void;
}

const failureBytesMax = 65_536;
/** More than is told in the end, and by more than a secret has: one that is cut is not known again. */
const shownMax = 20_000;
const newline = 10;
const streams = /^(?:text\/event-stream|application\/(?:x-ndjson|jsonl))\b/i;
const json = /^application\/(?:[\w.-]+\+)?json\b/i;

export function boundedFetch({
  eventWeightMax,
  weightMax = answerWeightMax,
  headers = {},
  heard,
}: BoundedFetch): typeof fetch {
  return async (input, init) => {
    const own = new Headers(init?.headers);
    for (const [name, value] of Object.entries(headers)) own.set(name, value);
    const response = await fetch(input, { ...init, headers: own, redirect: "manual" });
    heard?.();
    const { body, status } = response;
    if (status >= 300 && status < 400) {
      letGo(body);
      throw new ModelError(
        "model_protocol",
        `answered ${status}, which sends to ${response.headers.get("location") ?? "nowhere"}: set baseUrl to where the server is`,
      );
    }
    if (!response.ok) return new Response(await beginning(body, failureBytesMax), response);
    const type = response.headers.get("content-type") ?? "";
    if (body === null || !(eventWeightMax === undefined ? json : streams).test(type))
      throw new ModelError(
        "model_protocol",
        `answered ${status} with ${type === "" ? "no content type" : type}: ${JSON.stringify(await beginning(body, shownMax))}`,
      );
    const bound =
      eventWeightMax === undefined ? answerBound(weightMax) : eventsBound(eventWeightMax, /^text/i.test(type), heard);
    return new Response(body.pipeThrough(bound), response);
  };
}

function answerBound(weightMax: number): TransformStream<Uint8Array, Uint8Array> {
  let weight = 0;
  return new TransformStream({
    transform(chunk, controller) {
      for (const byte of chunk) weight += weightOf(byte);
      if (weight > weightMax)
        throw new ModelError("model_protocol", `an answer takes more than ${weightMax} bytes of the memory`);
      controller.enqueue(chunk);
    },
  });
}

/** @param isSse an event ends with an empty line, and else with its line */
function eventsBound(
  weightMax: number,
  isSse: boolean,
  heard: (() => void) | undefined,
): TransformStream<Uint8Array, Uint8Array> {
  let weight = 0;
  let isLineEmpty = true;
  return new TransformStream({
    transform(chunk, controller) {
      heard?.();
      for (const byte of chunk) {
        weight += weightOf(byte);
        if (byte === newline) {
          if (weight > weightMax) break;
          if (!isSse || isLineEmpty) weight = 0;
          isLineEmpty = true;
        } else if (byte !== 13) isLineEmpty = false;
      }
      if (weight > weightMax)
        throw new ModelError(
          "model_protocol",
          `an event of the stream, or a line, takes more than ${weightMax} bytes of the memory`,
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
  letGo(reader);
  return text.slice(0, max);
}

/** It may have broken off already. */
function letGo(body: Pick<ReadableStream, "cancel"> | null): void {
  void body?.cancel().catch(() => {});
}
