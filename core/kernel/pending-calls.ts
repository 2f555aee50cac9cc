/** Calls of a thread's actors that have not ended, by id and by caller. */
import { type Cell, extraOf } from "../actor/cell.ts";
import type { RefData } from "../actor/ref.ts";
import { NumberTable } from "./number-table.ts";

export interface PendingCall {
  readonly id: number;
  readonly cell: Cell;
  /** Undefined: whoever is subscribed to the topic that is its name. */
  readonly callee: RefData | undefined;
  readonly name: string;
  readonly deadlineMs: number;
  readonly timeoutMs: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Whether these are a promise's, which fails with its caller's stack; else the kernel's own, called in the drain. */
  readonly isPromised: boolean;
  /** Told of its end. */
  ended: (() => void) | undefined;
  /** Of a request: threads on which somebody may answer. */
  places: Set<number> | undefined;
  /** Of the same caller. */
  newer: PendingCall | undefined;
  older: PendingCall | undefined;
}

export class PendingCalls {
  readonly #byId = new NumberTable<PendingCall>();

  get size(): number {
    return this.#byId.size;
  }

  get(id: number): PendingCall | undefined {
    return this.#byId.get(id);
  }

  /** It is its caller's newest. */
  add(call: PendingCall): void {
    this.#byId.set(call.id, call);
    const extra = extraOf(call.cell);
    const { newestCall } = extra;
    call.older = newestCall;
    if (newestCall !== undefined) newestCall.newer = call;
    extra.newestCall = call;
  }

  /** It has ended. Undefined: there is none, or it is another caller's. */
  take(id: number, caller: RefData | undefined): PendingCall | undefined {
    const call = this.#byId.delete(id);
    if (call === undefined) return undefined;
    const { cell, newer, older } = call;
    if (caller !== undefined && (cell.slot !== caller.slot || cell.generation !== caller.generation)) {
      this.#byId.set(id, call);
      return undefined;
    }
    if (older !== undefined) older.newer = newer;
    if (newer !== undefined) newer.older = older;
    else if (cell.extra !== undefined) cell.extra.newestCall = older;
    // One that has grown old would keep the others.
    call.newer = undefined;
    call.older = undefined;
    return call;
  }

  /** Of one caller, the oldest first. */
  of(cell: Cell): PendingCall[] {
    const calls: PendingCall[] = [];
    for (let call = cell.extra?.newestCall; call !== undefined; call = call.older) calls.push(call);
    return calls.reverse();
  }

  /** The oldest first. */
  all(): PendingCall[] {
    return this.#byId.values().sort((a, b) => a.id - b.id);
  }

  /** Those whose time is over, the oldest first, and when that of the next is. */
  overdue(nowMs: number): { readonly calls: PendingCall[]; readonly nextMs: number } {
    let nextMs = Number.POSITIVE_INFINITY;
    const calls: PendingCall[] = [];
    for (const call of this.#byId.values()) {
      if (call.deadlineMs <= nowMs) calls.push(call);
      else if (call.deadlineMs < nextMs) nextMs = call.deadlineMs;
    }
    return { calls: calls.sort((a, b) => a.id - b.id), nextMs };
  }
}
