/**
 * The bounds of an actor: how long a turn may take, how much mail may wait, its budget. What its spawn says goes before
 * what its behaviour says.
 */
import { type BehaviourOptions, mailboxCapacityDefault } from "../actor/behaviour.ts";
import { type Cell, type CellExtra, extraOf, Flag } from "../actor/cell.ts";
import type { SpawnOptions } from "../actor/context.ts";
import type { Kernel } from "./kernel.ts";

/** Gives a new actor its bounds: `given` are its spawn's options, `own` its behaviour's. */
export function giveBounds(kernel: Kernel, cell: Cell, given: SpawnOptions | undefined, own: BehaviourOptions): void {
  const turnLimitMs = given?.turnLimitMs ?? own.turnLimitMs;
  if (turnLimitMs !== undefined) {
    extraOf(cell).turnLimitMs = turnLimitMs === Number.POSITIVE_INFINITY ? 0 : Math.ceil(turnLimitMs);
    cell.flags |= Flag.limited;
  }
  boundMailbox(cell, given, own);
  kernel.budgets.give(cell, given?.budget, own.budget);
}

/** A budget of the spawn takes the place of the behaviour's other bounds, and the other way round. */
function boundMailbox(cell: Cell, given: SpawnOptions | undefined, own: BehaviourOptions): void {
  const capacity = given?.mailboxCapacity ?? own.mailboxCapacity;
  const policy = given?.mailboxPolicy ?? own.mailboxPolicy;
  const isGiven = given?.mailboxCapacity !== undefined || given?.mailboxPolicy !== undefined;
  const budget = given?.budget?.mailbox ?? (isGiven ? undefined : own.budget?.mailbox);
  if (budget !== undefined && budget !== Number.POSITIVE_INFINITY) bound(cell, budget, "exit");
  else if (capacity !== undefined || policy !== undefined)
    bound(cell, capacity ?? mailboxCapacityDefault, policy ?? "reject");
}

function bound(cell: Cell, capacity: number, policy: CellExtra["policy"]): void {
  const extra = extraOf(cell);
  extra.capacity = capacity;
  extra.policy = policy;
  cell.flags |= Flag.bounded;
}
