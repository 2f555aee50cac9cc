/**
 * A process of its own for one place where a termination may land, since some of them abort the whole process.
 *
 *     node landing-child.js <place> <flag | noflag>
 *
 * Prints one JSON line: a `LandingReport`.
 */
import type { BareReport, Place } from "./bare-thread.ts";
import { Rig, RigTimeout, workerFlags } from "./spike-rig.ts";
import { monotonicMs } from "./spike-words.ts";

export interface LandingReport {
  readonly place: string;
  /** The evaluate was answered by a termination within 500 ms. */
  readonly isReached: boolean;
  /** Set when the thread ended instead of recovering. */
  readonly ended?: string;
  /** How long `worker.terminate()` took where the evaluate did not reach. */
  readonly terminateMs?: number;
  readonly report?: BareReport;
}

const [place, flag] = process.argv.slice(2);
if (place === undefined) throw new Error("which place?");

async function land(): Promise<LandingReport> {
  await using rig = await Rig.open();
  // The parent passes one of the places.
  const data = { place: place as Place, warm: true };
  const thread = await rig.start("./bare-thread.js", data, { flags: flag === "noflag" ? [] : workerFlags });
  thread.worker.postMessage("start");
  try {
    await thread.next(500);
  } catch (error) {
    if (!(error instanceof RigTimeout)) throw error;
    if (thread.ended !== undefined) return { place: String(place), isReached: true, ended: thread.ended };
    const startMs = monotonicMs();
    // Some native code is not left before its end: the exit waits for it.
    await thread.worker.terminate();
    return { place: String(place), isReached: false, terminateMs: Math.round(monotonicMs() - startMs) };
  }
  // Time for the timers and immediates that are to be witnessed; nothing else tells that they will never run.
  await new Promise((resolve) => setTimeout(resolve, 50));
  if (place === "module") {
    thread.worker.postMessage("imports");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  thread.worker.postMessage("report");
  try {
    const report = await thread.next<BareReport>(1_000);
    return { place: String(place), isReached: true, report };
  } catch (error) {
    if (!(error instanceof RigTimeout)) throw error;
    return { place: String(place), isReached: true, ended: error.message };
  }
}

process.stdout.write(`${JSON.stringify(await land())}\n`);
