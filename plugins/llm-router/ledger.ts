/**
 * Accounts in a store, shared by all who write there: routers, systems, processes.
 *
 * What is asked for while a step is on its way is the next step, as one transaction. Each account is written on condition of the
 * version that was read, and where another was faster all of the step is thought over: so every step is taken as if it were
 * alone. Each may be repeated without harm, since a store may fail after it has kept something.
 */
import {
  type ErrorCode,
  errorData,
  pause,
  RuntimeError,
  type StorageClient,
  type StoredEntry,
} from "../../core/index.ts";
import { type Account, accountOf, emptyAccount } from "./account.ts";

/** The accounts of a step, by key; undefined: there is none. */
export type Accounts = Map<string, Account | undefined>;

interface Step {
  readonly keys: readonly string[];
  readonly take: (accounts: Accounts) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

type Outcome = { readonly value: unknown } | { readonly error: unknown };

const keyPrefix = "mofa.model-budget.";
/** Of one transaction. */
const stepsMax = 200;
/** Somebody else goes on with each conflict, so this is never reached but by a store that is none. */
const conflictsMax = 10_000;
/** A store that is being started again is waited for: 50, 100, 200 ms, and so on. */
const failuresMax = 7;
const firstPauseMs = 50;

export class Ledger {
  readonly #store: StorageClient;
  /** Aborted when the plugin has ended, and nothing is kept any more. */
  readonly #signal: AbortSignal;
  #steps: Step[] = [];
  #isRunning = false;

  constructor(store: StorageClient, signal: AbortSignal) {
    this.#store = store;
    this.#signal = signal;
  }

  /**
   * Takes a step, which may be thought over: it changes nothing but the accounts of these keys, and those not before it throws.
   * @throws what the step throws; RuntimeError `storage_failed`, `storage_corrupt`: it may be kept or not.
   */
  take<T>(keys: readonly string[], step: (accounts: Accounts) => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#steps.push({ keys, take: step, resolve: resolve as (value: unknown) => void, reject });
    if (!this.#isRunning) void this.#run();
    return promise;
  }

  /** Never fails: what a step fails with is its asker's. */
  async #run(): Promise<void> {
    this.#isRunning = true;
    // What is asked for in one go is one transaction.
    await Promise.resolve();
    try {
      while (this.#steps.length > 0) await this.#takeAll(this.#steps.splice(0, stepsMax));
    } finally {
      this.#isRunning = false;
    }
  }

  async #takeAll(steps: readonly Step[]): Promise<void> {
    let outcomes: readonly Outcome[];
    try {
      outcomes = await this.#kept(steps);
    } catch (error) {
      for (const { reject } of steps) reject(error);
      return;
    }
    for (const [at, { resolve, reject }] of steps.entries()) {
      const outcome = outcomes[at] as Outcome; // one for each
      if ("error" in outcome) reject(outcome.error);
      else resolve(outcome.value);
    }
  }

  async #kept(steps: readonly Step[]): Promise<readonly Outcome[]> {
    for (let conflicts = 0, failures = 0; ; ) {
      try {
        return await this.#keep(steps);
      } catch (error) {
        const { code, message } = errorData(error);
        if (code === "version_conflict" && ++conflicts < conflictsMax) continue;
        const isFinal = code === "storage_corrupt" || code === "bad_argument" || this.#signal.aborted;
        if (isFinal || ++failures >= failuresMax) {
          const kept: ErrorCode = code === "storage_corrupt" ? code : "storage_failed";
          throw new RuntimeError(kept, `the budgets cannot be kept: ${message}`, { cause: error });
        }
        await pause(firstPauseMs * 2 ** (failures - 1), this.#signal);
      }
    }
  }

  async #keep(steps: readonly Step[]): Promise<readonly Outcome[]> {
    const keys = [...new Set(steps.flatMap((step) => step.keys))];
    const entries = await Promise.all(keys.map((key) => this.#store.get(keyPrefix + key)));
    const read = new Map(keys.map((key, at) => [key, accountIn(key, entries[at])]));
    const accounts: Accounts = new Map(read);
    const outcomes = steps.map(({ take }): Outcome => {
      try {
        return { value: take(accounts) };
      } catch (error) {
        return { error };
      }
    });
    const writes = keys.flatMap((key, at) => {
      const account = accounts.get(key) ?? emptyAccount;
      if (accounts.get(key) === read.get(key)) return [];
      return [{ type: "put", key: keyPrefix + key, value: account, ifVersion: entries[at]?.version ?? 0 } as const];
    });
    if (writes.length > 0) await this.#store.transact(writes);
    return outcomes;
  }
}

function accountIn(key: string, entry: StoredEntry | undefined): Account | undefined {
  if (entry === undefined) return undefined;
  const account = accountOf(entry.value);
  if (account !== undefined) return account;
  throw new RuntimeError(
    "storage_corrupt",
    `what stands under "${keyPrefix}${key}" is no account of a budget: delete it, and set the budget again`,
  );
}
