/** What becomes of the actors whose continuations a kill in the microtask phase dropped, by what they wait for. */
import { type ExperimentOptions, type ExperimentRecord, latencies } from "./experiment-record.ts";
import type { SharedReport, SharedScene } from "./shared-thread.ts";
import { Rig } from "./spike-rig.ts";

/** Short, so that the runs are; the product's default is 5,000. */
const asyncGraceMs = 60;

export async function sharedPromise(options: ExperimentOptions): Promise<ExperimentRecord> {
  await using rig = await Rig.open();
  const samplesMs: number[] = [];
  const run = async (scene: SharedScene, graceMs: number, rounds: number): Promise<SharedReport> => {
    const thread = await rig.start("./shared-thread.js", { scene, rounds, asyncGraceMs: graceMs });
    thread.worker.postMessage("start");
    const report = await thread.next<SharedReport>(60_000 + rounds * 1_000);
    samplesMs.push(...(await rig.report(thread)).latenciesMs);
    await rig.stop(thread);
    return report;
  };
  const rounds = Math.ceil(options.kills / 2);
  const foreign = await run("foreign", asyncGraceMs, rounds);
  const twoCalls = await run("twoCalls", asyncGraceMs, rounds);
  const all = (report: SharedReport, role: string, how: string, each = 1): boolean =>
    report.ends[role]?.[how] === rounds * each && Object.keys(report.ends[role] ?? {}).length === 1;
  return {
    name: "shared",
    expected:
      "sharers of a foreign promise end turnLost within the grace, tasks of it and waiters for others live, nobody hangs",
    ok:
      all(foreign, "culprit", "killed") &&
      all(foreign, "sharer", "turnLost", 4) &&
      all(foreign, "task", "finished") &&
      all(foreign, "other", "finished") &&
      all(twoCalls, "culprit", "killed") &&
      all(twoCalls, "oneCall", "turnLost") &&
      all(twoCalls, "bothCalls", "turnLost") &&
      all(twoCalls, "slowCall", "finished"),
    kills: foreign.kills + twoCalls.kills,
    broken: 0,
    ...latencies(samplesMs),
    details: { foreign: foreign.ends, twoCalls: twoCalls.ends },
  };
}
