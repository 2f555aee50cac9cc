/**
 * Processes with a durable topic and durable tasks under load are killed (SIGKILL), at random and at each fail point of their store, again
 * and again over one store of each plugin. In the end one of them does what is left: by what has come through the pipes, every message that
 * was answered was handled, every task that was accepted was done, and no number was given to two messages. A store that forgets
 * some of what it answers is found out.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { failPoints, SeededRandom } from "../../core/index.ts";
import { DurableBook, type DurableDeath } from "./durable-book.ts";
import { type DurableStore, durableStore, durableStores, type StoreConfig, usableStores } from "./durable-stores.ts";
import { check, progress, report } from "./stress-report.ts";

const { values, positionals } = parseArgs({ options: { kills: { type: "string" } }, allowPositionals: true });
/** Over the store that programs have by default, and over each other one. */
const [killsOfFirst, killsOfOthers] =
  values.kills === undefined ? [200, 12] : [Number(values.kills), Number(values.kills)];
const random = new SeededRandom(1);
/** At once: most of it is the start of processes. */
const chains = Math.min(4, availableParallelism());
/** At random it is killed by so many lines, at a fail point the so manieth time that it comes there. */
const linesMax = 200;
const passesMax = 12;
/** What is left is done every so many kills, so that it stays little. */
const drainEvery = 50;
/** A store that forgets must be found by so many. */
const killsOfForgetfulMax = 50;

// So most of what a process does is work.
const compiled = mkdtempSync(join(tmpdir(), "mofa-durable-kills-"));
process.env["NODE_COMPILE_CACHE"] = compiled;

function deathOf(kill: number): DurableDeath {
  // Three of five die at a fail point, the others wherever they are.
  const point = [...failPoints, undefined, undefined][kill % 5];
  if (point === undefined) return { afterLines: 1 + random.next() * linesMax };
  return { at: [point, 1 + Math.floor(random.next() * passesMax)] };
}

async function killAgainAndAgain(store: DurableStore, config: StoreConfig, kills: number): Promise<DurableBook> {
  const book = new DurableBook(store, config);
  for (let kill = 1; kill <= kills; kill++) {
    check((await book.run("load", deathOf(kill))) === "SIGKILL", "a program under load ended by itself");
    if (kill % drainEvery === 0 || kill === kills) {
      const faults = await book.drain();
      check(faults.length === 0, `${store.name} after kill ${kill} of ${kills}: ${faults.slice(0, 10).join(", ")}`);
    }
    progress(`${store.name}: ${kill} of ${kills} killed, with ${book.messages} messages and ${book.tasks} tasks`);
  }
  return book;
}

async function forgetUntilFound(store: DurableStore, config: StoreConfig): Promise<number> {
  const book = new DurableBook(store, config);
  for (let kill = 1; kill <= killsOfForgetfulMax; kill++) {
    await book.run("forget", { afterLines: 1 + random.next() * linesMax });
    if ((await book.drain()).length > 0) return kill;
  }
  const answered = `${book.messages} messages and ${book.tasks} tasks were answered, ${book.again} came again`;
  throw new Error(`broken: a store over ${store.name} that forgets was not found out: ${answered}`);
}

/** Runs them, each with a store of its own, that goes with it. */
async function withStore<T>(store: DurableStore, label: string, run: (config: StoreConfig) => Promise<T>): Promise<T> {
  const config = store.config(label);
  try {
    return await run(config);
  } finally {
    await store.remove(config);
  }
}

async function killOver(store: DurableStore, kills: number): Promise<Record<string, number>> {
  const startedAt = performance.now();
  const each = Math.ceil(kills / chains);
  const books = await Promise.all(
    Array.from({ length: chains }, (_, chain) =>
      withStore(store, `chain${chain}`, (config) => killAgainAndAgain(store, config, each)),
    ),
  );
  const sum = (of: (book: DurableBook) => number): number => books.reduce((total, book) => total + of(book), 0);
  const [messages, tasks, again] = [sum((book) => book.messages), sum((book) => book.tasks), sum((book) => book.again)];
  check(messages > kills && tasks > kills, `hardly anything was answered over ${store.name}`);
  const killsOfForgetful = await withStore(store, "forgetful", (config) => forgetUntilFound(store, config));
  return { kills: each * chains, messages, tasks, again, killsOfForgetful, durationMs: performance.now() - startedAt };
}

try {
  const results: Record<string, Record<string, number>> = {};
  for (const store of await usableStores(positionals.length > 0 ? positionals.map(durableStore) : durableStores))
    results[store.name] = await killOver(store, store === durableStores[0] ? killsOfFirst : killsOfOthers);
  report(results);
} finally {
  rmSync(compiled, { recursive: true });
}
