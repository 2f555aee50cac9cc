/**
 * How actors begin: from the cell of a new one to the end of its `init`. Its name is claimed before any code of it runs,
 * and who awaits its start is told when `init` has ended, however that is.
 */
import { LimitKind } from "../actor/actor-budget.ts";
import type { Behaviour } from "../actor/behaviour.ts";
import { behaviourName } from "../actor/behaviour-module.ts";
import { Cell, extraOf, Flag, type StartAck } from "../actor/cell.ts";
import type { StartResult } from "../actor/context.ts";
import type { Api, RefData } from "../actor/ref.ts";
import { initLater, isThenable } from "../actor/turn-result.ts";
import { RuntimeError } from "../errors.ts";
import { addedTo } from "../registry/declaration.ts";
import { environmentFor } from "../registry/environment.ts";
import { giveBounds } from "./bounds.ts";
import { eventBit } from "./events.ts";
import { FrameKind } from "./frame-kind.ts";
import type { Kernel } from "./kernel.ts";
import { loading } from "./loads.ts";
import { Table } from "./replica.ts";
import type { BirthOptions } from "./spawn-options.ts";

const noOptions: BirthOptions = {};

export class Births {
  readonly #kernel: Kernel;
  /** Actors of this thread since its start. The guest is none. */
  count = 0;
  /** Whether what `init` returned last is a promise. */
  #isOpen = false;

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
    options: BirthOptions | undefined,
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
    const { name, declaration, configuration, changes, childId, life, isRestart } = options ?? noOptions;
    const given =
      configuration === undefined && changes === undefined
        ? undefined
        : { argument: configuration ?? {}, changes: changes ?? {} };
    const isTimed = timeoutMs !== undefined && timeoutMs !== Number.POSITIVE_INFINITY;
    if (isTimed || (name ?? ack ?? later ?? declaration ?? given) !== undefined)
      cell.start = { name, ack, options: later, declaration, configuration: given, timer: undefined };
    cell.childId = childId;
    if (life !== undefined) cell.flags |= Flag.kept;
    if (isRestart === true) extraOf(cell).restartedMs = kernel.readClock();
    while (kernel.cells.length < slot) kernel.cells.push(undefined);
    kernel.cells[slot] = cell;
    this.count++;
    kernel.lifecycle.living++;
    kernel.faults?.meet(cell);
    if (isTimed) kernel.timers.startTimeout(cell, timeoutMs);
    return cell;
  }

  /** The behaviour's module is there: the actor can begin. */
  adoptBehaviour(cell: Cell, behaviour: Behaviour<never, Api>): void {
    if ((cell.flags & Flag.dead) !== 0) return;
    cell.behaviour = behaviour;
    if (behaviour.handlers.isAsync === true) cell.flags |= Flag.async;
    giveBounds(this.#kernel, cell, cell.start?.options, behaviour.options);
    cell.flags &= ~Flag.waiting;
    this.#kernel.scheduler.schedule(cell);
  }

  /** The first turn: the name, then `init`. Runs inside the scheduler. */
  begin(cell: Cell): void {
    const kernel = this.#kernel;
    const { taskConcurrency } = cell.behaviour.options;
    // Before its name is known: whoever finds it by that knows this too.
    if (taskConcurrency !== undefined) kernel.replica.put(Table.concurrency, "", cell, taskConcurrency);
    const declaration = addedTo(cell.behaviour.options.declaration, cell.start?.declaration);
    if (declaration !== undefined && cell.extra?.isAgent !== true) kernel.agents.declare(cell, declaration);
    const name = cell.start?.name;
    const initTimeoutMs = cell.start?.ack?.initTimeoutMs;
    if (initTimeoutMs !== undefined && cell.start?.timer === undefined) kernel.timers.startTimeout(cell, initTimeoutMs);
    if (name !== undefined && cell.extra?.name !== name) {
      cell.flags |= Flag.waiting;
      kernel.names.claim(cell, name, (holder) => {
        if ((cell.flags & Flag.dead) !== 0) return;
        cell.flags &= ~Flag.waiting;
        if (holder !== undefined) kernel.lifecycle.die(cell, { already_started: plain(holder) }, { running: holder });
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
    kernel.budgets.begin(cell, LimitKind.init);
    kernel.asyncTurns.meet(cell);
    try {
      result = kernel.dispatch.isBlamed(cell)
        ? kernel.dispatch.runAs(cell, () => this.#make(cell, argument))
        : this.#makePlain(cell, argument);
    } catch (error) {
      kernel.crashes.inTurn(cell, error, undefined);
      return;
    }
    if ((cell.flags & Flag.dead) !== 0 || kernel.budgets.isOver(cell)) return;
    if (this.#isOpen) {
      kernel.asyncTurns.openInit(cell, result as PromiseLike<unknown>);
      kernel.budgets.goesOn(cell);
    } else this.initEnded(cell, result);
  }

  #make(cell: Cell, argument: unknown): unknown {
    const made = this.#init(cell, argument);
    // In its turn: a `then` that is read is its code.
    this.#isOpen = isThenable(made);
    return made;
  }

  /** The same of one whose code has no scope: of a million actors each would have a function of its own. */
  #makePlain(cell: Cell, argument: unknown): unknown {
    const { scheduler } = this.#kernel;
    const before = scheduler.begin(cell);
    try {
      return this.#make(cell, argument);
    } finally {
      scheduler.end(before);
    }
  }

  /** `init`, once the configuration is there where the behaviour declares one. */
  #init(cell: Cell, argument: unknown): unknown {
    const kernel = this.#kernel;
    const { init, configuration } = cell.behaviour.handlers;
    const ctx = kernel.contextOf(cell);
    const given = cell.start?.configuration;
    if (configuration === undefined) {
      if (given !== undefined) throw noConfiguration(cell.behaviour);
      return init(argument, ctx, undefined);
    }
    const own = configuration(given ?? { argument: {}, changes: {} }, environmentFor(kernel, cell));
    extraOf(cell).configuration = own;
    return own.read().then((read) => {
      // It has ended meanwhile, and its `init` with it.
      if ((cell.flags & Flag.dead) !== 0) return undefined;
      kernel.scheduler.commit(() => kernel.agents.configured(cell, read.shown));
      return init(argument, ctx, read.value);
    });
  }

  /** What `init` returned, or its promise resolved with. */
  initEnded(cell: Cell, result: unknown): void {
    const extra = cell.extra;
    if (result === initLater) {
      this.#kernel.lifecycle.hold(cell);
      this.#kernel.budgets.goesOn(cell);
      return;
    }
    if ((cell.flags & Flag.stopping) !== 0) {
      this.#kernel.lifecycle.die(cell, extra?.stopReason ?? "normal");
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
      this.#kernel.outgoing.checkReason(result.reason, "initDone");
      this.#kernel.lifecycle.die(cell, result.reason);
      return;
    }
    cell.state = state;
    this.#started(cell);
    if ((cell.flags & Flag.paused) === 0) this.#kernel.lifecycle.release(cell);
  }

  /** The whole start, or `init`, has taken too long. */
  timedOut(cell: Cell): void {
    this.#kernel.lifecycle.die(cell, "killed", { ackReason: "init_timeout" });
  }

  #started(cell: Cell): void {
    const kernel = this.#kernel;
    cell.flags &= ~Flag.initializing;
    const { extra, start } = cell;
    if ((cell.flags & Flag.agent) !== 0) kernel.agents.touched(cell);
    if (extra?.budget !== undefined) kernel.budgets.done(cell);
    if (start === undefined) return;
    if (start.timer !== undefined) kernel.timers.cancelStart(start);
    cell.start = undefined;
    const { ack } = start;
    if (ack === undefined) return;
    if (ack.to.thread === kernel.thread) kernel.starts.ended(kernel.refOf(cell), { ok: true });
    else kernel.peers.push(ack.to.thread, FrameKind.started, ack.to, cell, extra?.agentChange ?? 0, undefined);
  }
}

/** @param behaviour of an actor that was given a configuration */
export function noConfiguration(behaviour: Behaviour<never, Api>): RuntimeError {
  return new RuntimeError(
    "bad_argument",
    `spawn: ${behaviourName(behaviour)} declares no configuration, and this spawn gives one: leave it out`,
  );
}

function plain(ref: RefData | undefined): RefData | undefined {
  return ref === undefined
    ? undefined
    : { node: ref.node, thread: ref.thread, slot: ref.slot, generation: ref.generation };
}
