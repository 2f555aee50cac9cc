/**
 * Process groups, with the semantics of OTP's `pg`: an actor may be in a group more than once, it leaves every group
 * when it ends, and a group without members does not exist.
 *
 * Each thread is the truth for its own actors' memberships, and every thread reads its own copy (`replica.ts`). In `pg`
 * a process joins on its own node; threads are no nodes, so an actor may be joined from any thread of its system. For the
 * same reason there are no local members to be told apart: all are.
 */
import { type Cell, extraOf, Flag } from "../actor/cell.ts";
import type { GroupMessage, GroupMonitor } from "../actor/context.ts";
import { Meta, MetaKind } from "../actor/mailbox.ts";
import type { Ref, RefData } from "../actor/ref.ts";
import { describe, RuntimeError } from "../errors.ts";
import { FrameKind } from "./frame-kind.ts";
import type { Kernel } from "./kernel.ts";
import { type EntryChange, Table } from "./replica.ts";

/** Longest name of a group, in UTF-16 units. */
const groupLengthMax = 256;

/** Members that one `join` or `leave` takes. */
const listMax = 65_536;

export type GroupVerb = "join" | "leave";

/** Of a list: the number of its last change, 0 where there was none, and places in the list of whom nothing was changed. */
export type ChangesMade = readonly [change: number, missed: readonly number[]];

/** What is watched; undefined: every group. */
type Watched = string | undefined;

export class Groups {
  readonly #kernel: Kernel;
  /** Who watches what, by the monitor's id. */
  readonly #watches = new Map<Watched, Map<number, Cell>>();
  #nextWatch = 1;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    kernel.replica.checkedBy(Table.groups, entryFault);
    kernel.replica.onChange(Table.groups, (group, changes) => this.#changed(group, changes));
  }

  /** Monitors that stand. */
  get monitors(): number {
    return [...this.#watches.values()].reduce((total, { size }) => total + size, 0);
  }

  /**
   * Resolves when this thread sees the change: a `join` with nothing, a `leave` with its outcome. However long that takes,
   * as in `pg`: the member's thread answers, or is lost.
   */
  ask(cell: Cell, verb: GroupVerb, group: string, ref: RefData): Promise<unknown> {
    const kernel = this.#kernel;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const end = (change: number) => {
      if (change === 0 && verb === "join") {
        const gone = new RuntimeError("noproc", `join: ${kernel.nameOf(ref)} is not alive`);
        kernel.scheduler.settle(cell, reject as (value: never) => void, kernel.tasks.failureOf(cell, gone));
        return;
      }
      const outcome = verb === "join" ? undefined : change === 0 ? "not_joined" : "ok";
      kernel.scheduler.settle(cell, resolve as (value: never) => void, outcome);
    };
    const isHere = ref.thread === kernel.thread;
    if (isHere && !kernel.early.expects(ref)) {
      end(this.change(verb, group, ref));
      return promise;
    }
    kernel.asyncTurns.awaits(cell, 1);
    const done = (change: number) => {
      kernel.asyncTurns.awaits(cell, -1);
      end(change);
    };
    if (isHere) {
      if (!kernel.early.hold(ref, () => done(this.change(verb, group, ref)))) done(0);
    } else {
      // Who goes with its thread has left, as everybody who has ended. Else it is the asker that has.
      const failed = (error: unknown) => {
        if ((cell.flags & Flag.dead) === 0) {
          done(0);
          return;
        }
        kernel.asyncTurns.awaits(cell, -1);
        reject(error);
      };
      const seen = (change: unknown) =>
        kernel.replica.whenSeen(ref.thread, change as number, () => done(change as number));
      kernel.calls.askThen(
        cell,
        ref,
        FrameKind.groupChange,
        verb,
        Number.POSITIVE_INFINITY,
        [verb, group],
        seen,
        failed,
      );
    }
    return promise;
  }

  /**
   * The same of a list: one step of those on one thread, as `pg` does it with a list, whose processes are of one node. Of
   * those that have ended nobody joins; the others do.
   */
  askAll(cell: Cell, verb: GroupVerb, group: string, refs: readonly Ref[]): Promise<unknown> {
    const kernel = this.#kernel;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const missed = new Set<Ref>();
    const byThread = Map.groupBy(refs, ({ thread }) => thread);
    let open = byThread.size + 1;
    let isAwaited = false;
    const done = () => {
      if (--open > 0) return;
      if (isAwaited) kernel.asyncTurns.awaits(cell, -1);
      const gone = verb === "join" ? refs.find((ref) => missed.has(ref)) : undefined;
      if (gone === undefined) {
        const outcome = verb === "join" ? undefined : missed.size < refs.length ? "ok" : "not_joined";
        kernel.scheduler.settle(cell, resolve as (value: never) => void, outcome);
        return;
      }
      const rest = `${refs.length - missed.size} of ${refs.length} memberships were added`;
      const error = new RuntimeError("noproc", `join: ${kernel.nameOf(gone)} is not alive; ${rest}`);
      kernel.scheduler.settle(cell, reject as (value: never) => void, kernel.tasks.failureOf(cell, error));
    };
    for (const [thread, ofThread] of byThread) {
      const seen = (made: unknown) => {
        const [change, places] = made as ChangesMade;
        for (const at of places) missed.add(ofThread[at] as Ref);
        if (thread === kernel.thread) done();
        else kernel.replica.whenSeen(thread, change, done);
      };
      if (thread === kernel.thread) {
        this.changeAll(verb, group, ofThread, seen);
        continue;
      }
      // As in `ask`: who goes with its thread has left, unless it is the asker that has ended.
      const failed = (error: unknown) => {
        if ((cell.flags & Flag.dead) !== 0) reject(error);
        for (const ref of ofThread) missed.add(ref);
        done();
      };
      const there = kernel.makeRef(thread, kernel.guest.slot, 0);
      const question = [verb, group, ofThread] as const;
      kernel.calls.askThen(cell, there, FrameKind.groupChanges, verb, Number.POSITIVE_INFINITY, question, seen, failed);
    }
    if (open > 1) {
      isAwaited = true;
      kernel.asyncTurns.awaits(cell, 1);
    }
    done();
    return promise;
  }

  /** A list's members. @throws RuntimeError `bad_argument`, which names the place; `noproc`: a name that nobody has. */
  membersOf(list: readonly RefData[], verb: GroupVerb): Ref[] {
    if (list.length > listMax)
      throw new RuntimeError("bad_argument", `${verb} takes at most ${listMax} members at once, got ${list.length}`);
    // Places with nothing in them are looked at, too.
    return Array.from(list, (member, at) => {
      const { thread, slot, generation } = this.#kernel.resolve(member, `${verb}, at index ${at} of its list,`);
      return this.#kernel.makeRef(thread, slot, generation);
    });
  }

  /** Of an actor of this thread. Returns the change's number; 0: it is gone, or was not in the group that it leaves. */
  change(verb: GroupVerb, group: string, ref: RefData): number {
    const cell = this.#kernel.cellOf(ref);
    if (cell === undefined || (cell.flags & Flag.dead) !== 0) return 0;
    const { replica } = this.#kernel;
    const count = countOf(replica.valueOf(Table.groups, group, this.#kernel.refOf(cell)));
    if (verb === "join") return replica.put(Table.groups, group, cell, count + 1);
    return count === 0 ? 0 : replica.put(Table.groups, group, cell, count === 1 ? undefined : count - 1);
  }

  /** Of actors of this thread, in one step. Those whose spawn is still on its way follow when they have come, each by itself. */
  changeAll(verb: GroupVerb, group: string, refs: readonly RefData[], done: (made: ChangesMade) => void): void {
    const { early, replica } = this.#kernel;
    const missed: number[] = [];
    let last = 0;
    let open = 1;
    const one = (at: number, ref: RefData) => {
      const change = this.change(verb, group, ref);
      if (change === 0) missed.push(at);
      else last = change;
    };
    const end = () => {
      if (--open === 0) done([last, missed]);
    };
    replica.inOneStep(Table.groups, group, () => {
      for (const [at, ref] of refs.entries()) {
        const later = () => {
          one(at, ref);
          end();
        };
        if (early.hold(ref, later)) open++;
        else one(at, ref);
      }
    });
    end();
  }

  members(group: string): Ref[] {
    const refs: Ref[] = [];
    for (const { holder, value } of this.#kernel.replica.entries(Table.groups, group))
      for (let count = countOf(value); count > 0; count--) refs.push(holder);
    return refs;
  }

  all(): string[] {
    const { replica } = this.#kernel;
    return replica.keys(Table.groups).filter((group) => replica.has(Table.groups, group));
  }

  monitor(cell: Cell, group: string | undefined): GroupMonitor {
    const members = new Map<string, Ref[]>();
    if (group !== undefined) members.set(group, this.members(group));
    else {
      for (const name of this.#kernel.replica.keys(Table.groups)) {
        const refs = this.members(name);
        // On another thread the last one may just have ended.
        if (refs.length > 0) members.set(name, refs);
      }
    }
    const id = this.#nextWatch++;
    const watches = this.#watches.get(group);
    if (watches === undefined) this.#watches.set(group, new Map([[id, cell]]));
    else watches.set(id, cell);
    const extra = extraOf(cell);
    extra.groupMonitors ??= new Map();
    extra.groupMonitors.set(id, group);
    return { id, members };
  }

  demonitor(cell: Cell, id: number): boolean {
    const monitors = cell.extra?.groupMonitors;
    if (monitors?.has(id) !== true) return false;
    this.#unwatch(id, monitors.get(id));
    monitors.delete(id);
    this.#kernel.delivery.withdraw(
      cell,
      (meta) => meta instanceof Meta && meta.kind === MetaKind.group && meta.id === id,
    );
    return true;
  }

  /** An actor with monitors has ended. */
  ended(cell: Cell): void {
    for (const [id, group] of cell.extra?.groupMonitors ?? []) this.#unwatch(id, group);
  }

  #unwatch(id: number, group: Watched): void {
    const watches = this.#watches.get(group);
    if (watches?.delete(id) === true && watches.size === 0) this.#watches.delete(group);
  }

  #changed(group: string, changes: readonly EntryChange[]): void {
    const ofGroup = this.#watches.get(group);
    const ofAll = this.#watches.get(undefined);
    if (ofGroup === undefined && ofAll === undefined) return;
    const joined = refsOf(changes, 1);
    const left = refsOf(changes, -1);
    for (const watches of [ofGroup, ofAll]) {
      for (const [id, cell] of watches ?? []) {
        if (joined.length > 0) this.#tell(cell, id, group, "join", joined);
        if (left.length > 0) this.#tell(cell, id, group, "leave", left);
      }
    }
  }

  #tell(cell: Cell, id: number, group: string, change: "join" | "leave", refs: readonly Ref[]): void {
    const message: GroupMessage = { type: "group", monitor: id, group, change, refs: [...refs] };
    this.#kernel.delivery.deliverSystem(cell, new Meta(MetaKind.group, "", id, undefined), message);
  }
}

/** Each holder as often as its memberships became more (1) or fewer (-1). */
function refsOf(changes: readonly EntryChange[], sign: 1 | -1): Ref[] {
  const refs: Ref[] = [];
  for (const { holder, value, former } of changes)
    for (let count = (countOf(value) - countOf(former)) * sign; count > 0; count--) refs.push(holder);
  return refs;
}

function countOf(value: unknown): number {
  return (value as number | undefined) ?? 0;
}

function entryFault(group: string, value: unknown): string | undefined {
  if (!isGroup(group)) return "it is no name of a group";
  return Number.isInteger(value) && (value as number) > 0 ? undefined : `it counts ${describe(value)} memberships`;
}

function isGroup(group: unknown): boolean {
  return typeof group === "string" && group !== "" && group.length <= groupLengthMax;
}

export function isList(members: RefData | readonly RefData[] | undefined): members is readonly RefData[] {
  return Array.isArray(members);
}

/** @throws RuntimeError `bad_argument`. */
export function assertGroup(group: unknown, verb: string): void {
  if (isGroup(group)) return;
  throw new RuntimeError(
    "bad_argument",
    `${verb} wants a group's name of 1 to ${groupLengthMax} characters, got ${describe(group)}`,
  );
}
