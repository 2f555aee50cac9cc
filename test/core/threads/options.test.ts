/** Real threads: what the options of a system mean at their ends. */
import { expect, test } from "@jest/globals";
import { wallMs } from "../../../core/clock.ts";
import { type Isolation, startSystem } from "../../../index.ts";
import { worker } from "../../fixtures/thread-tests.ts";

test("threads and modules may be given all the time there is", async () => {
  const forEver = { threadStartTimeoutMs: Number.POSITIVE_INFINITY, loadTimeoutMs: Number.POSITIVE_INFINITY };
  await using system = await startSystem({ threads: 1, spare: false, ...forEver });
  const there = await system.spawn(worker, undefined, { placement: { thread: 1 } });
  expect(await there.call("ping")).toBe("pong");
});

test("a program reads the time that its actors read", async () => {
  await using system = await startSystem({ threads: 1, spare: false, clock: "manual" });
  const there = await system.spawn(worker, undefined, { placement: { thread: 1 } });
  const beganMs = system.nowMs();
  await system.clock.advance(1_500);
  expect(system.nowMs() - beganMs).toBe(1_500);
  expect(await there.call("nowMs")).toBe(system.nowMs());
});

test.each<Isolation>(["shared", "thread", "process"])(
  "isolation %s: the time of day is the machine's, or that of a manual clock",
  async (isolation) => {
    for (const clock of ["system", "manual"] as const) {
      await using system = await startSystem({ threads: 1, spare: false, clock });
      const there = await system.spawn(worker, undefined, { isolation });
      const isManual = clock === "manual";
      if (isManual) await system.clock.advance(1_500);
      const time = () => (isManual ? system.nowMs() : wallMs());
      const beforeMs = time();
      const foundMs = (await there.call("wallMs")) as number;
      expect([foundMs >= beforeMs, foundMs <= time()]).toEqual([true, true]);
    }
  },
);

test("a system listens to the kinds of events that there are, with a function, and says what it got instead", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  const on = (...args: readonly unknown[]) => expect(() => system.events.on(...(args as ["*", () => void])));
  on("nonsense", () => undefined).toThrow(/events\.on wants "\*", a type of event \(spawned, .*got "nonsense"/);
  on("spawned", 5).toThrow(/events\.on wants a function as listener, got 5/);
});

test.each([
  { threadStartTimeoutMs: 0 },
  { threadStartTimeoutMs: Number.NaN },
  { threadEndTimeoutMs: 0 },
  { loadTimeoutMs: -1 },
  { loadTimeoutMs: "1" as never },
  { processMessageBytesMax: 65_535 },
  { processMessageBytesMax: 2 ** 30 + 1 },
  { busyWaitUs: -1 },
  { busyWaitUs: 0.5 },
  { busyWaitUs: 10_001 },
  { clock: "fake" as never },
  { threads: 1.5 },
  { seed: Number.NaN },
  { seed: "x" as never },
  { checks: "no" as never },
  { spare: "no" as never },
  { watchdog: 0 as never },
  { thread: 2 } as never,
])("startSystem refuses %j and names it", async (option) => {
  const name = Object.keys(option)[0] as string;
  await expect(startSystem({ threads: 1, ...option })).rejects.toMatchObject({
    code: "bad_argument",
    message: expect.stringContaining(name) as unknown,
  });
});

test.each([null, 5, "x", [1]])("startSystem(%j) is refused, and says what it takes", async (options) => {
  await expect(startSystem(options as never)).rejects.toMatchObject({
    code: "bad_argument",
    message: expect.stringContaining("startSystem wants options, a record such as { threads: 4 }") as unknown,
  });
});
