/** Words of the plugin's actor, awaited by blocking: the thread has nothing else to do, and a wake-up by the event loop takes twice as long. */
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { ShortWait } from "./short-wait.ts";
import type { FromThread, ThreadData, ToThread } from "./thread-protocol.ts";

export class ActorInbox {
  readonly #port: MessagePort;
  readonly #heard: Int32Array<SharedArrayBuffer>;
  readonly #said: Int32Array<SharedArrayBuffer>;
  /** The thread is the module's own; from an answer to the next question of another thread it takes some 70 us, and now and then much longer. */
  readonly #shortWait = new ShortWait(400);

  constructor({ port, toThread, fromThread }: Pick<ThreadData, "port" | "toThread" | "fromThread">) {
    this.#port = port;
    this.#heard = toThread;
    this.#said = fromThread;
  }

  next(): ToThread {
    for (;;) {
      // Before the look: a word that comes behind it has changed the counter then.
      const seen = Atomics.load(this.#heard, 0);
      const received = receiveMessageOnPort(this.#port) as { readonly message: ToThread } | undefined;
      if (received !== undefined) return received.message;
      if (!this.#shortWait.for(this.#heard, seen)) Atomics.wait(this.#heard, 0, seen);
    }
  }

  say(word: FromThread): void {
    this.#port.postMessage(word);
    Atomics.add(this.#said, 0, 1);
  }
}
