/**
 * Longer runs: `node dist/test/simulation/run.js --seeds N --from S [--json] [--tell]`.
 *
 * Ends with exit code 1 if a seed failed, and prints each that did. `--tell` prints everything that happened in it.
 */
import { parseArgs } from "node:util";
import { wallMs } from "../../core/clock.ts";
import { simulate } from "./simulate.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
    tell: { type: "boolean", default: false },
  },
});
const seeds = Number(values.seeds);
const from = Number(values.from);
if (!Number.isInteger(seeds) || seeds < 1 || !Number.isInteger(from) || from < 0) {
  throw new Error(`--seeds wants a whole number from 1 and --from one from 0, got ${values.seeds} and ${values.from}`);
}

/** Failures that are printed in full. */
const shownMax = 20;
let failed = 0;
let steps = 0;
const startedMs = wallMs();
const failures: { seed: number; clause: string; what: string }[] = [];
for (let seed = from; seed < from + seeds; seed++) {
  const outcome = await simulate(seed, values.tell);
  steps += outcome.steps;
  if (values.tell) for (const line of outcome.lines) console.log(line);
  if (outcome.breaches.length === 0) continue;
  failed++;
  for (const { clause, what } of outcome.breaches.slice(0, 1)) failures.push({ seed, clause, what });
  if (!values.json && failed <= shownMax)
    for (const { clause, what } of outcome.breaches) console.log(`seed ${seed}: ${clause}: ${what}`);
}
const durationMs = wallMs() - startedMs;
if (values.json) console.log(JSON.stringify({ seeds, from, failed, steps, durationMs, failures }));
else console.log(`${seeds} seeds from ${from}: ${failed} failed, ${steps} steps in ${durationMs} ms`);
process.exitCode = failed === 0 ? 0 : 1;
