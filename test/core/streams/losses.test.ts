/** Streams whose consumer or producer is lost in the middle, with its process, its thread or its system: S18.6, S18.7. */
import { describe, expect, test } from "@jest/globals";
import { type MofaSystem, type Ref, type SpawnOptions, startSystem } from "../../../index.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { consumer, producer, read, textLength } from "../../fixtures/streamers.ts";

const onThread = (thread: number): SpawnOptions => ({ placement: { thread } });
const inProcess: SpawnOptions = { isolation: "process" };

async function openStreams(system: MofaSystem): Promise<number> {
  await system.settled();
  return (await system.stats()).threads.reduce((sum, { openStreams: open }) => sum + open, 0);
}

/** A stream of ten chunks that its producer keeps open. */
async function opened(system: MofaSystem, ofProducer: SpawnOptions, ofConsumer: SpawnOptions) {
  const producing = await system.spawn(producer, undefined, ofProducer);
  const consuming = await system.spawn(consumer, undefined, ofConsumer);
  await consuming.call("open", {
    to: producing as Ref,
    argument: { chunks: 10, behind: "keep" },
    options: { window: 16 },
  });
  await system.settled();
  expect(await openStreams(system)).toBe(2);
  return { producing, consuming };
}

/** Ends the one actor that is lost, and waits until its end is known. */
type Loss = (system: MofaSystem, lost: Ref) => Promise<void>;

const losses: readonly (readonly [what: string, options: SpawnOptions, code: string, loss: Loss])[] = [
  [
    "its process is killed by SIGKILL",
    inProcess,
    "process_lost",
    async (system, lost) => {
      const { down } = await system.monitor(lost);
      const { pid } = system.processes().find(({ ref }) => ref.slot === lost.slot) as { pid: number };
      process.kill(pid, "SIGKILL");
      await down;
    },
  ],
  [
    "its thread is lost",
    onThread(1),
    "thread_lost",
    async (system, lost) => {
      const { down } = await system.monitor(lost);
      await system.terminateThread(1, "for a test");
      await down;
    },
  ],
  [
    "its turn does not end",
    { ...onThread(1), turnLimitMs: 50 },
    "turn_limit",
    async (system, lost) => {
      const { down } = await system.monitor(lost);
      void lost.cast("loop");
      await down;
    },
  ],
];

/** Where the other one is. */
const elsewhere: readonly (readonly [where: string, options: SpawnOptions])[] = [
  ["on main", onThread(0)],
  ["on another thread", onThread(2)],
  ["in a process", inProcess],
];

describe.each(losses)("when %s", (_what, options, code, loss) => {
  test.each(elsewhere)(
    "S18.7: a consumer leaves nothing behind, and its producer %s hears it",
    async (_where, others) => {
      await using system = await startSystem({ threads: 2, clock: "manual" });
      const { producing, consuming } = await opened(system, others, options);
      await consuming.call("next");
      await loss(system, consuming as Ref);
      await system.settled();
      expect(await producing.call("heard")).toEqual(["stream_closed"]);
      expect(await producing.call("write", "more")).toBe("stream_closed");
      expect(await openStreams(system)).toBe(0);
    },
  );

  test.each(elsewhere)(
    "S18.6: a consumer %s reads what its producer has written, and then its end",
    async (_where, others) => {
      await using system = await startSystem({ threads: 2, clock: "manual" });
      const { producing, consuming } = await opened(system, options, others);
      await loss(system, producing as Ref);
      await system.settled();
      for (let n = 0; n < 10; n++) expect(await consuming.call("next")).toEqual({ done: false, value: n });
      expect(await consuming.call("nextCode")).toBe(code);
      expect(await consuming.call("next")).toEqual({ done: true, value: undefined });
      expect(await openStreams(system)).toBe(0);
    },
  );
});

test.each([onThread(0), onThread(1), inProcess])(
  "a stream of the program ends with its system, whose producer was %j",
  async (options) => {
    const system = await startSystem({ threads: 1, spare: false });
    const producing = (await system.spawn(producer, undefined, options)) as Ref;
    const reading = read(system, { to: producing, argument: { chunks: 3, behind: "keep" } });
    await system.settled();
    await system.stop();
    const { chunks, code } = await reading;
    expect(chunks).toEqual([0, 1, 2]);
    // Its thread may be gone before it has told the end, as with calls.
    expect(["shutdown", "thread_lost"]).toContain(code);
  },
);

test("a stream that the program has asked for, and that nobody has opened, ends with its system", async () => {
  const system = await startSystem({ threads: 1, spare: false });
  const subscriber = await system.spawn(puppet);
  await subscriber.call("run", ["subscribe", "news"]);
  const reading = read(system, { topic: "news", options: { idleTimeoutMs: Number.POSITIVE_INFINITY } });
  await system.settled();
  await system.stop();
  expect(await reading).toEqual({ chunks: [], code: "not_started" });
});

test.each(["in one thread", "between threads"])(
  "S18.5: a stream of 1,000,000 chunks %s needs no more memory than a short one",
  async (where) => {
    await using system = await startSystem({ threads: 1, spare: false });
    const count = 1_000_000;
    // All of them together are four times as much.
    const small: SpawnOptions = { isolation: "thread", heapMb: 64 };
    expect(count * textLength).toBeGreaterThan(4 * 60 * 1_048_576);
    const consuming = await system.spawn(consumer, undefined, small);
    const to = where === "in one thread" ? {} : { to: (await system.spawn(producer, undefined, small)) as Ref };
    expect(await consuming.call("count", { ...to, count }, { timeoutMs: 60_000 })).toBe((count * (count - 1)) / 2);
  },
);
