/**
 * Interrupts of turns of one thread that wait for the end of their grace, as the watchdog keeps them. Each names where the
 * thread stood, and is void when that has gone on.
 */
import { stopwatchMs } from "../clock.ts";
import type { CutRequest } from "../kernel/interrupt-request.ts";

/** One of code that is somebody else's at the moment, or Node's own, is asked for again so often; and for so long. */
const askEveryMs = 20;
const askingMs = 5_000;

interface Pending {
  readonly request: CutRequest;
  dueMs: number;
  /** When it is asked for next, from `dueMs` on. */
  askMs: number;
}

export class PendingInterrupts {
  readonly #isAt: (turn: number, drains: number) => boolean;
  #list: Pending[] = [];

  /** @param isAt whether the thread stands there now */
  constructor(isAt: (turn: number, drains: number) => boolean) {
    this.#isAt = isAt;
  }

  /** Whether one is to be asked for by now. */
  get isUrgent(): boolean {
    return this.#list.length > 0 && this.#list.some(({ askMs }) => askMs <= stopwatchMs());
  }

  add(request: CutRequest, nowMs: number): void {
    const dueMs = nowMs + request.graceMs;
    const pending = { request, dueMs, askMs: dueMs };
    if (this.#isStanding(pending, nowMs)) this.#list.push(pending);
  }

  /** The thread has gone on. One that does not say where it must stand is void when that is behind its grace. */
  hasMoved(nowMs: number): void {
    if (this.#list.length > 0) this.#list = this.#list.filter((pending) => this.#isStanding(pending, nowMs));
  }

  #isStanding({ request: { turn, drains }, dueMs }: Pending, nowMs: number): boolean {
    return drains < 0 ? nowMs < dueMs : this.#isAt(turn, drains);
  }

  /** Time that counts against nobody. */
  excuse(ms: number): void {
    for (const pending of this.#list) {
      pending.dueMs += ms;
      pending.askMs = Math.max(pending.askMs, pending.dueMs);
    }
  }

  /** The one that is to be asked for now. */
  take(nowMs: number): CutRequest | undefined {
    this.#list = this.#list.filter(({ dueMs }) => nowMs - dueMs <= askingMs);
    const pending = this.#list.find(({ askMs }) => askMs <= nowMs);
    if (pending !== undefined) pending.askMs = nowMs + askEveryMs;
    return pending?.request;
  }

  /** The kernel was at work in the actor's frames: it is asked for again at once. */
  again(request: CutRequest, nowMs: number): void {
    for (const pending of this.#list) if (pending.request === request) pending.askMs = nowMs;
  }

  /** It is carried out, or void. */
  drop(request: CutRequest): void {
    this.#list = this.#list.filter((pending) => pending.request !== request);
  }
}
