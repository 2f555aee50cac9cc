/** Real threads: errors that nobody caught end their actor alone, whatever actors do to the thread's process (core/SEMANTICS.md). */
import { expect, test } from "@jest/globals";
import { startSystem } from "../../../index.ts";
import { type Escape, errorListener, escapeArtist, escapes } from "../../fixtures/escape-artist.ts";
import { worker } from "../../fixtures/thread-tests.ts";

const there = { placement: { thread: 1 } } as const;

test.each(Object.keys(escapes) as Escape[])(
  "behind %s an error that nobody caught ends its actor alone",
  async (escape) => {
    await using system = await startSystem({ threads: 1, spare: false });
    const neighbour = await system.spawn(worker, undefined, there);
    for (const end of ["rejection", "timer"] as const) {
      const ref = await system.spawn(escapeArtist, undefined, there);
      const { down } = await system.monitor(ref);
      ref.cast("escape", [escape, end]);
      expect((await down).reason).toEqual({ error: expect.anything() as unknown });
    }
    expect(await neighbour.call("ping")).toBe("pong");
    expect((await system.stats()).threadsLost).toBe(0);
  },
);

test("listeners of the program's own hear of such errors as in any process, and so does an emit of its own, once", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  const listener = await system.spawn(errorListener, undefined, there);
  for (const end of ["rejection", "timer"] as const) {
    const ref = await system.spawn(escapeArtist, undefined, there);
    const { down } = await system.monitor(ref);
    ref.cast("escape", ["nothing", end]);
    await down;
  }
  expect(await listener.call("heard")).toEqual([
    "emit unhandledRejection",
    "rejection: nobody awaits this, promise",
    "emit uncaughtExceptionMonitor",
    "emit uncaughtException",
    "exception: in a timer, uncaughtException",
  ]);
});
