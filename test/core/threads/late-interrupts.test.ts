/**
 * Real threads and real time: an interrupt whose cut was granted while the handler ran, and falls when that has returned
 * (core/SEMANTICS.md, S14.13 and S14.15). A turn is done or interrupted, and never both.
 */
import { afterEach, expect, test } from "@jest/globals";
import type { AnyApi, ExitReason, Ref } from "../../../index.ts";
import { EventRecorder } from "../../../testing/index.ts";
import { lateMortal, latePromise, lateReturn } from "../../fixtures/late-return.ts";
import { turnUnderWay } from "../../support/turn-under-way.ts";
import { useSystem } from "../../support/use-system.ts";

const there = { placement: { thread: 1 }, turnLimitMs: Number.POSITIVE_INFINITY } as const;
const patient = { timeoutMs: 60_000 } as const;
const now = { reason: "too late", graceMs: 0 } as const;

const system = useSystem({ threads: 1, clock: "system" });
let recorder: EventRecorder | undefined;
const record = () => {
  recorder = new EventRecorder(system(), ["turnInterrupted", "crashed"]);
  return recorder;
};
afterEach(() => recorder?.[Symbol.dispose]());

/** The answer, or the code of the failure. */
const outcomeOf = (promise: Promise<unknown>) => promise.catch(({ code }: { code: string }) => code);

const holds = (ref: Ref<AnyApi>) => turnUnderWay(system(), ref);

const endOf = async (ref: Ref<AnyApi>): Promise<ExitReason> => (await (await system().monitor(ref)).down).reason;

/** Where V8 looks between two rounds of the loop, as it does now and then, the handler has not returned: another try. */
async function untilLate(attempt: () => Promise<"late" | "cut down">): Promise<void> {
  for (let tries = 1; (await attempt()) !== "late"; tries++) if (tries === 30) throw new Error("no cut was late");
}

const behaviours = [
  ["with the hook", lateReturn],
  ["without it", lateMortal],
  ["in an async scope", latePromise],
] as const;

test.each(behaviours)("S14.15: a call whose handler has returned is answered: %s", async (_which, behaviour) => {
  const events = record();
  await untilLate(async () => {
    const ref = await system().spawn(behaviour, undefined, there);
    const answer = outcomeOf(ref.call("value", undefined, patient));
    await holds(ref);
    const next = outcomeOf(ref.call("done", undefined, patient));
    const { length } = events.events;
    if (await system().interrupt(ref, now)) {
      expect(await answer).toBe("interrupted");
      return "cut down";
    }
    expect([await answer, await next, await ref.call("hooks")]).toEqual(["a value", 1, []]);
    expect(events.events.length).toBe(length);
    return "late";
  });
});

test.each(behaviours)("S14.15: a message whose handler has returned is done: %s", async (_which, behaviour) => {
  const events = record();
  await untilLate(async () => {
    const ref = await system().spawn(behaviour, undefined, there);
    ref.send("loop");
    await holds(ref);
    const next = outcomeOf(ref.call("done", undefined, patient));
    const { length } = events.events;
    if (await system().interrupt(ref, now)) return "cut down";
    expect([await next, await ref.call("hooks")]).toEqual([1, []]);
    expect(events.events.length).toBe(length);
    return "late";
  });
});

test.each(["promise", "thenable"] as const)(
  "S14.14: a turn that has come to a promise is told by its signal: %s",
  async (name) => {
    const events = record();
    await untilLate(async () => {
      const ref = await system().spawn(latePromise, undefined, there);
      const answer = outcomeOf(ref.call(name, undefined, patient));
      await holds(ref);
      expect(await system().interrupt(ref, { ...now, graceMs: 50 })).toBe(true);
      expect(await answer).toBe("interrupted");
      expect(events.events.at(-1)).toMatchObject({ type: "turnInterrupted", reason: "too late" });
      if ((await ref.call("done")) === 0) return "cut down";
      expect(await ref.call("hooks")).toEqual([]);
      return "late";
    });
  },
);

test("S14.13: of two for such a turn both are told of it", async () => {
  await untilLate(async () => {
    const ref = await system().spawn(latePromise, undefined, there);
    const answer = outcomeOf(ref.call("promise", undefined, patient));
    await holds(ref);
    const asked = [50, 5_000].map((graceMs) => system().interrupt(ref, { reason: "too late", graceMs }));
    const told = [...(await Promise.all(asked)), await answer];
    if ((await ref.call("done")) === 0) return "cut down";
    expect(told).toEqual([true, true, "interrupted"]);
    return "late";
  });
});

test("S14.14: one whose message was put aside fails with none in hand", async () => {
  const events = record();
  await untilLate(async () => {
    const ref = await system().spawn(latePromise, undefined, there);
    const end = endOf(ref);
    const answer = outcomeOf(ref.call("stashedThenFails", undefined, patient));
    await holds(ref);
    expect(await system().interrupt(ref, { ...now, graceMs: 50 })).toBe(true);
    const first = await Promise.race([end, outcomeOf(ref.call("done"))]);
    if (first === 0) {
      expect(await answer).toBe("at the second time");
      return "cut down";
    }
    expect(first).toMatchObject({ error: { message: "failed behind" } });
    expect(await answer).toBe("crashed");
    expect(events.events.at(-1)).toMatchObject({ type: "crashed", message: undefined });
    return "late";
  });
});

test("S14.13: what was to happen behind the turn happens: it stops", async () => {
  await untilLate(async () => {
    const ref = await system().spawn(lateReturn, undefined, there);
    const end = endOf(ref);
    const answer = outcomeOf(ref.call("stopped", undefined, patient));
    await holds(ref);
    // Where its turn ended by itself the actor is gone when the question comes up.
    const isCutDown = (await outcomeOf(system().interrupt(ref, now))) !== "noproc";
    expect([await answer, await end]).toEqual([isCutDown ? "interrupted" : "a value", "shutdown"]);
    return isCutDown ? "cut down" : "late";
  });
});

test("S14.13: a message that was put aside comes up again", async () => {
  await untilLate(async () => {
    const ref = await system().spawn(lateReturn, undefined, there);
    const answer = outcomeOf(ref.call("stashed", undefined, patient));
    await holds(ref);
    const isCutDown = await system().interrupt(ref, now);
    expect([await answer, await ref.call("hooks")]).toEqual(["at the second time", isCutDown ? ["too late"] : []]);
    return isCutDown ? "cut down" : "late";
  });
});

test("S8.3: a kill in that instant is none the later", async () => {
  const ref = await system().spawn(lateReturn, undefined, there);
  const end = endOf(ref);
  const answer = outcomeOf(ref.call("value", undefined, patient));
  await holds(ref);
  system().exit(ref, "kill");
  expect([await end, await answer]).toEqual(["killed", "killed"]);
});
