/**
 * The port through which a thread calls itself: turns are entered from its callback, where a turn that is cut down from
 * outside loses nothing of its neighbours.
 *
 * Node takes up to a thousand messages of a port in one go, so a port that posts to itself starves timers and I/O. After
 * a burst of 15 ms the next post goes through a `setImmediate` whose callback only posts.
 */

import { MessageChannel, type MessagePort } from "node:worker_threads";
import { nextLoop, stopwatchMs } from "../clock.ts";

const burstMs = 15;

export class SelfPort {
  readonly #in: MessagePort;
  readonly #out: MessagePort;
  #burstStartMs = 0;
  #isClosed = false;

  constructor(run: () => void) {
    const { port1, port2 } = new MessageChannel();
    this.#in = port1;
    this.#out = port2;
    this.#in.on("message", run);
  }

  post(): void {
    if (this.#isClosed) return;
    const nowMs = stopwatchMs();
    if (this.#burstStartMs === 0) this.#burstStartMs = nowMs;
    if (nowMs - this.#burstStartMs < burstMs) {
      this.#out.postMessage(null);
      return;
    }
    this.#burstStartMs = 0;
    nextLoop(() => {
      if (!this.#isClosed) this.#out.postMessage(null);
    });
  }

  /** The thread came to rest: the next burst is a new one. */
  rest(): void {
    this.#burstStartMs = 0;
  }

  /** Lets the process end although the port is open. */
  unref(): void {
    this.#in.unref();
    this.#out.unref();
  }

  close(): void {
    this.#isClosed = true;
    this.#in.close();
  }
}
