/**
 * What user code could do to its whole thread, turned into an end of the actor alone: `process.exit`, by either name,
 * rejections that nobody awaits, exceptions in timers.
 */
import { inspect } from "node:util";
import { Flag } from "../actor/cell.ts";
import { callerStack } from "../caller-stack.ts";
import { errorData, RuntimeError } from "../errors.ts";
import { exitCodeOf } from "../exit-code.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { takeErrors } from "./process-errors.ts";

/** On a worker: the whole process object is the thread's own. */
export function guardProcess(kernel: Kernel): void {
  const exitWith = (code: number, call: string, stack: string): never => {
    const cell = kernel.running();
    if (cell === kernel.guest) {
      // A timer of an actor without async handlers, or a module's top level: it must not end its neighbours.
      const error = new RuntimeError(
        "noproc",
        `${call} was called by code that belongs to no actor; the thread goes on`,
      );
      kernel.emit({ type: "unattributedError", thread: kernel.thread, error: errorData(error) });
      throw error;
    }
    if ((cell.flags & Flag.dead) === 0) kernel.crashes.outside(cell, { exitCalled: code }, stack);
    // Ends the code that called it; the actor is gone already, so this concerns nobody else.
    throw new RuntimeError("noproc", `${call} ended the actor, not the thread`);
  };
  process.exit = (...args: readonly (number | string | null | undefined)[]) =>
    exitWith(exitCodeOf(args), `process.exit(${args[0] ?? ""})`, callerStack());
  // Node takes whatever it is given here, as a number of 32 bits.
  const reallyExit = (code = 0) => exitWith(code | 0, `process.reallyExit(${code})`, callerStack());
  Object.assign(process, { reallyExit });
  takeErrors((error, promise) => kernel.tasks.unhandled(error, promise));
}

/** Main's kernels: one for each system of this process. */
const guarded = new Set<Kernel>();

/**
 * On main: only what can be traced to an actor of any system. The program's own errors stay fatal, as Node has it.
 * Returns the function that takes it back.
 */
export function guardMain(kernel: Kernel): () => void {
  if (guarded.size === 0) {
    process.on("unhandledRejection", onRejection);
    process.on("uncaughtException", onException);
  }
  guarded.add(kernel);
  return () => {
    guarded.delete(kernel);
    if (guarded.size > 0) return;
    process.off("unhandledRejection", onRejection);
    process.off("uncaughtException", onException);
  };
}

function ownerOf(error: unknown, promise: Promise<unknown> | undefined): Kernel | undefined {
  return [...guarded].find((kernel) => kernel.tasks.isOurs(error, promise));
}

function onRejection(error: unknown, promise: Promise<unknown>): void {
  const kernel = ownerOf(error, promise);
  if (kernel !== undefined) kernel.tasks.unhandled(error, promise);
  else if (process.listenerCount("unhandledRejection") === 1) throw error;
}

function onException(error: unknown): void {
  const kernel = ownerOf(error, undefined);
  if (kernel !== undefined) kernel.tasks.unhandled(error, undefined);
  else if (process.listenerCount("uncaughtException") === 1) {
    // As Node does without a listener: print it, with its code and cause, since of a call that nobody awaited the stack says
    // nothing, and exit with 1 through the other exit handlers.
    process.stderr.write(`${inspect(error)}\n`);
    process.exit(1);
  }
}
