/** A server that answers as a test tells it to, byte by byte: what a provider of models may do, and what it may not. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface AskedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Undefined: it had none. */
  readonly body: unknown;
  /** Resolves when the connection is gone, whoever has ended it. */
  readonly gone: Promise<void>;
}

export interface WireAnswer {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Each goes by itself, in a turn of the loop of its own. */
  readonly parts?: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;
  /** Behind the parts. Default `end`. `reset`: the connection breaks. `hang`: nothing comes any more. */
  readonly ending?: "end" | "reset" | "hang";
}

export class ModelServer {
  readonly #server: Server;
  readonly asked: AskedRequest[] = [];
  /** What it answers, in this order; behind them the last one again. */
  answers: WireAnswer[] = [];

  private constructor(server: Server) {
    this.#server = server;
    server.on("request", (request, response: ServerResponse) => {
      const texts: string[] = [];
      request.setEncoding("utf8").on("data", (text: string) => texts.push(text));
      request.on("end", () => {
        const text = texts.join("");
        const { method = "", url = "", headers } = request;
        const gone = once(response, "close").then(() => undefined);
        const body: unknown = text === "" ? undefined : JSON.parse(text);
        this.asked.push({ method, path: url, headers, body, gone });
        const answer = this.answers.length > 1 ? this.answers.shift() : this.answers[0];
        void play(response, answer ?? { ending: "hang" });
      });
    });
  }

  static async start(): Promise<ModelServer> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new ModelServer(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The last one. @throws Error there is none. */
  get last(): AskedRequest {
    const last = this.asked.at(-1);
    if (last === undefined) throw new Error("the server was not asked");
    return last;
  }

  /** Resolves when it has been asked for the first time. */
  async whenAsked(): Promise<void> {
    if (this.asked.length === 0) await once(this.#server, "request");
    // The request is there, and its body may still come.
    while (this.asked.length === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** It keeps no process alive. */
  unref(): void {
    this.#server.unref();
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function play(response: ServerResponse, { status = 200, headers = {}, parts = [], ending = "end" }: WireAnswer) {
  response.writeHead(status, headers);
  response.flushHeaders();
  response.socket?.setNoDelay(true);
  for await (const part of parts) {
    if (response.destroyed) return;
    if (!response.write(part)) await Promise.race([once(response, "drain"), once(response, "close")]);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  if (ending === "end") response.end();
  else if (ending === "reset") response.socket?.resetAndDestroy();
}
