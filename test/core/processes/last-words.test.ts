/** Real processes: what an actor had sent arrives, what it had not read is counted, and the report says why (core/SEMANTICS.md, S9.3). */
import { expect, test } from "@jest/globals";
import type { CrashReport, DownMessage } from "../../../index.ts";
import { EventRecorder } from "../../../testing/index.ts";
import { bystander, type Deed, trapper } from "../../fixtures/process-tests.ts";
import { codeOf, next, pidOf, spawnDoer, watchEnd } from "../../support/in-process.ts";
import { useSystem } from "../../support/use-system.ts";

const shared = useSystem({ threads: 1, clock: "system", spare: false });
const there = { placement: { thread: 1 } } as const;
const count = 2_000;

const lastDeeds: readonly Deed[] = ["process.exit", "native exit", "process.abort", "SIGTERM", "throw"];

test.each(lastDeeds)("S9.3: what was sent before %s arrives in order, and nothing follows the down", async (deed) => {
  const system = shared();
  const watcher = await system.spawn(trapper, undefined, there);
  const ref = await spawnDoer(system);
  await watcher.call("watch", ref);
  const { reason } = await watchEnd(system, ref);
  await codeOf(ref.call("sayAndDo", { to: watcher, count, deed }));
  await reason;
  await system.settled();
  const got = await watcher.call("got");
  const numbers = Array.from({ length: count }, (_, n) => n);
  expect(got.slice(0, -1)).toEqual(numbers);
  expect((got.at(-1) as DownMessage).type).toBe("down");
});

test("S9.3: unread mail of a lost process becomes dead letters, unread calls are answered", async () => {
  const system = shared();
  const ref = await spawnDoer(system);
  const { reason } = await watchEnd(system, ref);
  const inHand = codeOf(ref.call("do", "loop", { timeoutMs: 60_000 }));
  for (let n = 0; n < 7; n++) ref.send(n);
  const unread = codeOf(ref.call("ping"));
  const before = (await system.stats()).deadLetters.noproc;
  using recorder = new EventRecorder(system, ["deadLetter"]);
  process.kill(pidOf(system, ref), "SIGKILL");
  await reason;
  expect(await Promise.all([inHand, unread])).toEqual(["process_lost", "process_lost"]);
  expect(recorder.events.length).toBe(8);
  expect((await system.stats()).deadLetters.noproc - before).toBe(8);
});

test("S9.3: the report of an abort has V8's stack, the message in hand and what was queued", async () => {
  const system = shared();
  const ref = await spawnDoer(system);
  const crashed = next(system, "crashed");
  const call = codeOf(ref.call("do", "process.abort"));
  ref.send("unread");
  expect(await call).toBe("process_lost");
  const report: CrashReport = await crashed;
  expect(report).toMatchObject({
    reason: { processLost: { signal: "SIGABRT" } },
    queuedCount: 1,
    queued: ["'unread'"],
  });
  expect(report.message).toMatch(/process\.abort/);
  expect(report.stack).toMatch(/^----- JavaScript stack trace -----[\s\S]*process-tests\.js/);
});

test("S9.3: the report of an error has the state that the process had", async () => {
  const system = shared();
  const ref = await spawnDoer(system);
  ref.send("remembered");
  const crashed = next(system, "crashed");
  expect(await codeOf(ref.call("do", "throw"))).toBe("crashed");
  const report: CrashReport = await crashed;
  expect(report.state).toMatch(/remembered/);
  expect(report.reason).toMatchObject({
    error: { message: "in a turn", stack: expect.stringMatching(/process-tests\./) as unknown },
  });
});

test("the dead are not heard: what a process says after its actor was killed reaches nobody", async () => {
  const system = shared();
  const to = await system.spawn(bystander, undefined, there);
  const ref = await spawnDoer(system);
  const { reason } = await watchEnd(system, ref);
  const flood = codeOf(ref.call("flood", { to, count: 1_000_000 }));
  // The first of them shows that the flood is under way.
  while ((await to.call("got")).length === 0);
  system.exit(ref, "kill");
  expect(await reason).toBe("killed");
  expect(await flood).toBe("killed");
  await system.settled();
  const heard = (await to.call("got")).length;
  expect(heard).toBeLessThan(1_000_000);
  await system.settled();
  expect((await to.call("got")).length).toBe(heard);
});
