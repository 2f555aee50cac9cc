/** The runtime's channel: head, codec and ring, both ends in this thread. */
import { ChannelReader, ChannelWriter } from "../../core/thread/channel.ts";
import { createRing } from "../../core/thread/ring.ts";
import { ValueDecoder, ValueEncoder } from "../../core/thread/value-codec.ts";
import { codecScenarios } from "./codec-scenarios.ts";
import { noRefs } from "./no-refs.ts";
import type { Scenarios } from "./scenario.ts";

const ring = createRing();
const writer = new ChannelWriter(ring, new ValueEncoder(noRefs), { post: () => undefined });
const reader = new ChannelReader(ring, new ValueDecoder(noRefs), { receive: () => undefined });

export const scenarios: Scenarios = codecScenarios((messages, take) => {
  const sink = {
    onFrame(_: number, __: number, ___: number, ____: number, _____: number, ______: number, payload: unknown): void {
      take(payload);
    },
    onBroken(...[, , , , , , error]: unknown[]): void {
      throw error instanceof Error ? error : new Error(String(error));
    },
  };
  for (const message of messages) {
    while (!writer.write(1, 2, 3, 4, 5, 6, message)) {
      writer.publish();
      reader.read(sink, messages.length);
    }
  }
  writer.publish();
  reader.read(sink, messages.length);
});
