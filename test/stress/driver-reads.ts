/** What the ledgers read of a store, all of it. */
import { valueOfBytes } from "../../core/contracts/stored-value.ts";
import type { StorageDriver } from "../../core/index.ts";
import { idOf } from "./behaviours/storage-work.ts";

const pageMax = 10_000;

/** Those that stand behind this prefix in keys. */
export async function numbersIn(driver: StorageDriver, prefix: string, from: number): Promise<Set<number>> {
  const numbers = new Set<number>();
  for (let after: string | undefined = from === 0 ? undefined : prefix + idOf(from - 1); ; ) {
    const found = await driver.list(prefix, after, pageMax, 0);
    for (const { key } of found) numbers.add(Number(key.slice(prefix.length)));
    if (found.length < pageMax) return numbers;
    after = found.at(-1)?.key;
  }
}

export async function eventsOf(driver: StorageDriver, journal: string, afterSeq: number) {
  const events: { seq: number; event: number }[] = [];
  for (let seq = afterSeq; ; ) {
    const found = await driver.read(journal, seq + 1, pageMax);
    for (const one of found) events.push({ seq: one.seq, event: valueOfBytes(one.event, "it") as number });
    if (found.length < pageMax) return events;
    seq = found.at(-1)?.seq as number;
  }
}
