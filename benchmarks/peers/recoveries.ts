/** The start of an event-sourced actor with a long history, and the same history read and applied by the bare driver. */
import { startSystem } from "../../index.ts";
import { storageSqlite } from "../../plugins/storage-sqlite/index.ts";
import { account, type Paid } from "../accounts.ts";
import type { Contender } from "../harness.ts";
import type { Repetition } from "./scenario.ts";
import { systemContender } from "./system-contender.ts";

/** Events that are written at once. */
const page = 1_000;

const eventOf = (number: number): Paid => ({ paid: 1, by: `payer ${number % 100}` });

/** Each repetition starts the actor anew; the result is what it has then. */
export function recovery(name: string, file: string): Contender {
  const start = async () => {
    const system = await startSystem({ threads: 1, spare: false, checks: false });
    await system.startPlugins([{ plugin: storageSqlite, config: { file } }]);
    const written = new Set<number>();
    const history = async (size: number): Promise<string> => {
      const journal = `account of ${size}`;
      if (written.has(size)) return journal;
      written.add(size);
      for (let number = 0; number < size; number += page) {
        const value = Array.from({ length: Math.min(page, size - number) }, (_, at) => eventOf(number + at));
        const events = value.map((one) => ({ version: 1, value: one })); // as the actor writes them
        await system.call("plugin.storage-sqlite", "append", { journal, events });
      }
      return journal;
    };
    return { system, history };
  };
  return systemContender(name, start, async ({ system, history }, size): Promise<Repetition> => {
    const journal = await history(size);
    const startMs = performance.now();
    const actor = await system.spawn(account, journal, { placement: { thread: 1 } });
    const elapsedMs = performance.now() - startMs;
    const result = await actor.call("balance");
    await system.stopActor(actor);
    return { result, elapsedMs };
  });
}

/** @param file of a store, in which the other contender has written the history. */
export function bareRecovery(name: string, file: string): Contender {
  return {
    name,
    dividedBy: 1,
    async run(size) {
      const { DatabaseSync } = await import("node:sqlite");
      const database = new DatabaseSync(file, { readOnly: true });
      const read = database.prepare("SELECT event FROM events WHERE journal = ? ORDER BY seq");
      const startMs = performance.now();
      let result = 0;
      for (const row of read.iterate(`account of ${size}`)) {
        // Behind its sum the event stands as JSON.
        const text = Buffer.from(row["event"] as Uint8Array).toString("utf8", 4);
        result += (JSON.parse(text) as { readonly value: Paid }).value.paid;
      }
      const elapsedMs = performance.now() - startMs;
      database.close();
      return { result, elapsedMs };
    },
    close: () => Promise.resolve(),
  };
}
