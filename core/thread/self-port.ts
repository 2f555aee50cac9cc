/**
 * The port through which a thread calls itself: turns are entered from its callback, where a turn that is cut down from
 * outside loses nothing of its neighbours.
 *
 * Node takes up to a thousand messages of a port in one go, so a port that posts to itself starves timers and I/O. After
 * a burst of 15 ms the next drain waits for a `setImmediate` whose callback only posts. That is decided here, at the head
 * of a drain: in user frames a post is one native call, since `setImmediate` is JavaScript, which a cut could divide.
 */

import { MessageChannel, type MessagePort } from "node:worker_threads";
import { nextLoop, stopwatchMs } from "../clock.ts";

const burstMs = 15;

/** What a thread says to itself: drain; or, after a turn was cut down, recover, and then judge who was lost with it. */
export const Note = { drain: 0, recover: 1, judge: 2 } as const;
export type Note = (typeof Note)[keyof typeof Note];

export class SelfPort {
  readonly #in: MessagePort;
  readonly #out: MessagePort;
  readonly #run: (note: Note) => void;
  #burstStartMs = 0;
  #isClosed = false;

  constructor(run: (note: Note) => void) {
    const { port1, port2 } = new MessageChannel();
    this.#in = port1;
    this.#out = port2;
    this.#run = run;
    this.#in.on("message", (note: Note) => this.#take(note));
  }

  post(note: Note = Note.drain): void {
    if (!this.#isClosed) this.#out.postMessage(note);
  }

  #take(note: Note): void {
    if (note === Note.drain && this.#isBurstOver()) {
      nextLoop(() => this.post());
      return;
    }
    this.#run(note);
  }

  #isBurstOver(): boolean {
    const nowMs = stopwatchMs();
    if (this.#burstStartMs === 0) this.#burstStartMs = nowMs;
    if (nowMs - this.#burstStartMs < burstMs) return false;
    this.#burstStartMs = 0;
    return true;
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
