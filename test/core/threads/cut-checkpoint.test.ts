/**
 * What a cut behind an `await` takes with it: open turns whose continuations stood in the same microtask checkpoint
 * (core/SEMANTICS.md, S8.4). Real threads and real time; on main no turn is cut, so placements do not matter here.
 */
import { expect, test } from "@jest/globals";
import { refKey } from "../../../index.ts";
import { EventRecorder } from "../../../testing/index.ts";
import { sharer } from "../../fixtures/landing.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { bystander, runaway } from "../../fixtures/runaway.ts";
import { useSystem } from "../../support/use-system.ts";

const asyncGraceMs = 200;
const system = useSystem({ threads: 1, spare: false, clock: "system", asyncGraceMs });
const there = { placement: { thread: 1 } } as const;
const limited = { ...there, turnLimitMs: 50 } as const;

const spawnSharers = (count: number) =>
  Promise.all(Array.from({ length: count }, () => system().spawn(sharer, undefined, there)));

/** `answered`, or the code of the failure. */
const outcome = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => "answered",
    (error: { code: string }) => error.code,
  );

test("S8.4: an open turn that stood behind the loop ends turnLost, reported with the message in its hands, and counted", async () => {
  using recorder = new EventRecorder(system(), ["turnLost", "crashed"]);
  const before = (await system().stats()).turnsLost;
  const ref = await system().spawn(runaway, undefined, limited);
  const [victim] = await spawnSharers(1);
  if (victim === undefined) throw new Error("no victim");
  // One publication, so one drain and one checkpoint.
  const calls = [outcome(ref.call("afterAwait")), outcome(victim.call("later", "in hand" as never))];
  expect(await Promise.all(calls)).toEqual(["turn_limit", "turn_lost"]);
  expect(recorder.of("turnLost")).toEqual([{ type: "turnLost", ref: victim.toJSON(), culprit: refKey(ref) }]);
  expect(recorder.of("crashed")).toContainEqual(
    expect.objectContaining({ ref: victim.toJSON(), message: expect.stringContaining("in hand") }),
  );
  expect((await system().stats()).turnsLost - before).toBe(1);
});

test("S8.4: of many that go on in one checkpoint no more than 16 are lost with one cut, the others do not notice", async () => {
  const before = (await system().stats()).turnsLost;
  const ref = await system().spawn(runaway, undefined, limited);
  const victims = await spawnSharers(60);
  const culprit = outcome(ref.call("afterAwait"));
  const ends = await Promise.all(victims.map((victim) => outcome(victim.call("later"))));
  expect(await culprit).toBe("turn_limit");
  const lost = ends.filter((end) => end === "turn_lost").length;
  expect(ends.filter((end) => end === "answered").length).toBe(ends.length - lost);
  expect((await system().stats()).turnsLost - before).toBe(lost);
  expect([lost > 0, lost <= 16]).toEqual([true, true]);
});

test("S8.4: a call that fails in the checkpoint of the loop fails nevertheless, and its caller is not lost", async () => {
  const ref = await system().spawn(runaway, undefined, limited);
  const [caller, gone] = await spawnSharers(2);
  if (caller === undefined || gone === undefined) throw new Error("no caller");
  system().exit(gone, "kill");
  await system().settled();
  const calls = [outcome(ref.call("afterAwait")), outcome(caller.call("relay", gone))];
  expect(await Promise.all(calls)).toEqual(["turn_limit", "noproc"]);
});

test("S8.4: an open turn that waits for another's answer lives on, also in the checkpoint of the loop", async () => {
  const ref = await system().spawn(runaway, undefined, limited);
  const [asker] = await spawnSharers(1);
  if (asker === undefined) throw new Error("no asker");
  // On main: its answer comes later.
  const other = await system().spawn(sharer, undefined, { placement: { thread: 0 } });
  const calls = [outcome(ref.call("afterAwait")), outcome(asker.call("ask", other))];
  expect(await Promise.all(calls)).toEqual(["turn_limit", "answered"]);
});

test.each<["foreign" | "task", string, string]>([
  ["foreign", "turn_lost", "ends when the grace is over"],
  ["task", "answered", "goes on: ctx.task brings it into the record"],
])("S8.4: who waits for a foreign promise that was settled behind the loop (%s: %s) %s", async (how, end) => {
  const ref = await system().spawn(runaway, undefined, limited);
  const [waiter, settler] = await spawnSharers(2);
  settler?.cast("renew");
  const waits = outcome(waiter?.call(how) as Promise<unknown>);
  await settler?.call("ping");
  const culprit = outcome(ref.call("afterAwait"));
  settler?.cast("settle");
  expect([await culprit, await waits]).toEqual(["turn_limit", end]);
});

test("S8.4: an open turn that waits for something still to come goes on within its grace", async () => {
  const ref = await system().spawn(runaway, undefined, limited);
  const sleeper = await system().spawn(bystander, undefined, there);
  const sleeps = outcome(sleeper.call("sleep", 120));
  // A drain before that of the loop.
  await (await system().spawn(bystander, undefined, there)).call("ping");
  expect([await outcome(ref.call("afterAwait")), await sleeps]).toEqual(["turn_limit", "answered"]);
});

test("a cut in the synchronous part of a turn takes nobody with it, however many turns are open", async () => {
  const before = (await system().stats()).turnsLost;
  const ref = await system().spawn(runaway, undefined, limited);
  const others = await spawnSharers(60);
  const ends = [...others.map((other) => outcome(other.call("later"))), outcome(ref.call("loop"))];
  expect(new Set(await Promise.all(ends))).toEqual(new Set(["answered", "turn_limit"]));
  expect((await system().stats()).turnsLost).toBe(before);
});

test("a cut in a turn that began behind another's await takes nobody with it: not who waits for it, nor who waits for others", async () => {
  const before = (await system().stats()).turnsLost;
  const ref = await system().spawn(runaway, undefined, limited);
  const [asker, first, ...waiters] = await spawnSharers(20);
  if (asker === undefined || first === undefined) throw new Error("no asker");
  const gate = await system().spawn(puppet);
  const open = waiters.map((waiter) => outcome(waiter.call("askTwo", { first, second: gate, name: "hold" })));
  while ((await gate.call("openCalls")) < waiters.length);
  expect(await outcome(asker.call("askTwo", { first, second: ref, name: "loop" }))).toBe("turn_limit");
  while ((await gate.call("openCalls")) > 0) await gate.call("run", ["answer"]);
  expect(new Set(await Promise.all(open))).toEqual(new Set(["answered"]));
  expect((await system().stats()).turnsLost).toBe(before);
});

test("a cut in a turn that began behind another's await drops no microtask that a synchronous turn has left", async () => {
  const ref = await system().spawn(runaway, undefined, limited);
  const [asker, first, leaver] = await spawnSharers(3);
  if (asker === undefined || first === undefined || leaver === undefined) throw new Error("no asker");
  const before = (await leaver.call("left")) as number;
  // One publication, so one drain.
  leaver.cast("leave", 200);
  expect(await outcome(asker.call("askTwo", { first, second: ref, name: "loop" }))).toBe("turn_limit");
  expect((await leaver.call("left")) as number).toBe(before + 200);
});
