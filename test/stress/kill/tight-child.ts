/**
 * A process of its own, so that V8's flags can be given: kills a tight loop again and again.
 *
 *     node [flags of V8] tight-child.js <kills>
 *
 * Prints the latencies of the kills, in milliseconds and in order, as one JSON line.
 */
import type { CutReport } from "./cut-thread.ts";
import { Rig } from "./spike-rig.ts";

const kills = Number(process.argv[2]);
await using rig = await Rig.open();
const thread = await rig.start("./cut-thread.js", { style: "tight", entry: "sync", kills });
thread.worker.postMessage("start");
const report = await thread.next<CutReport>(120_000);
// The thread counts its own kills. A latency may be missing: the last answer races with the question for them.
if (report.kills !== kills || report.broken > 0 || report.caught > 0) throw new Error(JSON.stringify(report));
process.stdout.write(`${JSON.stringify((await rig.report(thread)).latenciesMs)}\n`);
