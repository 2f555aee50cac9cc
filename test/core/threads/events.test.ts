/** Real threads: the events of a worker on their way to main (core/SEMANTICS.md, S7.6). */
import { expect, test } from "@jest/globals";
import { eventsMax } from "../../../core/kernel/event-outlet.ts";
import { startSystem } from "../../../index.ts";
import { EventRecorder } from "../../../testing/index.ts";
import { chatterbox } from "../../fixtures/thread-tests.ts";

test("S7.6: past the bound events are dropped, not reports of crashes, and the number is told", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  using recorder = new EventRecorder(system, ["log", "crashed", "exited", "eventsDropped"]);
  const there = { placement: { thread: 1 } } as const;
  const [first, second] = [
    await system.spawn(chatterbox, undefined, there),
    await system.spawn(chatterbox, undefined, there),
  ];
  // All in one turn: nothing can leave meanwhile.
  system.send(first, eventsMax + 1_000);
  await system.settled();
  const kinds = { log: 1_000, exited: 1 };
  expect(recorder.of("log")).toHaveLength(eventsMax);
  expect(recorder.of("exited")).toEqual([]);
  expect(recorder.of("crashed")).toHaveLength(1);
  expect(recorder.of("eventsDropped")).toEqual([{ type: "eventsDropped", thread: 1, count: 1_001, kinds }]);
  expect((await system.stats()).eventsDropped).toBe(1_001);
  recorder.clear();
  system.send(second, 10);
  await system.settled();
  expect(recorder.events.map(({ type }) => type)).toEqual([...Array(10).fill("log"), "crashed", "exited"]);
});
