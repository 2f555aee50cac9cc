/** Words of the plugin's actor, awaited by blocking: the thread has nothing else to do, and a wake-up by the event loop takes twice as long. */
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { FromThread, ToThread } from "./thread-protocol.ts";

export class ActorInbox {
  readonly #port: MessagePort;
  readonly #counter: Int32Array<SharedArrayBuffer>;

  constructor(port: MessagePort, counter: Int32Array<SharedArrayBuffer>) {
    this.#port = port;
    this.#counter = counter;
  }

  next(): ToThread {
    for (;;) {
      // Before the look: a word that comes behind it has changed the counter then.
      const seen = Atomics.load(this.#counter, 0);
      const received = receiveMessageOnPort(this.#port) as { readonly message: ToThread } | undefined;
      if (received !== undefined) return received.message;
      Atomics.wait(this.#counter, 0, seen);
    }
  }

  say(word: FromThread): void {
    this.#port.postMessage(word);
  }
}
