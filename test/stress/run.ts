/**
 * Runs the longer suites one after the other, with progress: `npm run test:stress`, or `npm run test:stress -- NAME…`
 * for those whose name contains a NAME. Ends with 1 if one failed or none was chosen by the names given.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type StressSuite, suites } from "./suites.ts";

/** Undefined if it passed, else why not. */
async function runSuite(suite: StressSuite): Promise<string | undefined> {
  const file = fileURLToPath(new URL(`./${suite.name}.js`, import.meta.url));
  const child = spawn(process.execPath, ["--enable-source-maps", "--expose-gc", file], {
    stdio: "inherit",
    timeout: suite.limitMs,
    killSignal: "SIGKILL",
  });
  const [code, signal] = await once(child, "exit");
  if (code === 0) return undefined;
  if (signal === null) return `exit code ${code}`;
  return child.killed ? `not done after ${suite.limitMs / 1_000} s` : `ended by ${signal}`;
}

const patterns = process.argv.slice(2);
const chosen = suites.filter(({ name }) => patterns.length === 0 || patterns.some((pattern) => name.includes(pattern)));
const failures: string[] = [];
for (const [index, suite] of chosen.entries()) {
  console.log(`[${index + 1}/${chosen.length}] ${suite.name}: ${suite.claim}`);
  const startMs = performance.now();
  const failure = await runSuite(suite);
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
  if (failure !== undefined) failures.push(suite.name);
  console.log(`[${index + 1}/${chosen.length}] ${suite.name}: ${failure ?? "passed"} (${seconds} s)\n`);
}
console.log(`stress suites: ${chosen.length - failures.length} of ${chosen.length} passed`);
if (failures.length > 0) console.log(`failed: ${failures.join(", ")}`);
if (failures.length > 0 || (chosen.length === 0 && patterns.length > 0)) process.exitCode = 1;
