/**
 * A process of its own for one place where a termination may land, since some of them abort the whole process.
 *
 *     node landing-child.js <place> <flag | noflag>
 *
 * Prints one JSON line: a `LandingReport`.
 */
import type { BareReport, Place } from "./bare-thread.ts";
import { Rig, type RigThread, RigTimeout, workerFlags } from "./spike-rig.ts";
import { monotonicMs } from "./spike-words.ts";

export interface LandingReport {
  readonly place: string;
  /** The evaluate was answered by a termination: within 500 ms in native code, which is not to be reached. */
  readonly isReached: boolean;
  /** Set when the thread ended instead of recovering. */
  readonly ended?: string;
  /** How long `worker.terminate()` took where the evaluate did not reach. */
  readonly terminateMs?: number;
  readonly report?: BareReport;
}

const [place, flag] = process.argv.slice(2);
if (place === undefined) throw new Error("which place?");
const isNative = place === "pbkdf2" || place === "bigint";
const patienceMs = 10_000;
/** How long what is still missing may be missing: nothing else tells that it will never come. */
const settleMs = 2_000;
const pollMs = 50;

/** All witnesses have run, and every import that can end has ended. */
function isComplete({ ran, imports }: BareReport): boolean {
  const pending = Object.values(imports).filter((outcome) => outcome === "pending").length;
  // Of the module that was cut both loads are expected to stay pending.
  return Object.values(ran).every((count) => count === 2) && pending <= (place === "module" ? 2 : 0);
}

async function settled(thread: RigThread): Promise<BareReport> {
  const endMs = monotonicMs() + settleMs;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    thread.worker.postMessage("report");
    const report = await thread.next<BareReport>(patienceMs);
    if (isComplete(report) || monotonicMs() > endMs) return report;
  }
}

async function land(): Promise<LandingReport> {
  await using rig = await Rig.open();
  // The parent passes one of the places.
  const data = { place: place as Place, warm: true };
  const thread = await rig.start("./bare-thread.js", data, { flags: flag === "noflag" ? [] : workerFlags });
  thread.worker.postMessage("start");
  try {
    await thread.next(isNative ? 500 : patienceMs);
  } catch (error) {
    if (!(error instanceof RigTimeout)) throw error;
    if (thread.ended !== undefined) return { place: String(place), isReached: true, ended: thread.ended };
    await rig.unwatch();
    const startMs = monotonicMs();
    // Some native code is not left before its end: the exit waits for it.
    await thread.worker.terminate();
    return { place: String(place), isReached: false, terminateMs: Math.round(monotonicMs() - startMs) };
  }
  if (place === "module") thread.worker.postMessage("imports");
  try {
    return { place: String(place), isReached: true, report: await settled(thread) };
  } catch (error) {
    if (!(error instanceof RigTimeout)) throw error;
    return { place: String(place), isReached: true, ended: error.message };
  }
}

process.stdout.write(`${JSON.stringify(await land())}\n`);
