/**
 * Tells how long the collector has held the thread that it is called in, when `meter.ts` asks between two repetitions: on a channel of the process,
 * beside whatever is measured there, which knows nothing of it. What the thread has allocated, and its heap, Node tells from outside.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { threadId, type Worker } from "node:worker_threads";

export const askedChannel = "mofa benchmarks: asked";
export const toldChannel = "mofa benchmarks: told";

export type FromGauge =
  | { readonly type: "here"; readonly thread: number }
  | {
      readonly type: "told";
      /** The number of the question. */
      readonly question: number;
      readonly thread: number;
      readonly collectorMs: number;
      /** Of the threads that this one has started. */
      readonly nested: readonly ThreadHeap[];
    };

export interface ThreadHeap {
  readonly thread: number;
  /** Since its start; null: this Node does not count it. */
  readonly allocatedBytes: number | null;
  readonly heapBytes: number;
}

let isHere = false;

export function gauge(): void {
  if (isHere) return;
  isHere = true;
  const collector = new Collector();
  const nested = new Set<Worker>();
  process.on("worker", (worker) => nested.add(worker.once("exit", () => nested.delete(worker))));
  const told = new BroadcastChannel(toldChannel);
  const asked = new BroadcastChannel(askedChannel);
  const tell = (answer: FromGauge) => told.postMessage(answer);
  const answer = async (question: number) => {
    const heaps = await Promise.all([...nested].map(heapOf));
    const collectorMs = await collector.heldMs();
    tell({ type: "told", question, thread: threadId, collectorMs, nested: heaps.filter((heap) => heap !== undefined) });
  };
  asked.onmessage = ({ data }) => void answer(data as number); // as meter.ts asks
  for (const channel of [told, asked]) (channel as unknown as { unref(): void }).unref(); // Node's, which its types leave out
  tell({ type: "here", thread: threadId });
}

/** The time in which a collection held this thread; what it does beside the thread is not in it. */
export class Collector implements Disposable {
  #heldMs = 0;
  readonly #observer = new PerformanceObserver((list) => this.#add(list.getEntries()));

  constructor() {
    this.#observer.observe({ type: "gc" });
  }

  /** Since this was made, in milliseconds. */
  async heldMs(): Promise<number> {
    // A collection becomes an entry in the next turn of the event loop, now and then in the one after it.
    await nextTurn();
    await nextTurn();
    this.#add(this.#observer.takeRecords());
    return this.#heldMs;
  }

  [Symbol.dispose](): void {
    this.#observer.disconnect();
  }

  #add(entries: readonly { readonly duration: number }[]): void {
    for (const { duration } of entries) this.#heldMs += duration;
  }
}

/** Undefined: it has ended. */
export async function heapOf(worker: Worker): Promise<ThreadHeap | undefined> {
  const thread = worker.threadId;
  try {
    return { thread, ...heapFigures(await worker.getHeapStatistics()) };
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === "ERR_WORKER_NOT_RUNNING") return undefined;
    throw error;
  }
}

/** @param statistics of a heap, where an older Node does not count all of it */
export function heapFigures(statistics: {
  readonly used_heap_size: number;
  readonly total_allocated_bytes?: number;
}): Omit<ThreadHeap, "thread"> {
  return { allocatedBytes: statistics.total_allocated_bytes ?? null, heapBytes: statistics.used_heap_size };
}
