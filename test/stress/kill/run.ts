/**
 * Runs the kill experiments and says which expectations held.
 *
 *     node dist/test/stress/kill/run.js [--kills N] [--only name[,name]] [--seed N] [--json]
 *
 * `--kills` is the number of kills of the longest experiments (default 3,000); the others scale with it. Exit code 1
 * when an expectation does not hold.
 */
import { parseArgs } from "node:util";
import { breathing } from "./breathing.ts";
import { cutInKernel } from "./cut-in-kernel.ts";
import type { ExperimentOptions, ExperimentRecord } from "./experiment-record.ts";
import { landing, moduleTopLevel } from "./landing.ts";
import { lazyGlobals } from "./lazy-globals.ts";
import { demandsTakenOut, killAmongNeighbours } from "./neighbours.ts";
import { killUnderRings, manyLoops } from "./rings.ts";
import { sharedPromise } from "./shared-promise.ts";
import { tightLoop } from "./tight-loop.ts";

type Experiment = (options: ExperimentOptions) => Promise<ExperimentRecord>;

/** With the share of `--kills` that each takes. */
const experiments: Readonly<Record<string, readonly [Experiment, number]>> = {
  neighbours: [killAmongNeighbours, 1],
  cut: [cutInKernel, 1],
  demands: [demandsTakenOut, 0.02],
  globals: [lazyGlobals, 0.1],
  module: [moduleTopLevel, 0],
  shared: [sharedPromise, 0.01],
  breathing: [breathing, 0],
  landing: [landing, 0],
  rings: [killUnderRings, 0.5],
  loops: [manyLoops, 0.2],
  tight: [tightLoop, 0.04],
};

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "3000" },
    only: { type: "string", default: Object.keys(experiments).join(",") },
    seed: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
  },
});

const kills = Number(values.kills);
const seed = Number(values.seed);
if (!Number.isInteger(kills) || kills < 1) throw new Error(`--kills takes a whole number from 1, got ${values.kills}`);
if (!Number.isInteger(seed)) throw new Error(`--seed takes a whole number, got ${values.seed}`);

/** What an experiment throws is a failed expectation of it, and keeps none of the others from running. */
async function recordOf(name: string, run: Experiment, options: ExperimentOptions): Promise<ExperimentRecord> {
  try {
    return await run(options);
  } catch (error) {
    const details = { error: error instanceof Error ? error.stack : String(error) };
    return { name, expected: "it ends with a record", ok: false, kills: 0, broken: 0, details };
  }
}

const records: ExperimentRecord[] = [];
for (const name of values.only.split(",")) {
  const chosen = experiments[name];
  if (chosen === undefined)
    throw new Error(`no experiment "${name}"; there are ${Object.keys(experiments).join(", ")}`);
  const [run, share] = chosen;
  if (!values.json) process.stdout.write(`${name} …`);
  const record = await recordOf(name, run, { kills: Math.max(1, Math.ceil(kills * share)), seed });
  records.push(record);
  if (!values.json) {
    const { ok, p50Ms, p99Ms, maxMs } = record;
    const times = p50Ms === undefined ? "" : `  p50 ${p50Ms} ms  p99 ${p99Ms} ms  max ${maxMs} ms`;
    process.stdout.write(
      `\r${ok ? "ok    " : "NOT OK"} ${name.padEnd(12)} ${record.kills} kills  ${record.broken} broken${times}\n`,
    );
    process.stdout.write(`       expected: ${record.expected}\n`);
    for (const [key, value] of Object.entries(record.details)) {
      process.stdout.write(`       ${key}: ${JSON.stringify(value)}\n`);
    }
  }
}
if (values.json) process.stdout.write(`${JSON.stringify({ node: process.version, seed, records })}\n`);
for (const record of records.filter(({ ok }) => !ok)) {
  // Once more, at the end: this is what is read first.
  process.stderr.write(`NOT OK ${JSON.stringify(record)}\n`);
  process.exitCode = 1;
}
