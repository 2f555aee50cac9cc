/**
 * How many restarts a supervisor may still make before it gives up.
 *
 * The window belongs to the supervisor, not to a child: two children that fail in turn use up the same allowance. That
 * is Erlang/OTP's rule (stdlib, supervisor:add_restart/1); Akka and Proto.Actor count for each child instead.
 *
 * Ours: the loss of one thread counts once, however many children it takes. OTP has no such loss; counted by child, a
 * supervisor of 5,000 children that are spread over threads would never survive one. And a child whose open turn was lost
 * because another's had to be cut down restarts uncounted: it did nothing.
 */
import { type Clock, RuntimeError } from "../core/index.ts";

export interface RestartLimit {
  /** Restarts allowed within one period. 0 means that the first failure is final. */
  readonly intensity: number;
  /** Length of the sliding period, in milliseconds. OTP counts in whole seconds. */
  readonly periodMs: number;
}

/** OTP's defaults: one restart in five seconds. */
export const defaultRestartLimit: RestartLimit = { intensity: 1, periodMs: 5_000 };

/** What ended a child, where that is not its own doing: the loss of its thread, by id, or a turn lost with another's. */
export type OutsideCause = number | "turnLost";

export class RestartWindow {
  readonly #clock: Pick<Clock, "nowMs">;
  #limit: RestartLimit;
  /** Times of restarts, the oldest first; those before `first` are out of the period. So a storm costs each restart the same. */
  readonly #restartsMs: number[] = [];
  #first = 0;
  /** Lost threads whose restart is still inside the period, and when it was counted. At most intensity + 1. */
  #lossesMs: Map<number, number> | undefined;

  /** @throws RuntimeError `invalid_intensity`: no whole number from 0; `invalid_period`: not above 0. */
  constructor(limit: RestartLimit, clock: Pick<Clock, "nowMs">) {
    this.#limit = checked(limit);
    this.#clock = clock;
  }

  /**
   * Records a restart now. False once the limit is passed: the supervisor then stops its children and itself.
   * @param cause the thread whose loss ended the child: its other children then restart uncounted for one period.
   */
  tryRestart(cause?: OutsideCause): boolean {
    if (cause === "turnLost") return true;
    const lostThread = cause;
    const nowMs = this.#clock.nowMs();
    const oldestMs = nowMs - this.#limit.periodMs;
    if (lostThread !== undefined) {
      const countedMs = this.#lossesMs?.get(lostThread);
      if (countedMs !== undefined && countedMs >= oldestMs) return true;
    }
    this.#first = this.#firstSince(oldestMs);
    if (this.#first * 2 > this.#restartsMs.length) {
      this.#restartsMs.splice(0, this.#first);
      this.#first = 0;
    }
    this.#restartsMs.push(nowMs);
    const isAllowed = this.#restartsMs.length - this.#first <= this.#limit.intensity;
    if (lostThread !== undefined && isAllowed) this.#recordLoss(lostThread, nowMs, oldestMs);
    return isAllowed;
  }

  /** Restarts that count now. */
  get restarts(): number {
    return this.#restartsMs.length - this.#firstSince(this.#clock.nowMs() - this.#limit.periodMs);
  }

  /** A restart exactly one period old still counts, as in OTP. */
  #firstSince(oldestMs: number): number {
    let first = this.#first;
    while (first < this.#restartsMs.length && (this.#restartsMs[first] as number) < oldestMs) first++;
    return first;
  }

  /** Changes the limit and keeps the restarts that were counted (code change). @throws as the constructor does. */
  setLimit(limit: RestartLimit): void {
    this.#limit = checked(limit);
  }

  #recordLoss(thread: number, nowMs: number, oldestMs: number): void {
    this.#lossesMs ??= new Map();
    for (const [other, atMs] of this.#lossesMs) if (atMs < oldestMs) this.#lossesMs.delete(other);
    this.#lossesMs.set(thread, nowMs);
  }
}

function checked(limit: RestartLimit): RestartLimit {
  if (!Number.isInteger(limit.intensity) || limit.intensity < 0) {
    throw new RuntimeError("invalid_intensity", `intensity must be a whole number from 0, got ${limit.intensity}`);
  }
  if (!(limit.periodMs > 0)) {
    throw new RuntimeError("invalid_period", `periodMs must be above 0, got ${limit.periodMs}`);
  }
  return limit;
}
