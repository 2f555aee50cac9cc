/**
 * A store as main's kernel writes to it: by messages to the storage plugin's actor, one transaction at a time. What is to be
 * written while one is on its way is the next, so a thousand messages cost the store no more than some.
 *
 * There are two kinds of writes. What is demanded is kept, or it is as if it had never been: where the store fails, it is deleted
 * before anything else is written. What is noted follows something that has happened, so it is tried again until it is kept.
 * The first write of each transaction is the store's head: it says which system writes there, and depends on its version. So
 * of two systems over one store the one that came later has it, and the other is refused from then on.
 */
import { isUint8Array } from "node:util/types";
import { isRef, type Ref } from "../actor/ref.ts";
import { wallMs } from "../clock.ts";
import { type StorageCalls, type StorageWrite, type StoredEntry, storageCapability } from "../contracts/storage.ts";
import { notWritten, valueOfBytes } from "../contracts/stored-value.ts";
import { type ErrorCode, type ErrorData, errorData, RuntimeError } from "../errors.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { isCompatible } from "../plugin/plugin-facts.ts";
import { pluginActorName } from "../plugin.ts";

export interface StoreWrite {
  readonly key: string;
  /** Undefined: it is deleted. */
  readonly value: Uint8Array | undefined;
}

/** Undefined: it is kept. Called once, in the drain, or at once where nothing was asked for. */
export type Settled = (error: ErrorData | undefined) => void;

/** Written together or not at all. */
interface Unit {
  readonly writes: readonly StoreWrite[];
  readonly isDemanded: boolean;
  readonly settled: Settled | undefined;
}

/** Of the capability `storage`: values by key, and transactions. */
const neededVersion = "0.1.0";
/** Of one transaction. */
const writesMax = 1_000;
const bytesMax = 4 * 2 ** 20;
/** That wait for the store before publishers are asked to wait, too, and before more is refused. */
const crowdedUnits = 8_192;
export const unitsMax = 65_536;
/** So long a store may take for one answer. */
const answerMs = 30_000;
/** Between two attempts at what nobody waits for. */
const retryMs = 1_000;
const pageSize = 500;
/** Of what the kernel keeps there. */
const format = 1;
const headKey = "mofa.head";

/** What a store says that callers are told as it is. */
const ownFailures = ["storage_corrupt", "storage_version", "queue_full"] as const satisfies readonly ErrorCode[];
/** Of a transaction: nothing of it is kept. */
const certainFailures = [...ownFailures, "storage_failed", "version_conflict"] as const satisfies readonly ErrorCode[];

interface Head {
  readonly format: number;
  readonly run: string;
}

interface Question {
  readonly dueMs: number;
  readonly failed: (error: unknown) => void;
}

export class StoreLink {
  /** The plugin's. */
  readonly name: string;
  /** Names this run of this system: later ones have later names, and no two that begin at once have the same. */
  readonly run = `${wallMs().toString(36)}${process.getBuiltinModule("node:crypto").randomBytes(4).toString("hex")}`;
  readonly #kernel: Kernel;
  #units: Unit[] = [];
  /** Written before anything else. */
  #repairs = new Map<string, Uint8Array | undefined>();
  /** Of the head, as the next transaction expects it; undefined: it is to be asked for. */
  #version: number | undefined;
  /** A transaction of this run was kept. */
  #isClaimed = false;
  /** Why nothing more will be written. */
  #end: ErrorData | undefined;
  /** A transaction is on its way, or the head was asked for. */
  #isBusy = false;
  /** Answers that are to come. */
  readonly #questions = new Set<Question>();
  #retryAtMs = Number.POSITIVE_INFINITY;
  /** What is tried again at the same time. */
  readonly #later: (() => void)[] = [];
  #wasThere = false;

  constructor(kernel: Kernel, name: string) {
    this.#kernel = kernel;
    this.name = name;
  }

  /** So much waits that who asks for more should wait. */
  get isCrowded(): boolean {
    return this.#units.length >= crowdedUnits;
  }

  get hasRoom(): boolean {
    return this.#units.length <= crowdedUnits >> 1;
  }

  /** Is to be kept as a whole. None of the keys was there before. */
  demand(writes: readonly StoreWrite[], settled: Settled): void {
    const refusal = this.#end ?? this.#refusal();
    if (refusal === undefined) this.#add({ writes, isDemanded: true, settled });
    else settled(refusal);
  }

  /** Has happened: it is written as soon as it can be. `settled` with an error: it is not yet. */
  note(writes: readonly StoreWrite[], settled?: Settled): void {
    if (this.#end === undefined) this.#add({ writes, isDemanded: false, settled });
    else settled?.(this.#end);
  }

  #add(unit: Unit): void {
    this.#units.push(unit);
    this.#flush();
  }

  #refusal(): ErrorData | undefined {
    if (this.#units.length < unitsMax) return undefined;
    return failure("queue_full", `${unitsMax} writes wait for store "${this.name}" already: try again later`);
  }

  /** All keys that begin so, in their order, behind what was asked for before. */
  list(prefix: string, done: (entries: readonly StoredEntry[]) => void, failed: (error: ErrorData) => void): void {
    const found: StoredEntry[] = [];
    const page = (): void => {
      const query = { prefix, limit: pageSize, ...(found.length > 0 && { after: (found.at(-1) as StoredEntry).key }) };
      const provider = this.#provider();
      if (!isRef(provider)) {
        failed(provider);
        return;
      }
      this.#call(
        provider,
        "list",
        query,
        (answer) => {
          const entries = answer as readonly StoredEntry[]; // as the contract says
          for (const entry of entries) found.push(entry);
          if (entries.length < pageSize) done(found);
          else page();
        },
        (error) => failed(this.#failureOf(error)),
      );
    };
    this.demand([], (error) => (error === undefined ? page() : failed(error)));
  }

  /** What was written there. @throws RuntimeError `storage_corrupt`: it has something else. */
  valueOf({ key, value }: StoredEntry): unknown {
    const what = `store "${this.name}": "${key}"`;
    if (!isUint8Array(value)) throw new RuntimeError("storage_corrupt", `${what} ${notWritten}`);
    return valueOfBytes(value, what);
  }

  /** Somebody has a name: a plugin that was away may be back. */
  nameTaken(name: string): void {
    if (name !== pluginActorName(this.name)) return;
    this.#retryAtMs = Number.POSITIVE_INFINITY;
    this.#kernel.scheduler.settle(this.#kernel.guest, () => this.#tryAgain(), undefined);
  }

  /** Calls back, once, when it is worth another attempt; never, where nothing more is written. */
  later(run: () => void): void {
    if (this.#end !== undefined) return;
    this.#later.push(run);
    this.#retrySoon();
  }

  #retrySoon(): void {
    this.#retryAtMs = this.#kernel.readClock() + retryMs;
    this.#kernel.timers.sweepBy(this.#retryAtMs);
  }

  #tryAgain(): void {
    for (const run of this.#later.splice(0)) run();
    this.#flush();
  }

  /** Looks at what is due; returns when to look again. */
  expire(nowMs: number): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { dueMs, failed } of [...this.#questions]) {
      if (dueMs <= nowMs) failed(failure("timeout", `it did not answer within ${answerMs} ms`));
      else nextMs = Math.min(nextMs, dueMs);
    }
    if (this.#retryAtMs <= nowMs) {
      this.#retryAtMs = Number.POSITIVE_INFINITY;
      this.#tryAgain();
    }
    return Math.min(nextMs, this.#retryAtMs);
  }

  /** Nothing more is written, and whoever waits is told. */
  close(error: ErrorData): void {
    const end = (this.#end ??= error);
    for (const { failed } of [...this.#questions]) failed(end);
    this.#repairs.clear();
    this.#later.splice(0);
    for (const { settled } of this.#units.splice(0)) settled?.(end);
  }

  // One transaction after the other ----------------------------------------------------------------------------------

  #flush(): void {
    if (this.#isBusy || this.#end !== undefined) return;
    if (this.#units.length === 0 && this.#repairs.size === 0) return;
    const provider = this.#provider();
    if (!isRef(provider)) this.#unsent(this.#units.splice(0), provider);
    else if (this.#version === undefined) this.#askHead(provider);
    else this.#commit(provider, this.#version);
  }

  #askHead(provider: Ref): void {
    this.#ask(
      provider,
      "get",
      headKey,
      (answer) => {
        const entry = answer as StoredEntry | undefined; // as the contract says
        const fault = entry && this.#headFault(entry.value);
        if (this.#isClaimed && (entry?.value as Head | undefined)?.run !== this.run) {
          const text = `another system writes to store "${this.name}" now: this one writes there no more`;
          this.close(failure("version_conflict", text));
        } else if (fault !== undefined) {
          this.#unsent(this.#units.splice(0), fault);
        } else {
          this.#version = entry?.version ?? 0;
          this.#flush();
        }
      },
      (error) => this.#unsent(this.#units.splice(0), this.#failureOf(error)),
    );
  }

  /** Why this version does not write to a store with that head. Whoever asks later may find another one. */
  #headFault(head: unknown): ErrorData | undefined {
    const what = `store "${this.name}": "${headKey}"`;
    const found = (head as Partial<Head> | null)?.format;
    if (typeof found !== "number") return failure("storage_corrupt", `${what} ${notWritten}`);
    if (found <= format) return undefined;
    const text = `${what} is of format ${found}, and this version knows up to ${format}: use the newer one`;
    return failure("storage_version", text);
  }

  #commit(provider: Ref, version: number): void {
    const { units, writes } = this.#take();
    const head: Head = { format, run: this.run };
    const transaction: StorageWrite[] = [{ type: "put", key: headKey, value: head, ifVersion: version }];
    for (const [key, value] of writes) {
      if (value === undefined) transaction.push({ type: "delete", key });
      else transaction.push({ type: "put", key, value });
    }
    this.#ask(
      provider,
      "transact",
      transaction,
      (answer) => {
        const [{ version: next }] = answer as readonly [{ readonly version: number }]; // of the head
        this.#version = next;
        this.#isClaimed = true;
        this.#wasThere = true;
        this.#kept(units);
      },
      (error) => {
        this.#version = undefined;
        for (const [key, value] of writes) this.#repairs.set(key, value);
        // Nobody but the store itself can say that nothing of it is kept.
        const isCertain = (certainFailures as readonly unknown[]).includes(errorData(error).code);
        this.#failed(units, this.#failureOf(error, isCertain ? "storage_failed" : "storage_in_doubt"));
      },
    );
  }

  /** What goes into one transaction: repairs first, then whole units, as far as they fit. */
  #take(): { readonly units: readonly Unit[]; readonly writes: Map<string, Uint8Array | undefined> } {
    const writes = new Map<string, Uint8Array | undefined>();
    let bytes = 0;
    for (const [key, value] of this.#repairs) {
      if (writes.size >= writesMax || bytes >= bytesMax) return { units: [], writes };
      this.#repairs.delete(key);
      writes.set(key, value);
      bytes += value?.length ?? 0;
    }
    let count = 0;
    while (count < this.#units.length && writes.size < writesMax && bytes < bytesMax) {
      for (const { key, value } of (this.#units[count++] as Unit).writes) {
        writes.set(key, value);
        bytes += value?.length ?? 0;
      }
    }
    return { units: this.#units.splice(0, count), writes };
  }

  #kept(units: readonly Unit[]): void {
    // What these ask for is in the next transaction together.
    this.#isBusy = true;
    for (const { settled } of units) settled?.(undefined);
    this.#isBusy = false;
    this.#flush();
  }

  /** The store was asked for nothing of these: what was demanded is not there. */
  #unsent(units: readonly Unit[], error: ErrorData): void {
    const demanded = units.map((unit) => (unit.isDemanded ? { ...unit, writes: [] } : unit));
    this.#failed(demanded, error);
  }

  #failed(units: readonly Unit[], error: ErrorData): void {
    this.#version = undefined;
    for (const { isDemanded, writes } of units)
      for (const { key, value } of writes) this.#repairs.set(key, isDemanded ? undefined : value);
    if (this.#repairs.size > 0) this.#retrySoon();
    for (const { settled } of units) settled?.(error);
    if (this.#units.length > 0) this.#flush();
  }

  // The plugin -------------------------------------------------------------------------------------------------------

  /** The same while nothing else is written. */
  #ask(
    provider: Ref,
    name: keyof StorageCalls,
    argument: unknown,
    answered: (answer: unknown) => void,
    failed: (error: unknown) => void,
  ): void {
    this.#isBusy = true;
    const free = (then: (value: unknown) => void) => (value: unknown) => {
      this.#isBusy = false;
      then(value);
    };
    this.#call(provider, name, argument, free(answered), free(failed));
  }

  /** One of the two is called, once. */
  #call(
    provider: Ref,
    name: keyof StorageCalls,
    argument: unknown,
    answered: (answer: unknown) => void,
    failed: (error: unknown) => void,
  ): void {
    const { calls, guest, timers } = this.#kernel;
    const once = (then: (value: unknown) => void) => (value: unknown) => {
      if (this.#questions.delete(question)) then(value);
    };
    const question: Question = { dueMs: this.#kernel.readClock() + answerMs, failed: once(failed) };
    this.#questions.add(question);
    calls.callThen(guest, provider, name, argument, once(answered), question.failed);
    timers.sweepBy(question.dueMs);
  }

  /** The plugin's actor, or why there is none that will do. */
  #provider(): Ref | ErrorData {
    const kernel = this.#kernel;
    const ref = kernel.names.whereis(pluginActorName(this.name));
    if (ref === undefined)
      return this.#wasThere
        ? failure("storage_failed", `store "${this.name}" does not run now`)
        : failure("plugin_missing", `no plugin "${this.name}" runs: start it, by startPlugins, before what needs it`);
    const { name } = storageCapability;
    const provided = kernel.agents.declarationOf(ref)?.capabilities?.find((one) => one.name === name);
    if (provided?.version !== undefined && isCompatible(provided.version, neededVersion)) return ref;
    return failure(
      "plugin_missing",
      `plugin "${this.name}" does not provide ${name} ${neededVersion}: name one that does`,
    );
  }

  #failureOf(thrown: unknown, otherwise: ErrorCode = "storage_failed"): ErrorData {
    const { code, message } = errorData(thrown);
    const own = ownFailures.find((one) => one === code);
    return failure(own ?? otherwise, `store "${this.name}": ${message}`);
  }
}

function failure(code: ErrorCode, message: string): ErrorData {
  return { name: "RuntimeError", code, message };
}
