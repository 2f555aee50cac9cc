/** Real processes: whatever ends the process ends its actor, which says how (core/SEMANTICS.md, S9.2). */
import { expect, jest, test } from "@jest/globals";
import type { SpawnOptions } from "../../../index.ts";
import type { Deed } from "../../fixtures/process-tests.ts";
import { codeOf, inProcess, next, pidOf, spawnDoer, watchEnd } from "../../support/in-process.ts";
import { useSystem } from "../../support/use-system.ts";

const shared = useSystem({ threads: 1, clock: "system", spare: false });

interface End {
  readonly deed: Deed;
  readonly reason: unknown;
  /** What a caller in flight gets. */
  readonly code: string | undefined;
  readonly isLost: boolean;
  readonly options?: SpawnOptions;
}

const heapMb = 24;
const smallHeap = { NODE_OPTIONS: `--max-old-space-size=${heapMb}` };
const error = (message: string) => ({ error: expect.objectContaining({ message }) as unknown });

const ends: readonly End[] = [
  { deed: "process.exit", reason: { exitCalled: 3 }, code: "exit_called", isLost: false },
  { deed: "process.exit in a timer", reason: { exitCalled: 4 }, code: "exit_called", isLost: false },
  { deed: "native exit", reason: { exitCalled: 5 }, code: "exit_called", isLost: true },
  { deed: "process.abort", reason: { processLost: { signal: "SIGABRT" } }, code: "process_lost", isLost: true },
  { deed: "words of V8, abort", reason: { processLost: { signal: "SIGABRT" } }, code: "process_lost", isLost: true },
  { deed: "SIGTERM", reason: { processLost: { signal: "SIGTERM" } }, code: "process_lost", isLost: true },
  { deed: "throw", reason: error("in a turn"), code: "crashed", isLost: false },
  { deed: "exception in a timer", reason: error("in a timer"), code: "crashed", isLost: false },
  { deed: "unhandled rejection", reason: error("not awaited"), code: "crashed", isLost: false },
  { deed: "full heap", reason: { budget: { heapMb } }, code: "budget", isLost: true, options: { heapMb } },
  {
    deed: "full heap",
    reason: { processLost: { outOfMemory: true, signal: "SIGABRT" } },
    code: "process_lost",
    isLost: true,
    options: { env: smallHeap },
  },
];

test.each(ends)("S9.2: $deed ends the actor as $code, and the call in its hands with it", async (end) => {
  const system = shared();
  const ref = await spawnDoer(system, end.options);
  const { reason } = await watchEnd(system, ref);
  const before = (await system.stats()).processesLost;
  expect(await codeOf(ref.call("do", end.deed, { timeoutMs: 60_000 }))).toBe(end.code);
  expect(await reason).toEqual(end.reason);
  expect((await system.stats()).processesLost - before).toBe(end.isLost ? 1 : 0);
});

test("a process.exit is reported as a crash, with the stack of the call", async () => {
  const system = shared();
  const ref = await spawnDoer(system);
  const crashed = next(system, "crashed");
  ref.call("do", "process.exit").catch(() => undefined);
  const { reason, stack } = await crashed;
  expect([reason, stack?.split("\n")[0]]).toEqual([
    { exitCalled: 3 },
    expect.stringMatching(/^ {4}at process\.exit .*process-tests/),
  ]);
});

test("S9.2: kill -9 from outside ends an idle actor with the signal, and the event says which", async () => {
  const system = shared();
  const ref = await spawnDoer(system, { name: "victim" });
  const pid = pidOf(system, ref);
  const { reason } = await watchEnd(system, ref);
  const lost = next(system, "processLost");
  process.kill(pid, "SIGKILL");
  expect(await reason).toEqual({ processLost: { signal: "SIGKILL" } });
  expect(await lost).toMatchObject({ pid, ref: ref.toJSON(), signal: "SIGKILL", exitCode: undefined });
  // At once: its successor may have it (S3.7).
  expect(system.whereis("victim")).toBeUndefined();
  await expect(spawnDoer(system, { name: "victim" })).resolves.toBeDefined();
});

test("S9.2: what a process says on its error output is no reason: one that speaks of a full heap and is killed was killed", async () => {
  const system = shared();
  const ref = await spawnDoer(system, { heapMb });
  const { reason } = await watchEnd(system, ref);
  // Kept from Jest, which ends a worker of its own that says this.
  const shown = jest.spyOn(process.stderr, "write").mockReturnValue(true);
  try {
    const call = codeOf(ref.call("do", "words of V8"));
    expect(await ref.call("ping")).toBe("pong");
    process.kill(pidOf(system, ref), "SIGKILL");
    expect(await reason).toEqual({ processLost: { signal: "SIGKILL" } });
    expect(await call).toBe("process_lost");
    expect(shown.mock.calls).toEqual([["FATAL ERROR: JavaScript heap out of memory\n"]]);
  } finally {
    shown.mockRestore();
  }
});

test("a process that is gone no longer stands in the views", async () => {
  const system = shared();
  const before = system.processes().length;
  const ref = await system.spawn((await import("../../fixtures/process-tests.ts")).bystander, undefined, inProcess);
  expect(system.processes().length).toBe(before + 1);
  const { reason } = await watchEnd(system, ref);
  const pid = pidOf(system, ref);
  process.kill(pid, "SIGKILL");
  await reason;
  expect(system.processes().map((one) => one.pid)).not.toContain(pid);
});
