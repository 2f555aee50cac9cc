/**
 * Opt-in delays between restarts. Off by default: OTP restarts at once and leaves the limit to intensity and period.
 *
 * Ours, after Pekko's BackoffSupervisor: the n-th restart in a row waits `initialMs * factor^(n-1)`, at most `maxMs`,
 * less a random share of up to `jitter`, so that many children that fail together do not come back together. The row
 * ends when the child has lived for `resetAfterMs`. Every restart still counts for the window.
 */
import type { Random } from "../core/index.ts";
import { SpecFault } from "./spec-error.ts";

export interface Backoff {
  /** Delay of the first restart in a row. Default 100. */
  readonly initialMs?: number;
  /** Longest delay. Default 30,000. */
  readonly maxMs?: number;
  /** Growth from one restart to the next, from 1. Default 2. */
  readonly factor?: number;
  /** Greatest share of a delay that chance takes away, 0 to 1. Default 0.2. */
  readonly jitter?: number;
  /** A child that lived this long starts a new row. Default: the mean of `initialMs` and `maxMs`, as in Pekko. */
  readonly resetAfterMs?: number;
}

export const defaultBackoff = { initialMs: 100, maxMs: 30_000, factor: 2, jitter: 0.2 } as const;

/** Ours, and so unknown keys are not ignored as OTP's are: those of a task's back-off are others. */
const keys: readonly string[] = ["initialMs", "maxMs", "factor", "jitter", "resetAfterMs"] satisfies (keyof Backoff)[];

/** The row of restarts of one child. Kept only for children that have a backoff. */
export interface BackoffRow {
  /** Restarts in this row. */
  restarts: number;
  /** When the child was last started. */
  startedMs: number;
}

/** @throws SpecFault `invalid_backoff`. */
export function checkBackoff(backoff: unknown): Required<Backoff> {
  if (typeof backoff !== "object" || backoff === null) throw new SpecFault("invalid_backoff", backoff);
  const given = backoff as Backoff;
  const filled = { ...defaultBackoff, ...given };
  const resetAfterMs = given.resetAfterMs ?? (filled.initialMs + filled.maxMs) / 2;
  const { initialMs, maxMs, factor, jitter } = filled;
  const isValid =
    Object.keys(given).every((key) => keys.includes(key)) &&
    isAmount(initialMs) &&
    isAmount(maxMs) &&
    isAmount(resetAfterMs) &&
    isAmount(jitter) &&
    Number.isFinite(factor) &&
    initialMs <= maxMs &&
    factor >= 1 &&
    jitter <= 1;
  if (!isValid) throw new SpecFault("invalid_backoff", backoff);
  return { initialMs, maxMs, factor, jitter, resetAfterMs };
}

/** How long the next restart waits; counts it in the row. */
export function nextDelayMs(backoff: Required<Backoff>, row: BackoffRow, nowMs: number, random: Random): number {
  if (nowMs - row.startedMs >= backoff.resetAfterMs) row.restarts = 0;
  const grownMs = backoff.initialMs * backoff.factor ** row.restarts;
  const fullMs = Math.min(backoff.maxMs, Number.isNaN(grownMs) ? 0 : grownMs); // 0 * Infinity
  row.restarts += 1;
  return fullMs * (1 - backoff.jitter * random.next());
}

function isAmount(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
