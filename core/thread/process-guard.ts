/**
 * What user code could do to its whole thread, turned into an end of the actor alone: `process.exit`, rejections that
 * nobody awaits, exceptions in timers.
 */
import { Flag } from "../actor/cell.ts";
import { RuntimeError } from "../errors.ts";
import type { Kernel } from "../kernel/kernel.ts";

/** On a worker: the whole process object is the thread's own. */
export function guardProcess(kernel: Kernel): void {
  const realExit = process.exit.bind(process);
  process.exit = ((code?: number | string | null): never => {
    const cell = kernel.running();
    if (cell === kernel.guest) return realExit(code);
    if ((cell.flags & Flag.dead) === 0)
      kernel.lifecycle.die(cell, { exitCalled: Number(code ?? process.exitCode ?? 0) });
    // Ends the code that called it; the actor is gone already, so this concerns nobody else.
    throw new RuntimeError("noproc", `process.exit(${code ?? ""}) ended the actor, not the thread`);
  }) as typeof process.exit;
  process.on("unhandledRejection", (error: unknown, promise: Promise<unknown>) =>
    kernel.tasks.unhandled(error, promise),
  );
  process.on("uncaughtException", (error: unknown) => kernel.tasks.unhandled(error, undefined));
}

/**
 * On main: only what can be traced to an actor. The program's own errors stay fatal, as Node has it.
 * Returns the function that takes it back.
 */
export function guardMain(kernel: Kernel): () => void {
  const onRejection = (error: unknown, promise: Promise<unknown>): void => {
    if (kernel.tasks.isOurs(promise)) kernel.tasks.unhandled(error, promise);
    else if (process.listenerCount("unhandledRejection") === guards) throw error;
  };
  const onException = (error: unknown): void => {
    if (kernel.tasks.isOurs(undefined)) kernel.tasks.unhandled(error, undefined);
    else if (process.listenerCount("uncaughtException") === guards) {
      // As Node does without a listener: print, then exit with 1 through the other exit handlers.
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      process.exit(1);
    }
  };
  guards++;
  process.on("unhandledRejection", onRejection);
  process.on("uncaughtException", onException);
  return () => {
    guards--;
    process.off("unhandledRejection", onRejection);
    process.off("uncaughtException", onException);
  };
}

/** Guards of systems of this process, so that each can tell whether the program has listeners of its own. */
let guards = 0;
