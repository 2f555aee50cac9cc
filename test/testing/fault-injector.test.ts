/** Every kind of fault in every place that an actor may be, and what of it is told. */
import { describe, expect, test } from "@jest/globals";
import type { Ref, RuntimeEvent, SpawnOptions } from "../../index.ts";
import { EventRecorder, type Fault, injectFaults, type PlaceName } from "../../testing/index.ts";
import { blind, target } from "../fixtures/fault-target.ts";
import { codeOf } from "../support/bad-input.ts";
import { describePlacements } from "../support/describe-placements.ts";
import { useSystem } from "../support/use-system.ts";

const system = useSystem({ watchdog: true });

interface Case {
  readonly fault: Readonly<Record<string, unknown>> & { readonly kind: string };
  /** What the call gets that is in the turn, and why the actor ends (undefined: over its limit). */
  readonly code: string;
  readonly reason: unknown;
  /** Where it is told that it cannot strike, and nothing happens. */
  readonly skippedOn: readonly PlaceName[];
  /** Options of an actor with a thread or process of its own. */
  readonly alone?: SpawnOptions;
}

const injectedError = { error: expect.objectContaining({ code: "injected" }) };
/** Of turns that never end. A process's has to bear its start. */
const limitMs = (place: PlaceName) => (place === "process" ? 1_500 : 300);
const cutDown = { code: "turn_limit", reason: undefined, skippedOn: ["main"] } as const;
const cases: readonly Case[] = [
  { fault: { kind: "throw" }, code: "injected", reason: injectedError, skippedOn: [] },
  { fault: { kind: "loop" }, ...cutDown },
  { fault: { kind: "loopAfterAwait" }, ...cutDown },
  { fault: { kind: "regex" }, ...cutDown },
  { fault: { kind: "exit", code: 7 }, code: "exit_called", reason: { exitCalled: 7 }, skippedOn: ["main"] },
  { fault: { kind: "kill" }, code: "killed", reason: "killed", skippedOn: [] },
  {
    fault: { kind: "threadLoss" },
    code: "thread_lost",
    reason: { threadLost: "injected fault 0" },
    skippedOn: ["main", "process"],
  },
  {
    fault: { kind: "processKill" },
    code: "process_lost",
    reason: { processLost: { signal: "SIGKILL" } },
    skippedOn: ["main", "scheduler", "dedicated"],
  },
  {
    fault: { kind: "allocate" },
    code: "budget",
    reason: { budget: { heapMb: 32 } },
    skippedOn: ["main", "scheduler"],
    alone: { heapMb: 32 },
  },
];

let actors = 0;

/** A name of its own for each actor, so that no plan means another test's. */
function freshName(): string {
  actors += 1;
  return `victim-${actors}`;
}

describePlacements("an injected fault", (place) => {
  const turnLimitMs = limitMs(place.name);
  const spawn = (name: string, options: SpawnOptions = {}) =>
    place.spawn(system(), target, undefined, { name, ...options });

  test.each(cases.map((entry) => [entry.fault.kind, entry] as const))(
    "%s strikes the third turn, is what it would be in a program's own code, and is told",
    async (kind, { fault, skippedOn, alone, code, reason }) => {
      const name = freshName();
      using recorder = new EventRecorder(system(), ["faultInjected", "faultSkipped"]);
      await using faults = await injectFaults(system(), {
        faults: [{ ...fault, actor: name, afterTurns: 2 } as Fault],
      });
      const limit = reason === undefined ? { turnLimitMs } : {};
      const ref = await spawn(name, { ...limit, ...(place.isAlone && alone) });
      const end = await system().monitor(ref);
      expect([await ref.call("echo", 1), await ref.call("echo", 2)]).toEqual([1, 2]);
      const third = ref.call("echo", 3, { timeoutMs: Number.POSITIVE_INFINITY }).catch((error) => error.code);
      if (skippedOn.includes(place.name)) {
        expect(await third).toBe(3);
        expect(recorder.events).toEqual([
          expect.objectContaining({ type: "faultSkipped", fault: 0, kind, name, ref: ref.toJSON() }),
        ]);
        expect(faults.injected()).toEqual([{ fault: 0, kind, injected: 0, skipped: 1 }]);
        await system().stopActor(ref);
        return;
      }
      expect(await third).toBe(code);
      expect((await end.down).reason).toEqual(reason ?? { turnLimit: turnLimitMs });
      expect(recorder.events).toEqual([
        { type: "faultInjected", fault: 0, kind, thread: ref.thread, ref: ref.toJSON(), name, from: undefined },
      ]);
      expect(faults.injected()).toEqual([{ fault: 0, kind, injected: 1, skipped: 0 }]);
    },
  );

  test("poison is a message that crashes who reads it, and nobody else", async () => {
    const [reader, other] = [freshName(), freshName()];
    // What throws when it is read does not even cross to a process: there it has to be given.
    const poison = { kind: "poison", afterTurns: 1, ...(place.name === "process" && { message: null }) } as const;
    await using faults = await injectFaults(system(), {
      faults: [
        { ...poison, actor: reader },
        { ...poison, actor: other },
      ],
    });
    const ref = await spawn(reader);
    const notLooking = await place.spawn(system(), blind, undefined, { name: other });
    const end = await system().monitor(ref);
    await ref.call("echo", 1);
    await ref.call("echo", 2);
    const error = place.name === "process" ? { error: expect.objectContaining({ name: "TypeError" }) } : injectedError;
    expect((await end.down).reason).toEqual(error);
    for (let n = 0; n < 3; n++) notLooking.send(n);
    await system().settled();
    expect(system().isAlive(notLooking)).toBe(true);
    expect(faults.injected().map(({ injected }) => injected)).toEqual([1, 1]);
    system().exit(notLooking, "kill");
  });

  test("a poison message may be given, and a kill and a poison come at their time", async () => {
    const [poisoned, killed] = [freshName(), freshName()];
    await using faults = await injectFaults(system(), {
      faults: [
        { kind: "poison", actor: poisoned, atMs: 500, everyMs: 100, times: 2, message: { number: 7 } },
        { kind: "kill", actor: killed, atMs: 600 },
      ],
    });
    const [one, two] = [await spawn(poisoned), await spawn(killed)];
    const end = await system().monitor(two);
    await system().clock.advance(499);
    expect(await one.call("seen")).toEqual([]);
    await system().clock.advance(1);
    expect([await one.call("seen"), system().isAlive(two)]).toEqual([[7], true]);
    await system().clock.advance(1_000);
    expect(await one.call("seen")).toEqual([7, 7]);
    expect((await end.down).reason).toBe("killed");
    expect(faults.injected().map(({ injected }) => injected)).toEqual([2, 1]);
    system().exit(one, "kill");
  });
});

describe("a plan", () => {
  test("takes the thread at a position at its time, and supervisors start elsewhere what was on it", async () => {
    const name = freshName();
    const tree = await system().supervise({
      children: [{ id: "child", name, start: [target], placement: { thread: 1 } }],
    });
    const before = system().whereis(name);
    using recorder = new EventRecorder(system(), ["faultInjected", "threadLost", "restarted"]);
    await using faults = await injectFaults(system(), { faults: [{ kind: "threadLoss", thread: 1, atMs: 100 }] });
    const lost = new Promise((resolve) => system().events.on("restarted", resolve));
    await system().clock.advance(100);
    await lost;
    expect(recorder.events.map(({ type }) => type)).toEqual(["faultInjected", "threadLost", "restarted"]);
    const [{ thread }] = recorder.of("threadLost") as unknown as readonly [{ readonly thread: number }];
    expect(recorder.of("faultInjected")).toEqual([expect.objectContaining({ thread, ref: undefined })]);
    expect(recorder.of("threadLost")).toEqual([expect.objectContaining({ why: "injected fault 0", position: 1 })]);
    expect(system().whereis(name)).not.toEqual(before);
    expect(faults.injected()).toEqual([{ fault: 0, kind: "threadLoss", injected: 1, skipped: 0 }]);
    await system().stopActor(tree.ref, "shutdown");
  });

  test("skips the loss of a thread that is not there, and says which was wanted and which there are", async () => {
    using recorder = new EventRecorder<RuntimeEvent>(system(), ["faultSkipped"]);
    await using faults = await injectFaults(system(), { faults: [{ kind: "threadLoss", thread: 9, atMs: 1 }] });
    await system().clock.advance(1);
    expect(faults.injected()).toEqual([{ fault: 0, kind: "threadLoss", injected: 0, skipped: 1 }]);
    const why = "no worker thread runs at position 9; those that run are at 1, 2";
    expect(recorder.events).toMatchObject([{ fault: 0, thread: 9, ref: undefined, why }]);
  });

  test("says which selectors of a fault have met nobody", async () => {
    const name = "met by a plan";
    await using faults = await injectFaults(system(), {
      faults: [
        { kind: "throw", actor: name, afterTurns: 9 },
        { kind: "throw", actor: "nobody of that name" },
        { kind: "drop", from: { child: "nobody's child" }, to: name },
        { kind: "drop", to: { child: "nobody's child" } },
        { kind: "threadLoss", thread: 1, atMs: 60_000 },
      ],
    });
    const ref = await system().spawn(target, undefined, { name, placement: { thread: 1 } });
    expect(faults.injected().map(({ unmet }) => unmet)).toEqual([undefined, ["actor"], ["from"], ["to"], undefined]);
    await system().stopActor(ref);
  });

  test("means a child by its supervisor's id in every incarnation, until `times` is used up over all threads", async () => {
    await using faults = await injectFaults(system(), {
      faults: [{ kind: "throw", actor: { child: "work*" }, afterTurns: 1, times: 3 }],
    });
    const tree = await system().supervise({
      intensity: 10,
      childPlacement: "spread",
      children: [{ id: "worker", start: [target] }],
    });
    const codes: string[] = [];
    for (let n = 0; n < 9; n++) {
      const [{ ref }] = (await tree.whichChildren()) as unknown as readonly [{ readonly ref: Ref }];
      codes.push(await codeOf(ref.call("echo", n)));
      await system().settled();
    }
    const [fine, struck] = ["no error", "injected"];
    expect(codes).toEqual([fine, struck, fine, struck, fine, struck, fine, fine, fine]);
    expect(faults.injected()).toEqual([{ fault: 0, kind: "throw", injected: 3, skipped: 0 }]);
    await system().stopActor(tree.ref, "shutdown");
  });

  test("means an actor by its ref, also one that runs already, and one that gets its name later", async () => {
    const byRef = await system().spawn(target, undefined, { placement: { thread: 1 } });
    const late = await system().spawn(target, undefined, { placement: { thread: 2 } });
    const name = freshName();
    await using _ = await injectFaults(system(), {
      faults: [
        { kind: "throw", actor: { ref: byRef } },
        { kind: "throw", actor: name },
      ],
    });
    expect(await codeOf(byRef.call("echo", 1))).toBe("injected");
    expect(await late.call("echo", 1)).toBe(1);
    await system().register(name, late);
    expect(await codeOf(late.call("echo", 2))).toBe("injected");
  });

  test("reaches threads that are started after it, and is taken back from all", async () => {
    const name = freshName();
    const faults = await injectFaults(system(), { faults: [{ kind: "throw", actor: `${name}*`, times: 5 }] });
    const first = await system().spawn(target, undefined, { name: `${name}-1`, isolation: "thread" });
    expect(await codeOf(first.call("echo", 1))).toBe("injected");
    const second = await system().spawn(target, undefined, { name: `${name}-2`, isolation: "thread" });
    const counts = await faults.stop();
    expect(await second.call("echo", 1)).toBe(1);
    expect(counts).toEqual([{ fault: 0, kind: "throw", injected: 1, skipped: 0 }]);
    const third = await system().spawn(target, undefined, { name: `${name}-3`, isolation: "thread" });
    expect(await third.call("echo", 1)).toBe(1);
    for (const ref of [second, third]) await system().stopActor(ref);
  });

  test("is the only one at work, and is checked where it is given", async () => {
    const one = { faults: [{ kind: "throw", actor: "nobody" }] } as const;
    const first = await injectFaults(system(), one);
    await expect(injectFaults(system(), one)).rejects.toMatchObject({ code: "already_started" });
    await first.stop();
    await (await injectFaults(system(), one)).stop();
    await expect(injectFaults(system(), {} as never)).rejects.toMatchObject({ code: "bad_argument" });
  });
});
