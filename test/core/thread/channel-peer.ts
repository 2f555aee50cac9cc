/** A worker of the test with real threads: sends or receives the messages of a seed through one ring. */
import { isDeepStrictEqual } from "node:util";
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { ChannelReader, ChannelWriter } from "../../../core/thread/channel.ts";
import { ValueDecoder, ValueEncoder } from "../../../core/thread/value-codec.ts";
import { bufferOf, isTransferred, messageOf } from "./channel-messages.ts";

export interface PeerData {
  readonly role: "send" | "receive";
  readonly ring: SharedArrayBuffer;
  readonly seed: number;
  readonly count: number;
  /** Rung by the other side. */
  readonly bell: MessagePort;
  /** Takes transferred objects; nobody listens at it. */
  readonly side: MessagePort;
}

/** What the receiver found. */
export interface PeerReport {
  readonly received: number;
  readonly wrong: readonly string[];
}

const { role, ring, seed, count, bell, side } = workerData as PeerData;
const noRefs = {
  isRef: () => false,
  toWire: () => ({ node: 0, thread: 0, slot: 0, generation: 0 }),
  fromWire: () => ({}),
};
const batch = 256;

if (role === "send") {
  const post = (objects: readonly unknown[]): void => side.postMessage(objects, objects as ArrayBuffer[]);
  const writer = new ChannelWriter(ring, new ValueEncoder(noRefs), { post });
  let next = 0;
  let message: unknown;
  let isMade = false;
  const run = (): void => {
    for (;;) {
      for (let i = 0; i < batch && next < count; i++) {
        if (!isMade) {
          message = isTransferred(next) ? { moved: bufferOf(next) } : messageOf(seed, next);
          isMade = true;
        }
        const transfer = isTransferred(next) ? [(message as { moved: ArrayBuffer }).moved] : undefined;
        if (!writer.write(1, next, -next, 0, 0, next, message, transfer)) {
          if (writer.publish()) bell.postMessage(0);
          return; // until the bell
        }
        isMade = false;
        next++;
      }
      if (writer.publish()) bell.postMessage(0);
      if (next === count) {
        bell.close();
        return;
      }
    }
  };
  bell.on("message", run);
  run();
} else {
  const reader = new ChannelReader(ring, new ValueDecoder(noRefs), {
    receive: () => receiveMessageOnPort(side)?.message as unknown[] | undefined,
  });
  let received = 0;
  const wrong: string[] = [];
  const note = (what: string): void => {
    if (wrong.length < 10) wrong.push(`frame ${received}: ${what}`);
  };
  const sink = {
    onFrame(kind: number, slot: number, generation: number, _: number, __: number, id: number, payload: unknown): void {
      const expected = isTransferred(received) ? { moved: bufferOf(received) } : messageOf(seed, received);
      if (kind !== 1 || slot !== received || generation !== -received || id !== received) note(`came as ${id}`);
      else if (!isDeepStrictEqual(payload, expected)) note("has another payload");
      received++;
    },
    onBroken(...frame: unknown[]): void {
      note(String(frame.at(-1)));
      received++;
    },
  };
  const run = (): void => {
    do {
      while (reader.read(sink, batch) > 0) {
        if (reader.wroteBack) bell.postMessage(0);
      }
      if (reader.wroteBack) bell.postMessage(0);
    } while (received < count && !reader.sleep());
    if (received >= count) {
      parentPort?.postMessage({ received, wrong } satisfies PeerReport);
      bell.close();
    }
  };
  bell.on("message", run);
  run();
}
