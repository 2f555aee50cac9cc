/** A server of a test's own, at an address of the loopback, that counts who connects and who is still there. */
import { once } from "node:events";
import { createServer, type Server as HttpServer, type IncomingHttpHeaders, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, createServer as createPlainServer, type Server, type Socket } from "node:net";

export interface WebRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export class WebServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #scheme: "http" | "https";
  /** Those that were read to their end. */
  readonly requests: WebRequest[] = [];
  connections = 0;

  private constructor(server: Server, scheme: "http" | "https") {
    this.#server = server;
    this.#scheme = scheme;
    server.on("connection", (socket: Socket) => {
      this.connections++;
      this.#sockets.add(socket);
      // A test's own connections break off, which is what is looked at.
      socket.on("error", () => {});
      socket.once("close", () => {
        this.#sockets.delete(socket);
        server.emit("left");
      });
    });
  }

  /** @param address of the loopback: 127.0.0.1, 127.0.0.2, ... */
  static async start(answer: RequestListener, address = "127.0.0.1", port = 0): Promise<WebServer> {
    return await WebServer.#listen(createServer(), "http", answer, address, port);
  }

  static async startSecure(
    answer: RequestListener,
    tls: { readonly cert: string; readonly key: string },
  ): Promise<WebServer> {
    return await WebServer.#listen(createSecureServer(tls), "https", answer, "127.0.0.1", 0);
  }

  /** What it says to each connection, as it stands there. */
  static async startRaw(talk: (socket: Socket) => void): Promise<WebServer> {
    const server = createPlainServer((socket) => socket.once("data", () => talk(socket)));
    const made = new WebServer(server, "http");
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return made;
  }

  static async #listen(
    server: HttpServer,
    scheme: "http" | "https",
    answer: RequestListener,
    address: string,
    port: number,
  ) {
    const made = new WebServer(server, scheme);
    server.on("request", (request, response) => {
      const texts: string[] = [];
      request.setEncoding("utf8").on("data", (text: string) => texts.push(text));
      request.on("end", () => {
        const { method = "", url: path = "", headers } = request;
        made.requests.push({ method, path, headers, body: texts.join("") });
        answer(request, response);
      });
    });
    server.listen(port, address);
    await once(server, "listening");
    return made;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return this.at((this.#server.address() as AddressInfo).address);
  }

  /** The same by another name. */
  at(host: string): string {
    return `${this.#scheme}://${host}:${this.port}`;
  }

  /** Resolves when nobody is connected. */
  async whenLeft(): Promise<void> {
    while (this.#sockets.size > 0) await once(this.#server, "left");
  }

  async whenConnected(): Promise<void> {
    while (this.connections === 0) await once(this.#server, "connection");
  }

  /** It keeps no process alive. */
  unref(): void {
    this.#server.unref();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
