/** Kills in two threads at once while the rings between them carry traffic, and many threads that loop together. */
import type { CutReport } from "./cut-thread.ts";
import { type ExperimentOptions, type ExperimentRecord, latencies } from "./experiment-record.ts";
import { runNeighbours, summary } from "./neighbours.ts";
import { Rig } from "./spike-rig.ts";

export async function killUnderRings(options: ExperimentOptions): Promise<ExperimentRecord> {
  const kills = Math.ceil(options.kills / 2);
  const run = summary(await runNeighbours({ ...options, kills, threads: 2 }));
  return {
    name: "rings",
    expected: "kills in both threads lose, double or overtake no frame of the rings between them",
    ok: run.broken === 0 && run.kills >= options.kills,
    kills: run.kills,
    broken: run.broken,
    ...run.latency,
    details: run.details,
  };
}

const loopingThreads = 6;

export async function manyLoops(options: ExperimentOptions): Promise<ExperimentRecord> {
  await using rig = await Rig.open();
  const kills = Math.ceil(options.kills / loopingThreads);
  const threads = [];
  for (let at = 0; at < loopingThreads; at++) {
    threads.push(await rig.start("./cut-thread.js", { style: "straight", entry: "afterAwait", kills }));
  }
  for (const thread of threads) thread.worker.postMessage("start");
  let done = 0;
  let broken = 0;
  const samplesMs: number[] = [];
  for (const thread of threads) {
    const report = await thread.next<CutReport>(20_000 + kills * 200);
    done += report.kills;
    broken += report.broken + report.caught;
    samplesMs.push(...(await rig.report(thread)).latenciesMs);
  }
  return {
    name: "loops",
    expected: `${loopingThreads} threads that loop at the same time are all ended by one watchdog`,
    ok: broken === 0 && done >= options.kills,
    kills: done,
    broken,
    ...latencies(samplesMs),
    details: { threads: loopingThreads },
  };
}
