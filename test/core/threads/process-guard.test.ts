/** Real threads and a real program: the claims are about what would end a thread or the process. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "@jest/globals";
import { type CrashReport, type RuntimeEvent, type SpawnOptions, startSystem } from "../../../index.ts";
import { escapeArtist } from "../../fixtures/escape-artist.ts";
import { faulty } from "../../fixtures/faulty.ts";
import { lateExit, worker } from "../../fixtures/thread-tests.ts";
import { packageRoot } from "../../support/package-root.ts";

test("what an actor of a second system leaves behind on main ends that actor, not the program", async () => {
  const program = join(packageRoot, "dist/test/fixtures/programs/two-systems.js");
  const { stdout } = await promisify(execFile)(process.execPath, [program]);
  expect(stdout).toBe('rejection: ["error"]\ntimer: ["error"]\nalive\n');
});

test("process.exit by code that belongs to no actor is an event, and its thread goes on", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  const neighbour = await system.spawn(worker, undefined, { placement: { thread: 1 } });
  const ref = await system.spawn(lateExit, undefined, { placement: { thread: 1 } });
  const told = new Promise<RuntimeEvent>((resolve) => system.events.on("unattributedError", resolve));
  system.send(ref, "by a promise");
  expect(await told).toMatchObject({
    thread: 1,
    error: { code: "noproc", message: expect.stringMatching(/process\.exit\(3\)/) as unknown },
  });
  expect(await neighbour.call("ping")).toBe("pong");
});

test("process.exit in a turn is reported as a crash, with the stack of the call", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  const ref = await system.spawn(faulty, undefined, { placement: { thread: 1 } });
  const told = new Promise<CrashReport>((resolve) => system.events.on("crashed", resolve));
  ref.cast("do", "exit");
  const { reason, stack } = await told;
  expect([reason, stack?.split("\n")[0]]).toEqual([
    { exitCalled: 7 },
    expect.stringMatching(/^ {4}at exit .*fixtures\/faulty/),
  ]);
});

test("process.reallyExit in a turn is process.exit, for whatever it is given", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  const neighbour = await system.spawn(worker, undefined, { placement: { thread: 1 } });
  for (const [code, exitCalled] of [
    [7, 7],
    ["abc", 0],
  ]) {
    const ref = await system.spawn(escapeArtist, undefined, { placement: { thread: 1 } });
    const { down } = await system.monitor(ref);
    ref.cast("exit", code);
    expect((await down).reason).toEqual({ exitCalled });
  }
  expect(await neighbour.call("ping")).toBe("pong");
});

test.each<readonly [string, SpawnOptions]>([
  ["on a scheduler thread", { placement: { thread: 1 } }],
  ["on a dedicated thread", { isolation: "thread" }],
  ["in a process", { isolation: "process" }],
])("process.exit throws what Node throws for a code that is none, and nobody ends: %s", async (_where, options) => {
  await using system = await startSystem({ threads: 1, spare: false });
  const ref = await system.spawn(escapeArtist, undefined, options);
  expect(await ref.call("exit", "abc")).toBe("ERR_INVALID_ARG_TYPE");
  expect(await ref.call("exit", 1.5)).toBe("ERR_OUT_OF_RANGE");
  const { down } = await system.monitor(ref);
  ref.call("exit", "7").catch(() => undefined);
  expect((await down).reason).toEqual({ exitCalled: 7 });
});

test.each(["closeParentPort", "forgetParentPort"] as const)(
  "what an actor does to parentPort does not keep its thread from meeting others: %s",
  async (fault) => {
    await using system = await startSystem({ threads: 1, spare: false });
    const ref = await system.spawn(faulty, undefined, { placement: { thread: 1 } });
    await ref.call("do", fault);
    const other = await system.spawn(faulty, undefined, { isolation: "thread" });
    expect(await ref.call("ask", other, { timeoutMs: 60_000 })).toBe("pong");
  },
);

test("what an actor posts to parentPort reaches nobody, and says so: thread and program go on", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  const ref = await system.spawn(faulty, undefined, { placement: { thread: 1 } });
  const told: string[] = [];
  const all = new Promise<void>((resolve) =>
    system.events.on("unattributedError", ({ error }) => {
      if (told.push(error.message) === 4) resolve();
    }),
  );
  ref.cast("do", "postToParent");
  await all;
  expect(told).toContainEqual(expect.stringMatching(/^a message to parentPort reaches nobody .*got null$/));
  expect(await ref.call("ping")).toBe("pong");
  expect((await system.stats()).threadsLost).toBe(0);
});
