/** Whether timers and I/O run while the drain is busy, with the scheduler's way of posting and with the naive one. */
import type { BreathingReport } from "./breathing-thread.ts";
import type { ExperimentOptions, ExperimentRecord } from "./experiment-record.ts";
import { Rig } from "./spike-rig.ts";

const forMs = 400;

export async function breathing(_options: ExperimentOptions): Promise<ExperimentRecord> {
  await using rig = await Rig.open();
  const run = async (posting: "fair" | "naive"): Promise<BreathingReport> => {
    const thread = await rig.start("./breathing-thread.js", { posting, forMs });
    thread.worker.postMessage("start");
    for (let at = 0; at < 20; at++) thread.worker.postMessage(at);
    const report = await thread.next<BreathingReport>(20_000);
    await rig.stop(thread);
    return report;
  };
  const fair = await run("fair");
  const naive = await run("naive");
  return {
    name: "breathing",
    expected: "a 1 ms timer and file reads run at least every ~20 ms beside a busy drain; naive posting starves them",
    // Not how often: the machine may be busy with other things. More than one turn of the loop, against hardly any.
    ok: fair.timers > 1 && fair.files > 1 && fair.parentMessages === 20 && naive.timers * 2 < fair.timers,
    kills: 0,
    broken: 0,
    details: { fair, naive },
  };
}
