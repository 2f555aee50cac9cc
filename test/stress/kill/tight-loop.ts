/**
 * How long a kill of a loop without any call takes, while V8 moves the function from tier to tier.
 *
 * Maglev's code looks for interrupts in a loop only when the budget that counts towards the next tier is used up, which
 * a small loop does slowly. The same is run with that compiler off.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type ExperimentOptions, type ExperimentRecord, latencies } from "./experiment-record.ts";

const slowMs = 100;
const killsEach = 12;

export async function tightLoop(options: ExperimentOptions): Promise<ExperimentRecord> {
  const script = fileURLToPath(new URL("./tight-child.js", import.meta.url));
  const processes = Math.ceil(options.kills / (killsEach * 2));
  const run = async (flags: readonly string[]): Promise<{ samplesMs: number[]; slow: number; at: number[] }> => {
    const samplesMs: number[] = [];
    const at: number[] = [];
    for (let index = 0; index < processes; index++) {
      const { stdout } = await promisify(execFile)(process.execPath, [...flags, script, String(killsEach)]);
      // The child prints an array of numbers.
      const own = JSON.parse(stdout) as number[];
      samplesMs.push(...own);
      for (const [kill, ms] of own.entries()) if (ms > slowMs) at.push(kill + 1);
    }
    return { samplesMs, slow: at.length, at };
  };
  const standard = await run([]);
  const withoutMaglev = await run(["--no-maglev"]);
  return {
    name: "tight",
    expected: `every tight loop is ended, by the count of its own thread; how many kills take over ${slowMs} ms with V8's Maglev and without is shown, not asserted`,
    // A child whose thread counted another number of kills ends with an error, which fails this experiment before here.
    ok: standard.samplesMs.length > 0 && withoutMaglev.samplesMs.length > 0,
    kills: processes * killsEach * 2,
    broken: 0,
    ...latencies(standard.samplesMs),
    details: {
      standard: { ...latencies(standard.samplesMs), slow: standard.slow, slowAtKill: standard.at, processes },
      withoutMaglev: { ...latencies(withoutMaglev.samplesMs), slow: withoutMaglev.slow, processes },
    },
  };
}
