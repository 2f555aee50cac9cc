/**
 * Processes that write to a store are killed (SIGKILL), at random and at each fail point, again and again over one store of each
 * plugin. What was answered, by what came through a pipe, is there afterwards; of each transaction and append there is all or
 * nothing; of those who write one key by its version one has it; what is to expire is there until then, and no longer; and a store that
 * answers too early, keeps by halves, looks at no version or lets nothing expire is found out.
 */
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { failPoints, SeededRandom } from "../../core/index.ts";
import { type Fault, faults } from "./behaviours/broken-stores.ts";
import { type DurableStore, durableStore, durableStores, type StoreConfig, usableStores } from "./durable-stores.ts";
import { StorageLedger } from "./storage-ledger.ts";
import { check, progress, report } from "./stress-report.ts";

const { values, positionals } = parseArgs({
  options: { kills: { type: "string", default: "200" } },
  allowPositionals: true,
});
const kills = Number(values.kills);
const writer = fileURLToPath(new URL("behaviours/storage-writer.js", import.meta.url));
/** After a start it is killed by so many answers, or at a fail point of so many groups, at most. */
const answersMax = 100;
const groupsMax = 8;
/** Of a broken store each write of a transaction is a group of its own. */
const writesMax = 64;
/** A broken store must be found by so many. */
const killsOfBrokenMax = 50;
/** By what a broken store is found: that it is wrong in some way is not enough. */
const wordsOf = {
  early: /^(?:number|open|expiring) \d+ is lost|^line \d+ ends with/,
  halves: /half a transaction$/,
  blind: /^count \d+ was answered twice$/,
  eternal: / has not expired$/,
} as const satisfies Record<(typeof faults)[number], RegExp>;
/** Numbers that one process may use up. */
const numbersEach = 100_000;

class Killing {
  readonly #store: DurableStore;
  readonly #config: StoreConfig;
  readonly #fault: Fault | undefined;
  readonly #random = new SeededRandom(1);
  readonly ledger = new StorageLedger();
  #first = 1;

  constructor(store: DurableStore, fault?: Fault) {
    this.#store = store;
    this.#config = store.config(fault ?? "sound");
    this.#fault = fault;
  }

  /** One process, from its start to its end, and what is wrong then. */
  async kill(point: string | undefined): Promise<string[]> {
    const first = this.#first;
    this.#first += numbersEach;
    await this.#writeUntilKilled(first, point);
    return await this.wrong(first);
  }

  async wrong(from: number): Promise<string[]> {
    const driver = await this.#store.open(this.#config);
    try {
      return await this.ledger.wrongIn(driver, from);
    } finally {
      await driver.close();
    }
  }

  async remove(): Promise<void> {
    await this.#store.remove(this.#config);
  }

  async #writeUntilKilled(first: number, point: string | undefined): Promise<void> {
    const env = { ...process.env };
    if (point !== undefined)
      env["MOFA_FAIL_POINT"] =
        `${point}:${1 + Math.floor(this.#random.next() * (this.#fault === undefined ? groupsMax : writesMax))}`;
    const args = [this.#store.name, JSON.stringify(this.#config), String(first)];
    if (this.#fault !== undefined) args.push(this.#fault);
    const child = spawn(process.execPath, [writer, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
    const ended = new Promise<string>((resolve) => child.on("close", (code, signal) => resolve(signal ?? `${code}`)));
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
    let left = 1 + Math.floor(this.#random.next() * answersMax);
    let rest = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? ""; // a line that was not written to its end is no answer
      for (const line of lines) this.ledger.add(line);
      left -= lines.length;
      if (left <= 0 && point === undefined) child.kill("SIGKILL");
    });
    const how = await ended;
    check(how === "SIGKILL", `the writer of ${this.#store.name} ended by ${how}: ${said}`);
  }
}

async function killWriters(store: DurableStore): Promise<Record<string, number>> {
  const startedAt = performance.now();
  const killing = new Killing(store);
  const { ledger } = killing;
  const atPoints = Object.fromEntries(failPoints.map((point) => [point, 0])) as Record<string, number>;
  try {
    for (let kill = 1; kill <= kills; kill++) {
      // Three of five die at a fail point, the others wherever they are.
      const point = [...failPoints, undefined, undefined][kill % 5];
      const wrong = await killing.kill(point);
      if (point !== undefined) atPoints[point] = (atPoints[point] ?? 0) + 1;
      check(
        wrong.length === 0,
        `${store.name} after kill ${kill} of ${kills} (${point ?? "at random"}): ${wrong.join("; ")}`,
      );
      progress(`${store.name}: ${kill} of ${kills} processes killed, ${ledger.answered} writes answered, none lost`);
    }
    const wrong = await killing.wrong(0);
    check(wrong.length === 0, `${store.name} after all kills: ${wrong.join("; ")}`);
    check(ledger.answered > kills, `only ${ledger.answered} writes to ${store.name} were answered`);
  } finally {
    await killing.remove();
  }
  const killsOfBroken: Record<string, number> = {};
  for (const fault of faults) killsOfBroken[fault] = await killUntilFound(store, fault);
  return { kills, ...atPoints, answered: ledger.answered, ...killsOfBroken, durationMs: performance.now() - startedAt };
}

async function killUntilFound(store: DurableStore, fault: (typeof faults)[number]): Promise<number> {
  const killing = new Killing(store, fault);
  try {
    // Between two writes of a transaction, or wherever it is.
    const point = fault === "halves" ? "before-commit" : undefined;
    for (let kill = 1; kill <= killsOfBrokenMax; kill++) {
      const wrong = await killing.kill(point);
      if (wrong.some((text) => wordsOf[fault].test(text))) return kill;
    }
  } finally {
    await killing.remove();
  }
  throw new Error(`broken: a store over ${store.name} was not found out (${fault})`);
}

const waiting = await usableStores(positionals.length > 0 ? positionals.map(durableStore) : durableStores);
const results: Record<string, Record<string, number>> = {};
const work = async (): Promise<void> => {
  for (let store = waiting.shift(); store !== undefined; store = waiting.shift())
    results[store.name] = await killWriters(store);
};
// At once as many as there are processors: most of it is the start of processes.
const ended = await Promise.allSettled(Array.from({ length: Math.min(4, availableParallelism()) }, work));
for (const one of ended) if (one.status === "rejected") throw one.reason;
report(results);
