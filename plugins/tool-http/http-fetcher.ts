/** What `fetch_url` does: one request after the other, where it is sent elsewhere, each looked at anew. */
import type { IncomingMessage } from "node:http";
import { ToolError } from "../../core/index.ts";
import { AddressGuard } from "./address-guard.ts";
import { acceptEncoding, readBody } from "./bounded-body.ts";
import type { HttpConfig, Method } from "./config.ts";
import { exchange, failure } from "./exchange.ts";
import { modelHeaders } from "./header-rules.ts";
import { hasType, mediaType, textDecoderOf } from "./media-types.ts";
import { type Resolve, resolveBySystem } from "./pinned-host.ts";
import { type HttpRequest, isRedirect, redirected } from "./redirects.ts";
import { Trust } from "./trust.ts";
import { UrlRules } from "./url-rules.ts";

export interface FetchArguments {
  readonly url: string;
  readonly method?: Method;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface FetchAnswer {
  /** Of the last request, behind all redirects. */
  readonly url: string;
  readonly status: number;
  /** By their names in lower case, without cookies. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body of a content type that is text. */
  readonly text?: string;
  /** The body of any other. */
  readonly base64?: string;
  /** There is more of the body than is given here. */
  readonly truncated: boolean;
}

export class HttpFetcher {
  readonly #config: HttpConfig;
  readonly #rules: UrlRules;
  readonly #guard: AddressGuard;
  readonly #grants: ReadonlySet<string>;
  readonly #resolve: Resolve;
  readonly #trust: Trust;

  constructor(config: HttpConfig, resolve: Resolve = resolveBySystem) {
    this.#config = config;
    this.#rules = new UrlRules(config);
    this.#guard = new AddressGuard(config.allowAddresses, config.denyAddresses);
    this.#grants = new Set(config.grantHeaders.map((name) => name.toLowerCase()));
    this.#resolve = resolve;
    this.#trust = new Trust(config.ca);
  }

  /** What can be said before a name is resolved. @throws ToolError `tool_denied`, `tool_arguments`, `tool_limit`. */
  request({ url: text, method = this.#config.methods[0] ?? "GET", headers = {}, body }: FetchArguments): HttpRequest {
    const url = this.#rules.checked(text);
    this.#checkMethod(method);
    const bytes = body === undefined ? undefined : Buffer.from(body);
    if (bytes !== undefined && (method === "GET" || method === "HEAD"))
      throw new ToolError("tool_arguments", `fetch_url: ${method} has no body: leave it out, or use another method`);
    if (bytes !== undefined && bytes.length > this.#config.maxRequestBytes)
      throw new ToolError(
        "tool_limit",
        `fetch_url: the body has ${bytes.length} bytes, and maxRequestBytes is ${this.#config.maxRequestBytes}`,
      );
    return { url, method, headers: modelHeaders(headers, this.#grants), ...(bytes && { body: bytes }) };
  }

  /** @throws ToolError, by rejection; the signal's reason. */
  async fetch(given: FetchArguments, signal: AbortSignal): Promise<FetchAnswer> {
    const { maxRedirects } = this.#config;
    let request = this.request(given);
    for (let redirects = 0; ; redirects++) {
      const response = await this.#ask(request, signal);
      const { location } = response.headers;
      const status = response.statusCode as number; // an answer has one
      if (!isRedirect(status) || location === undefined) return await this.#answer(request, response, signal);
      response.destroy();
      if (redirects >= maxRedirects)
        throw new ToolError(
          "tool_limit",
          `fetch_url: ${request.url.href} sends elsewhere once more, and maxRedirects is ${maxRedirects}`,
        );
      request = redirected(request, status, this.#rules.checked(location, request.url));
      this.#checkMethod(request.method);
    }
  }

  #checkMethod(method: Method): void {
    const { methods } = this.#config;
    if (!methods.includes(method))
      throw new ToolError("tool_denied", `fetch_url: the method ${method} may not be used: only ${methods.join(", ")}`);
  }

  async #ask(request: HttpRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const { url, headers, body } = request;
    const sent = new Map([
      ["accept", "*/*"],
      ["user-agent", "mofa"],
      ...(body === undefined ? [] : ([["content-type", "text/plain;charset=UTF-8"]] as const)),
      ...headers,
      // Last, so that nobody is in their place: they are of this origin, and of no other that it sends to.
      ...Object.entries(this.#config.originHeaders[url.origin] ?? {}).map(
        ([name, value]) => [name.toLowerCase(), value] as const,
      ),
      ["accept-encoding", acceptEncoding],
      ...(body === undefined ? [] : ([["content-length", String(body.length)]] as const)),
    ]);
    const parts = { bounds: this.#config, resolve: this.#resolve, guard: this.#guard, trust: this.#trust };
    return await exchange(request, sent, parts, signal);
  }

  async #answer({ url, method }: HttpRequest, response: IncomingMessage, signal: AbortSignal): Promise<FetchAnswer> {
    const status = response.statusCode as number;
    const type = response.headers["content-type"];
    const answer = { url: url.href, status, headers: headersOf(response) };
    const isEmpty = method === "HEAD" || status === 204 || status === 304 || response.headers["content-length"] === "0";
    if (isEmpty) {
      response.destroy();
      return { ...answer, text: "", truncated: false };
    }
    if (!hasType(this.#config.contentTypes, mediaType(type))) {
      response.destroy();
      throw new ToolError(
        "tool_denied",
        `fetch_url: ${url.host} has answered ${status} with ${type === undefined ? "no content type" : JSON.stringify(type.slice(0, 100))}: only these may be read: ${this.#config.contentTypes.join(", ")}`,
      );
    }
    const { bytes, isTruncated } = await readBody(response, this.#config).catch((error: unknown) => {
      signal.throwIfAborted();
      throw failure(error, url, this.#config);
    });
    const decoder = textDecoderOf(type);
    // A letter that is cut in two at the end is left out.
    const body = decoder
      ? { text: decoder.decode(bytes, { stream: isTruncated }) }
      : { base64: bytes.toString("base64") };
    return { ...answer, ...body, truncated: isTruncated };
  }
}

/** Cookies are of no use to who may send none, and may be secrets of who asks. */
function headersOf({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  const texts: [string, string][] = [];
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && name !== "set-cookie")
      texts.push([name, Array.isArray(value) ? value.join(", ") : value]);
  return Object.fromEntries(texts);
}
