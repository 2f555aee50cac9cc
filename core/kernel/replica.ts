/**
 * Entries about actors that every thread reads from its own copy.
 *
 * Each thread is the truth for the entries of its own actors and tells main, which passes them on: so every thread gets
 * what concerns one actor in order, and one that comes up gets everything from main. An entry of a holder whose liveness
 * word differs does not exist, in any copy, from that instant, as with names (SEMANTICS S4.3); who comes across such an
 * entry removes it.
 */
import { type Cell, extraOf } from "../actor/cell.ts";
import { type Ref, refKey } from "../actor/ref.ts";
import { FrameKind } from "./frame-kind.ts";
import type { Kernel } from "./kernel.ts";

const owner = 0;
const toKernel = { slot: 0, generation: 0 };

/** What an entry is about. */
export const Table = { groups: 0, interests: 1, agents: 2 } as const;
export type Table = (typeof Table)[keyof typeof Table];

/** What crosses: undefined as value removes the entry. */
export type EntryPayload = readonly [table: Table, key: string, holder: Ref, value: unknown];

/** An entry changed in this thread's copy; undefined: there is none. */
export type EntryListener = (key: string, holder: Ref, value: unknown, former: unknown) => void;

interface Entry {
  readonly holder: Ref;
  readonly value: unknown;
}

/** On main: a change that every thread is to confirm. */
interface Confirmation {
  readonly missing: Set<number>;
  readonly done: () => void;
}

interface Waiter {
  readonly change: number;
  readonly done: () => void;
}

export class Replica {
  readonly #kernel: Kernel;
  /** By table, key and the holder's ref key. */
  readonly #tables: Map<string, Map<string, Entry>>[] = [];
  /** By the holder's ref key: what it holds. */
  readonly #held = new Map<string, { readonly holder: Ref; readonly keys: Set<string>[] }>();
  readonly #listeners: (EntryListener | undefined)[] = [];
  /** Changes of this thread's own actors are numbered. */
  #lastChange = 0;
  /** By thread: the number of its last change that is in this copy, and who waits for a later one. */
  readonly #seen = new Map<number, number>();
  readonly #waiters = new Map<number, Waiter[]>();
  /** On main, by number. */
  readonly #confirmations = new Map<number, Confirmation>();
  #lastConfirmation = 0;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  onChange(table: Table, listener: EntryListener): void {
    this.#listeners[table] = listener;
  }

  valueOf(table: Table, key: string, holder: Ref): unknown {
    return this.#tables[table]?.get(key)?.get(refKey(holder))?.value;
  }

  keys(table: Table): string[] {
    return [...(this.#tables[table]?.keys() ?? [])];
  }

  /** Entries of living holders. */
  entries(table: Table, key: string): readonly Entry[] {
    const entries = this.#tables[table]?.get(key);
    if (entries === undefined) return [];
    const living: Entry[] = [];
    for (const entry of entries.values()) {
      if (this.#kernel.isAlive(entry.holder)) living.push(entry);
      else this.#removeAll(entry.holder);
    }
    return living;
  }

  /** Sets or, with undefined, removes an entry of an actor of this thread. Returns the change's number. */
  put(table: Table, key: string, cell: Cell, value: unknown): number {
    const holder = this.#kernel.refOf(cell);
    const change = ++this.#lastChange;
    extraOf(cell).hasEntries = true;
    this.#apply(table, key, holder, value);
    this.#tell(FrameKind.entry, change, [table, key, holder, value]);
    return change;
  }

  /**
   * The same, and calls back when every thread has it: those that are up when main passes it on; who comes up later has
   * it from the start.
   */
  putEverywhere(table: Table, key: string, cell: Cell, value: unknown, done: () => void): void {
    const kernel = this.#kernel;
    const holder = kernel.refOf(cell);
    const change = ++this.#lastChange;
    extraOf(cell).hasEntries = true;
    this.#apply(table, key, holder, value);
    const payload: EntryPayload = [table, key, holder, value];
    if (kernel.thread === owner) this.confirmedByAll(owner, change, payload, done);
    else {
      const main = kernel.makeRef(owner, kernel.guest.slot, 0);
      const question = [change, payload] as const;
      // It ends with its answer, or with the system.
      kernel.calls.askThen(
        cell,
        main,
        FrameKind.entryToAll,
        "entry",
        Number.POSITIVE_INFINITY,
        question,
        done,
        () => {},
      );
    }
  }

  /** On main: passes a change on, and calls back when every thread that is up has it. */
  confirmedByAll(from: number, change: number, payload: EntryPayload, done: () => void): void {
    const kernel = this.#kernel;
    const [table, key, holder, value] = payload;
    if (from !== owner && kernel.isAlive(holder)) this.#apply(table, key, holder, value);
    const missing = new Set(kernel.memory.threadsUp().filter((thread) => thread !== owner && thread !== from));
    if (missing.size === 0) {
      done();
      return;
    }
    const id = ++this.#lastConfirmation;
    this.#confirmations.set(id, { missing, done });
    for (const thread of missing)
      kernel.peers.push(thread, FrameKind.entryToAll, toKernel, kernel.guest, id, [change, payload]);
  }

  /** Elsewhere than on main: a change that is to be confirmed. */
  toConfirmReceived(id: number, change: number, payload: EntryPayload): void {
    const kernel = this.#kernel;
    this.entryReceived(owner, change, payload);
    kernel.peers.push(owner, FrameKind.entryConfirmed, toKernel, kernel.guest, id, undefined);
  }

  confirmationReceived(from: number, id: number): void {
    const confirmation = this.#confirmations.get(id);
    if (confirmation === undefined) return;
    confirmation.missing.delete(from);
    if (confirmation.missing.size > 0) return;
    this.#confirmations.delete(id);
    confirmation.done();
  }

  /** An actor of this thread has ended. */
  release(holder: Ref): void {
    this.#removeAll(holder);
    this.#tell(FrameKind.entriesGone, 0, holder);
  }

  #tell(kind: FrameKind, change: number, payload: EntryPayload | Ref): void {
    const kernel = this.#kernel;
    if (kernel.thread === owner) this.#passOn(kind, change, payload, owner);
    else kernel.peers.push(owner, kind, toKernel, kernel.guest, change, payload);
  }

  /** On main: to every thread but the one that it came from. */
  #passOn(kind: FrameKind, change: number, payload: EntryPayload | Ref, from: number): void {
    const kernel = this.#kernel;
    for (const thread of kernel.memory.threadsUp())
      if (thread !== owner && thread !== from) kernel.peers.push(thread, kind, toKernel, kernel.guest, change, payload);
  }

  entryReceived(from: number, change: number, payload: EntryPayload): void {
    const [table, key, holder, value] = payload;
    // A change of somebody who is dead by now may be older than what removed its entries here.
    if (this.#kernel.isAlive(holder)) this.#apply(table, key, holder, value);
    if (this.#kernel.thread === owner) this.#passOn(FrameKind.entry, change, payload, from);
    if (change > 0) this.#caughtUp(holder.thread, change);
  }

  goneReceived(from: number, holder: Ref): void {
    this.#removeAll(holder);
    if (this.#kernel.thread === owner) this.#passOn(FrameKind.entriesGone, 0, holder, from);
  }

  /** Main tells a thread that just came up everything. */
  introduce(thread: number): void {
    const kernel = this.#kernel;
    for (const [table, keys] of this.#tables.entries()) {
      for (const [key, entries] of keys ?? []) {
        for (const { holder, value } of entries.values())
          kernel.peers.push(thread, FrameKind.entry, toKernel, kernel.guest, 0, [table, key, holder, value]);
      }
    }
  }

  threadLost(thread: number): void {
    for (const { holder } of [...this.#held.values()]) if (holder.thread === thread) this.#removeAll(holder);
    const waiters = this.#waiters.get(thread) ?? [];
    this.#waiters.delete(thread);
    this.#seen.delete(thread);
    for (const { done } of waiters) done();
    for (const id of [...this.#confirmations.keys()]) this.confirmationReceived(thread, id);
  }

  /** Calls back when a change of another thread's actor is in this copy, or never will be. */
  whenSeen(thread: number, change: number, done: () => void): void {
    if ((this.#seen.get(thread) ?? 0) >= change || !this.#kernel.memory.isThreadUp(thread)) {
      done();
      return;
    }
    const waiters = this.#waiters.get(thread);
    if (waiters === undefined) this.#waiters.set(thread, [{ change, done }]);
    else waiters.push({ change, done });
  }

  #caughtUp(thread: number, change: number): void {
    this.#seen.set(thread, change);
    const waiters = this.#waiters.get(thread);
    if (waiters === undefined) return;
    const later = waiters.filter((waiter) => waiter.change > change);
    if (later.length > 0) this.#waiters.set(thread, later);
    else this.#waiters.delete(thread);
    for (const waiter of waiters) if (waiter.change <= change) waiter.done();
  }

  #apply(table: Table, key: string, holder: Ref, value: unknown): void {
    const who = refKey(holder);
    const keys = (this.#tables[table] ??= new Map<string, Map<string, Entry>>());
    const entries = keys.get(key);
    const former = entries?.get(who)?.value;
    if (value === undefined) {
      if (entries?.delete(who) === true && entries.size === 0) keys.delete(key);
      this.#held.get(who)?.keys[table]?.delete(key);
    } else {
      if (entries === undefined) keys.set(key, new Map([[who, { holder, value }]]));
      else entries.set(who, { holder, value });
      let held = this.#held.get(who);
      if (held === undefined) this.#held.set(who, (held = { holder, keys: [] }));
      (held.keys[table] ??= new Set()).add(key);
    }
    this.#listeners[table]?.(key, holder, value, former);
  }

  #removeAll(holder: Ref): void {
    const who = refKey(holder);
    const held = this.#held.get(who);
    if (held === undefined) return;
    this.#held.delete(who);
    for (const [table, keys] of held.keys.entries())
      for (const key of keys ?? []) this.#apply(table as Table, key, holder, undefined);
  }
}
