/**
 * Real threads and real time: turns that hold their thread are interrupted (core/SEMANTICS.md, S14.15, S14.16 and S18.2), and nobody
 * else notices. On main no turn is cut.
 */
import { expect, test } from "@jest/globals";
import { afterMs } from "../../../core/clock.ts";
import { SeededRandom } from "../../../core/random.ts";
import { type AnyApi, type ExitReason, type Ref, startSystem } from "../../../index.ts";
import { EventRecorder } from "../../../testing/index.ts";
import { interruptible, loopingInit, surviving } from "../../fixtures/interruptible.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { bystander } from "../../fixtures/runaway.ts";
import { NamedPipe } from "../../support/named-pipe.ts";
import { turnUnderWay } from "../../support/turn-under-way.ts";
import { useSystem } from "../../support/use-system.ts";

const there = { placement: { thread: 1 } } as const;
const noLimit = { turnLimitMs: Number.POSITIVE_INFINITY } as const;
const patient = { timeoutMs: 60_000 } as const;

const system = useSystem({ threads: 1, clock: "system" });

async function endOf(ref: Ref<AnyApi>): Promise<ExitReason> {
  return (await (await system().monitor(ref)).down).reason;
}

const holds = (ref: Ref<AnyApi>) => turnUnderWay(system(), ref);

/** Resolves when the neighbour does not get to answer. */
async function held(neighbour: Ref<AnyApi>): Promise<void> {
  const answers = () =>
    neighbour.call("ping", undefined, { timeoutMs: 30 }).then(
      () => true,
      () => false,
    );
  while (await answers());
}

/** What is asked for by real time cannot be waited for otherwise. */
const pause = (ms: number) => new Promise<void>((resolve) => void afterMs(ms, resolve));

const codeOf = async (promise: Promise<unknown>) =>
  await promise.then(
    () => "none",
    ({ code }: { code: string }) => code,
  );

test.each(["loop", "loopOfSends"] as const)(
  "S14.15: a behaviour with the hook goes on with the state as the cut left it, with mail, links, timers and name: %s",
  async (name) => {
    const ref = await system().spawn(surviving, undefined, { ...there, ...noLimit, name: `survivor of ${name}` });
    const linked = await system().spawn(puppet, { trapExit: true }, there);
    await linked.call("run", ["link", ref]);
    const neighbour = await system().spawn(bystander, undefined, there);
    using recorder = new EventRecorder(system(), ["turnInterrupted", "crashed", "exited"]);
    const answer = system().call(ref, name, linked, patient);
    answer.catch(() => undefined);
    await holds(ref);
    for (let n = 0; n < 5; n++) ref.cast("add");
    const last = ref.call("count", undefined, patient);
    expect(await system().interrupt(ref, { reason: "enough", graceMs: 0 })).toBe(true);
    await expect(answer).rejects.toMatchObject({ code: "interrupted", message: expect.stringMatching(/enough/) });
    expect(await ref.call("notes")).toEqual(["interrupted: enough, at 1"]);
    expect(await last).toBe(6);
    expect(system().whereis(`survivor of ${name}`)).toEqual(ref);
    expect(await neighbour.call("ping")).toBe("pong");
    expect(recorder.events).toEqual([
      {
        type: "turnInterrupted",
        ref: ref.toJSON(),
        name: `survivor of ${name}`,
        reason: "enough",
        stack: expect.stringMatching(/at forever .*interruptible\.[jt]s/),
      },
    ]);
    await system().stopActor(linked);
  },
);

test.each([
  ["replace", 100],
  ["later", 200],
])("S14.15: what the hook returns is the state from then on: %s", async (reason, count) => {
  const ref = await system().spawn(surviving, undefined, { ...there, ...noLimit });
  ref.call("loop").catch(() => undefined);
  await holds(ref);
  const next = ref.call("count", undefined, patient);
  expect(await system().interrupt(ref, { reason, graceMs: 0 })).toBe(true);
  expect(await next).toBe(count);
});

test("S14.15: a hook that throws is a crash, one that is interrupted itself ends its actor", async () => {
  for (const reason of ["throw", "loop again"] as const) {
    const ref = await system().spawn(surviving, undefined, { ...there, ...noLimit });
    const end = endOf(ref);
    ref.call("loop").catch(() => undefined);
    await holds(ref);
    expect(await system().interrupt(ref, { reason, graceMs: 0 })).toBe(true);
    if (reason === "throw") expect(await end).toMatchObject({ error: { message: "the hook's own" } });
    else {
      await holds(ref);
      expect(await system().interrupt(ref, { reason: "twice", graceMs: 0 })).toBe(true);
      expect(await end).toEqual({ interrupted: "twice" });
    }
  }
});

test("S14.13: among busy neighbours each interrupt that took hold has ended one turn, the one that it was for", async () => {
  const random = new SeededRandom(7);
  const refs = await Promise.all(
    Array.from({ length: 6 }, () => system().spawn(surviving, undefined, { ...there, ...noLimit })),
  );
  using recorder = new EventRecorder(system(), ["turnInterrupted", "exited"]);
  const outcomes = refs.map(() => ({ done: 0, interrupted: 0, took: 0 }));
  const took = () => outcomes.reduce((sum, outcome) => sum + outcome.took, 0);
  let rounds = 0;
  for (; rounds < 60 || took() < 6; rounds++) {
    const calls = refs.map(async (ref, n) => {
      const code = await codeOf(ref.call("spin", random.next() < 0.3 ? random.below(20) : 0, patient));
      (outcomes[n] as (typeof outcomes)[0])[code === "none" ? "done" : "interrupted"]++;
    });
    const asked: Promise<void>[] = [];
    for (let n = 0; n < 3; n++) {
      // Whose turn it seems to be, which may be over by now; now and then somebody else.
      const [turn] = system().remaining().turns;
      const seen = refs.findIndex((ref) => ref.slot === turn?.ref.slot);
      const at = seen < 0 || random.next() < 0.2 ? random.below(refs.length) : seen;
      const one = system().interrupt(refs[at] as Ref, { graceMs: random.below(2) });
      asked.push(one.then((isOne) => void (isOne && (outcomes[at] as (typeof outcomes)[0]).took++)));
      await pause(random.below(4));
    }
    await Promise.all([...calls, ...asked]);
  }
  expect(recorder.of("exited")).toEqual([]);
  const told = (ref: Ref) => recorder.of("turnInterrupted").filter((event) => event.ref?.slot === ref.slot).length;
  for (const [n, ref] of refs.entries()) {
    const { done, interrupted, took: own } = outcomes[n] as (typeof outcomes)[0];
    expect({ n, sum: done + interrupted, interrupted, told: told(ref as Ref), count: await ref.call("count") }).toEqual(
      {
        n,
        sum: rounds,
        interrupted: own,
        told: own,
        count: done,
      },
    );
  }
});

test("S14.15: an actor without the hook ends, and its supervisor starts it again", async () => {
  const name = "looping child";
  await system().supervise({ children: [{ id: "child", start: [interruptible], name, ...there, ...noLimit }] });
  const ref = system().whereis(name) as Ref;
  const end = endOf(ref);
  const answer = codeOf(system().call(ref, "loop", undefined, patient));
  await holds(ref);
  expect(await system().interrupt(name, { reason: "no more", graceMs: 0 })).toBe(true);
  expect([await answer, await end]).toEqual(["interrupted", { interrupted: "no more" }]);
  expect(system().crashes().at(-1)).toMatchObject({
    reason: { interrupted: "no more" },
    message: "call loop()",
    stack: expect.stringMatching(/at forever/),
  });
  while (system().whereis(name) === undefined) await new Promise(setImmediate);
  expect(await system().call(name, "echo", "again")).toBe("again");
});

test("S14.15: a turn that ends by itself within its grace is not cut, and the next one is not concerned", async () => {
  const ref = await system().spawn(interruptible, undefined, { ...there, ...noLimit });
  using pipe = new NamedPipe();
  const answer = ref.call("read", pipe.path, patient);
  await pipe.isRead();
  const interrupt = system().interrupt(ref, { graceMs: 200 });
  pipe.release();
  expect([await answer, await interrupt]).toEqual([undefined, false]);
  expect(await ref.call("native", 0.5, patient)).toBe(undefined);
});

test("S14.13: one that begins behind the turn that was meant is not told, though it is open when the word comes", async () => {
  const ref = await system().spawn(interruptible, undefined, { ...there, ...noLimit });
  using pipe = new NamedPipe();
  // Both stand in the mailbox before the first begins.
  const reading = ref.call("read", pipe.path, patient);
  const waiting = codeOf(ref.call("wait", undefined, patient));
  await pipe.isRead();
  const interrupt = system().interrupt(ref, { graceMs: 60_000 });
  pipe.release();
  expect([await reading, await interrupt]).toEqual([undefined, false]);
  while ((await system().info(ref)).state !== "running");
  expect(await system().interrupt(ref)).toBe(true);
  expect(await waiting).toBe("interrupted");
});

test.each(["loopAfterAwait", "loopAtAbort"] as const)(
  "S14.14: code behind an await that holds the thread when its grace is over ends its actor: %s",
  async (name) => {
    const ref = await system().spawn(surviving, undefined, { ...there, ...noLimit });
    const neighbour = await system().spawn(bystander, undefined, there);
    const end = endOf(ref);
    const answer = codeOf(ref.call(name, undefined, patient));
    if (name === "loopAfterAwait") await held(neighbour);
    else while ((await system().info(ref)).state !== "running");
    expect(await system().interrupt(ref, { reason: "over", graceMs: 100 })).toBe(true);
    expect([await answer, await end]).toEqual(["interrupted", { interrupted: "over" }]);
    expect(await neighbour.call("ping")).toBe("pong");
  },
);

test("S14.15: one that was to stop stops behind the hook", async () => {
  const ref = await system().spawn(surviving, undefined, { ...there, ...noLimit });
  const end = endOf(ref);
  ref.call("stopThenLoop").catch(() => undefined);
  await holds(ref);
  expect(await system().interrupt(ref, { graceMs: 0 })).toBe(true);
  expect(await end).toBe("shutdown");
});

test("S14.17: an init that loops is a start that failed", async () => {
  const starting = system().spawn(loopingInit, undefined, { ...there, ...noLimit, name: "looping init" });
  starting.catch(() => undefined);
  while (system().whereis("looping init") === undefined) await new Promise(setImmediate);
  await holds(system().whereis("looping init") as Ref);
  expect(await system().interrupt("looping init", { graceMs: 0 })).toBe(true);
  await expect(starting).rejects.toMatchObject({ code: "start_failed" });
});

test("S14.15: actors interrupt one another across threads, and on a thread of its own as well", async () => {
  await using own = await startSystem({ threads: 2, spare: false, turnLimitMs: 30_000 });
  const asker = await own.spawn(interruptible, undefined, { placement: { thread: 2 } });
  for (const where of [there, { isolation: "thread" }] as const) {
    const ref = await own.spawn(surviving, undefined, { ...where, ...noLimit });
    ref.call("loop", undefined, patient).catch(() => undefined);
    while (!own.remaining().turns.some((turn) => turn.thread === ref.thread)) await new Promise(setImmediate);
    expect(await asker.call("interrupt", ref, patient)).toBe(true);
    expect(await ref.call("notes")).toEqual(["interrupted: on request, at 1"]);
  }
});

test("S14.16: native code comes to its end by itself, and costs no thread", async () => {
  const ref = await system().spawn(surviving, undefined, { ...there, ...noLimit });
  using pipe = new NamedPipe();
  const answer = ref.call("read", pipe.path, patient);
  await pipe.isRead();
  const interrupt = system().interrupt(ref, { graceMs: 10 });
  // Longer than an answer of the thread is waited for.
  await pause(3_000);
  pipe.release();
  await answer.catch(() => undefined);
  await interrupt;
  expect(await ref.call("echo", "lives")).toBe("lives");
  expect((await system().stats()).threadsLost).toBe(0);
});

test.each([{ watchdog: false }] as const)(
  "S14.16: with %j a turn that holds its thread is told of by a timeout",
  async (options) => {
    await using own = await startSystem({ threads: 1, spare: false, ...options });
    const ref = await own.spawn(surviving, undefined, there);
    using pipe = new NamedPipe();
    const answer = ref.call("read", pipe.path, patient);
    await pipe.isRead();
    const interrupt = own.interrupt(ref, { graceMs: 0 });
    expect(await codeOf(interrupt)).toBe("timeout");
    pipe.release();
    expect(await answer).toBe(undefined);
    expect(await ref.call("echo", "lives")).toBe("lives");
  },
);

test.each([
  [surviving, "interrupted"],
  [interruptible, "interrupted"],
  [interruptible, "killed"],
] as const)("S18.2: a request fails when the turn that has it in hand is cut down: %#", async (behaviour, code) => {
  const ref = await system().spawn(behaviour, undefined, { ...there, ...noLimit });
  const topic = `cut${ref.slot}.${ref.generation}`;
  await ref.call("subscribe", topic);
  const asked = codeOf(system().request(topic, "loop", { timeoutMs: Number.POSITIVE_INFINITY }));
  await holds(ref);
  if (code === "killed") system().exit(ref, "kill");
  else expect(await system().interrupt(ref, { graceMs: 0 })).toBe(true);
  expect(await asked).toBe(code);
});
