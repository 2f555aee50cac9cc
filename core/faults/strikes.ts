/** How a fault strikes an actor where it is: in its thread, or in its process. */
import type { Cell } from "../actor/cell.ts";
import { RuntimeError } from "../errors.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { doDeed } from "./deeds.ts";
import type { TurnFault } from "./plan.ts";

/** Runs as the handler of the turn. What it returns is the handler's result. */
export function strike({ kind, text, code, index }: TurnFault, cell: Cell, kernel: Kernel): unknown {
  const remote = cell.extra?.remote;
  switch (kind) {
    case "kill":
      return kernel.scheduler.commit(() => kernel.lifecycle.die(cell, "killed"));
    case "poison":
      // Needs no turn: it is a message.
      return undefined;
    case "threadLoss":
      return kernel.host.loseThread?.(lossWhy(index));
    case "processKill":
      remote?.kill();
      // The turn lasts until the end of the process is known, which is the actor's.
      return new Promise<never>(() => undefined);
    default:
      if (remote !== undefined) return remote.strike(kind, { text, code });
      // In its scope, as an async handler would be: so the watchdog finds whose code it is behind the await.
      return kind === "loopAfterAwait"
        ? kernel.dispatch.inScope(cell, () => doDeed(kind, { text, code }))
        : doDeed(kind, { text, code });
  }
}

/** Why a thread was lost, where a plan wanted it. */
export function lossWhy(fault: number): string {
  return `injected fault ${fault}`;
}

/** A message that nobody can read: whatever looks into it throws. */
export function poisonMessage(): object {
  const refuse = (): never => {
    throw new RuntimeError("injected", "a poison message was read");
  };
  return new Proxy({}, { get: refuse, has: refuse, ownKeys: refuse, getOwnPropertyDescriptor: refuse });
}
