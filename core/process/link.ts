/** Starting the link of an actor's process: as the first of all, since it starts beside everything else. */
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";

/** What the link is started with. */
export interface LinkData {
  readonly answers: MessagePort;
  /** Counts the answers. */
  readonly news: SharedArrayBuffer;
}

/** The link, seen from the actor's thread. */
export interface Link {
  /** Frames, both ways. */
  readonly worker: Worker;
  /** Answers to `ask`, for who waits for them. */
  readonly answers: MessagePort;
  readonly news: Int32Array<SharedArrayBuffer>;
}

export function startLink(): Link {
  const { port1, port2 } = new MessageChannel();
  const news = new Int32Array(new SharedArrayBuffer(4));
  const workerData: LinkData = { answers: port2, news: news.buffer };
  const worker = new Worker(new URL("./link-entry.js", import.meta.url), {
    workerData,
    transferList: [port2],
    name: "mofa link",
  });
  return { worker, answers: port1, news };
}
