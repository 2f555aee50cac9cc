/**
 * A new configuration for an actor that runs: offered in a turn of its own, and taken over by all at once or by nobody.
 *
 * Whoever asked is answered where it is taken over, in one step with the copy that every thread reads and with what the
 * actor's supervisor keeps for its next life.
 */
import { type Cell, Flag } from "../actor/cell.ts";
import type { Meta } from "../actor/mailbox.ts";
import { describe, RuntimeError } from "../errors.ts";
import type { Offer } from "../registry/agent-configuration.ts";
import { type Data, isData } from "../registry/configuration.ts";
import { FrameKind } from "./frame-kind.ts";
import type { Kernel } from "./kernel.ts";

/** @throws RuntimeError `bad_argument`. */
export function assertChanges(changes: unknown): asserts changes is Data {
  if (!isData(changes))
    throw new RuntimeError(
      "bad_argument",
      `reconfigure wants an object with what shall change, got ${describe(changes)}`,
    );
}

/** In the actor's turn. The promise rejects with what its hook throws, which ends it. */
export function reconfigure(kernel: Kernel, cell: Cell, asked: Meta, changes: Data): Promise<void> | undefined {
  const own = cell.extra?.configuration;
  if (own === undefined) {
    const message = `reconfigure: ${kernel.nameOf(kernel.refOf(cell))} declares no configuration`;
    refuse(kernel, cell, asked, "refused", message);
    return undefined;
  }
  // Whatever ends it before it has said something answers.
  cell.current = asked;
  return own.offer(changes, cell.state, kernel.contextOf(cell)).then((offer) => taken(kernel, cell, asked, offer));
}

function taken(kernel: Kernel, cell: Cell, asked: Meta, offer: Offer): void {
  if ((cell.flags & Flag.dead) !== 0) return;
  if (offer.isRefused) {
    refuse(kernel, cell, asked, offer.code, `reconfigure: ${kernel.nameOf(kernel.refOf(cell))}: ${offer.message}`);
    return;
  }
  const { configuration, changes } = offer;
  const { childId, flags } = cell;
  kernel.scheduler.commit(() => {
    const copy = kernel.agents.configured(cell, configuration);
    if ((flags & Flag.kept) !== 0 && childId !== undefined && cell.parent !== undefined) {
      const { parent } = cell;
      if (parent.thread === kernel.thread) keepForChild(kernel.cellOf(parent), childId, changes);
      else kernel.peers.push(parent.thread, FrameKind.childConfigured, parent, cell, 0, [childId, changes]);
    }
    cell.current = undefined;
    kernel.calls.answer(asked.from, asked.id, copy, kernel.refOf(cell));
  });
}

/** What a child is told goes on in its next life, under the same supervisor. */
export function keepForChild(parent: Cell | undefined, childId: string | number, changes: Data): void {
  if (parent?.extra === undefined) return;
  parent.extra.childChanges ??= new Map();
  parent.extra.childChanges.set(childId, changes);
}

function refuse(kernel: Kernel, cell: Cell, { from, id }: Meta, code: string, message: string): void {
  cell.current = undefined;
  kernel.scheduler.commit(() =>
    kernel.calls.answerError(from, id, { name: "RuntimeError", code, message }, kernel.refOf(cell)),
  );
}
