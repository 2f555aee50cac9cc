/**
 * `ctx.task`: foreign work beside the mailbox, and rejections that nobody awaits.
 *
 * The actor gets the task's outcome by its promise. A task that fails with nobody awaiting it ends the actor, like any
 * other error of its own; the host finds the actor by the promise or by the async context.
 */
import { type Cell, extraOf, Flag } from "../actor/cell.ts";
import { errorReason } from "../actor/exit-reason.ts";
import { errorData } from "../errors.ts";
import type { Kernel } from "./kernel.ts";

export class Tasks {
  readonly #kernel: Kernel;
  readonly #owners = new WeakMap<object, Cell>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  run<T>(cell: Cell, work: Promise<T>): Promise<T> {
    const kernel = this.#kernel;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const extra = extraOf(cell);
    const ended = () => {
      if ((cell.flags & Flag.dead) !== 0) return;
      extra.tasks--;
      kernel.scheduler.outside--;
      kernel.asyncTurns.awaits(cell, -1);
      kernel.scheduler.wake();
    };
    kernel.scheduler.commit(() => {
      extra.tasks++;
      kernel.scheduler.outside++;
      kernel.asyncTurns.awaits(cell, 1);
      this.#owners.set(promise, cell);
      // The dead learn nothing: their promise stays as it is. The living learn it in the drain, like any answer.
      kernel.subscriptions.subscribe(
        work,
        (value) => {
          ended();
          if ((cell.flags & Flag.dead) === 0) kernel.scheduler.settle(cell, resolve, value);
        },
        (error) => {
          ended();
          if ((cell.flags & Flag.dead) === 0) kernel.scheduler.settle(cell, reject, error);
        },
      );
    });
    return promise;
  }

  /** The actor died: nobody waits for what it began. */
  abandon(cell: Cell): void {
    const { scheduler } = this.#kernel;
    const tasks = cell.extra?.tasks ?? 0;
    if (cell.extra === undefined || tasks === 0) return;
    cell.extra.tasks = 0;
    scheduler.outside -= tasks;
    scheduler.wake();
  }

  /** Whether a rejection, or the code that runs now, can be traced to an actor of this kernel. */
  isOurs(promise: object | undefined): boolean {
    return this.#owner(promise) !== undefined;
  }

  #owner(promise: object | undefined): Cell | undefined {
    const owner = promise === undefined ? undefined : this.#owners.get(promise);
    return owner ?? (this.#kernel.host.blame?.owner() as Cell | undefined);
  }

  /** A rejection that nobody handled, or an exception outside any turn: ends the actor it can be traced to. */
  unhandled(error: unknown, promise: object | undefined): void {
    const kernel = this.#kernel;
    const owner =
      (promise === undefined ? undefined : this.#owners.get(promise)) ??
      (kernel.host.blame?.owner() as Cell | undefined);
    if (owner === undefined || owner === kernel.guest) {
      kernel.emit({ type: "unattributedError", thread: kernel.thread, error: errorData(error) });
      return;
    }
    // What a dead actor leaves behind concerns nobody: it was told by `ctx.signal`.
    if ((owner.flags & Flag.dead) !== 0) return;
    kernel.lifecycle.crashOutside(owner, errorReason(error));
  }
}
