/**
 * Birth and death of actors.
 *
 * Death goes in one order (SEMANTICS S4.2): the cell is cleared, its liveness word is stored, then the exit and down
 * signals go out, so that whoever learns of a death finds the name free and the ref dead.
 */
import { LimitKind } from "../actor/actor-budget.ts";
import type { Behaviour } from "../actor/behaviour.ts";
import { behaviourName } from "../actor/behaviour-module.ts";
import { Cell, extraOf, Flag, type StartAck } from "../actor/cell.ts";
import type { ExitMessage, SpawnLinkOptions, StartResult } from "../actor/context.ts";
import { type ExitReason, isOrderly } from "../actor/exit-reason.ts";
import { Meta, MetaKind } from "../actor/mailbox.ts";
import { type Api, type RefData, sameRef } from "../actor/ref.ts";
import { initLater, isThenable } from "../actor/turn-result.ts";
import { RuntimeError } from "../errors.ts";
import { giveBounds } from "./bounds.ts";
import { settleEstate } from "./estate.ts";
import { eventBit } from "./events.ts";
import { FrameKind } from "./frame-kind.ts";
import type { Kernel } from "./kernel.ts";
import { hasLink } from "./links.ts";

/** Reason of an actor whose `init` answered `ignore`, as its starter gets it. Everybody else sees `normal`. */
const ignored = "ignore";
/** How long code that a dead actor has left behind may hold its thread at most: others wait for it, and nobody for what it does. */
const leashMsMax = 200;

/** Stands in for a behaviour until its module is there. Never runs. */
export const loading: Behaviour<never, Api> = Object.freeze({
  kind: "behaviour",
  options: Object.freeze({ name: "loading" }),
  handlers: Object.freeze({ init: () => undefined, receive: () => undefined }),
  modules: [],
});

export class Lifecycle {
  readonly #kernel: Kernel;
  /** Those that were told that the system stops. */
  readonly #toldToEnd = new WeakSet<Cell>();
  /** Actors of this thread since start, and now. The guest is none. */
  born = 0;
  living = 0;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Makes the cell of a new actor and lets its first turn come. The state holds `init`'s argument until then. */
  create(
    slot: number,
    generation: number,
    behaviour: Behaviour<never, Api>,
    argument: unknown,
    parent: RefData | undefined,
    options: SpawnLinkOptions | undefined,
    ack: StartAck | undefined,
  ): Cell {
    const kernel = this.#kernel;
    const blame = kernel.hasBlameForAll || behaviour.handlers.isAsync === true ? Flag.async : 0;
    const remote = options?.isolation === "process" ? Flag.remote : 0;
    const cell = new Cell(slot, generation, Flag.unborn | Flag.initializing | blame | remote, behaviour, parent);
    cell.state = argument;
    const timeoutMs = options?.startTimeoutMs;
    giveBounds(kernel, cell, options, behaviour.options);
    const later = behaviour === loading ? options : undefined;
    if (options?.name !== undefined || ack !== undefined || later !== undefined) {
      extraOf(cell).start = { name: options?.name, ack, options: later };
    }
    if (options?.childId !== undefined) extraOf(cell).childId = options.childId;
    while (kernel.cells.length < slot) kernel.cells.push(undefined);
    kernel.cells[slot] = cell;
    this.born++;
    this.living++;
    kernel.faults?.meet(cell);
    if (timeoutMs !== undefined && timeoutMs !== Number.POSITIVE_INFINITY) kernel.timers.startTimeout(cell, timeoutMs);
    return cell;
  }

  /** The behaviour's module is there: the actor can begin. */
  adoptBehaviour(cell: Cell, behaviour: Behaviour<never, Api>): void {
    if ((cell.flags & Flag.dead) !== 0) return;
    cell.behaviour = behaviour;
    if (behaviour.handlers.isAsync === true) cell.flags |= Flag.async;
    giveBounds(this.#kernel, cell, cell.extra?.start?.options, behaviour.options);
    cell.flags &= ~Flag.waiting;
    this.#kernel.scheduler.schedule(cell);
  }

  /** The first turn: the name, then `init`. Runs inside the scheduler. */
  birth(cell: Cell): void {
    const kernel = this.#kernel;
    const name = cell.extra?.start?.name;
    const initTimeoutMs = cell.extra?.start?.ack?.initTimeoutMs;
    if (initTimeoutMs !== undefined && cell.extra?.startTimer === undefined)
      kernel.timers.startTimeout(cell, initTimeoutMs);
    if (name !== undefined && cell.extra?.name !== name) {
      cell.flags |= Flag.waiting;
      kernel.names.claim(cell, name, (holder) => {
        if ((cell.flags & Flag.dead) !== 0) return;
        cell.flags &= ~Flag.waiting;
        if (holder !== undefined) this.die(cell, { already_started: plain(holder) }, { running: holder });
        else kernel.scheduler.schedule(cell);
      });
      // The owner on main answers at once when this is main.
      if ((cell.flags & (Flag.waiting | Flag.dead)) !== 0 || cell.extra?.name !== name) return;
    }
    cell.flags &= ~Flag.unborn;
    if (kernel.wants(eventBit("spawned"))) {
      const parent = plain(cell.parent);
      kernel.emit({
        type: "spawned",
        ref: kernel.refOf(cell).toJSON(),
        name,
        behaviour: behaviourName(cell.behaviour),
        parent,
      });
      // A listener may have ended it.
      if ((cell.flags & Flag.dead) !== 0) return;
    }
    const argument = cell.state;
    cell.state = undefined;
    let result: unknown;
    let isOpen = false;
    kernel.budgets.begin(cell, LimitKind.init);
    try {
      result = kernel.dispatch.runAs(cell, () => {
        const made = cell.behaviour.handlers.init(argument, kernel.contextOf(cell));
        isOpen = isThenable(made);
        return made;
      });
    } catch (error) {
      kernel.crashes.inTurn(cell, error, undefined);
      return;
    }
    if ((cell.flags & Flag.dead) !== 0 || kernel.budgets.isOver(cell)) return;
    if (isOpen) {
      kernel.asyncTurns.openInit(cell, result as PromiseLike<unknown>);
      kernel.budgets.goesOn(cell);
    } else this.initEnded(cell, result);
  }

  initEnded(cell: Cell, result: unknown): void {
    const extra = cell.extra;
    if (result === initLater) {
      cell.flags |= Flag.held;
      this.#kernel.budgets.goesOn(cell);
      return;
    }
    if ((cell.flags & Flag.stopping) !== 0) {
      this.die(cell, extra?.stopReason ?? "normal");
      return;
    }
    cell.state = result;
    this.#started(cell);
  }

  /** The later end of an `init` that returned `initLater`. */
  initDone(cell: Cell, result: StartResult, state: unknown): void {
    if ((cell.flags & Flag.initializing) === 0) {
      throw new RuntimeError("bad_argument", "initDone was called, but init has ended already");
    }
    if (!result.ok) {
      this.#kernel.assertReason(result.reason, "initDone");
      this.die(cell, result.reason);
      return;
    }
    cell.flags &= ~Flag.held;
    cell.state = state;
    this.#started(cell);
    this.unstashAll(cell);
  }

  #started(cell: Cell): void {
    const kernel = this.#kernel;
    cell.flags &= ~Flag.initializing;
    const extra = cell.extra;
    if (extra === undefined) return;
    if (extra.startTimer !== undefined) kernel.timers.cancelStart(cell);
    if (extra.budget !== undefined) kernel.budgets.done(cell);
    const ack = extra.start?.ack;
    extra.start = undefined;
    if (ack === undefined) return;
    if (ack.to.thread === kernel.thread) kernel.starts.ended(kernel.refOf(cell), { ok: true });
    else kernel.peers.push(ack.to.thread, FrameKind.started, ack.to, cell, 0, undefined);
  }

  startTimedOut(cell: Cell): void {
    this.die(cell, "killed", { ackReason: "init_timeout" });
  }

  /** Asks for the end of an actor after its current turn (`ctx.stop`), or as its next message when no turn is open. */
  stop(cell: Cell, reason: ExitReason): void {
    const kernel = this.#kernel;
    if ((cell.flags & Flag.stopping) !== 0) return;
    if (kernel.scheduler.current !== cell && (cell.flags & Flag.open) === 0) {
      kernel.delivery.deliverSystem(cell, new Meta(MetaKind.stop, "stop", 0, undefined), reason);
      return;
    }
    extraOf(cell).stopReason = reason;
    cell.flags |= Flag.stopping;
  }

  /** A `stop(ref, reason)` message came up in the mailbox. */
  stopRequested(cell: Cell, meta: Meta, reason: unknown): void {
    const extra = extraOf(cell);
    if (meta.from !== undefined) {
      extra.stopCallers ??= [];
      extra.stopCallers.push({ caller: meta.from, id: meta.id });
    }
    const hook = cell.behaviour.handlers.parentExit;
    if (hook !== undefined) hook(cell.state, reason as ExitReason, this.#kernel.contextOf(cell));
    else this.stop(cell, reason as ExitReason);
  }

  /** An exit message of the parent ends a server, also a trapping one (gen_server). True when it did. */
  parentExited(cell: Cell, meta: Meta, payload: unknown): boolean {
    const hook = cell.behaviour.handlers.parentExit;
    if (!sameRef(meta.from, cell.parent) || (cell.behaviour.handlers.isServer !== true && hook === undefined))
      return false;
    const reason = (payload as ExitMessage).reason;
    if (hook !== undefined) hook(cell.state, reason, this.#kernel.contextOf(cell));
    else this.stop(cell, reason);
    return true;
  }

  /** Runs `terminate`, then death. */
  terminate(cell: Cell, reason: ExitReason): void {
    const run = cell.behaviour.handlers.terminate;
    extraOf(cell).stopReason = reason;
    if (run === undefined) {
      this.#finish(cell, reason);
      return;
    }
    const { asyncTurns, budgets, dispatch } = this.#kernel;
    let result: unknown;
    let isOpen = false;
    budgets.begin(cell, LimitKind.terminate);
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
    const ack = isInitializing ? extra?.start?.ack : undefined;
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
    kernel.signals.announceDeath(cell, ref, publicReason, ack?.to);
    if (ack !== undefined) {
      const result: StartResult =
        start?.running === undefined
          ? { ok: false, reason: ackReason }
          : { ok: false, reason: ackReason, running: kernel.adopt(start.running) };
      if (ack.to.thread === kernel.thread) kernel.starts.ended(ref, result);
      else kernel.peers.push(ack.to.thread, FrameKind.startFailed, ack.to, cell, 0, result);
    }
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
  shutDown(): void {
    const kernel = this.#kernel;
    for (const cell of [...kernel.cells]) {
      if (cell === undefined || cell === kernel.guest || this.#toldToEnd.has(cell)) continue;
      const { parent } = cell;
      if (parent !== undefined && hasLink(cell, parent) && kernel.isAlive(parent)) continue;
      this.#toldToEnd.add(cell);
      if ((cell.flags & Flag.trapping) === 0) this.die(cell, "shutdown");
      else kernel.delivery.deliverSystem(cell, new Meta(MetaKind.stop, "stop", 0, undefined), "shutdown");
    }
  }

  /** The system stops: whoever still lives on this thread ends. */
  endAll(reason: ExitReason): void {
    for (const cell of [...this.#kernel.cells]) if (cell !== undefined) this.die(cell, reason);
  }

  unstashAll(cell: Cell): void {
    const stash = cell.extra?.stash;
    if (stash === undefined || cell.extra === undefined) return;
    cell.extra.stash = undefined;
    this.#kernel.delivery.putBack(cell, stash);
  }
}

function plain(ref: RefData | undefined): RefData | undefined {
  return ref === undefined
    ? undefined
    : { node: ref.node, thread: ref.thread, slot: ref.slot, generation: ref.generation };
}

/** Nobody waits for what the dead do: they get the shortest limit there is, and never none. */
function leash(ownLimitMs: number | undefined, systemLimitMs: number): number {
  return Math.min(ownLimitMs || leashMsMax, systemLimitMs || leashMsMax, leashMsMax);
}
