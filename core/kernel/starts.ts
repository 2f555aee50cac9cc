/** Starts that somebody on this thread awaits: how a child's `init` ended, by promise or by message (SEMANTICS S6). */
import type { Cell } from "../actor/cell.ts";
import type { StartedMessage, StartResult } from "../actor/context.ts";
import { type Blamed, blamedReason, type ExitReason } from "../actor/exit-reason.ts";
import { Meta, MetaKind } from "../actor/mailbox.ts";
import type { Ref, RefData } from "../actor/ref.ts";
import { RefTable } from "../actor/ref-table.ts";
import { FrameKind } from "./frame-kind.ts";
import type { Kernel } from "./kernel.ts";
import { removeLink } from "./links.ts";

/** A child whose `init` somebody on this thread awaits. */
interface PendingStart {
  readonly parent: Cell;
  readonly ref: Ref;
  /** Undefined: the parent gets a `started` message. */
  readonly settle: ((result: StartResult) => void) | undefined;
  /** When the starter gives up, whatever the actor's own thread does. */
  readonly deadlineMs: number;
}

export class Starts {
  readonly #kernel: Kernel;
  readonly #starts = new RefTable<PendingStart>(({ ref }) => ref);

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  expect(parent: Cell, ref: Ref, settle: ((result: StartResult) => void) | undefined, deadlineMs: number): void {
    this.#starts.set(ref, { parent, ref, settle, deadlineMs });
    this.#kernel.timers.sweepBy(deadlineMs);
  }

  /** Gives up the starts on threads that are held so long that they do not even keep the time; returns when to look again. */
  expire(nowMs: number): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { parent, ref, deadlineMs } of [...this.#starts.values()]) {
      if (deadlineMs > nowMs) {
        nextMs = Math.min(nextMs, deadlineMs);
        continue;
      }
      // It stands behind the spawn: the actor ends before its `init`, whenever its thread comes to that.
      this.#kernel.peers.push(ref.thread, FrameKind.exit, ref, parent, 0, "kill");
      this.ended(ref, { ok: false, reason: "init_timeout" });
    }
    return nextMs;
  }

  /** A spawn that could not even be sent: its spawner learns it as if the actor had died in `init`. */
  spawnFailed(parent: RefData, ref: Ref, monitorId: number, reason: ExitReason): void {
    const cell = this.#kernel.cellOf(parent);
    if (cell === undefined) return;
    if (monitorId !== 0) this.#kernel.signals.downReceived(parent, monitorId, reason);
    if (!this.endsWith(cell, ref, reason)) this.#kernel.signals.exitReceived(cell, ref, reason, true);
  }

  /** Whether the exit of a child tells its starter how `init` ended: then there is no exit message. */
  endsWith(parent: Cell, ref: Ref, reason: ExitReason): boolean {
    if (this.#starts.get(ref)?.parent !== parent) return false;
    this.ended(ref, { ok: false, reason });
    return true;
  }

  /** On another thread: whoever awaits a promise finds it by what it has declared, since that change is in this copy then. */
  startedThere(ref: Ref, change: number): void {
    const start = this.#starts.get(ref);
    if (change === 0 || start?.settle === undefined) this.ended(ref, { ok: true });
    else this.#kernel.replica.whenSeen(ref.thread, change, () => this.ended(ref, { ok: true }));
  }

  /** How a child's `init` ended. A link of the starter to it is gone, without an exit. */
  ended(ref: Ref, result: StartResult): void {
    const kernel = this.#kernel;
    const start = this.#starts.delete(ref);
    if (start === undefined) return;
    const parent = start.parent;
    if (!result.ok && removeLink(parent, ref) && ref.thread !== kernel.thread)
      kernel.peers.relate(parent, ref.thread, -1);
    if (start.settle !== undefined) {
      kernel.scheduler.settle(parent, start.settle as (value: never) => void, result);
      return;
    }
    const message: StartedMessage = { type: "started", ref, result };
    kernel.delivery.deliverSystem(parent, new Meta(MetaKind.started, "", 0, ref), message);
  }

  /** The starter died: nobody awaits its children any more. */
  abandon(parent: Cell): void {
    if (parent.extra?.hasStarts !== true) return;
    for (const start of [...this.#starts.values()]) {
      if (start.parent !== parent) continue;
      this.#starts.delete(start.ref);
      start.settle?.({ ok: false, reason: "noproc" });
    }
  }

  /** The children's thread is lost. @param blame whose doing it was, and what that one ended with. */
  threadLost(thread: number, reason: ExitReason, blame: Blamed | undefined): void {
    for (const { ref } of [...this.#starts.values()]) {
      if (ref.thread === thread) this.ended(ref, { ok: false, reason: blamedReason(blame, ref) ?? reason });
    }
  }
}
