/** Real processes: kills, exit signals, links and turn limits reach them as they reach any actor (core/SEMANTICS.md, S9.2, S9.4). */
import { expect, test } from "@jest/globals";
import type { ExitMessage } from "../../../index.ts";
import { EventRecorder } from "../../../testing/index.ts";
import { alarm, bystander, looper, trapper } from "../../fixtures/process-tests.ts";
import { codeOf, goneFromSystem, inProcess, next, pidOf, spawnDoer, watchEnd } from "../../support/in-process.ts";
import { useSystem } from "../../support/use-system.ts";

const shared = useSystem({ threads: 1, clock: "system", spare: false });
const there = { placement: { thread: 1 } } as const;

test("S9.4: kill ends an endless loop, and its process with it", async () => {
  const system = shared();
  const ref = await spawnDoer(system);
  const pid = pidOf(system, ref);
  const { reason } = await watchEnd(system, ref);
  using recorder = new EventRecorder(system, ["processLost", "crashed"]);
  const call = codeOf(ref.call("do", "loop", { timeoutMs: 60_000 }));
  system.exit(ref, "kill");
  expect([await reason, await call]).toEqual(["killed", "killed"]);
  await goneFromSystem(pid);
  // Its end was asked for: no process was lost.
  expect(recorder.events).toEqual([]);
});

test("S9.4: an exit signal ends an actor in an endless loop, unless it traps exits", async () => {
  const system = shared();
  const ref = await system.spawn(looper, undefined, inProcess);
  const pid = pidOf(system, ref);
  const { reason } = await watchEnd(system, ref);
  ref.send("go");
  system.exit(ref, { because: "of a test" });
  expect(await reason).toEqual({ because: "of a test" });
  await goneFromSystem(pid);
});

test("S9.4: the loss of a process ends those that are linked to it, and reaches those that trap exits, on any thread", async () => {
  const system = shared();
  const ref = await spawnDoer(system);
  const linked = await system.spawn(bystander, undefined, there);
  const inAnother = await spawnDoer(system);
  const trapping = await system.spawn(trapper, undefined, there);
  const ends = await Promise.all([linked, inAnother].map((one) => watchEnd(system, one)));
  for (const one of [linked, inAnother, trapping]) await ref.call("link", one);
  process.kill(pidOf(system, ref), "SIGKILL");
  const lost = { processLost: { signal: "SIGKILL" } };
  expect(await Promise.all(ends.map(({ reason }) => reason))).toEqual([lost, lost]);
  expect(await trapping.call("got")).toEqual([expect.objectContaining({ type: "exit", reason: lost })]);
});

test("S9.4: an actor in a process ends by its link to one on a thread, or gets the exit as a message", async () => {
  const system = shared();
  const other = await system.spawn(bystander, undefined, there);
  const [ref, trapping] = await Promise.all([spawnDoer(system), spawnDoer(system)]);
  await trapping.call("trap");
  for (const one of [ref, trapping]) await one.call("link", other);
  const { reason } = await watchEnd(system, ref);
  system.exit(other, "kill");
  expect(await reason).toBe("killed");
  await system.settled();
  const [message] = (await trapping.call("got")) as ExitMessage[];
  expect(message).toMatchObject({ type: "exit", reason: "killed" });
  expect(message?.from.slot).toBe(other.slot);
});

test("S9.4: a turn over its limit ends with its process, with a warning at half of it", async () => {
  const system = shared();
  const ref = await spawnDoer(system, { turnLimitMs: 200 });
  const pid = pidOf(system, ref);
  const { reason } = await watchEnd(system, ref);
  const warning = next(system, "turnWarning");
  expect(await codeOf(ref.call("do", "loop"))).toBe("turn_limit");
  expect(await warning).toMatchObject({ ref: ref.toJSON(), ms: 100, limitMs: 200 });
  expect(await reason).toEqual({ turnLimit: 200 });
  await goneFromSystem(pid);
});

test("S9.4: a turn that ended in time is not limited afterwards", async () => {
  const system = shared();
  using recorder = new EventRecorder(system, ["turnWarning", "crashed"]);
  const clock = await system.spawn(alarm, undefined, there);
  const ref = await spawnDoer(system, { turnLimitMs: 1_000 });
  expect(await ref.call("ping")).toBe("pong");
  await clock.call("after", 1_100);
  expect(await ref.call("ping")).toBe("pong");
  expect(recorder.events).toEqual([]);
});
