/** core/SEMANTICS.md, S10: budgets. Loops, heaps and real time: test/core/threads/budgets.test.ts and heap-budget.test.ts. */
import { expect, test } from "@jest/globals";
import type { Budget, ChildSpec, Ref } from "../../../index.ts";
import { EventRecorder, type Place, Probe } from "../../../testing/index.ts";
import { frugal, juggler, type Kind } from "../../fixtures/budgets.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { codeOf } from "../../support/bad-input.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { openGate } from "../../support/open-gate.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();

/** A puppet that never answers `hold`, on the thread beside. */
const startGate = () => system().spawn(puppet, undefined, { placement: { thread: 2 } });

/** Starts a puppet with a budget whose turn stays open until the gate is. */
async function jammed(place: Place, budget: Budget) {
  const gate = await startGate();
  const subject = await place.spawn(system(), puppet, undefined, { budget });
  subject.cast("wait", gate);
  await system().settled();
  return { subject, gate };
}

describePlacements("S10 Budgets", (place) => {
  test("S10.3: a mailbox may be full, and ends its actor with the message that is one too many", async () => {
    await using probe = await Probe.start(system());
    using recorder = new EventRecorder(system(), ["deadLetter"]);
    const { subject, gate } = await jammed(place, { mailbox: 3 });
    const watch = await probe.watch(subject);
    for (const message of ["a", "b"]) subject.send(message);
    const call = codeOf(subject.call("echo", "c"));
    await system().settled();
    expect(system().isAlive(subject)).toBe(true);
    subject.send("d");
    expect(await watch.reason()).toEqual({ budget: { mailbox: 3 } });
    expect(await call).toBe("budget");
    expect(recorder.of("deadLetter")).toEqual(Array(4).fill(expect.objectContaining({ why: "noproc" })));
    expect(system().crashes().at(-1)).toMatchObject({
      behaviour: "puppet",
      reason: { budget: { mailbox: 3 } },
      message: expect.stringContaining(`slot: ${gate.slot}`) as unknown,
      queued: ["'a'", "'b'", "call echo('c')", "'d'"],
      queuedCount: 4,
    });
  });

  test("S10.1: an actor over its budget runs no terminate, and its links get the reason", async () => {
    const friend = await system().spawn(puppet, { trapExit: true }, { placement: { thread: 2 } });
    const { subject, gate } = await jammed(place, { mailbox: 1 });
    await openGate(system(), gate);
    await subject.call("onTerminate", ["tell", friend, "terminated"]);
    await subject.call("run", ["link", friend]);
    subject.cast("wait", gate);
    await system().settled();
    for (const message of ["a", "b"]) subject.send(message);
    await system().settled();
    expect(await friend.call("seen")).toEqual([
      expect.objectContaining({ type: "exit", reason: { budget: { mailbox: 1 } } }),
    ]);
  });

  test("S10.4: tasks that have ended leave their places; one more than there may be ends the actor in the verb", async () => {
    await using probe = await Probe.start(system());
    const other = await startGate();
    const subject = await place.spawn(system(), juggler, undefined, { budget: { openTasks: 2 } });
    const watch = await probe.watch(subject);
    for (let round = 0; round < 3; round += 1) {
      await subject.call("tasks", 2);
      await subject.call("endTasks");
      await system().settled();
    }
    await subject.call("tasks", 1);
    expect(await subject.call("begin", { kind: "call", other })).toBe("begun");
    const last = codeOf(subject.call("begin", { kind: "task", other, next: other }));
    expect(await watch.reason()).toEqual({ budget: { openTasks: 2 } });
    expect(await last).toBe("budget");
    expect(await other.call("seen")).toEqual([]);
    expect(system().crashes().at(-1)).toMatchObject({ reason: { budget: { openTasks: 2 } } });
  });

  test("S10.5: an init that is not done in its time ends its actor; one that is may take its time afterwards", async () => {
    const gate = await startGate();
    const options = { ...place.options, budget: { initMs: 100 }, startTimeoutMs: Number.POSITIVE_INFINITY };
    const inTime = system().spawn(puppet, { gate }, options);
    await system().settled();
    await system().clock.advance(99);
    await openGate(system(), gate);
    const subject = await inTime;
    await place.verify(system(), subject);
    const late = system().spawn(puppet, { gate }, options);
    const outcome = late.catch((error: unknown) => error);
    await system().settled();
    await system().clock.advance(100);
    expect(await outcome).toMatchObject({
      code: "budget",
      message: expect.stringMatching(/went over its budget \{"initMs":100\} before init ended/) as unknown,
    });
    expect(system().crashes().at(-1)).toMatchObject({ reason: { budget: { initMs: 100 } } });
    expect(await subject.call("echo", "well")).toBe("well");
  });

  test("S10.5: a terminate that never settles ends in its time, also where whoever asked would wait for ever", async () => {
    const gate = await startGate();
    const subject = await place.spawn(system(), puppet, undefined, { budget: { terminateMs: 100 } });
    await subject.call("onTerminate", ["pass", gate]);
    const stopped = system().stopActor(subject, "shutdown");
    await system().settled();
    await system().clock.advance(99);
    expect(system().isAlive(subject)).toBe(true);
    await system().clock.advance(1);
    expect(await stopped).toEqual({ budget: { terminateMs: 100 } });
    expect(system().crashes().at(-1)).toMatchObject({ reason: { budget: { terminateMs: 100 } } });
  });

  test("S10.6: what the spawn says goes before what the behaviour says, bound by bound", async () => {
    await using probe = await Probe.start(system());
    const subject = await place.spawn(system(), frugal, undefined, { budget: { openTasks: Number.POSITIVE_INFINITY } });
    const watch = await probe.watch(subject);
    await subject.call("tasks", 5);
    expect(await subject.call("ping")).toBe("pong");
    subject.cast("wait", await startGate());
    await probe.run((ctx) => {
      for (const message of ["a", "b", "c"]) void ctx.send(subject, message);
    });
    expect(await watch.reason()).toEqual({ budget: { mailbox: 2 } });
  });

  test("S10.1: a supervisor restarts a child over its budget, and gives up when that happens too often", async () => {
    const spec: ChildSpec = {
      id: "child",
      start: [juggler],
      name: `s10 child ${place.name}`,
      budget: { openTasks: 1 },
      ...place.options,
    };
    using recorder = new EventRecorder(system(), ["restarted"]);
    const tree = await system().supervise({ intensity: 1, periodMs: 60_000, children: [spec] });
    const fail = async () => {
      const child = system().whereis(spec.name as string) as Ref<never>;
      await place.verify(system(), child);
      await codeOf(system().call(child, "tasks", 2));
      await system().settled();
    };
    await fail();
    await system().settled();
    expect(recorder.of("restarted")).toMatchObject([{ id: "child", restarts: 1 }]);
    await fail();
    expect(await tree.exit).toBe("shutdown");
  });
});

test("S10.6: a spawn's capacity takes the place of a behaviour's budget of the mailbox, which then holds nobody", async () => {
  const subject = await system().spawn(frugal, undefined, { placement: { thread: 1 }, mailboxCapacity: 1 });
  subject.cast("wait", await startGate());
  await system().settled();
  for (const message of ["a", "b", "c", "d"]) subject.send(message);
  await system().settled();
  expect(system().isAlive(subject)).toBe(true);
  system().exit(subject, "kill");
});

// Where an actor runs is no matter here: each verb is one, whoever carries it out.
const there = { placement: { thread: 1 } } as const;

test.each<Kind>(["call", "stopActor", "task", "start", "register"])(
  "S10.4: a %s that is one too many ends the actor, and is not begun",
  async (kind) => {
    const other = await startGate();
    const { down } = await system().monitor(other);
    const subject = await system().spawn(juggler, undefined, { ...there, budget: { openTasks: 1 } });
    const { down: ended } = await system().monitor(subject);
    await subject.call("tasks", 1);
    expect(await codeOf(subject.call("begin", { kind, other, next: other }))).toBe("budget");
    expect((await ended).reason).toEqual({ budget: { openTasks: 1 } });
    await system().settled();
    expect(await other.call("openCalls")).toBe(0);
    expect(await other.call("seen")).toEqual([]);
    expect(system().whereis("juggled")).toBeUndefined();
    system().exit(other, "kill");
    expect((await down).reason).toBe("killed");
  },
);

/** On the thread of those who send to it, with a mailbox that is full, and says so by waiting. */
async function startJammed() {
  const jam = await system().spawn(puppet, undefined, { ...there, mailboxPolicy: "wait", mailboxCapacity: 1 });
  jam.cast("wait", await startGate());
  await system().settled();
  jam.send("fills it");
  await system().settled();
  return jam;
}

test("S10.4: a send that waits for room counts, one that is one too many is not sent", async () => {
  const jam = await startJammed();
  const subject = await system().spawn(puppet, undefined, { ...there, budget: { openTasks: 2 } });
  const { down } = await system().monitor(subject);
  for (const message of ["a", "b"]) await subject.call("begin", ["send", jam, message]);
  await system().settled();
  expect(system().isAlive(subject)).toBe(true);
  expect(await codeOf(subject.call("begin", ["send", jam, "c"]))).toBe("budget");
  expect((await down).reason).toEqual({ budget: { openTasks: 2 } });
});

test("S10.4: a call that waits for room counts once", async () => {
  const jam = await startJammed();
  const subject = await system().spawn(puppet, undefined, { ...there, budget: { openTasks: 2 } });
  for (const word of ["a", "b"]) await subject.call("begin", ["call", jam, "echo", word]);
  await system().settled();
  expect(await subject.call("echo", "lives")).toBe("lives");
});

test("S10.4: a publish that main has not answered counts", async () => {
  const budget = { openTasks: 2 };
  const subject = await system().spawn(puppet, undefined, { ...there, budget });
  await system().keepTopic("budgets");
  const publish = (count: number) => Array.from({ length: count }, (_, n) => ["publish", "budgets", n, { ack: true }]);
  expect(await subject.call("runEach", publish(2) as never)).toBe(2);
  expect(await codeOf(subject.call("runEach", publish(3) as never))).toBe("budget");
  expect((await system().stats()).kept).toMatchObject([{ lastSeq: 4 }]);
});
