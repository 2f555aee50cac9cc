/** One kept topic by itself: what it tells its store. */
import { expect, test } from "@jest/globals";
import type { DurableTopic } from "../../../core/bus/kept/durable-topic.ts";
import { keepDefaults } from "../../../core/bus/kept/keep-options.ts";
import type { KeptMessage } from "../../../core/bus/kept/kept-message.ts";
import { KeptTopic } from "../../../core/bus/kept/kept-topic.ts";

const message = { topic: "orders", words: ["orders"], bytes: new Uint8Array(1), atMs: 0 } as unknown as KeptMessage;

test("S21.2: a dropped topic deletes each message once, whatever comes back from the store afterwards", () => {
  const removed: number[] = [];
  const durable = { removed: (seq: number) => removed.push(seq), dropped: () => {} } as unknown as DurableTopic;
  const topic = new KeptTopic("orders", ["orders"], keepDefaults, durable);
  topic.append(message);
  topic.append(message);
  const seq = topic.expect(message);
  topic.drop();
  topic.arrived(message, seq, true);
  topic.drop();
  expect(removed).toEqual([1, 2, 3]);
});
