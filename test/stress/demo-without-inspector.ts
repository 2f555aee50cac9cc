/**
 * `mofa demo` at its full size where Node refuses the inspector: no turn can be cut down, so each loop costs its whole thread,
 * and what was lost with that is done again elsewhere. No task may be lost, and the sums must be those of the files.
 *
 *     node dist/test/stress/demo-without-inspector.js [agents] [seed]
 */
import { isDeepStrictEqual } from "node:util";
import { countFiles } from "../support/count-words.ts";
import { packageRoot } from "../support/package-root.ts";
import { runProgram } from "../support/run-program.ts";
import { check, report } from "./stress-report.ts";

const [agents = "10000", seed = "5"] = process.argv.slice(2);
const limitMs = 150_000;
const demo = ["--permission", "--allow-fs-read=*", "--allow-worker", "--allow-child-process", "cli/mofa.cjs", "demo"];

interface Result {
  readonly result: Readonly<Record<string, number>>;
  readonly tasks: {
    readonly submitted: number;
    readonly done: number;
    readonly retried: number;
    readonly lost: number;
  };
  readonly faults: { readonly looped: number; readonly threadsLost: number };
  readonly kills: number;
  readonly durationMs: number;
}

async function run(...options: readonly string[]) {
  return await runProgram(process.execPath, [...demo, ...options], { cwd: packageRoot }, limitMs);
}

process.stderr.write(`${agents} agents, seed ${seed}\n`);
const { code, signal, stdout, stderr } = await run(".", "--json", "--agents", agents, "--seed", seed);
check(code === 0, `the demo ended with ${code ?? signal}:\n${stderr.slice(-2_000)}`);
const { result, tasks, faults, kills, durationMs } = JSON.parse(stdout) as Result;
check(kills === 0, `${kills} turns were cut down without the inspector`);
check(tasks.lost === 0 && tasks.done === tasks.submitted, `tasks: ${JSON.stringify(tasks)}`);
check(faults.looped > 0 && faults.threadsLost > faults.looped, `loops did not cost threads: ${JSON.stringify(faults)}`);
const list = await run(".", "--list");
const files = list.stdout.split("\n").slice(0, -1);
const expected = countFiles(files);
check(isDeepStrictEqual(result, expected), `the sums: ${JSON.stringify({ result, expected })}`);
report({ agents: Number(agents), seed: Number(seed), ...tasks, ...faults, durationMs });
