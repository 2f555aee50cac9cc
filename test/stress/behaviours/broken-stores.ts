/** Stores that do not hold what the contract promises, over one that does: to see that this is found. */
import type { SessionEvent } from "../../../actors/index.ts";
import { bytesOfValue, valueOfBytes } from "../../../core/contracts/stored-value.ts";
import {
  type DriverOutcome,
  type DriverWrite,
  defineStorage,
  SeededRandom,
  type StandardSchema,
  type StorageDriver,
} from "../../../core/index.ts";
import { durableStore, type StoreConfig } from "../durable-stores.ts";

export const faults = ["early", "halves", "blind", "eternal"] as const;
/** Of those, and of their own, what is kept of the sessions of agents. */
export const agentFaults = ["early", "unbegun", "certain"] as const;
export type AgentFault = (typeof agentFaults)[number];
/** `forgets`: what the runtime itself keeps. */
export type Fault = (typeof faults)[number] | AgentFault | "forgets";

type Commit = StorageDriver["commit"];

/** Answers the second of two groups before it has it. */
function early(commit: Commit): Commit {
  let isEarly = false;
  let before: Promise<unknown> = Promise.resolve();
  return async (transactions, nowMs) => {
    await before;
    isEarly = !isEarly;
    if (!isEarly) return await commit(transactions, nowMs);
    before = new Promise((resolve) => setTimeout(resolve, 20)).then(() => commit(transactions, nowMs));
    return transactions.map((writes) => ({ ok: true, results: writes.map(() => ({ seq: 0 })) }));
  };
}

/** Keeps the writes of a transaction one by one, up to the first that is refused. */
function halves(commit: Commit): Commit {
  return async (transactions, nowMs) => {
    const outcomes: DriverOutcome[] = [];
    for (const writes of transactions) {
      const results: unknown[] = [];
      let outcome: DriverOutcome = { ok: true, results };
      for (const write of writes) {
        const [one] = (await commit([[write]], nowMs)) as [DriverOutcome];
        if (one.ok) results.push(one.results[0]);
        else outcome = one;
        if (!one.ok) break;
      }
      outcomes.push(outcome);
    }
    return outcomes;
  };
}

/** Without what its puts say under that key. */
function without(key: "ifVersion" | "expiresAtMs", commit: Commit): Commit {
  const putWithout = (write: DriverWrite) => (write.type === "put" ? { ...write, [key]: undefined } : write);
  return (transactions, nowMs) =>
    commit(
      transactions.map((writes) => writes.map(putWithout)),
      nowMs,
    );
}

/** Writes in any case, whoever was there before. */
const blind = (commit: Commit) => without("ifVersion", commit);

/** Keeps for ever what is to expire. */
const eternal = (commit: Commit) => without("expiresAtMs", commit);

/**
 * Keeps half of the groups without the tasks, and the messages of queues, that are in them. Which, is chance: where puts and what
 * takes them back come by turns, every second one would be none that matters.
 */
function forgets(commit: Commit): Commit {
  const random = new SeededRandom(process.pid);
  return async (transactions, nowMs) => {
    if (random.next() < 0.5) return await commit(transactions, nowMs);
    const isKept = (write: DriverWrite) => write.type !== "put" || !/^mofa\.(?:task|entry) /.test(write.key);
    // Of their results only the first is looked at, which is kept.
    return await commit(
      transactions.map((writes) => writes.filter(isKept)),
      nowMs,
    );
  };
}

/** Keeps other events of agents than it is given, as many. */
function changed(change: (event: SessionEvent) => SessionEvent, commit: Commit): Commit {
  const changedEvent = (bytes: Uint8Array): Uint8Array => {
    const kept = valueOfBytes(bytes, "an event") as { readonly version: number; readonly value: SessionEvent };
    return bytesOfValue({ ...kept, value: change(kept.value) }, "an event");
  };
  const changedWrite = (write: DriverWrite): DriverWrite =>
    write.type === "append" ? { ...write, events: write.events.map(changedEvent) } : write;
  return (transactions, nowMs) =>
    commit(
      transactions.map((writes) => writes.map(changedWrite)),
      nowMs,
    );
}

/** Forgets which calls of tools had begun. */
const unbegun = (commit: Commit) =>
  changed((event) => (event.type === "said" ? { ...event, begins: [] } : event), commit);

/** Says of calls of which nobody knows that they were not done. */
const certain = (commit: Commit) =>
  changed((event) => {
    if (event.type !== "toolEnded" || event.isUncertain !== true) return event;
    const { isUncertain: _isUncertain, ...rest } = event;
    return { ...rest, content: "not done: the agent ended before it was begun" };
  }, commit);

interface BrokenConfig {
  readonly store: string;
  readonly of: StoreConfig;
  readonly fault: Fault;
}

const schema: StandardSchema<BrokenConfig> = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: value as BrokenConfig }) },
};

export const brokenStore = defineStorage({
  name: "storage-broken",
  version: "0.0.1",
  config: { schema },
  async open({ store, of, fault }) {
    const driver = await durableStore(store).open(of);
    const commit = { blind, certain, early, eternal, forgets, halves, unbegun }[fault](
      (transactions: readonly (readonly DriverWrite[])[], nowMs) => driver.commit(transactions, nowMs),
    );
    return new Proxy(driver, {
      get(target, key) {
        if (key === "commit") return commit;
        const value: unknown = Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  },
});
