/** What a contender has taken of memory and of the collector's time, from readings of its threads around its repetitions. */

/** Null: it cannot be told. */
export interface Memory {
  /** What one operation has allocated, in all threads that take part. */
  readonly allocatedBytes: number | null;
  /** For one operation, how long the collector has held a thread. */
  readonly gcNs: number | null;
  /** Heap in use after the last repetition, with what the collector has not taken yet. */
  readonly heapBytes: number | null;
  /** Of the process, after the last repetition; the contenders in JavaScript share one. */
  readonly rssBytes: number | null;
}

export interface ThreadReading {
  readonly thread: number;
  /** Since its start; null: this Node does not count it. */
  readonly allocatedBytes: number | null;
  readonly heapBytes: number;
  /** How long the collector has held it; undefined: it has nobody to tell. */
  readonly collectorMs: number | undefined;
}

export interface Reading {
  /** That live. */
  readonly threads: readonly ThreadReading[];
  /** How many it has started until now. */
  readonly started: number;
}

/** Three, one after the other: between the first two there is nothing but the readings, which allocate as well. */
export interface Readings {
  readonly blank: Reading;
  readonly before: Reading;
  readonly after: Reading;
}

/** Threads that allocate no more of it all take no part (a spare, the watchdog): what the collector does there is not missed. */
const idleShare = 0.05;

/** The sum over the repetitions that count, but for those in which a thread came or went: it has taken its figures along. */
export class MemorySum {
  #allocatedBytes: number | null = 0;
  /** What the readings have allocated themselves. V8 counts by blocks, so it is no small sum, and differs from one to the next. */
  #ownBytes: number | null = 0;
  #collectorMs: number | null = 0;
  /** Allocated by threads that cannot tell of their collector. */
  #untoldBytes: number | null = 0;
  #operations = 0;

  add({ blank, before, after }: Readings, operations: number): void {
    const isSame = ({ started, threads }: Reading) =>
      started === after.started && threads.length === after.threads.length;
    if (!isSame(blank) || !isSame(before)) return;
    this.#operations += operations;
    const [ofBlank, ofBefore] = [byThread(blank), byThread(before)];
    for (const { thread, allocatedBytes, collectorMs } of after.threads) {
      const was = ofBefore.get(thread);
      const allocated = difference(allocatedBytes, was?.allocatedBytes);
      this.#allocatedBytes = plus(this.#allocatedBytes, allocated);
      this.#ownBytes = plus(this.#ownBytes, difference(was?.allocatedBytes, ofBlank.get(thread)?.allocatedBytes));
      if (collectorMs === undefined) this.#untoldBytes = plus(this.#untoldBytes, allocated);
      else this.#collectorMs = plus(this.#collectorMs, difference(collectorMs, was?.collectorMs));
    }
  }

  /** Of one operation. What is less than the readings allocate themselves cannot be told from these. */
  get figures(): Pick<Memory, "allocatedBytes" | "gcNs"> {
    const net = difference(this.#allocatedBytes, this.#ownBytes);
    const isTold = net !== null && this.#ownBytes !== null && net > this.#ownBytes;
    const isWhole =
      this.#untoldBytes === 0 || (this.#untoldBytes ?? Number.NaN) <= idleShare * (this.#allocatedBytes ?? Number.NaN);
    const gcNs = isWhole && this.#collectorMs !== null ? this.#collectorMs * 1e6 : null;
    return { allocatedBytes: this.#each(isTold ? net : null), gcNs: this.#each(gcNs) };
  }

  #each(sum: number | null): number | null {
    return sum === null || this.#operations === 0 ? null : sum / this.#operations;
  }
}

const byThread = ({ threads }: Reading): ReadonlyMap<number, ThreadReading> =>
  new Map(threads.map((reading) => [reading.thread, reading]));

const difference = (now: number | null | undefined, before: number | null | undefined): number | null =>
  typeof now === "number" && typeof before === "number" ? now - before : null;

const plus = (sum: number | null, more: number | null): number | null =>
  sum === null || more === null ? null : sum + more;
