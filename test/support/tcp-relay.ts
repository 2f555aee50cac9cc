/** Stands between a program and a server that it reaches by a URL, and can cut what goes between them at a chosen point. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterMs } from "../../core/clock.ts";

interface Cut {
  readonly text: string;
  readonly when: "before" | "after";
  /** Nothing goes on any more, and nobody is told: packets are dropped. Else the connection ends. */
  readonly isSilent: boolean;
  readonly done: () => void;
}

export class TcpRelay implements AsyncDisposable {
  readonly #server: Server;
  readonly #upstream = new Set<Socket>();
  readonly #clients = new Set<Socket>();
  /** The server's URL by way of here. */
  readonly url: string;
  #cut: Cut | undefined;
  /** Connections that come meanwhile get no further. */
  #held: Promise<void> | undefined;
  #rewritten: ((text: string) => string) | undefined;
  #slowness: { readonly bytes: number; readonly ms: number } | undefined;

  private constructor(server: Server, to: URL) {
    this.#server = server;
    const url = new URL(to);
    url.hostname = "127.0.0.1";
    url.port = String((server.address() as AddressInfo).port);
    this.url = url.href;
    server.on("connection", (client) => {
      this.#clients.add(client);
      client.on("error", () => this.#clients.delete(client)).on("close", () => this.#clients.delete(client));
      if (this.#held === undefined) this.#join(client, to);
      else void this.#held.then(() => client.destroyed || this.#join(client, to));
    });
  }

  /** @param port 0: one that is free. */
  static async open(to: string, port = 0): Promise<TcpRelay> {
    const server = createServer();
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return new TcpRelay(server, new URL(to));
  }

  /** Of the connections to the server, as it sees them. */
  ports(): number[] {
    return [...this.#upstream].map(({ localPort }) => localPort).filter((port) => port !== undefined);
  }

  /**
   * Ends the next connection on which the client says this: before the server gets it, or after the server has answered, and
   * before the client gets that. Resolves when it has been done.
   */
  cutAt(text: string, when: Cut["when"]): Promise<void> {
    return new Promise((done) => {
      this.#cut = { text, when, isSilent: false, done };
    });
  }

  /** The same, but nothing ends: both sides of that connection hear no more of each other. Others go on. */
  silenceAt(text: string, when: Cut["when"]): Promise<void> {
    return new Promise((done) => {
      this.#cut = { text, when, isSilent: true, done };
    });
  }

  /** From now on nothing goes through, and who connects waits, until what is returned is called. */
  pause(): () => void {
    const sockets = [...this.#clients, ...this.#upstream];
    for (const socket of sockets) socket.pause();
    const goOn = this.hold();
    return () => {
      goOn();
      for (const socket of sockets) socket.resume();
    };
  }

  /** From now on who connects waits, until what is returned is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return () => {
      this.#held = undefined;
      resolve();
    };
  }

  /** From now on answers are what this makes of them. Each byte of the text is one of theirs. */
  rewrite(change: (text: string) => string): void {
    this.#rewritten = change;
  }

  /** From now on answers come in pieces of at most so many bytes, so many milliseconds after one another. */
  slowDown(bytes: number, ms: number): void {
    this.#slowness = { bytes, ms };
  }

  /** In pieces, where it has been slowed down. */
  async #answer(client: Socket, server: Socket, bytes: Buffer): Promise<void> {
    if (this.#slowness === undefined) return void client.write(bytes);
    server.pause();
    const { bytes: length, ms } = this.#slowness;
    for (let from = 0; from < bytes.length; from += length) {
      client.write(bytes.subarray(from, from + length));
      await new Promise<void>((resolve) => void afterMs(ms, resolve));
    }
    server.resume();
  }

  #join(client: Socket, to: URL): void {
    const server = connect({ host: to.hostname, port: Number(to.port) });
    this.#upstream.add(server);
    let cutAnswer: Cut | undefined;
    let isSilent = false;
    const end = () => {
      client.destroy();
      server.destroy();
      this.#upstream.delete(server);
      // It went by itself before the answer came: whoever waits for the cut would wait for ever.
      cutAnswer?.done();
    };
    const carryOut = (cut: Cut) => {
      if (cut.isSilent) isSilent = true;
      else end();
      cut.done();
    };
    client.on("data", (bytes) => {
      if (isSilent) return;
      const cut = this.#cut;
      if (cut === undefined || !bytes.includes(cut.text)) return void server.write(bytes);
      this.#cut = undefined;
      if (cut.when === "after") {
        cutAnswer = cut;
        return void server.write(bytes);
      }
      carryOut(cut);
    });
    server.on("data", (bytes) => {
      if (isSilent) return;
      const text = this.#rewritten?.((bytes as Buffer).toString("latin1"));
      const answer = text === undefined ? (bytes as Buffer) : Buffer.from(text, "latin1");
      if (cutAnswer === undefined) return void this.#answer(client, server, answer);
      carryOut(cutAnswer);
    });
    // Whichever end goes takes the other with it: why is no matter here.
    for (const socket of [client, server]) socket.on("error", end).on("close", end);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of [...this.#clients, ...this.#upstream]) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}
