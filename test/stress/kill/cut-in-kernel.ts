/** Cuts inside a kernel function: what a helper call between two writes costs, and what a straight line saves. */
import type { CutEntry, CutReport, CutStyle } from "./cut-thread.ts";
import { type ExperimentOptions, type ExperimentRecord, latencies } from "./experiment-record.ts";
import { Rig } from "./spike-rig.ts";

export async function cutInKernel(options: ExperimentOptions): Promise<ExperimentRecord> {
  await using rig = await Rig.open();
  const entries: readonly CutEntry[] = ["sync", "callback", "afterAwait"];
  const styles: readonly Exclude<CutStyle, "tight">[] = ["torn", "straight"];
  const details: Record<string, unknown> = {};
  const broken = { torn: 0, straight: 0 };
  const kills = { torn: 0, straight: 0 };
  const samplesMs: number[] = [];
  let caught = 0;
  for (const style of styles) {
    for (const entry of entries) {
      const wanted = Math.ceil(options.kills / 6);
      const thread = await rig.start("./cut-thread.js", { style, entry, kills: wanted });
      thread.worker.postMessage("start");
      const report = await thread.next<CutReport>(10_000 + wanted * 50);
      samplesMs.push(...(await rig.report(thread)).latenciesMs);
      await rig.stop(thread);
      kills[style] += report.kills;
      broken[style] += report.broken;
      caught += report.caught;
      details[`${style} ${entry}`] = report;
    }
  }
  return {
    name: "cut",
    expected: "a straight line of writes is never torn; writes around a call often are; no catch or finally runs",
    // How many cuts hit the helper is a matter of its length and of the compiler: a fourth is proof enough.
    ok: broken.straight === 0 && broken.torn > 0 && caught === 0,
    kills: kills.torn + kills.straight,
    broken: broken.straight,
    ...latencies(samplesMs),
    details: {
      tornBroken: `${broken.torn} of ${kills.torn}`,
      straightBroken: `${broken.straight} of ${kills.straight}`,
      ...details,
    },
  };
}
