/**
 * Process groups, with the semantics of OTP's `pg`: an actor may be in a group more than once, it leaves every group
 * when it ends, and a group without members does not exist.
 *
 * Each thread is the truth for its own actors' memberships, and every thread reads its own copy (`replica.ts`). In `pg`
 * a process joins on its own node; threads are no nodes, so an actor may be joined from any thread of its system.
 */
import { type Cell, Flag } from "../actor/cell.ts";
import type { GroupMessage, GroupMonitor } from "../actor/context.ts";
import { Meta, MetaKind } from "../actor/mailbox.ts";
import type { Ref, RefData } from "../actor/ref.ts";
import { describe, RuntimeError } from "../errors.ts";
import { callTimeoutMs } from "./calls.ts";
import { FrameKind } from "./frame-kind.ts";
import type { Kernel } from "./kernel.ts";
import { Table } from "./replica.ts";

/** Longest name of a group, in UTF-16 units. */
const groupLengthMax = 256;

type GroupVerb = "join" | "leave";

interface Watch {
  readonly cell: Cell;
  /** Undefined: every group. */
  readonly group: string | undefined;
}

export class Groups {
  readonly #kernel: Kernel;
  readonly #watches = new Map<number, Watch>();
  #nextWatch = 1;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    kernel.replica.onChange(Table.groups, (group, ref, count, former) =>
      this.#changed(group, ref, countOf(count) - countOf(former)),
    );
  }

  /** Resolves when this thread sees the change: a `join` with nothing, a `leave` with its outcome. */
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
      const failed = (error: unknown) => {
        kernel.asyncTurns.awaits(cell, -1);
        reject(error);
      };
      const seen = (change: unknown) =>
        kernel.replica.whenSeen(ref.thread, change as number, () => done(change as number));
      kernel.calls.askThen(cell, ref, FrameKind.groupChange, verb, callTimeoutMs, [verb, group], seen, failed);
    }
    return promise;
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

  members(group: string): Ref[] {
    return this.#kernel.replica
      .entries(Table.groups, group)
      .flatMap(({ holder, value }) => new Array<Ref>(countOf(value)).fill(holder));
  }

  all(): string[] {
    return this.#kernel.replica.keys(Table.groups).filter((group) => this.members(group).length > 0);
  }

  monitor(cell: Cell, group: string | undefined): GroupMonitor {
    const groups = group === undefined ? this.all() : [group];
    const members = new Map(groups.map((name) => [name, this.members(name)]));
    const id = this.#nextWatch++;
    this.#watches.set(id, { cell, group });
    return { id, members };
  }

  demonitor(cell: Cell, id: number): boolean {
    if (this.#watches.get(id)?.cell !== cell) return false;
    this.#watches.delete(id);
    this.#kernel.delivery.withdraw(
      cell,
      (meta) => meta instanceof Meta && meta.kind === MetaKind.group && meta.id === id,
    );
    return true;
  }

  #changed(group: string, ref: Ref, difference: number): void {
    if (difference === 0) return;
    for (const [id, { cell, group: watched }] of this.#watches) {
      if ((cell.flags & Flag.dead) !== 0) this.#watches.delete(id);
      else if (watched === undefined || watched === group) {
        const message: GroupMessage = {
          type: "group",
          monitor: id,
          group,
          change: difference > 0 ? "join" : "leave",
          refs: new Array<Ref>(Math.abs(difference)).fill(ref),
        };
        this.#kernel.delivery.deliverSystem(cell, new Meta(MetaKind.group, "", id, ref), message);
      }
    }
  }
}

function countOf(value: unknown): number {
  return (value as number | undefined) ?? 0;
}

/** @throws RuntimeError `bad_argument`. */
export function assertGroup(group: unknown, verb: string): void {
  if (typeof group === "string" && group !== "" && group.length <= groupLengthMax) return;
  throw new RuntimeError(
    "bad_argument",
    `${verb} wants a group's name of 1 to ${groupLengthMax} characters, got ${describe(group)}`,
  );
}
