/** A proxy of HTTP that lets nothing through, and notes where it was to go: so a program that would ask the world asks nobody. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export class Proxy {
  readonly #server: Server;
  /** Hosts with their ports, in the order in which they were asked for. */
  readonly hosts: string[] = [];

  private constructor(server: Server) {
    this.#server = server;
    server.on("connect", ({ url = "" }, socket) => {
      this.hosts.push(url);
      socket.destroy();
    });
    server.on("request", ({ url = "" }, response) => {
      this.hosts.push(new URL(url, "http://nowhere").host);
      response.destroy();
    });
  }

  static async start(): Promise<Proxy> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Proxy(server);
  }

  /** Of a program that is to go by it. */
  get environment(): NodeJS.ProcessEnv {
    const url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    const none = { NO_PROXY: "", no_proxy: "" };
    return { ...none, NODE_USE_ENV_PROXY: "1", HTTP_PROXY: url, HTTPS_PROXY: url, http_proxy: url, https_proxy: url };
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
