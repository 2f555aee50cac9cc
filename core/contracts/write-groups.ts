/**
 * Writes on their way to a store, in groups: what is asked for while one group is kept is the next one, so a thousand single
 * writes cost a store no more than some transactions.
 */
import { nextLoop } from "../clock.ts";
import { errorData, RuntimeError } from "../errors.ts";
import type { CallToken, PluginBus } from "../plugin/plugin-bus.ts";
import { failPoint } from "./fail-point.ts";
import type { WriteOutcome } from "./storage.ts";
import type { DriverOutcome, DriverWrite, StorageDriver } from "./storage-driver.ts";

/** Transactions that may wait for the store, and transactions of one group. */
const waitingMax = 65_536;
const groupMax = 1_000;
/** No part is smaller. */
const partMin = 100;
const sweepMs = 60_000;

/** One write that was asked for: a transaction of one or more. */
export interface Asked {
  readonly writes: readonly DriverWrite[];
  /** Of a single write its result is the answer, of `transact` the list of all. */
  readonly isSingle: boolean;
}

/** Who waits, and for what. */
interface Waiting {
  readonly from: CallToken;
  /** Those that the driver gets. */
  readonly asked: readonly Asked[];
  /** Of a batch: what is refused already, and a gap for each of the others. */
  readonly outcomes: (WriteOutcome | undefined)[] | undefined;
}

export class WriteGroups {
  /** The plugin's. */
  readonly #name: string;
  readonly #driver: StorageDriver;
  readonly #bus: PluginBus;
  #waiting: Waiting[] = [];
  /** Transactions of all that wait. */
  #size = 0;
  #committing: Promise<void> | undefined;
  /** So many were in the last group. */
  #answered = 0;
  #sweptMs: number;

  constructor(name: string, driver: StorageDriver, bus: PluginBus) {
    this.#name = name;
    this.#driver = driver;
    this.#bus = bus;
    this.#sweptMs = bus.wallMs();
  }

  /** Answers when it is kept. @throws RuntimeError `queue_full`. */
  one(asked: Asked): unknown {
    this.#add({ from: this.#bus.from as CallToken, asked: [asked], outcomes: undefined });
    return this.#bus.noReply;
  }

  /** Answers when each is kept or refused. @throws RuntimeError `queue_full`: none of them is kept. */
  batch(all: readonly (Asked | RuntimeError)[]): unknown {
    const outcomes = all.map((one) => (one instanceof RuntimeError ? refusal(one) : undefined));
    const asked = all.filter((one): one is Asked => !(one instanceof RuntimeError));
    if (asked.length === 0) return outcomes;
    this.#add({ from: this.#bus.from as CallToken, asked, outcomes });
    return this.#bus.noReply;
  }

  #add(waiting: Waiting): void {
    if (this.#size + waiting.asked.length > waitingMax)
      throw new RuntimeError("queue_full", `${waitingMax} transactions wait for the store already: ask again later`);
    this.#size += waiting.asked.length;
    this.#waiting.push(waiting);
    // What others ask for in the same round of the thread is of the same group.
    this.#committing ??= nextRound().then(() => this.#commit());
  }

  async #commit(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#commitGroup(this.#nextGroup());
      if (this.#driver.commitsInParts === true) await nextRound();
      // Not behind the last one: there may be no last one for long.
      await this.#sweep();
    }
    this.#committing = undefined;
    this.#answered = 0;
  }

  /** A batch is not parted: its caller waits for all of it. */
  #nextGroup(): Waiting[] {
    const sizeMax = this.#sizeMax;
    let size = 0;
    let count = 0;
    for (const { asked } of this.#waiting) {
      if (count > 0 && size + asked.length > sizeMax) break;
      size += asked.length;
      count++;
    }
    this.#size -= size;
    this.#answered = size;
    return this.#waiting.splice(0, count);
  }

  /** In parts: half of those that wait and of those that may be about to ask anew, so that one half goes on while the other is kept. */
  get #sizeMax(): number {
    if (this.#driver.commitsInParts !== true) return groupMax;
    return Math.min(groupMax, Math.max(partMin, Math.ceil((this.#size + this.#answered) / 2)));
  }

  async #commitGroup(group: readonly Waiting[]): Promise<void> {
    let outcomes: readonly DriverOutcome[];
    try {
      failPoint("before-write");
      outcomes = await this.#driver.commit(
        group.flatMap(({ asked }) => asked.map(({ writes }) => writes)),
        this.#bus.wallMs(),
      );
      failPoint("before-answer");
    } catch (error) {
      const failure = storageError(error, this.#name);
      for (const { from } of group) this.#bus.replyError(from, failure);
      return;
    }
    let at = 0;
    for (const waiting of group) {
      this.#answer(waiting, outcomes, at);
      at += waiting.asked.length;
    }
  }

  /** @param first where its outcomes begin: one for each transaction, as the driver promises */
  #answer({ from, asked, outcomes }: Waiting, all: readonly DriverOutcome[], first: number): void {
    let at = first;
    if (outcomes === undefined) {
      const outcome = all[at] as DriverOutcome;
      if (outcome.ok) this.#bus.reply(from, valueOf(asked[0] as Asked, outcome.results));
      else this.#bus.replyError(from, outcome.error);
      return;
    }
    const kept = outcomes.map((refused): WriteOutcome => {
      if (refused !== undefined) return refused;
      const outcome = all[at] as DriverOutcome;
      const one = asked[at++ - first] as Asked;
      return outcome.ok ? { value: valueOf(one, outcome.results) } : refusal(outcome.error);
    });
    this.#bus.reply(from, kept);
  }

  /** Once in a while, behind writes: what has expired is not read anyhow. */
  async #sweep(): Promise<void> {
    const nowMs = this.#bus.wallMs();
    if (Math.abs(nowMs - this.#sweptMs) < sweepMs) return;
    this.#sweptMs = nowMs;
    try {
      await this.#driver.sweep(nowMs);
    } catch (error) {
      this.#bus.log("warning", "what has expired could not be taken away", errorData(error));
    }
  }

  /** When all that was asked for is answered. */
  async settled(): Promise<void> {
    await this.#committing;
  }

  /** The plugin has ended: nobody is left who could be told. */
  ended(): void {
    this.#waiting = [];
    this.#size = 0;
  }
}

const valueOf = ({ isSingle }: Asked, results: readonly unknown[]) => (isSingle ? results[0] : results);

const refusal = ({ code, message }: RuntimeError): WriteOutcome => ({ error: { code, message } });

/** Of the thread: what is to be said to others leaves, and what they have said comes in. */
const nextRound = () => new Promise<void>((resolve) => nextLoop(resolve));

/** What is not the runtime's own word was a failure of the store: the caller may try again. @param plugin its name: who asks by the capability does not know whose bytes are spoiled. */
export function storageError(error: unknown, plugin: string): RuntimeError {
  if (!(error instanceof RuntimeError))
    return new RuntimeError("storage_failed", errorData(error).message, { cause: error });
  if (error.code !== "storage_corrupt") return error;
  return new RuntimeError("storage_corrupt", `plugin ${plugin}: ${error.message}`, { cause: error.cause });
}
