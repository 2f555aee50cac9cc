/** One thread's ends of two rings, one each way, and the loop that serves them: read, send, publish, sleep. */
import type { MessagePort } from "node:worker_threads";
import { ChannelReader, ChannelWriter } from "../../core/thread/channel.ts";
import { ValueDecoder, ValueEncoder } from "../../core/thread/value-codec.ts";
import { noRefs } from "./no-refs.ts";

export interface DuplexData {
  readonly out: SharedArrayBuffer;
  readonly in: SharedArrayBuffer;
  readonly bell: MessagePort;
}

/** Frames between two publications of the other direction. */
const drainFrames = 512;
/** Rounds of the loop before other events of the thread have their turn. */
const roundsMax = 64;

export class Duplex {
  readonly #writer: ChannelWriter;
  readonly #reader: ChannelReader;
  readonly #bell: MessagePort;
  #more: () => void = () => undefined;
  #take: (message: unknown) => void = () => undefined;
  #isStopped = true;

  constructor(data: DuplexData) {
    this.#writer = new ChannelWriter(data.out, new ValueEncoder(noRefs), { post: () => undefined });
    this.#reader = new ChannelReader(data.in, new ValueDecoder(noRefs), { receive: () => undefined });
    this.#bell = data.bell;
    this.#bell.on("message", () => this.#serve());
  }

  /** Calls `more` whenever there may be room to send, `take` for each message that arrives. */
  start(more: () => void, take: (message: unknown) => void): void {
    this.#more = more;
    this.#take = take;
    this.#isStopped = false;
    this.#serve();
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** False: no room; `more` is called again when there is. */
  send(message: unknown): boolean {
    return this.#writer.write(1, 2, 3, 4, 5, 6, message);
  }

  onFrame(_: number, __: number, ___: number, ____: number, _____: number, ______: number, payload: unknown): void {
    this.#take(payload);
  }

  onBroken(...[, , , , , , error]: unknown[]): void {
    throw error instanceof Error ? error : new Error(String(error));
  }

  #serve(): void {
    for (let round = 0; !this.#isStopped; round += 1) {
      this.#more();
      if (this.#writer.publish()) this.#bell.postMessage(0);
      const read = this.#reader.read(this, drainFrames);
      if (this.#reader.wroteBack) this.#bell.postMessage(0);
      if (read === 0 && this.#reader.sleep()) return;
      if (round === roundsMax) {
        setImmediate(() => this.#serve());
        return;
      }
    }
  }
}
