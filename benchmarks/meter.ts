/**
 * Reads what the threads of a contender have allocated and how long the collector has held them: those that main starts while it runs, those
 * that they start, and main itself. Between two repetitions alone, so that nothing of it is in a figure.
 */
import { setTimeout as afterMs } from "node:timers/promises";
import { getHeapStatistics } from "node:v8";
import type { Worker } from "node:worker_threads";
import { askedChannel, Collector, type FromGauge, heapFigures, heapOf, toldChannel } from "./gauge.ts";
import type { Reading, ThreadReading } from "./memory.ts";

/** A thread that is held by native code does not answer. */
const answerMs = 1_000;
const mainThread = 0;

type Told = Extract<FromGauge, { type: "told" }>;

/** Of one question: all threads that are started until it is disposed belong to whoever is at work then. */
export class Meter implements Disposable {
  readonly #ofMain = new Collector();
  readonly #asked = new BroadcastChannel(askedChannel);
  readonly #told = new BroadcastChannel(toldChannel);
  readonly #owners = new Map<object, Owner>();
  /** Threads that can tell how long the collector has held them. */
  readonly #gauged = new Set<number>();
  readonly #answers = new Map<number, Told>();
  #owner: Owner | undefined;
  #question = 0;
  #answered = (): void => undefined;

  constructor() {
    process.on("worker", this.#started);
    this.#told.onmessage = ({ data }) => this.#take(data as FromGauge); // nobody else is on that channel
  }

  /** Whose work begins. */
  begin(owner: object): void {
    this.#owner = this.#ownerOf(owner);
  }

  /** Undefined: a thread did not answer. */
  async read(owner: object): Promise<Reading | undefined> {
    const { workers, started } = this.#ownerOf(owner);
    const late = Symbol("late");
    const read = Promise.all([this.#ask(), this.#ofMain.heldMs(), ...[...workers].map(heapOf)]);
    const found = await Promise.race([read, afterMs(answerMs, late, { ref: false })]);
    if (found === late) return undefined;
    const [, collectorMs, ...heaps] = found as Awaited<typeof read>;
    const own = heaps.filter((heap) => heap !== undefined);
    const nested = own.flatMap(({ thread }) => this.#answers.get(thread)?.nested ?? []);
    const threads = [...own, ...nested].map(
      (heap): ThreadReading => ({ ...heap, collectorMs: this.#answers.get(heap.thread)?.collectorMs }),
    );
    const main: ThreadReading = { thread: mainThread, collectorMs, ...heapFigures(getHeapStatistics()) };
    return { threads: [main, ...threads], started };
  }

  [Symbol.dispose](): void {
    process.off("worker", this.#started);
    this.#asked.close();
    this.#told.close();
    this.#ofMain[Symbol.dispose]();
  }

  /** All that can tell, also those of others: they wait. */
  async #ask(): Promise<void> {
    this.#question += 1;
    this.#answers.clear();
    if (this.#gauged.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#answered = resolve;
    this.#asked.postMessage(this.#question);
    await promise;
  }

  #take(said: FromGauge): void {
    if (said.type === "here") this.#gauged.add(said.thread);
    else if (said.question === this.#question) this.#answers.set(said.thread, said);
    if (this.#isAnswered()) this.#answered();
  }

  #isAnswered(): boolean {
    return [...this.#gauged].every((thread) => this.#answers.has(thread));
  }

  readonly #started = (worker: Worker): void => {
    const owner = this.#owner;
    const { threadId } = worker;
    if (owner !== undefined) owner.started += 1;
    owner?.workers.add(worker);
    worker.once("exit", () => {
      owner?.workers.delete(worker);
      this.#gauged.delete(threadId);
      if (this.#isAnswered()) this.#answered();
    });
  };

  #ownerOf(owner: object): Owner {
    let known = this.#owners.get(owner);
    if (known === undefined) {
      known = { workers: new Set(), started: 0 };
      this.#owners.set(owner, known);
    }
    return known;
  }
}

interface Owner {
  readonly workers: Set<Worker>;
  started: number;
}
