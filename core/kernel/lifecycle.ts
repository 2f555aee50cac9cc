/**
 * How actors end: by themselves, because they are asked to, or from outside.
 *
 * Death goes in one order (SEMANTICS S4.2): the cell is cleared, its liveness word is stored, then the exit and down
 * signals go out, so that whoever learns of a death finds the name free and the ref dead.
 */
import { LimitKind } from "../actor/actor-budget.ts";
import { behaviourName } from "../actor/behaviour-module.ts";
import { type Cell, extraOf, Flag } from "../actor/cell.ts";
import type { ExitMessage, StartResult } from "../actor/context.ts";
import { type ExitReason, isOrderly } from "../actor/exit-reason.ts";
import { Meta, MetaKind } from "../actor/mailbox.ts";
import { type RefData, sameRef } from "../actor/ref.ts";
import { isThenable } from "../actor/turn-result.ts";
import { RuntimeError } from "../errors.ts";
import { settleEstate } from "./estate.ts";
import { eventBit } from "./events.ts";
import { FrameKind } from "./frame-kind.ts";
import type { Kernel } from "./kernel.ts";
import { hasLink } from "./links.ts";

/** Reason of an actor whose `init` answered `ignore`, as its starter gets it. Everybody else sees `normal`. */
const ignored = "ignore";
/** How long code that a dead actor has left behind may hold its thread at most: others wait for it, and nobody for what it does. */
const leashMsMax = 200;

export class Lifecycle {
  readonly #kernel: Kernel;
  /** Those that were told that the system stops. */
  readonly #toldToEnd = new WeakSet<Cell>();
  /** Actors of this thread. The guest is none. */
  living = 0;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Asks for the end of an actor after its current turn (`ctx.stop`), or as its next message when no turn is open. */
  stop(cell: Cell, reason: ExitReason): void {
    const kernel = this.#kernel;
    if ((cell.flags & Flag.stopping) !== 0) return;
    if (kernel.scheduler.current !== cell && (cell.flags & Flag.open) === 0) {
      kernel.delivery.deliverSystem(cell, new Meta(MetaKind.stop, "stop", 0, undefined), reason);
      return;
    }
    // Most end so, by their thousands, and have no rare parts.
    if (reason !== "normal") extraOf(cell).stopReason = reason;
    cell.flags |= Flag.stopping;
  }

  /** A `stop(ref, reason)` message came up in the mailbox. */
  stopRequested(cell: Cell, meta: Meta, reason: unknown): void {
    const extra = extraOf(cell);
    if (meta.from !== undefined) {
      extra.stopCallers ??= [];
      extra.stopCallers.push({ caller: meta.from, id: meta.id });
    }
    if (cell.behaviour.handlers.parentExit !== undefined) this.#windDown(cell, reason as ExitReason);
    else this.stop(cell, reason as ExitReason);
  }

  /** An exit message of the parent ends a server, also a trapping one (gen_server). True when it did. */
  parentExited(cell: Cell, meta: Meta, payload: unknown): boolean {
    const { isServer, parentExit } = cell.behaviour.handlers;
    if (!sameRef(meta.from, cell.parent) || (isServer !== true && parentExit === undefined)) return false;
    const { reason } = payload as ExitMessage;
    if (parentExit !== undefined) this.#windDown(cell, reason);
    else this.stop(cell, reason);
    return true;
  }

  /** Over several turns, for which it needs its messages: a pause is over with that. */
  #windDown(cell: Cell, reason: ExitReason): void {
    this.#kernel.controls.resume(cell);
    cell.behaviour.handlers.parentExit?.(cell.state, reason, this.#kernel.contextOf(cell));
  }

  /** Runs `terminate`, then death. */
  terminate(cell: Cell, reason: ExitReason): void {
    const run = cell.behaviour.handlers.terminate;
    if (run === undefined) {
      this.#finish(cell, reason);
      return;
    }
    extraOf(cell).stopReason = reason;
    const { asyncTurns, budgets, dispatch } = this.#kernel;
    let result: unknown;
    let isOpen = false;
    budgets.begin(cell, LimitKind.terminate);
    dispatch.giveScope(cell);
    try {
      result = dispatch.runAs(cell, () => {
        const made = run(cell.state, reason, this.#kernel.contextOf(cell));
        isOpen = isThenable(made);
        return made;
      });
    } catch (error) {
      this.#kernel.crashes.inTerminate(cell, error);
      return;
    }
    if ((cell.flags & Flag.dead) !== 0 || budgets.isOver(cell)) return;
    if (isOpen) {
      asyncTurns.openTerminate(cell, result as PromiseLike<unknown>);
      cell.flags |= Flag.terminating;
      budgets.goesOn(cell);
    } else this.#finish(cell, reason);
  }

  /** An async `terminate` ended. */
  terminated(cell: Cell, error: unknown): void {
    if (error !== undefined) this.#kernel.crashes.inTerminate(cell, error);
    else this.#finish(cell, cell.extra?.stopReason ?? "normal");
  }

  #finish(cell: Cell, reason: ExitReason): void {
    if (!isOrderly(reason) && (cell.extra?.isCrashReported ?? false) === false)
      this.#kernel.crashes.report(cell, reason, undefined);
    this.die(cell, reason);
  }

  /** The end. Idempotent. */
  die(cell: Cell, reason: ExitReason, start?: { readonly running?: RefData; readonly ackReason?: string }): void {
    if ((cell.flags & Flag.dead) !== 0 || cell === this.#kernel.guest) return;
    const kernel = this.#kernel;
    const extra = cell.extra;
    const isInitializing = (cell.flags & Flag.initializing) !== 0;
    const ref = kernel.refOf(cell);
    const name = extra?.name;
    const inHand =
      kernel.scheduler.current === cell
        ? kernel.dispatch.mailInHand()
        : (kernel.asyncTurns.mailOf(cell) ?? kernel.interruptedTurns.mailOf(cell));
    kernel.asyncTurns.abandon(cell);
    cell.flags = (cell.flags & Flag.scheduled) | Flag.dead;
    if (extra !== undefined) {
      cell.flags |= Flag.limited;
      extra.turnLimitMs = leash(extra.turnLimitMs, kernel.turnLimitMs);
    }
    cell.state = undefined;
    kernel.cells[cell.slot] = undefined;
    kernel.memory.killSlot(kernel.thread, cell.slot, cell.generation);
    kernel.memory.addActors(kernel.thread, -1);
    this.living--;
    // From here on nobody can find it, and no code of it runs elsewhere; now the signals.
    extra?.remote?.ended(reason);
    const ack = isInitializing ? cell.start?.ack : undefined;
    const ackReason: ExitReason = start?.ackReason ?? (extra?.isIgnored === true ? ignored : reason);
    const publicReason: ExitReason = extra?.isIgnored === true ? "normal" : reason;
    if (kernel.wants(eventBit("exited"))) {
      kernel.emit({
        type: "exited",
        ref: ref.toJSON(),
        name,
        behaviour: behaviourName(cell.behaviour),
        reason: publicReason,
      });
    }
    if (name !== undefined) kernel.names.release(ref, name);
    if (extra?.hasEntries === true) kernel.replica.release(ref);
    if (extra?.groupMonitors !== undefined) kernel.groups.ended(cell);
    if (extra?.subscriptions !== undefined) kernel.topics.ended(cell);
    if (extra?.isAgent === true || extra?.agentWatches !== undefined) kernel.agents.ended(cell);
    kernel.signals.announceDeath(cell, ref, publicReason, ack?.to);
    if (ack !== undefined) {
      const result: StartResult =
        start?.running === undefined
          ? { ok: false, reason: ackReason }
          : { ok: false, reason: ackReason, running: kernel.adopt(start.running) };
      if (ack.to.thread === kernel.thread) kernel.starts.ended(ref, result);
      else kernel.peers.push(ack.to.thread, FrameKind.startFailed, ack.to, cell, 0, result);
    }
    if (extra?.readers !== undefined || extra?.writers !== undefined) kernel.streams.actorEnded(cell);
    kernel.topics.receivers.ended(cell, inHand, publicReason);
    settleEstate(kernel, cell, ref, publicReason);
    kernel.timers.cancelAll(cell);
    if (extra !== undefined) {
      kernel.calls.abandon(cell);
      kernel.tasks.abandon(cell);
      const abort = extra.abort;
      // Listeners are the dead actor's code: what they send is not sent (S1.4), what they throw concerns nobody else.
      if (abort !== undefined) {
        kernel.scheduler.runLast(cell, () => abort.abort(new RuntimeError("noproc", "the actor has ended")));
      }
      kernel.starts.abandon(cell);
    }
    kernel.slots.ended(cell.slot);
  }

  /**
   * The system stops: those that trap exits are asked to end and run `terminate`, the others end. Who is linked to its
   * parent is left to it as long as that lives: a supervisor ends its children in order. Asked again and again.
   */
  shutDown(reason: ExitReason): void {
    const kernel = this.#kernel;
    for (const cell of [...kernel.cells]) {
      if (cell === undefined || cell === kernel.guest || this.#toldToEnd.has(cell)) continue;
      const { parent } = cell;
      if (parent !== undefined && hasLink(cell, parent) && kernel.isAlive(parent)) continue;
      this.#toldToEnd.add(cell);
      if ((cell.flags & Flag.trapping) === 0) this.die(cell, reason);
      else kernel.delivery.deliverSystem(cell, new Meta(MetaKind.stop, "stop", 0, undefined), reason);
    }
  }

  /** The system stops: whoever still lives on this thread ends. */
  endAll(reason: ExitReason): void {
    for (const cell of [...this.#kernel.cells]) if (cell !== undefined) this.die(cell, reason);
  }

  /** User messages are held back from now on; what waits counts for the mailbox's bound. */
  hold(cell: Cell): void {
    cell.flags |= Flag.held | Flag.bounded;
  }

  /** They are handled again, those that were held back first. */
  release(cell: Cell): void {
    cell.flags &= ~Flag.held;
    const extra = extraOf(cell);
    const mail = extra.heldMail;
    extra.heldMail = undefined;
    if (mail !== undefined) this.#kernel.delivery.putBack(cell, mail.takeAll());
  }

  unstashAll(cell: Cell): void {
    const stash = cell.extra?.stash;
    if (stash === undefined || cell.extra === undefined) return;
    cell.extra.stash = undefined;
    this.#kernel.delivery.putBack(cell, stash);
  }
}

/** Nobody waits for what the dead do: they get the shortest limit there is, and never none. */
function leash(ownLimitMs: number | undefined, systemLimitMs: number): number {
  return Math.min(ownLimitMs || leashMsMax, systemLimitMs || leashMsMax, leashMsMax);
}
