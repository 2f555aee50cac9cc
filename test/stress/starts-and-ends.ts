/**
 * Systems start and stop for half a minute, three at a time, while their actors loop and are killed, native code holds
 * threads, threads are lost, and dedicated ones come and go; the process has short-lived workers of its own beside them.
 *
 * Nothing may be left behind, and the process must not abort, which it does where the watchdog sends something to a thread
 * in the instant of its end (core/README.md, Cuts).
 *
 *     node dist/test/stress/starts-and-ends.js [seconds] [seed]
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { type MofaSystem, SeededRandom, startSystem } from "../../index.ts";
import { bystander, runaway } from "../fixtures/runaway.ts";
import { check, progress, report } from "./stress-report.ts";

const seconds = Number(process.argv[2] ?? 30);
const random = new SeededRandom(Number(process.argv[3] ?? 1));
const lanes = 3;
/** With a dozen threads that want to start, two cores and native code on them it takes seconds. */
const startTimeoutMs = 60_000;
const untilMs = performance.now() + seconds * 1_000;
const isOn = () => performance.now() < untilMs;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const counts = { systems: 0, kills: 0, losses: 0, dedicated: 0, others: 0 };

const steps: readonly ((system: MofaSystem) => Promise<void>)[] = [
  ...(["loop", "afterAwait", "immediate", "wait", "native"] as const).map((kind) => async (system: MofaSystem) => {
    const isDedicated = kind !== "native" && random.next() < 0.3;
    const ref = await system.spawn(runaway, undefined, {
      startTimeoutMs,
      ...(isDedicated ? { isolation: "thread" as const } : { placement: "spread" as const }),
    });
    const { down } = await system.monitor(ref);
    system.call(ref, kind, 1, { timeoutMs: 60_000 }).catch(() => undefined);
    await pause(random.below(6));
    system.exit(ref, "kill");
    const { reason } = await down;
    // Where another held the thread with native code, it was lost.
    const isLost = typeof reason === "object" && "threadLost" in reason;
    check(reason === "killed" || isLost, `an actor in ${kind} ended ${JSON.stringify(reason)}`);
    counts.kills++;
  }),
  async (system) => {
    await system.terminateThread(1, "a step of the suite").catch(() => undefined);
    counts.losses++;
  },
  async (system) => {
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        const ref = await system.spawn(bystander, undefined, { isolation: "thread", startTimeoutMs });
        const { down } = await system.monitor(ref);
        system.exit(ref, "kill");
        await down;
        counts.dedicated++;
      }),
    );
  },
];

async function startAndStop(): Promise<void> {
  while (isOn()) {
    const limit = random.next() < 0.3 ? { turnLimitMs: 50 } : {};
    const system = await startSystem({ threads: 1 + random.below(2), spare: random.next() < 0.5, ...limit });
    for (let left = random.below(4); left > 0 && isOn(); left--) await random.pick(steps)(system);
    await system.stop();
    counts.systems++;
    progress(JSON.stringify(counts));
  }
}

/** Workers of the program itself, some of which end while they start. */
async function others(): Promise<void> {
  while (isOn()) {
    const worker = new Worker(random.pick(["", "setInterval(() => {}, 1000)", "process.exit(0)"]), { eval: true });
    const exit = once(worker, "exit");
    await Promise.race([exit, pause(random.below(60))]);
    await worker.terminate();
    counts.others++;
  }
}

const startedAt = performance.now();
await Promise.all([...Array.from({ length: lanes }, startAndStop), others()]);
report({ ...counts, durationMs: performance.now() - startedAt });
