/**
 * Processes that write to a store are killed (SIGKILL), at random and at each fail point, again and again over one file. What was
 * answered, by what came through a pipe, is there afterwards; of each transaction there is all or nothing; and a store that
 * answers too early is found out.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { failPoints, SeededRandom } from "../../core/index.ts";
import { SqliteDriver } from "../../plugins/storage-sqlite/sqlite-driver.ts";
import { check, progress, report } from "./stress-report.ts";

const kills = Number(process.argv[2] ?? 200);
const writer = fileURLToPath(new URL("behaviours/storage-writer.js", import.meta.url));
const random = new SeededRandom(1);
/** After a start it is killed by so many answers. */
const answersMax = 200;

const startedAt = performance.now();
const folder = mkdtempSync(join(tmpdir(), "mofa-kills-"));
try {
  const answered = new Set<number>();
  const file = join(folder, "store.sqlite");
  let atPoints = 0;
  for (let kill = 1; kill <= kills; kill++) {
    // Two of three die at a fail point, the others wherever they are.
    const point = [...failPoints, undefined, undefined][kill % 5];
    await writeUntilKilled(file, "sqlite", point, answered);
    if (point !== undefined) atPoints++;
    const lost = await lostOf(file, answered);
    check(lost.length === 0, `after kill ${kill} of ${kills} (${point ?? "at random"}) ${lost.join(", ")}`);
    progress(`${kill} of ${kills} processes killed, ${answered.size} transactions answered, none lost`);
  }
  check(answered.size > kills, `only ${answered.size} transactions were answered`);
  const killsOfLiar = await liesUntilFound(join(folder, "lying.sqlite"));
  report({ kills, atPoints, answered: answered.size, killsOfLiar, durationMs: performance.now() - startedAt });
} finally {
  rmSync(folder, { recursive: true });
}

async function liesUntilFound(file: string): Promise<number> {
  const answered = new Set<number>();
  for (let kill = 1; kill <= 50; kill++) {
    await writeUntilKilled(file, "lying", undefined, answered);
    if ((await lostOf(file, answered)).length > 0) return kill;
  }
  throw new Error("broken: a store that answers too early was not found out");
}

/** Adds what the process has said to have been answered. */
async function writeUntilKilled(
  file: string,
  store: string,
  point: string | undefined,
  answered: Set<number>,
): Promise<void> {
  const env = { ...process.env };
  if (point !== undefined) env["MOFA_FAIL_POINT"] = `${point}:${1 + Math.floor(random.next() * 20)}`;
  const child = spawn(process.execPath, [writer, file, store], { env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.on("close", (_code, signal) => resolve(signal)));
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  let left = 1 + Math.floor(random.next() * answersMax);
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? ""; // a line that was not written to its end is no answer
    for (const line of lines) answered.add(Number(line));
    left -= lines.length;
    if (left <= 0 && point === undefined) child.kill("SIGKILL");
  });
  const signal = await ended;
  check(signal === "SIGKILL", `the writer ended by ${signal ?? "itself"}: ${said}`);
}

/** What is wrong with the file, in words. */
async function lostOf(file: string, answered: ReadonlySet<number>): Promise<string[]> {
  const driver = new SqliteDriver({ file, durability: "normal", busyTimeoutMs: 5_000, maxPages: 0 });
  const keys = new Set<string>();
  for (let after: string | undefined; ; ) {
    const found = await driver.list("number ", after, 10_000, 0);
    for (const { key } of found) keys.add(key);
    after = found.at(-1)?.key;
    if (after === undefined) break;
  }
  const last = await driver.lastSeq("numbers");
  await driver.close();
  const wrong = [...answered].filter((number) => !keys.has(`number ${number}`)).map((number) => `${number} is lost`);
  if (keys.size !== last) wrong.push(`${keys.size} keys and ${last} events: half a transaction`);
  return wrong;
}
