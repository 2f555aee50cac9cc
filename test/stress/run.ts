/**
 * Runs the longer suites one after the other, with progress: `npm run test:stress`, or `npm run test:stress -- NAME…`
 * for those whose name contains a NAME. Ends with 1 if one failed or none was chosen by the names given.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type StressSuite, suites } from "./suites.ts";

/** How much of what a failed suite said last is said again at the end: the whole is long, and its end is what is read. */
const lastWordsMax = 4_000;

/** Passes on what a suite says, and keeps the end of it. */
function passOn(from: Readable, to: NodeJS.WritableStream, keep: (text: string) => void): void {
  from.setEncoding("utf8");
  from.on("data", (text: string) => {
    keep(text);
    to.write(text);
  });
}

interface Failure {
  readonly name: string;
  readonly why: string;
  readonly lastWords: string;
}

/** Undefined if it passed, else why not. */
async function runSuite(suite: StressSuite): Promise<Failure | undefined> {
  const file = fileURLToPath(new URL(`./${suite.name}.js`, import.meta.url));
  const child = spawn(process.execPath, ["--enable-source-maps", "--expose-gc", file], {
    stdio: ["inherit", "pipe", "pipe"],
    timeout: suite.limitMs,
    killSignal: "SIGKILL",
  });
  let lastWords = "";
  const keep = (text: string): void => {
    lastWords = (lastWords + text).slice(-lastWordsMax);
  };
  passOn(child.stdout, process.stdout, keep);
  passOn(child.stderr, process.stderr, keep);
  await once(child, "close");
  const why = whyFailed(suite, child);
  return why === undefined ? undefined : { name: suite.name, why, lastWords };
}

function whyFailed(suite: StressSuite, { exitCode, signalCode, killed }: ChildProcess): string | undefined {
  if (exitCode === 0) return undefined;
  if (signalCode === null) return `exit code ${exitCode}`;
  return killed ? `not done after ${suite.limitMs / 1_000} s` : `ended by ${signalCode}`;
}

const patterns = process.argv.slice(2);
const chosen = suites.filter(({ name }) => patterns.length === 0 || patterns.some((pattern) => name.includes(pattern)));
const failures: Failure[] = [];
for (const [index, suite] of chosen.entries()) {
  console.log(`[${index + 1}/${chosen.length}] ${suite.name}: ${suite.claim}`);
  const startMs = performance.now();
  const failure = await runSuite(suite);
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
  if (failure !== undefined) failures.push(failure);
  console.log(`[${index + 1}/${chosen.length}] ${suite.name}: ${failure?.why ?? "passed"} (${seconds} s)\n`);
}
console.log(`stress suites: ${chosen.length - failures.length} of ${chosen.length} passed`);
for (const { name, why, lastWords } of failures) console.log(`failed: ${name}: ${why}; its last words:\n${lastWords}`);
if (failures.length > 0 || (chosen.length === 0 && patterns.length > 0)) process.exitCode = 1;
