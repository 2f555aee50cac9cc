/**
 * Real threads: what an actor does behind an await, in the time between another's cut and the recovery, is its own
 * (core/SEMANTICS.md, S8).
 */
import { expect, test } from "@jest/globals";
import { type Ref, refKey } from "../../../index.ts";
import { bystander, runaway } from "../../fixtures/runaway.ts";
import { goer, type Wait, waiting, waitKinds } from "../../fixtures/waiting-neighbours.ts";
import { useSystem } from "../../support/use-system.ts";

const shared = useSystem({ threads: 1, spare: false, clock: "system" });
const there = { placement: { thread: 1 } } as const;
const neighbours = 5;
const rounds = 3;

/** Resolves when the turn that is under way in the thread, as its words say, is that actor's. */
async function holds(ref: Ref): Promise<void> {
  while (
    !shared()
      .remaining()
      .turns.some((turn) => refKey(turn.ref) === refKey(ref))
  )
    await new Promise(setImmediate);
}

/** Resolves when the neighbour does not get to answer. */
async function held(neighbour: Ref): Promise<void> {
  for (;;) {
    const answer = neighbour.call("ping", undefined, { timeoutMs: 30 });
    if (!(await answer.then(Boolean, () => false))) return;
  }
}

async function cutsBeside(kind: Wait, how: "loop" | "afterAwait") {
  const system = shared();
  const own = new Set<string>();
  const ends: [string, unknown][] = [];
  const unlisten = system.events.on("exited", ({ ref, reason }) => ends.push([refKey(ref), reason]));
  const { cuts } = await system.stats();
  const counter = await system.spawn(goer, undefined, { placement: "local" });
  const idle = await system.spawn(bystander, undefined, there);
  const refs: Ref[] = [];
  for (let number = 0; number < neighbours; number++) {
    const ref = await system.spawn(waiting, undefined, there);
    refs.push(ref);
    own.add(refKey(ref));
    ref.cast("goOn", { kind, to: counter, number });
  }
  for (let round = 0; round < rounds; round++) {
    const culprit = await system.spawn(runaway, undefined, { ...there, turnLimitMs: Number.POSITIVE_INFINITY });
    culprit.call(how, undefined, { timeoutMs: Number.POSITIVE_INFINITY }).catch(() => undefined);
    if (how === "loop") await holds(culprit);
    await held(idle);
    const { down } = await system.monitor(culprit);
    system.exit(culprit, "kill");
    expect((await down).reason).toBe("killed");
  }
  const before = await counter.call("times");
  const isOn = (times: readonly number[]) =>
    refs.every((ref, number) => !system.isAlive(ref) || (times[number] ?? 0) > (before[number] ?? 0));
  while (!isOn(await counter.call("times"))) await idle.call("ping");
  const after = await system.stats();
  unlisten();
  // Of these ends some may be cuts, too.
  for (const ref of refs) system.exit(ref, "kill");
  return { ends: ends.filter(([key]) => own.has(key)).map(([, reason]) => reason), cuts: after.cuts - cuts };
}

test.each(waitKinds)("a turn is cut down, and who goes on behind an await in that moment goes on: %s", async (kind) => {
  expect(await cutsBeside(kind, "loop")).toEqual({ ends: [], cuts: rounds });
});

// What had settled in the very checkpoint that was cut down goes with it (S8.4); nobody is taken for the culprit.
test.each(waitKinds)("code behind an await is cut down, and nobody else is taken for it: %s", async (kind) => {
  const { ends, cuts } = await cutsBeside(kind, "afterAwait");
  expect(cuts).toBe(rounds);
  for (const reason of ends) expect(reason).toEqual({ turnLost: expect.any(String) });
});
