/** `ctx.signal`: each turn that asks has its own, which an interrupt of that turn aborts, and the end of the actor. */
import { type Cell, extraOf, Flag } from "../actor/cell.ts";
import { RuntimeError } from "../errors.ts";
import type { Kernel } from "./kernel.ts";

/** Of the turn that is under way; outside of any, of the actor. */
export function signalOf(kernel: Kernel, cell: Cell): AbortSignal {
  const extra = extraOf(cell);
  if (extra.abort === undefined) {
    extra.abort = new AbortController();
    if ((cell.flags & Flag.dead) !== 0) extra.abort.abort(new RuntimeError("noproc", "the actor has ended"));
  }
  const isOpen = (cell.flags & Flag.open) !== 0;
  if ((cell.flags & Flag.dead) !== 0 || (!isOpen && !kernel.scheduler.isTurnOf(cell))) return extra.abort.signal;
  const turn = isOpen ? extra.turnNumber : kernel.scheduler.turn | 0;
  if (extra.turnAbort?.turn !== turn) {
    const controller = new AbortController();
    const signal = AbortSignal.any([extra.abort.signal, controller.signal]);
    extra.turnAbort = { turn, controller, signal };
    if (isOpen && extra.interrupt !== undefined) controller.abort(extra.interrupt.error);
  }
  return extra.turnAbort.signal;
}
