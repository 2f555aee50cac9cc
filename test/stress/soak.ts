/**
 * Ten minutes of everything at once: calls across threads, crashes and restarts, names, timers, thread losses. Memory
 * after the first fifth and at the end may not drift apart.
 */
import { startSystem } from "../../index.ts";
import { busyBody } from "./behaviours/busy-body.ts";
import { check, progress, report, rssMb } from "./stress-report.ts";

const minutes = Number(process.argv[2] ?? 10);
const children = 200;
const lossEveryMs = 20_000;
/** What the end may use more than the warm system: half as much again. */
const driftMax = 1.5;

const startedAt = performance.now();
const untilMs = startedAt + minutes * 60_000;
const system = await startSystem({ threads: 2 });
const tree = await system.supervise({
  strategy: "one_for_one",
  intensity: 1_000_000,
  periodMs: 1_000,
  children: Array.from({ length: children }, (_, n) => ({ id: n, start: [busyBody, n] as const })),
});
const samplesMb: number[] = [];
let rounds = 0;
let failures = 0;
let nextLossMs = startedAt + lossEveryMs;
let nextSampleMs = startedAt;
let losses = 0;
while (performance.now() < untilMs) {
  const entries = await tree.whichChildren();
  check(entries.length === children, `${entries.length} children`);
  const answers = await Promise.allSettled(
    entries.map(async ({ ref }) => {
      if (typeof ref !== "object") throw new Error("restarting");
      return await ref.call("work", rounds, { timeoutMs: 30_000 });
    }),
  );
  failures += answers.filter(({ status }) => status === "rejected").length;
  rounds++;
  const nowMs = performance.now();
  if (nowMs >= nextLossMs && system.threads > 1) {
    nextLossMs = nowMs + lossEveryMs;
    losses++;
    await system.terminateThread(1 + (losses % 2), "soak").catch((error: unknown) => {
      // The place may wait for its new thread still; the next loss will find it.
      if ((error as { code?: string }).code !== "invalid_placement") throw error;
    });
  }
  if (nowMs >= nextSampleMs) {
    nextSampleMs = nowMs + (minutes * 60_000) / 50;
    samplesMb.push(rssMb());
    progress(`${rounds} rounds, ${failures} planned failures, ${Math.round(rssMb())} MiB`);
  }
}
const warm = median(samplesMb.slice(5, 15));
const late = median(samplesMb.slice(-10));
check(failures > 0, "nothing failed, though every child crashes now and then");
check(late < warm * driftMax, `memory went from ${Math.round(warm)} to ${Math.round(late)} MiB`);
const { threadsLost } = await system.stats();
await system.stop();
report({
  minutes,
  rounds,
  failures,
  threadsLost,
  warmMb: warm,
  lateMb: late,
  durationMs: performance.now() - startedAt,
});

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
