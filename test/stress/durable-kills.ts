/**
 * Processes with a durable topic and durable tasks under load are killed (SIGKILL), at random and at each fail point of their store, again
 * and again over one file. In the end one of them does what is left: by what has come through the pipes, every message that was
 * answered was handled, every task that was accepted was done, and no number was given to two messages. A store that answers too
 * early is found out.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { failPoints, SeededRandom } from "../../core/index.ts";
import { check, progress, report } from "./stress-report.ts";

const kills = Number(process.argv[2] ?? 200);
const program = fileURLToPath(new URL("behaviours/durable-program.js", import.meta.url));
const random = new SeededRandom(1);
/** Each with a file of its own. */
const chains = Math.min(4, availableParallelism());
/** At random it is killed by so many lines, at a fail point the so manieth time that it comes there. */
const linesMax = 200;
const passesMax = 12;
/** What is left is done every so many kills, so that it stays little. */
const drainEvery = 50;

/** What has come through the pipes of all processes over one file. */
class Book {
  readonly kept = new Map<string, number>();
  readonly accepted = new Set<string>();
  readonly handled = new Map<string, number>();
  readonly done = new Map<string, number>();

  note(line: string): void {
    const [word, id = "", seq] = line.split(" ");
    if (word === "kept") this.kept.set(id, Number(seq));
    else if (word === "accepted") this.accepted.add(id);
    else if (word === "handled") this.handled.set(id, (this.handled.get(id) ?? 0) + 1);
    else if (word === "done") this.done.set(id, (this.done.get(id) ?? 0) + 1);
    else throw new Error(`broken: the program said "${line}"`);
  }

  /** What is wrong when all that was left is done, in words. */
  faults(): string[] {
    const lost = [...this.kept.keys()].filter((id) => !this.handled.has(id)).map((id) => `message ${id} is lost`);
    for (const id of this.accepted) if (!this.done.has(id)) lost.push(`task ${id} is lost`);
    const numbers = new Set(this.kept.values());
    if (numbers.size !== this.kept.size) lost.push(`${this.kept.size} messages have ${numbers.size} numbers`);
    return lost;
  }

  get again(): number {
    return [...this.handled.values(), ...this.done.values()].filter((times) => times > 1).length;
  }
}

const startedAt = performance.now();
const folder = mkdtempSync(join(tmpdir(), "mofa-durable-kills-"));
let killed = 0;
let atPoints = 0;
try {
  const books = await Promise.all(Array.from({ length: chains }, (_, chain) => killAgainAndAgain(chain)));
  const sum = (of: (book: Book) => number): number => books.reduce((total, book) => total + of(book), 0);
  const messages = sum(({ kept }) => kept.size);
  const tasks = sum(({ accepted }) => accepted.size);
  check(messages > kills && tasks > kills, "hardly anything was answered");
  const killsOfLiar = await liesUntilFound(join(folder, "lying.sqlite"));
  const again = sum((book) => book.again);
  report({ kills: killed, atPoints, messages, tasks, again, killsOfLiar, durationMs: performance.now() - startedAt });
} finally {
  rmSync(folder, { recursive: true });
}

async function killAgainAndAgain(chain: number): Promise<Book> {
  const file = join(folder, `store ${chain}.sqlite`);
  const book = new Book();
  const count = Math.ceil(kills / chains);
  for (let kill = 1; kill <= count; kill++) {
    // Three of five die at a fail point, the others wherever they are.
    const point = [...failPoints, undefined, undefined][kill % 5];
    check((await run(file, "load", book, point)) === "SIGKILL", "a program under load ended by itself");
    killed++;
    if (point !== undefined) atPoints++;
    if (kill % drainEvery === 0 || kill === count) await drain(file, book, `after kill ${kill} of ${count}`);
    progress(`${killed} of ${kills} processes killed, with ${book.kept.size} messages and ${book.accepted.size} tasks`);
  }
  return book;
}

async function drain(file: string, book: Book, when: string): Promise<void> {
  check((await run(file, "drain", book, undefined)) === null, `${when}: what is left was not done`);
  const faults = book.faults();
  check(faults.length === 0, `${when}: ${faults.slice(0, 10).join(", ")}`);
}

async function liesUntilFound(file: string): Promise<number> {
  const book = new Book();
  for (let kill = 1; kill <= 50; kill++) {
    await run(file, "lie", book, undefined);
    await run(file, "drain", book, undefined);
    if (book.faults().length > 0) return kill;
  }
  throw new Error("broken: a store that answers too early was not found out");
}

/** Runs a program until it has ended, or is killed; by which signal. */
async function run(file: string, how: string, book: Book, point: string | undefined): Promise<NodeJS.Signals | null> {
  // So most of what a process does is work.
  const env: NodeJS.ProcessEnv = { ...process.env, NODE_COMPILE_CACHE: join(folder, "compiled") };
  if (point !== undefined) env["MOFA_FAIL_POINT"] = `${point}:${1 + Math.floor(random.next() * passesMax)}`;
  const child = spawn(process.execPath, [program, file, how], { env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<readonly [number | null, NodeJS.Signals | null]>((resolve) =>
    child.on("close", (code, signal) => resolve([code, signal])),
  );
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  let left = how === "drain" || point !== undefined ? Number.POSITIVE_INFINITY : 1 + random.next() * linesMax;
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? ""; // a line that was not written to its end says nothing
    for (const line of lines) book.note(line);
    left -= lines.length;
    if (left <= 0) child.kill("SIGKILL");
  });
  const [code, signal] = await ended;
  check(signal === "SIGKILL" || code === 0, `the program ended with ${signal ?? code}: ${said}`);
  return signal;
}
