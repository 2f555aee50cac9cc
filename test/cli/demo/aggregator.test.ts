/** On main alone, as in the demo: an aggregator never runs elsewhere. */
import { expect, test } from "@jest/globals";
import { aggregator } from "../../../cli/demo/aggregator.ts";
import { coordinatorName, type DoneMessage, type ResultMessage } from "../../../cli/demo/conversation.ts";
import { defineServer, startSystem } from "../../../index.ts";

test("a task counts once however often its result comes, is acknowledged each time, and later passes must agree", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  const acknowledged: number[] = [];
  const coordinator = defineServer({ casts: { done: (_, { task }: DoneMessage) => void acknowledged.push(task) } });
  await system.spawn(coordinator, undefined, { name: coordinatorName, placement: { thread: 0 } });
  const ref = await system.spawn(aggregator, { slices: 2 }, { placement: { thread: 0 } });
  const result = (task: number, hash: string): ResultMessage => ({
    task,
    attempt: 1,
    sliceNumber: task % 2,
    count: { lines: 1, words: 2, bytes: 10 },
    hash,
  });
  ref.cast("result", result(0, "a"));
  ref.cast("result", result(0, "a")); // again
  ref.cast("result", result(1, "b"));
  ref.cast("result", result(2, "a")); // the second pass over slice 0
  ref.cast("result", result(3, "x")); // slice 1 is not what it was
  expect(await ref.call("totals")).toEqual({
    tasks: 4,
    duplicates: 1,
    mismatches: 1,
    firstPass: { lines: 2, words: 4, bytes: 20 },
    all: { lines: 4, words: 8, bytes: 40 },
  });
  await system.settled();
  expect(acknowledged).toEqual([0, 0, 1, 2, 3]);
});
