/** Worker threads that run before main knows what they are for. */
import { expect, test } from "@jest/globals";
import { FirstThreads, StartedWorker, schedulerLimits } from "../../../core/thread/started-worker.ts";

test("what a worker says before anybody listens is told to who does", async () => {
  const early = new StartedWorker("of a test", schedulerLimits);
  await early.worker.terminate();
  const said: unknown[] = [];
  const say = (what: unknown) => said.push(what);
  early.listen({ message: say, error: say, exit: say });
  expect(said).toHaveLength(1);
});

test("first threads are taken in their order, and those that nobody takes are ended", async () => {
  const first = new FirstThreads(2);
  const one = first.take();
  const ended = Promise.withResolvers<number>();
  one?.listen({ message: () => {}, error: () => {}, exit: ended.resolve });
  await first.end();
  expect(first.take()).toBe(undefined);
  // It was taken, and runs.
  expect(one?.worker.threadId).toBeGreaterThan(0);
  await one?.worker.terminate();
  await ended.promise;
});
