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

/** @param isInDoubt it was taken before, and that may have been kept */
type Take<T> = (accounts: Accounts, isInDoubt: boolean) => T;

interface Step {
  readonly keys: readonly string[];
  readonly take: Take<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** An account as it was read, and what is in its place where that is none. */
interface Read {
  readonly version: number;
  readonly account: Account | undefined;
  readonly fault?: RuntimeError;
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
  take<T>(keys: readonly string[], step: Take<T>): Promise<T> {
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
        return await this.#keep(steps, failures > 0);
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

  async #keep(steps: readonly Step[], isInDoubt: boolean): Promise<readonly Outcome[]> {
    const keys = [...new Set(steps.flatMap((step) => step.keys))];
    const entries = await Promise.all(keys.map((key) => this.#store.get(keyPrefix + key)));
    const read = new Map(keys.map((key, at) => [key, readOf(key, entries[at])]));
    const accounts: Accounts = new Map([...read].map(([key, { account }]) => [key, account]));
    const outcomes = steps.map(({ keys: own, take }): Outcome => {
      const fault = own.map((key) => read.get(key)?.fault).find((one) => one !== undefined);
      if (fault !== undefined) return { error: fault };
      try {
        return { value: take(accounts, isInDoubt) };
      } catch (error) {
        return { error };
      }
    });
    const writes = [...read].flatMap(([key, { account, version }]) => {
      const value = accounts.get(key) ?? emptyAccount;
      return accounts.get(key) === account
        ? []
        : [{ type: "put", key: keyPrefix + key, value, ifVersion: version } as const];
    });
    if (writes.length > 0) await this.#store.transact(writes);
    return outcomes;
  }
}

function readOf(key: string, entry: StoredEntry | undefined): Read {
  if (entry === undefined) return { version: 0, account: undefined };
  const { version, value } = entry;
  const account = accountOf(value);
  if (account !== undefined) return { version, account };
  const what = `what stands under "${keyPrefix}${key}" is no account of a budget: delete it, and set the budget again`;
  return { version, account, fault: new RuntimeError("storage_corrupt", what) };
}
