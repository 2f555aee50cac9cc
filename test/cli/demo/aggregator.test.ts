/** On main alone, as in the demo: an aggregator never runs elsewhere. */
import { expect, test } from "@jest/globals";
import { aggregator } from "../../../cli/demo/aggregator.ts";
import { type CountedMessage, resultTopic } from "../../../cli/demo/conversation.ts";
import { startSystem } from "../../../index.ts";

test("a task counts once however often its result comes, and later passes must agree", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  const ref = await system.spawn(aggregator, { aggregator: 3, slices: 2 }, { placement: { thread: 0 } });
  const publish = (task: number, hash: string) => {
    const message: CountedMessage = { task, sliceNumber: task % 2, count: { lines: 1, words: 2, bytes: 10 }, hash };
    void system.publish(resultTopic(3), message);
  };
  publish(0, "a");
  publish(0, "a"); // again
  publish(1, "b");
  publish(2, "a"); // the second pass over slice 0
  publish(3, "x"); // slice 1 is not what it was
  void system.publish(resultTopic(2), "for somebody else");
  expect(await ref.call("totals")).toEqual({
    tasks: 4,
    duplicates: 1,
    mismatches: 1,
    firstPass: { lines: 2, words: 4, bytes: 20 },
    all: { lines: 4, words: 8, bytes: 40 },
  });
  expect((await system.stats()).bus).toEqual({ published: 6, delivered: 5, dropped: 0, deadLettered: 0 });
});
