/** Real threads: an actor replaces parts of the language in its thread (core/thread/README.md). */
import { expect, test } from "@jest/globals";
import { startSystem } from "../../../index.ts";
import { type Patch, patcher, patches } from "../../fixtures/patcher.ts";
import { bystander } from "../../fixtures/runaway.ts";

const there = { placement: { thread: 1 } } as const;

test.each(Object.keys(patches) as Patch[])(
  "where the runtime fails by it the thread is lost, says so, and its place is taken again: %s",
  async (patch) => {
    await using system = await startSystem({ threads: 1 });
    const neighbour = await system.spawn(bystander, undefined, there);
    const ref = await system.spawn(patcher, undefined, there);
    const { down } = await system.monitor(neighbour);
    ref.cast("patch", patch);
    // What is new to the thread comes in.
    system.send(neighbour, { [`a shape of ${patch}`]: 1 });
    expect((await down).reason).toEqual({ threadLost: expect.stringContaining(patch) as unknown });
    const next = await system.spawn(bystander, undefined, there);
    expect(await next.call("ping")).toBe("pong");
  },
);

test("where the runtime does not fail by it nothing happens: a polyfill is a program's own affair", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  const neighbour = await system.spawn(bystander, undefined, there);
  const ref = await system.spawn(patcher, undefined, there);
  expect(await ref.call("polyfill")).toBe("done");
  expect(await neighbour.call("ping")).toBe("pong");
  expect((await system.stats()).threadsLost).toBe(0);
});
