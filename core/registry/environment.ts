/**
 * The program's environment variables as main has them at the moment: a worker thread has a copy of those at its start, and an
 * actor's configuration must not depend on where it runs.
 */
import type { Cell } from "../actor/cell.ts";
import { FrameKind } from "../kernel/frame-kind.ts";
import type { Kernel } from "../kernel/kernel.ts";

const main = 0;

export type Variables = Readonly<Record<string, string | undefined>>;
export type ReadVariables = (names: readonly string[]) => Promise<Variables>;

/** On main, or in a process whose environment is its own. Those that are set. */
export function variablesHere(names: readonly string[]): Variables {
  const { env } = process;
  return Object.fromEntries(names.filter((name) => env[name] !== undefined).map((name) => [name, env[name]]));
}

/** For an actor, from its own turn. */
export function environmentFor(kernel: Kernel, cell: Cell): ReadVariables {
  if (kernel.thread === main) return (names) => Promise.resolve(variablesHere(names));
  return (names) => {
    const { promise, resolve, reject } = Promise.withResolvers<Variables>();
    kernel.asyncTurns.awaits(cell, 1);
    const done = (value: unknown) => {
      kernel.asyncTurns.awaits(cell, -1);
      kernel.scheduler.settle(cell, resolve as (value: never) => void, value); // as `inbound.ts` answers it
    };
    const failed = (error: unknown) => {
      kernel.asyncTurns.awaits(cell, -1);
      reject(error);
    };
    const guest = kernel.makeRef(main, kernel.guest.slot, 0);
    // It ends with its answer, or with the actor or the system.
    kernel.calls.askThen(
      cell,
      guest,
      FrameKind.environmentAsked,
      "environment",
      Number.POSITIVE_INFINITY,
      names,
      done,
      failed,
    );
    return promise;
  };
}
