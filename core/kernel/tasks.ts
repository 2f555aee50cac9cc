/**
 * `ctx.task`: foreign work beside the mailbox, and rejections that nobody awaits.
 *
 * The actor gets the task's outcome by its promise. A task, a call, a start that fails with nobody awaiting it ends the
 * actor, like any other error of its own; the host finds the actor by the promise, by the async context, or by the error:
 * the kernel rejects from its own drain, where no context says who is concerned, and a promise that was derived from the
 * one that it gave away has the same error.
 */
import { inspect, types } from "node:util";
import { type Cell, extraOf, Flag } from "../actor/cell.ts";
import { isThenable } from "../actor/turn-result.ts";
import { cutText, describe, type ErrorData, errorData, RuntimeError } from "../errors.ts";
import type { Kernel } from "./kernel.ts";

export class Tasks {
  readonly #kernel: Kernel;
  /** Whose promises these are, and whose the errors that promises of the kernel were rejected with. */
  readonly #owners = new WeakMap<object, Cell>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** @throws RuntimeError `bad_argument` unless there is something to wait for. */
  run<T>(cell: Cell, work: PromiseLike<T>): Promise<T> {
    const kernel = this.#kernel;
    if (!isThenable(work)) {
      throw new RuntimeError(
        "bad_argument",
        `task wants a promise, or a function that returns one, got ${describe(work)}`,
      );
    }
    // A function that made the promise may have ended the actor, and a foreign `then` is code of the actor.
    kernel.assertAlive(cell, "task");
    const promised = kernel.dispatch.asPromiseOf(cell, work);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const ended = () => this.ended(cell);
    if ((cell.flags & Flag.counted) !== 0) kernel.budgets.admit(cell, "task");
    kernel.scheduler.commit(() => {
      this.began(cell);
      this.#owners.set(promise, cell);
      // The dead learn nothing: their promise stays as it is. The living learn it in the drain, like any answer.
      kernel.subscriptions.subscribe(
        promised,
        (value) => {
          ended();
          if ((cell.flags & Flag.dead) === 0) kernel.scheduler.settle(cell, resolve, value);
        },
        (error) => {
          ended();
          if ((cell.flags & Flag.dead) === 0) kernel.scheduler.settle(cell, reject, this.failureOf(cell, error));
        },
      );
    });
    return promise;
  }

  /** One task more is under way, here or in the actor's process. */
  began(cell: Cell): void {
    extraOf(cell).tasks++;
    this.#kernel.scheduler.outside++;
    this.#kernel.asyncTurns.awaits(cell, 1);
  }

  ended(cell: Cell): void {
    const { asyncTurns, scheduler } = this.#kernel;
    if ((cell.flags & Flag.dead) !== 0) return;
    extraOf(cell).tasks--;
    scheduler.outside--;
    asyncTurns.awaits(cell, -1);
    scheduler.wake();
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

  /** Notes whose failure it is, before a promise that the kernel gave to an actor is rejected with it. Returns it. */
  failureOf(cell: Cell, error: unknown): unknown {
    // The program's own stay fatal, as Node has it.
    if (typeof error === "object" && error !== null && cell !== this.#kernel.guest) this.#owners.set(error, cell);
    return error;
  }

  /** A promise of the kernel that fails at once. */
  rejection(cell: Cell, error: unknown): Promise<never> {
    const promise = Promise.reject(this.failureOf(cell, error) as Error); // whatever was thrown
    if (cell !== this.#kernel.guest) this.#owners.set(promise, cell);
    return promise;
  }

  /** Whether a rejection, or the code that runs now, can be traced to an actor of this kernel. */
  isOurs(error: unknown, promise: object | undefined): boolean {
    return this.#owner(error, promise) !== undefined;
  }

  #owner(error: unknown, promise: object | undefined): Cell | undefined {
    return this.#noted(promise) ?? (this.#kernel.host.blame?.owner() as Cell | undefined) ?? this.#noted(error);
  }

  #noted(key: unknown): Cell | undefined {
    return typeof key === "object" && key !== null ? this.#owners.get(key) : undefined;
  }

  /** A rejection that nobody handled, or an exception outside any turn: ends the actor it can be traced to. */
  unhandled(error: unknown, promise: object | undefined): void {
    const kernel = this.#kernel;
    const owner = this.#owner(error, promise);
    if (owner === undefined || owner === kernel.guest) {
      kernel.emit({ type: "unattributedError", thread: kernel.thread, error: nobodysError(error) });
      return;
    }
    // What a dead actor leaves behind concerns nobody: it was told by `ctx.signal`.
    kernel.crashes.unhandled(owner, error);
  }
}

/** Read without running code of anybody: its getters and traps would be nobody's, and hold the thread if they do not end. */
function nobodysError(thrown: unknown): ErrorData {
  if (typeof thrown !== "object" || thrown === null) return errorData(thrown);
  if (types.isNativeError(thrown)) {
    if (!readKeys.some((key) => isComputed(thrown, key))) return errorData(thrown);
    return { name: "Error", message: "an error that is not read: its properties are code of its own" };
  }
  return { name: "Thrown", message: cutText(inspect(thrown, { customInspect: false, showProxy: true, depth: 1 })) };
}

/** What `errorData` reads of an error, but for its stack, which is V8's own. */
const readKeys = ["name", "message", "code", "cause"] as const;

/** Whether reading that key runs code: a getter, or a trap of a prototype. */
function isComputed(error: object, key: string): boolean {
  for (let holder: object | null = error; holder !== null; holder = Object.getPrototypeOf(holder) as object | null) {
    if (types.isProxy(holder)) return true;
    const property = Object.getOwnPropertyDescriptor(holder, key);
    if (property !== undefined) return property.get !== undefined;
  }
  return false;
}
