/**
 * A process that writes to a store until it is killed: `node storage-writer.js <file> <store>`. Of each transaction that was answered
 * it says the number, a line each, by a write that has reached the pipe when it returns.
 */
import { writeSync } from "node:fs";
import { type DriverOutcome, type DriverWrite, defineStorage } from "../../../core/index.ts";
import { startSystem } from "../../../index.ts";
import { storageSqlite } from "../../../plugins/storage-sqlite/index.ts";
import { SqliteDriver } from "../../../plugins/storage-sqlite/sqlite-driver.ts";

/** How many transactions are on their way at any time. */
const window = 16;

/** A store that lies: it answers the second of two groups before it has it. To see that this is found. */
class LyingDriver extends SqliteDriver {
  #isLie = false;
  #before: Promise<unknown> = Promise.resolve();

  override async commit(transactions: readonly (readonly DriverWrite[])[], nowMs: number): Promise<DriverOutcome[]> {
    await this.#before;
    this.#isLie = !this.#isLie;
    if (!this.#isLie) return await super.commit(transactions, nowMs);
    this.#before = new Promise((resolve) => setTimeout(resolve, 20)).then(() => super.commit(transactions, nowMs));
    return transactions.map((writes) => ({ ok: true, results: writes.map(() => ({ seq: 0 })) }));
  }
}

export const lyingStore = defineStorage({
  name: "storage-sqlite",
  version: "0.0.1",
  config: {
    schema: {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value) => ({ value: value as { readonly file: string } }),
      },
    },
  },
  open: ({ file }) =>
    Promise.resolve(new LyingDriver({ file, durability: "normal", busyTimeoutMs: 5_000, maxPages: 0 })),
});

if (import.meta.main) {
  const [file = "", store = "sqlite"] = process.argv.slice(2);
  const system = await startSystem({ threads: 1, spare: false });
  const plugin = store === "lying" ? lyingStore : storageSqlite;
  await system.startPlugins([{ plugin, config: { file } }]);
  let next = Number(await system.call("plugin.storage-sqlite", "lastSeq", "numbers"));
  const write = async (): Promise<void> => {
    for (;;) {
      const number = ++next;
      await system.call("plugin.storage-sqlite", "transact", [
        { type: "put", key: `number ${number}`, value: { number } },
        { type: "append", journal: "numbers", events: [number] },
      ]);
      writeSync(1, `${number}\n`);
    }
  };
  await Promise.all(Array.from({ length: window }, write));
}
