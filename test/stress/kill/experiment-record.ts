/** What each kill experiment hands back: one JSON object, with the expectation that it was held against. */

export interface ExperimentRecord {
  readonly name: string;
  /** What must hold, as a sentence. */
  readonly expected: string;
  readonly ok: boolean;
  readonly kills: number;
  /** Invariants found broken; some experiments expect them. */
  readonly broken: number;
  /** From the watchdog's request to the first turn after the recovery; absent where there is no recovery. */
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  readonly maxMs?: number;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface ExperimentOptions {
  /** How many kills (or threads, where one kill needs a thread of its own) at least. */
  readonly kills: number;
  readonly seed: number;
}

export function latencies(samplesMs: readonly number[]): { p50Ms: number; p99Ms: number; maxMs: number } {
  const sorted = samplesMs.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 100) / 100;
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}
