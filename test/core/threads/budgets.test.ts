/**
 * Budgets of time against code that holds its thread: real threads, processes and time (core/SEMANTICS.md, S10.5). What
 * awaits, on every placement: test/core/semantics/s10-budgets.test.ts.
 */
import { describe, expect, test } from "@jest/globals";
import { stopwatchMs } from "../../../core/clock.ts";
import { type ExitReason, type RefData, type SpawnOptions, startSystem } from "../../../index.ts";
import { type Delay, dawdler, lateStarter, secretive } from "../../fixtures/budgets.ts";
import { stubborn } from "../../fixtures/process-tests.ts";
import { useSystem } from "../../support/use-system.ts";

const shared = useSystem({ threads: 1, clock: "system", spare: false });

const places = {
  worker: { placement: { thread: 1 } },
  dedicated: { isolation: "thread" },
  process: { isolation: "process" },
  main: { placement: { thread: 0 } },
} as const satisfies Readonly<Record<string, SpawnOptions>>;

/** On main no loop is cut down, and one that does not end holds it. */
const rows: readonly (readonly [keyof typeof places, Delay])[] = [
  ["worker", "a loop"],
  ["worker", "a loop behind an await"],
  ["dedicated", "a loop"],
  ["process", "a loop"],
  ["main", "a loop that ends"],
  ["main", "a loop behind an await that ends"],
];

async function endOf(ref: RefData): Promise<ExitReason> {
  return (await (await shared().monitor(ref)).down).reason;
}

describe.each(rows)("on %s, %s", (place, delay) => {
  test("in init fails the start, and its actor ends with the budget of init", async () => {
    const system = shared();
    const { threadsLost } = await system.stats();
    await expect(
      system.spawn(dawdler, { init: delay }, { ...places[place], budget: { initMs: 50 } }),
    ).rejects.toMatchObject({ code: "budget", cause: { budget: { initMs: 50 } } });
    expect(system.crashes().at(-1)).toMatchObject({ behaviour: "dawdler", reason: { budget: { initMs: 50 } } });
    expect((await system.stats()).threadsLost).toBe(threadsLost);
  });

  test("in terminate ends its actor with the budget of terminate", async () => {
    const system = shared();
    const ref = await system.spawn(dawdler, { terminate: delay }, { ...places[place], budget: { terminateMs: 50 } });
    expect(await system.stopActor(ref)).toEqual({ budget: { terminateMs: 50 } });
    expect(system.crashes().at(-1)).toMatchObject({ reason: { budget: { terminateMs: 50 } } });
  });
});

test("S10.5: the crash report of a loop in init has its stack", () => {
  const report = shared()
    .crashes()
    .find(({ reason, stack }) => typeof reason === "object" && "budget" in reason && stack !== undefined);
  expect(report?.stack?.split("\n")[0]).toMatch(/at forever .*budgets\.[jt]s/);
});

test("S10.5: the shorter of the turn's limit and the budget counts", async () => {
  const options = { ...places.worker, budget: { initMs: 10_000 }, turnLimitMs: 50 };
  await expect(shared().spawn(dawdler, { init: "a loop" }, options)).rejects.toMatchObject({
    cause: { turnLimit: 50 },
  });
});

test("S10.5: behind its init an actor has its turn's limit again", async () => {
  const options = { ...places.worker, budget: { initMs: 50 }, turnLimitMs: 100 };
  const ref = await shared().spawn(dawdler, {}, options);
  const reason = endOf(ref);
  await expect(ref.call("loop")).rejects.toMatchObject({ code: "turn_limit" });
  expect(await reason).toEqual({ turnLimit: 100 });
});

test("S10.5: an init that settled in its time has kept it, also where its thread is held afterwards", async () => {
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  let isInInit = () => {};
  const began = new Promise<void>((resolve) => {
    isInInit = resolve;
  });
  const gate = () => {
    isInInit();
    return opened;
  };
  const started = shared().spawn(dawdler, { gate } as never, { ...places.main, budget: { initMs: 50 } });
  await began;
  open();
  // Its promise settles in microtasks.
  for (let n = 0; n < 20; n += 1) await Promise.resolve();
  const endMs = stopwatchMs() + 100;
  while (stopwatchMs() < endMs);
  await expect(started).resolves.toBeDefined();
});

test("S10.5: with initLater the time of init runs until initDone", async () => {
  const tooLong = shared().spawn(lateStarter, undefined, { ...places.worker, budget: { initMs: 20 } });
  await expect(tooLong).rejects.toMatchObject({ code: "budget", cause: { budget: { initMs: 20 } } });
  const ref = await shared().spawn(lateStarter, undefined, { ...places.worker, budget: { initMs: 20_000 } });
  expect(await ref.call("ping")).toBe("pong");
});

test("S10.5: a child with shutdown infinity whose terminate never ends no longer holds stop()", async () => {
  const system = await startSystem({ threads: 1, spare: false });
  const spec = { id: "stubborn", start: [stubborn], shutdown: "infinity", budget: { terminateMs: 50 } } as const;
  const tree = await system.supervise({ children: [spec] });
  const child = (await tree.whichChildren())[0]?.ref as RefData;
  const { down } = await system.monitor(child);
  await system.stop();
  expect([(await down).reason, await tree.exit]).toEqual([{ budget: { terminateMs: 50 } }, "shutdown"]);
});

test("a crash report of an actor that was ended from outside does not show what its format hides", async () => {
  const system = shared();
  const ref = await system.spawn(secretive, undefined, { ...places.worker, budget: { mailbox: 1 } });
  const reason = endOf(ref);
  ref.send("is held");
  for (const message of ["a", "b", "c"]) ref.send(message);
  expect(await reason).toEqual({ budget: { mailbox: 1 } });
  expect(system.crashes().at(-1)?.state).toMatch(/^not shown: it has a format/);
});
