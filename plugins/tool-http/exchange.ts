/** One request on a connection of its own, to addresses that were looked at, and its answer up to where its body begins. */
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { byDeadline, errorData, ToolError } from "../../core/index.ts";
import type { AddressGuard } from "./address-guard.ts";
import type { HttpConfig } from "./config.ts";
import { hostOf } from "./host-list.ts";
import { checkedAddresses, pinnedLookup, type Resolve } from "./pinned-host.ts";
import type { HttpRequest } from "./redirects.ts";
import type { Trust } from "./trust.ts";

export type ExchangeBounds = Pick<HttpConfig, "maxHeaderBytes" | "connectTimeoutMs" | "firstByteTimeoutMs">;

export interface Exchange {
  readonly bounds: ExchangeBounds;
  readonly resolve: Resolve;
  readonly guard: AddressGuard;
  readonly trust: Trust;
}

/**
 * Whoever gets the answer reads it or destroys it.
 * @param headers all that are sent
 * @param signal closes the connection, also while the body is read
 * @throws ToolError `tool_denied`, `tool_failed`, `tool_limit`, `timeout`, by rejection; the signal's reason.
 */
export async function exchange(
  { url, method, body }: HttpRequest,
  headers: ReadonlyMap<string, string>,
  { bounds, resolve, guard, trust }: Exchange,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { promise: answered, resolve: answer, reject } = Promise.withResolvers<IncomingMessage>();
  let close = reject;
  const within = (ms: number, what: string, key: string) =>
    byDeadline(ms, () =>
      close(new ToolError("timeout", `fetch_url: ${url.host} has not ${what} within ${key} (${ms} ms)`)),
    );
  let over = within(bounds.connectTimeoutMs, "taken the connection", "connectTimeoutMs");
  const leave = () => close(signal.reason);
  signal.addEventListener("abort", leave, { once: true });
  try {
    signal.throwIfAborted();
    const addresses = await Promise.race([checkedAddresses(hostOf(url), resolve, guard), answered]);
    const isSecure = url.protocol === "https:";
    const request = (isSecure ? requestHttps : requestHttp)(url, {
      method,
      lookup: pinnedLookup(addresses as Awaited<ReturnType<typeof checkedAddresses>>), // nothing was asked yet, and so not answered
      // None that is shared: no connection of somebody else's, and no proxy of the environment.
      agent: isSecure
        ? new HttpsAgent({ keepAlive: false, secureContext: trust.context })
        : new HttpAgent({ keepAlive: false }),
      maxHeaderSize: bounds.maxHeaderBytes,
      insecureHTTPParser: false,
      ...(isSecure && { rejectUnauthorized: true }),
    });
    close = (why) => void request.destroy(why);
    for (const [name, value] of headers) request.setHeader(name, value);
    request.once("socket", (socket) =>
      socket.once(isSecure ? "secureConnect" : "connect", () => {
        over();
        over = within(bounds.firstByteTimeoutMs, "begun to answer", "firstByteTimeoutMs");
      }),
    );
    request.once("response", (response) => {
      close = (why) => void response.destroy(why);
      answer(response);
    });
    request.once("upgrade", (_response, socket) => {
      socket.destroy();
      reject(new ToolError("tool_failed", `fetch_url: ${url.host} changes the protocol, which nobody has asked for`));
    });
    // What comes behind the answer is told by that.
    request.on("error", (error) => reject(failure(error, url, bounds)));
    request.end(body);
    const response = await answered;
    response.once("close", () => signal.removeEventListener("abort", leave));
    return response;
  } catch (error) {
    signal.removeEventListener("abort", leave);
    signal.throwIfAborted();
    throw error;
  } finally {
    over();
  }
}

/** What went wrong on the way, in words for a model. */
export function failure(error: unknown, url: URL, { maxHeaderBytes }: Pick<HttpConfig, "maxHeaderBytes">): Error {
  const { code, message } = errorData(error);
  // Also where it was ended by somebody who has said why.
  if (error instanceof ToolError) return error;
  if (code === "HPE_HEADER_OVERFLOW")
    return new ToolError(
      "tool_limit",
      `fetch_url: ${url.host} has sent more than ${maxHeaderBytes} bytes of headers (maxHeaderBytes)`,
      error,
    );
  const why = [message, code].filter((part) => part !== undefined && part !== "").join(", ");
  return new ToolError("tool_failed", `fetch_url: asking ${url.host} failed: ${why}`, error);
}
