/** The endpoint that Prometheus scrapes: one page over HTTP, and nothing else. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { RuntimeError } from "../../core/index.ts";
import { contentType } from "./exposition.ts";

export interface EndpointAddress {
  readonly host: string;
  readonly port: number;
  readonly url: string;
}

/** Connections at a time. */
const connectionsMax = 16;
/** For a request to come, and for an idle connection. */
const requestTimeoutMs = 5_000;
/** On a connection nothing comes or goes. */
const idleTimeoutMs = 15_000;
const headerBytesMax = 8_192;

export class Endpoint {
  readonly #server: Server;
  readonly #page: () => Promise<string>;
  /** A page that is being made is everybody's who asks meanwhile. */
  #making: Promise<string> | undefined;

  /**
   * @param page made anew for each scrape
   * @param failed the server has a failure of its own, such as no file left for a connection, and goes on
   */
  constructor(page: () => Promise<string>, failed: (error: Error) => void) {
    this.#page = page;
    const options = {
      maxHeaderSize: headerBytesMax,
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: requestTimeoutMs,
      connectionsCheckingInterval: requestTimeoutMs,
    };
    this.#server = createServer(options, (request, response) => void this.#answer(request, response));
    this.#server.on("error", (error) => {
      if (this.#server.listening) failed(error);
    });
    // Who does not read what it has asked for is not waited for.
    this.#server.setTimeout(idleTimeoutMs);
    this.#server.maxConnections = connectionsMax;
    // It is no reason for a program to go on.
    this.#server.unref();
  }

  /** @throws RuntimeError `address_unavailable`, by rejection: somebody else listens there, or it is none of this machine's. */
  async listen(host: string, port: number): Promise<EndpointAddress> {
    this.#server.listen(port, host);
    try {
      await once(this.#server, "listening");
    } catch (error) {
      throw new RuntimeError(
        "address_unavailable",
        `prometheus cannot listen at ${host}:${port} (${(error as Error).message}): set another port, or 0 for any free one`,
        { cause: error },
      );
    }
    const { address, port: taken } = this.#server.address() as AddressInfo; // it listens
    const name = address.includes(":") ? `[${address}]` : address;
    return { host: address, port: taken, url: `http://${name}:${taken}/metrics` };
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // What it sends is nothing to us.
    request.resume();
    const [path] = (request.url ?? "").split("?");
    if (path !== "/metrics") return refuse(response, 404, "the metrics are at /metrics\n");
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD");
      return refuse(response, 405, "it is only read\n");
    }
    let text: string;
    try {
      text = await this.#made();
    } catch (error) {
      return refuse(response, 503, `${(error as Error).message}\n`);
    }
    response.writeHead(200, { "content-type": contentType, "content-length": Buffer.byteLength(text) });
    response.end(request.method === "HEAD" ? undefined : text);
  }

  #made(): Promise<string> {
    this.#making ??= this.#page().finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}
