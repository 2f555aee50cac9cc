/**
 * Entries about actors that every thread reads from its own copy.
 *
 * Each thread is the truth for the entries of its own actors and tells main, which passes them on: so every thread gets
 * what concerns one actor in order, and one that comes up gets everything from main. An entry of a holder whose liveness
 * word differs does not exist, in any copy, from that instant, as with names (SEMANTICS S4.3); who comes across such an
 * entry removes it.
 */
import { type Cell, extraOf } from "../actor/cell.ts";
import { isRef, type Ref, type RefData, refKey } from "../actor/ref.ts";
import { FrameKind } from "./frame-kind.ts";
import type { Kernel } from "./kernel.ts";
import { holderFault, type TableLook } from "./table-look.ts";

const owner = 0;
const toKernel = { slot: 0, generation: 0 };

/** What an entry is about. */
export const Table = { groups: 0, interests: 1, agents: 2, concurrency: 3 } as const;
export type Table = (typeof Table)[keyof typeof Table];

const tableNames = Object.keys(Table);

/** What crosses: undefined as value removes the entry. */
export type EntryPayload = readonly [table: Table, key: string, holder: Ref, value: unknown];

/** The same of several holders, which every copy takes in one step. */
export type EntriesPayload = readonly EntryPayload[];

/** What changed in this thread's copy; undefined: there is none. */
export interface EntryChange {
  readonly holder: Ref;
  readonly value: unknown;
  readonly former: unknown;
}

/** Entries of a key have changed: one, those that were put in one step or, where a thread is lost, all those of its actors at once. */
export type EntryListener = (key: string, changes: readonly EntryChange[]) => void;

/** What is wrong with an entry of a table; undefined: nothing. */
export type EntryCheck = (key: string, value: unknown) => string | undefined;

interface Entry {
  readonly holder: Ref;
  readonly value: unknown;
}

/** What is changed in one step, and what is still to be told of it. */
interface Step {
  readonly changes: EntryChange[];
  readonly payloads: EntryPayload[];
}

/** On main: a change that every thread is to confirm. */
interface Confirmation {
  readonly missing: Set<number>;
  readonly done: () => void;
}

/** What one actor holds: keys by table. */
interface Held {
  readonly holder: Ref;
  readonly keys: Set<string>[];
}

const none: readonly Entry[] = [];

export class Replica {
  readonly #kernel: Kernel;
  /** By table, key and the holder's ref key. */
  readonly #tables: Map<string, Map<string, Entry>>[] = [];
  /** By the holder's thread and its ref key. */
  readonly #held = new Map<number, Map<string, Held>>();
  readonly #listeners: (EntryListener | undefined)[] = [];
  readonly #checks: (EntryCheck | undefined)[] = [];
  /** Changes of this thread's own actors are numbered. */
  #lastChange = 0;
  /** The one that is under way. */
  #step: Step | undefined;
  /** By thread: the number of its last change that is in this copy, and by number who waits for a later one. */
  readonly #seen = new Map<number, number>();
  readonly #waiters = new Map<number, Map<number, () => void>>();
  /** On main: the threads that it has told everything, and tells every change. */
  readonly #others = new Set<number>();
  /** On main, by number. */
  readonly #confirmations = new Map<number, Confirmation>();
  #lastConfirmation = 0;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  get isEmpty(): boolean {
    return this.#tables.every((keys) => keys === undefined || keys.size === 0);
  }

  /** Actors with entries here, changes that are waited for, and threads whose changes are counted. */
  get sizes(): { readonly holders: number; readonly awaited: number; readonly threads: number } {
    const sum = (maps: Iterable<{ readonly size: number }>) => [...maps].reduce((total, { size }) => total + size, 0);
    return {
      holders: sum(this.#held.values()),
      awaited: sum(this.#waiters.values()) + this.#confirmations.size,
      threads: this.#seen.size,
    };
  }

  /** Entries of all tables. */
  get size(): number {
    let size = 0;
    for (const keys of this.#tables) for (const entries of keys?.values() ?? []) size += entries.size;
    return size;
  }

  onChange(table: Table, listener: EntryListener): void {
    this.#listeners[table] = listener;
  }

  /** How entries of a table are known to be right: see `looks`. */
  checkedBy(table: Table, check: EntryCheck): void {
    this.#checks[table] = check;
  }

  valueOf(table: Table, key: string, holder: RefData): unknown {
    return this.#tables[table]?.get(key)?.get(refKey(holder))?.value;
  }

  /** Keys with an entry, also of a holder that is dead already. */
  keys(table: Table): string[] {
    return [...(this.#tables[table]?.keys() ?? [])];
  }

  /** Entries of living holders. */
  entries(table: Table, key: string): readonly Entry[] {
    const living: Entry[] = [];
    const entries = this.#tables[table]?.get(key);
    if (entries === undefined) return living;
    const { memory, thread: here } = this.#kernel;
    let thread = here;
    let isUp = true;
    for (const entry of entries.values()) {
      const { holder } = entry;
      if (holder.thread === here) {
        if (this.isHeldBy(holder)) living.push(entry);
        continue;
      }
      // The word of a thread is looked at once: there may be many of its actors.
      if (holder.thread !== thread) isUp = memory.isThreadUp((thread = holder.thread));
      if (isUp && memory.generation(thread, holder.slot) === holder.generation) living.push(entry);
      else this.#removeAll(holder);
    }
    return living;
  }

  /** Whether a key has an entry of a living holder. */
  has(table: Table, key: string): boolean {
    for (const { holder } of this.#tables[table]?.get(key)?.values() ?? none) if (this.isHeldBy(holder)) return true;
    return false;
  }

  /** Whether a holder lives; else all its entries are removed. */
  isHeldBy(holder: Ref): boolean {
    if (this.#kernel.isAlive(holder)) return true;
    this.#removeAll(holder);
    return false;
  }

  /** Sets or, with undefined, removes an entry of an actor of this thread. Returns the change's number. */
  put(table: Table, key: string, cell: Cell, value: unknown): number {
    const holder = this.#kernel.refOf(cell);
    const change = ++this.#lastChange;
    extraOf(cell).hasEntries = true;
    this.#apply(table, key, holder, value);
    const payload: EntryPayload = [table, key, holder, value];
    if (this.#step !== undefined) this.#step.payloads.push(payload);
    else this.#tell(FrameKind.entry, change, payload);
    return change;
  }

  /** What `changes` puts of one table and key is one step: in every copy, and for those that are told of changes. */
  inOneStep(table: Table, key: string, changes: () => void): void {
    const payloads = this.#asOne(table, key, changes);
    if (payloads.length > 0) this.#tell(FrameKind.entries, this.#lastChange, payloads);
  }

  #asOne(table: Table, key: string, apply: () => void): EntriesPayload {
    const step: Step = { changes: [], payloads: [] };
    this.#step = step;
    try {
      apply();
    } finally {
      this.#step = undefined;
    }
    if (step.changes.length > 0) this.#listeners[table]?.(key, step.changes);
    return step.payloads;
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
    const missing = new Set(this.#others);
    missing.delete(from);
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

  #tell(kind: FrameKind, change: number, payload: EntryPayload | EntriesPayload | Ref): void {
    const kernel = this.#kernel;
    if (kernel.thread === owner) this.#passOn(kind, change, payload, owner);
    else kernel.peers.push(owner, kind, toKernel, kernel.guest, change, payload);
  }

  /** On main: to every thread but the one that it came from. */
  #passOn(kind: FrameKind, change: number, payload: EntryPayload | EntriesPayload | Ref, from: number): void {
    const kernel = this.#kernel;
    for (const thread of this.#others)
      if (thread !== from) kernel.peers.push(thread, kind, toKernel, kernel.guest, change, payload);
  }

  entryReceived(from: number, change: number, payload: EntryPayload): void {
    const kernel = this.#kernel;
    const [table, key, holder, value] = payload;
    if (value === undefined && kernel.registry?.hasFound === true) this.#noteTakenBack(table, key, holder);
    // A change of somebody who is dead by now may be older than what removed its entries here.
    if (kernel.isAlive(holder)) this.#apply(table, key, holder, value);
    if (kernel.thread === owner) this.#passOn(FrameKind.entry, change, payload, from);
    if (change > 0) this.#caughtUp(holder.thread, change);
  }

  /** The same of several, which are of one table and key, and whose holders are of one thread. */
  entriesReceived(from: number, change: number, payloads: EntriesPayload): void {
    const kernel = this.#kernel;
    const [first] = payloads;
    if (first === undefined) return;
    const [table, key, { thread }] = first;
    if (kernel.registry?.hasFound === true)
      for (const [, , holder, value] of payloads) if (value === undefined) this.#noteTakenBack(table, key, holder);
    this.#asOne(table, key, () => {
      for (const [, , holder, value] of payloads) if (kernel.isAlive(holder)) this.#apply(table, key, holder, value);
    });
    if (kernel.thread === owner) this.#passOn(FrameKind.entries, change, payloads, from);
    this.#caughtUp(thread, change);
  }

  goneReceived(from: number, holder: Ref): void {
    this.#removeAll(holder);
    if (this.#kernel.thread === owner) this.#passOn(FrameKind.entriesGone, 0, holder, from);
  }

  /** Main tells a thread that just came up everything, and from then on every change. */
  introduce(thread: number): void {
    const kernel = this.#kernel;
    this.#others.add(thread);
    for (const [table, keys] of this.#tables.entries()) {
      for (const [key, entries] of keys ?? []) {
        for (const { holder, value } of entries.values())
          if (kernel.isAlive(holder))
            kernel.peers.push(thread, FrameKind.entry, toKernel, kernel.guest, 0, [table, key, holder, value]);
      }
    }
  }

  threadLost(thread: number): void {
    this.#others.delete(thread);
    this.#removeThread(thread);
    const waiters = this.#waiters.get(thread);
    this.#waiters.delete(thread);
    this.#seen.delete(thread);
    for (const done of waiters?.values() ?? []) done();
    for (const id of [...this.#confirmations.keys()]) this.confirmationReceived(thread, id);
  }

  /** Calls back when a change of another thread's actor is in this copy, or never will be. */
  whenSeen(thread: number, change: number, done: () => void): void {
    if ((this.#seen.get(thread) ?? 0) >= change || !this.#kernel.memory.isThreadUp(thread)) {
      done();
      return;
    }
    const waiters = this.#waiters.get(thread);
    if (waiters === undefined) this.#waiters.set(thread, new Map([[change, done]]));
    else waiters.set(change, done);
  }

  /** Each change comes here by itself and in order, so that only one can wait for it. */
  #caughtUp(thread: number, change: number): void {
    // What main had passed on before it knew of a loss may come behind the word of it: nobody would forget the number.
    if (!this.#kernel.memory.isThreadUp(thread)) return;
    this.#seen.set(thread, change);
    const waiters = this.#waiters.get(thread);
    const done = waiters?.get(change);
    if (done === undefined) return;
    waiters?.delete(change);
    done();
  }

  /** On main: each entry, and each of the index beside them. */
  *looks(): Generator<TableLook> {
    for (const [table, keys] of this.#tables.entries()) {
      for (const [key, entries] of keys ?? []) {
        for (const [who, entry] of entries)
          yield this.#lookAt(table as Table, key, who, entry, () => this.#tables[table]?.get(key)?.get(who) === entry);
      }
    }
    for (const [thread, ofThread] of this.#held) {
      for (const [who, held] of ofThread) {
        for (const [table, keys] of held.keys.entries())
          for (const key of keys ?? []) yield this.#lookAtIndex(table as Table, key, who, thread, held);
      }
    }
  }

  #lookAt(table: Table, key: string, who: string, entry: Entry, isThere: () => boolean): TableLook {
    const { holder } = entry;
    const content = () => this.#contentFault(table, key, who, entry);
    return {
      table: tableNames[table] ?? String(table),
      key,
      holder,
      fault: () => (isThere() ? (content() ?? holderFault(this.#kernel.memory, holder)) : undefined),
      throwOut: () => this.#throwOut(table, key, who, entry),
    };
  }

  #contentFault(table: Table, key: string, who: string, { holder, value }: Entry): string | undefined {
    if (tableNames[table] === undefined) return "there is no such table";
    if (typeof key !== "string") return `its key is no text but ${typeof key}`;
    if (isRef(holder) && refKey(holder) !== who) return `it stands under ${who}, which is not its holder`;
    return this.#checks[table]?.(key, value);
  }

  #lookAtIndex(table: Table, key: string, who: string, thread: number, held: Held): TableLook {
    const ofThread = this.#held.get(thread);
    return {
      table: tableNames[table] ?? String(table),
      key,
      holder: held.holder,
      fault: () => {
        const isThere = ofThread?.get(who) === held && held.keys[table]?.has(key) === true;
        if (!isThere || this.#tables[table]?.get(key)?.has(who) === true) return undefined;
        return `it is noted as an entry of ${who}, which has none`;
      },
      throwOut: () => void held.keys[table]?.delete(key),
    };
  }

  /** A wrong entry. Of a holder that lives its thread knows what is right, and is asked for it. */
  #throwOut(table: Table, key: string, who: string, { holder, value }: Entry): void {
    const kernel = this.#kernel;
    const entries = this.#tables[table]?.get(key);
    const wasThere = entries?.delete(who) === true;
    if (entries?.size === 0) this.#tables[table]?.delete(key);
    if (!isRef(holder)) return;
    this.#held.get(holder.thread)?.get(who)?.keys[table]?.delete(key);
    // What it was may be too wrong to be told of: where the registry crashes over that, the next one comes past here.
    if (wasThere) this.#listeners[table]?.(key, [{ holder, value: undefined, former: value }]);
    kernel.registry?.changed();
    if (!kernel.isAlive(holder)) {
      this.#removeAll(holder);
      this.#passOn(FrameKind.entriesGone, 0, holder, owner);
      return;
    }
    this.#passOn(FrameKind.entry, 0, [table, key, holder, undefined], holder.thread);
    if (holder.thread !== kernel.thread)
      kernel.peers.push(holder.thread, FrameKind.entriesAsked, toKernel, kernel.guest, 0, holder);
  }

  /** On main: where its thread was asked about one wrong entry, it takes back others as well, before they are looked at. */
  #noteTakenBack(table: Table, key: string, holder: Ref): void {
    const who = refKey(holder);
    const entry = this.#tables[table]?.get(key)?.get(who);
    const fault = entry === undefined ? undefined : this.#contentFault(table, key, who, entry);
    if (fault !== undefined)
      this.#kernel.registry?.takenBack({ table: tableNames[table] ?? String(table), key, holder, fault });
  }

  /** Tells what an actor of this thread holds once more, as far as it is right here. */
  tellAgain(holder: Ref): void {
    const cell = this.#kernel.cellOf(holder);
    const who = refKey(holder);
    const held = this.#held.get(holder.thread)?.get(who);
    if (cell === undefined || held === undefined) return;
    for (const [index, keys] of held.keys.entries()) {
      const table = index as Table;
      for (const key of [...(keys ?? [])]) {
        const entry = this.#tables[table]?.get(key)?.get(who);
        const isRight = entry !== undefined && this.#contentFault(table, key, who, entry) === undefined;
        this.put(table, key, cell, isRight ? entry.value : undefined);
      }
    }
  }

  #apply(table: Table, key: string, holder: Ref, value: unknown): void {
    const who = refKey(holder);
    const keys = (this.#tables[table] ??= new Map<string, Map<string, Entry>>());
    const entries = keys.get(key);
    const former = entries?.get(who)?.value;
    if (value === undefined && former === undefined) return;
    if (value === undefined) {
      if (entries?.delete(who) === true && entries.size === 0) keys.delete(key);
      this.#held.get(holder.thread)?.get(who)?.keys[table]?.delete(key);
    } else {
      if (entries === undefined) keys.set(key, new Map([[who, { holder, value }]]));
      else entries.set(who, { holder, value });
      (this.#heldBy(holder, who).keys[table] ??= new Set()).add(key);
    }
    if (this.#step !== undefined) this.#step.changes.push({ holder, value, former });
    else this.#listeners[table]?.(key, [{ holder, value, former }]);
    this.#kernel.registry?.changed();
  }

  #heldBy(holder: Ref, who: string): Held {
    let ofThread = this.#held.get(holder.thread);
    if (ofThread === undefined) this.#held.set(holder.thread, (ofThread = new Map<string, Held>()));
    let held = ofThread.get(who);
    if (held === undefined) ofThread.set(who, (held = { holder, keys: [] }));
    return held;
  }

  #removeAll(holder: Ref): void {
    const who = refKey(holder);
    const ofThread = this.#held.get(holder.thread);
    const held = ofThread?.get(who);
    if (held === undefined) return;
    ofThread?.delete(who);
    for (const [table, keys] of held.keys.entries())
      for (const key of keys ?? []) this.#apply(table as Table, key, holder, undefined);
  }

  /** All that a thread's actors held: told by key, since there may be many of them. */
  #removeThread(thread: number): void {
    const held = this.#held.get(thread);
    if (held === undefined) return;
    this.#held.delete(thread);
    this.#kernel.registry?.changed();
    const removed: Map<string, EntryChange[]>[] = [];
    for (const [who, { holder, keys: keysOf }] of held) {
      for (const [table, keys] of keysOf.entries()) {
        const changes = (removed[table] ??= new Map<string, EntryChange[]>());
        for (const key of keys ?? []) {
          const entries = this.#tables[table]?.get(key);
          const former = entries?.get(who)?.value;
          if (entries?.delete(who) === true && entries.size === 0) this.#tables[table]?.delete(key);
          const change = { holder, value: undefined, former };
          const ofKey = changes.get(key);
          if (ofKey === undefined) changes.set(key, [change]);
          else ofKey.push(change);
        }
      }
    }
    for (const [table, changes] of removed.entries())
      for (const [key, ofKey] of changes ?? []) this.#listeners[table]?.(key, ofKey);
  }
}
