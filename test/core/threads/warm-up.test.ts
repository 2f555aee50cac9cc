/** What a thread does behind its first message is seen by nobody. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "@jest/globals";

test("a thread that warms up warns of nothing", async () => {
  const thread = new Worker(new URL("../../fixtures/warmed-thread.js", import.meta.url));
  expect(await once(thread, "message")).toEqual([[]]);
  await thread.terminate();
});
