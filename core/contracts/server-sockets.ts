/**
 * The sockets of a store's connections to its server. Packets may be dropped without anybody saying so, and TCP gives up after
 * many minutes: one on which nothing comes or goes for too long is closed here, which to its driver is a lost connection. And all
 * can be closed at once, whatever they are at.
 *
 * It is done to the socket, since what a driver's package does for a query that takes too long leaves the connection as it is: where
 * a commit's answer is late, the rollback behind it would go well, as if nothing were kept.
 */
import { Socket } from "node:net";
import { nextLoop } from "../clock.ts";
import { RuntimeError } from "../errors.ts";

/** From then on the kernel asks an idle peer whether it is there: one that is gone is found, and a firewall keeps the connection. */
const keepAliveMs = 10_000;

export class ServerSockets {
  readonly #silenceMs: number;
  readonly #open = new Set<Socket>();

  /** @param silenceTimeoutMs 0: no limit. @param signal closes all of them when it is aborted. */
  constructor(silenceTimeoutMs: number, signal: AbortSignal) {
    this.#silenceMs = silenceTimeoutMs;
    signal.addEventListener("abort", () => this.#destroy(), { once: true });
  }

  /** One more, which is to be connected. */
  create(): Socket {
    const socket = new Socket();
    this.#open.add(socket);
    socket.once("close", () => this.#open.delete(socket));
    socket.setKeepAlive(true, keepAliveMs);
    // A callback of `setTimeout` would be called once: of a socket that was found alive then it would see no more.
    socket.setTimeout(this.#silenceMs).on("timeout", () => this.#silent(socket));
    return socket;
  }

  #destroy(): void {
    for (const socket of this.#open) socket.destroy();
  }

  #silent(socket: Socket): void {
    const { bytesRead, bytesWritten } = socket;
    // After a thread was blocked for long, what has come in the meantime is taken first.
    nextLoop(() => {
      if (socket.bytesRead !== bytesRead || socket.bytesWritten !== bytesWritten) return;
      const text = `the server has said nothing for silenceTimeoutMs (${this.#silenceMs})`;
      socket.destroy(new RuntimeError("storage_failed", text));
    });
  }
}
