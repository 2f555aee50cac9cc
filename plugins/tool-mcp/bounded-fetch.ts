/**
 * `fetch` for the package's transport of HTTP, which believes what it is told: nothing that comes fills the memory or comes faster than
 * it may, and whoever sends elsewhere is not followed there with the headers, which are secrets.
 */
import type { FetchLike } from "@modelcontextprotocol/client";
import { errorData, ToolError } from "../../core/index.ts";
import { Inflow } from "./inflow.ts";
import type { Secrets } from "./secrets.ts";
import { countedBytes } from "./stdio-transport.ts";

export interface BoundedFetch {
  /** Of an answer, or of one event of a stream. */
  readonly bytesMax: number;
  readonly messagesPerSecond: number;
  readonly secrets: Secrets;
  readonly signal: AbortSignal;
  /** The server does not know the session any more. */
  lost(): void;
  /** What cannot be heard of a stream, or undefined when a request was answered. */
  tell(fault: string | undefined): void;
}

/** Of what a server says where it refuses a request. */
const refusalBytesMax = 65_536;
const newline = 10;
const carriageReturn = 13;

export function boundedFetch(options: BoundedFetch): FetchLike {
  const inflow = new Inflow(options.messagesPerSecond);
  return async (url, init) => {
    let response: Response;
    try {
      response = await fetch(url, { ...init, redirect: "manual" });
    } catch (error) {
      if (init?.signal?.aborted === true) throw error;
      const { cause } = error as { readonly cause?: unknown };
      const why = `the server cannot be reached: ${errorData(cause ?? error).message}`;
      options.tell(why);
      throw new ToolError("tool_failed", why, error);
    }
    options.tell(undefined);
    const { status, body, headers, ok } = response;
    if (status >= 300 && status < 400) {
      await body?.cancel();
      const place = headers.get("location") ?? "nowhere";
      throw new ToolError(
        "tool_failed",
        `the server answers ${status}, which sends to ${place}: set url to where it is`,
      );
    }
    const { method } = init ?? {};
    if (status === 404 && method !== "DELETE" && new Headers(init?.headers).has("mcp-session-id")) options.lost();
    if (body === null) return response;
    const isEvents = ok && /^text\/event-stream\b/i.test(headers.get("content-type") ?? "");
    const bounded = ok ? bound(options.bytesMax, isEvents, inflow, options) : refusal(options.secrets);
    return new Response(body.pipeThrough(bounded), response);
  };
}

/** @param isEvents each event has the bound for itself */
function bound(
  bytesMax: number,
  isEvents: boolean,
  inflow: Inflow,
  { signal, tell }: BoundedFetch,
): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0;
  let isLineEmpty = true;
  return new TransformStream({
    async transform(chunk, controller) {
      let events = 0;
      for (const byte of chunk) {
        bytes++;
        if (byte === newline) {
          if (isEvents && isLineEmpty) {
            bytes = 0;
            events++;
          }
          isLineEmpty = true;
        } else if (byte !== carriageReturn) isLineEmpty = false;
        if (bytes > bytesMax) {
          const why = `the server has answered by a message of more than ${bytesMax} bytes`;
          if (isEvents) tell(why);
          throw new ToolError("tool_limit", why);
        }
      }
      controller.enqueue(chunk);
      await inflow.take(events + chunk.length / countedBytes, signal);
    },
  });
}

/** The beginning of what it says, hidden before it is seen that the rest is missing. */
function refusal(secrets: Secrets): TransformStream<Uint8Array, Uint8Array> {
  const parts: Uint8Array[] = [];
  let left = refusalBytesMax;
  const end = (controller: TransformStreamDefaultController<Uint8Array>) => {
    const said = Buffer.concat(parts).toString("utf8");
    controller.enqueue(Buffer.from(left > 0 ? secrets.hide(said) : secrets.hideCut(said)));
  };
  return new TransformStream({
    transform(chunk, controller) {
      parts.push(chunk.subarray(0, left));
      left -= chunk.length;
      if (left > 0) return;
      end(controller);
      controller.terminate();
    },
    flush: end,
  });
}
