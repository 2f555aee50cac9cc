/** Real processes, stopped and continued by signals: who is silent for too long is replaced, once (core/SEMANTICS.md, S9.7). */
import { expect, test } from "@jest/globals";
import { type MofaSystem, type Ref, startSystem } from "../../../index.ts";
import { EventRecorder } from "../../../testing/index.ts";
import { alarm, doer } from "../../fixtures/process-tests.ts";
import { goneFromSystem, isRunning, next, pidOf, spawnDoer, watchEnd } from "../../support/in-process.ts";

/** Real time goes by; the manual clock reaches no other process. */
async function passes(system: MofaSystem, ms: number): Promise<void> {
  const clock = await system.spawn(alarm, undefined, { placement: { thread: 1 } });
  await clock.call("after", ms, { timeoutMs: ms + 30_000 });
}

const child = { id: "child", start: [doer], isolation: "process", restart: "permanent" } as const;

test("S9.7: a process that is stopped for two seconds is nobody's loss by default: it answers afterwards, the same one", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  using recorder = new EventRecorder(system, ["processLost"]);
  const tree = await system.supervise({ children: [child] });
  const ref = (await tree.whichChildren())[0]?.ref as Ref;
  const pid = pidOf(system, ref);
  process.kill(pid, "SIGSTOP");
  const answer = system.call(ref, "pid", undefined, { timeoutMs: 30_000 });
  await passes(system, 2_000);
  process.kill(pid, "SIGCONT");
  expect(await answer).toBe(pid);
  expect((await tree.whichChildren())[0]?.ref).toEqual(ref);
  expect(recorder.events).toEqual([]);
});

test("S9.7: a process that is silent for longer is killed and replaced once, also when it is continued afterwards", async () => {
  const heartbeatTimeoutMs = 1_000;
  await using system = await startSystem({ threads: 1, spare: false, heartbeatTimeoutMs });
  using recorder = new EventRecorder(system, ["processLost", "restarted"]);
  const tree = await system.supervise({ children: [child] });
  const ref = (await tree.whichChildren())[0]?.ref as Ref;
  const pid = pidOf(system, ref);
  const restarted = next(system, "restarted");
  process.kill(pid, "SIGSTOP");
  await restarted;
  if (isRunning(pid)) process.kill(pid, "SIGCONT");
  await goneFromSystem(pid);
  // As long again: whoever took the successor for silent would have told by now.
  await passes(system, 2 * heartbeatTimeoutMs);
  const successor = (await tree.whichChildren())[0]?.ref as Ref;
  expect(await system.call(successor, "pid")).toBe(pidOf(system, successor));
  expect(recorder.of("processLost")).toMatchObject([
    { pid, reason: { processLost: { silentMs: heartbeatTimeoutMs } } },
  ]);
  expect(recorder.of("restarted").length).toBe(1);
});

test("S9.7: an endless loop is no silence", async () => {
  const heartbeatTimeoutMs = 500;
  await using system = await startSystem({ threads: 1, spare: false, heartbeatTimeoutMs });
  const ref = await spawnDoer(system);
  const { reason } = await watchEnd(system, ref);
  ref.call("do", "loop").catch(() => undefined);
  await passes(system, 2 * heartbeatTimeoutMs);
  expect(system.isAlive(ref)).toBe(true);
  system.exit(ref, "kill");
  expect(await reason).toBe("killed");
});

test("S9.7: main does not take its own silence for a process's", async () => {
  const heartbeatTimeoutMs = 500;
  await using system = await startSystem({ threads: 1, spare: false, heartbeatTimeoutMs });
  using recorder = new EventRecorder(system, ["processLost"]);
  const ref = await spawnDoer(system);
  const pid = pidOf(system, ref);
  for (let times = 0; times < 3; times++) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * heartbeatTimeoutMs);
    expect(await ref.call("pid")).toBe(pid);
  }
  expect(recorder.events).toEqual([]);
});
