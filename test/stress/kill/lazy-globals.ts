/** A kill in the first touch of a global that Node builds lazily, in threads that were and were not warmed. */
import type { BareReport } from "./bare-thread.ts";
import type { ExperimentOptions, ExperimentRecord } from "./experiment-record.ts";
import { Rig } from "./spike-rig.ts";

const names = ["Headers", "Blob", "ReadableStream", "performance", "CompressionStream"] as const;

interface Tally {
  readonly threads: number;
  /** Cuts with frames of Node above the touch. */
  readonly hits: number;
  readonly broken: number;
}

async function touch(rig: Rig, global: string, warm: boolean, threads: number): Promise<Tally> {
  let hits = 0;
  let broken = 0;
  for (let at = 0; at < threads; at++) {
    const thread = await rig.start("./bare-thread.js", { place: { global }, warm });
    thread.worker.postMessage("start");
    await thread.next(30_000);
    thread.worker.postMessage("report");
    const report = await thread.next<BareReport>(30_000);
    if (report.nodeFrames > 0) hits++;
    if (report.isGlobalBroken) broken++;
    await rig.stop(thread);
  }
  return { threads, hits, broken };
}

export async function lazyGlobals(options: ExperimentOptions): Promise<ExperimentRecord> {
  await using rig = await Rig.open();
  const threads = Math.ceil(options.kills / (names.length * 2));
  const cold: Record<string, Tally> = {};
  const warm: Record<string, Tally> = {};
  for (const name of names) {
    cold[name] = await touch(rig, name, false, threads);
    warm[name] = await touch(rig, name, true, threads);
  }
  const sum = (tallies: Record<string, Tally>, pick: (tally: Tally) => number): number =>
    Object.values(tallies).reduce((total, tally) => total + pick(tally), 0);
  const brokenCold = sum(cold, (tally) => tally.broken);
  const brokenWarm = sum(warm, (tally) => tally.broken);
  return {
    name: "globals",
    expected: "a global that was cut in its first touch is broken for ever; one touched at the thread's start never is",
    ok: brokenCold > 0 && brokenWarm === 0,
    kills: threads * names.length * 2,
    broken: brokenWarm,
    details: { cold, warm, brokenCold },
  };
}
