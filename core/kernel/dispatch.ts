/**
 * What a turn does with the message in hand: the handler that it is for, the answer of a call, `continue`, `stash`.
 *
 * The scheduler calls a plain handler itself; everything that needs a second look comes here.
 */

import { types } from "node:util";
import { mailboxCapacityDefault } from "../actor/behaviour.ts";
import { blockedFlags, type Cell, extraOf, Flag } from "../actor/cell.ts";
import type { Envelope } from "../actor/context.ts";
import { type Mail, Mailbox, type MessageMeta, Meta, MetaKind, type SentMail } from "../actor/mailbox.ts";
import { noReply, sameRef } from "../actor/ref.ts";
import { isThenable } from "../actor/turn-result.ts";
import { subscriptionOf, type TopicSubscription } from "../bus/subscription.ts";
import { RuntimeError } from "../errors.ts";
import type { Kernel } from "./kernel.ts";

/** Flags that keep a message from the shortest way to its handler. */
export const slowFlags = Flag.async | Flag.special | Flag.held | Flag.faulty | Flag.traced;

/** By what name V8 knows the script of `takeResult` and `answer`. */
export const answerScript = import.meta.url;

/** No message is in hand. */
export const nothing: unique symbol = Symbol("nothing in hand");

/** Flags that want a look at each message before it is handled. */
const lookFlags = Flag.faulty | Flag.traced;

export class Dispatch {
  /** The message of the turn that runs now. */
  inHandMeta: MessageMeta;
  inHand: unknown = nothing;
  /**
   * What the handler of that turn has returned, until it is taken; `nothing`: it has not. Written without a call, so that no
   * cut falls in between.
   */
  returned: unknown = nothing;
  readonly #kernel: Kernel;
  /** What runs in an actor's scope, made once: whose turn it is and what it is for stand in hand. */
  readonly #turnInHand = (): unknown =>
    this.#dispatch(this.#kernel.scheduler.current as Cell, this.inHandMeta, this.inHand);
  /** The same of a raw message that no flag wants a look at. */
  readonly #receiveInHand = (): unknown => {
    const cell = this.#kernel.scheduler.current as Cell;
    const result = cell.behaviour.handlers.receive(cell.state, this.inHand, this.#kernel.contextOf(cell));
    this.returned = result;
    return result;
  };

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** The same for a report; undefined: none is, or it was stashed. */
  mailInHand(): SentMail | undefined {
    return this.inHand === nothing ? undefined : { meta: this.inHandMeta, payload: this.inHand };
  }

  /** Turns that need more than a plain handler: calls, system messages, blame, idle time-outs, held mail. */
  slowTurn(cell: Cell, meta: MessageMeta, payload: unknown): unknown {
    if (this.returned !== nothing) return this.returned;
    if ((cell.flags & slowFlags) === Flag.async && meta === undefined) {
      const scope = cell.extra?.resource ?? this.#scopeOf(cell);
      return scope === undefined ? this.#receiveInHand() : scope.runInAsyncScope(this.#receiveInHand);
    }
    if ((cell.flags & slowFlags) === 0 && meta instanceof Meta && meta.kind === MetaKind.topic) {
      // A publish has thousands of these.
      if (!this.#kernel.topics.deliveries.isTaken(meta.subscription as TopicSubscription, payload as Envelope))
        return undefined;
      return cell.behaviour.handlers.receive(cell.state, payload, this.#kernel.contextOf(cell));
    }
    if ((cell.flags & Flag.special) !== 0) this.#kernel.timers.cancelIdle(cell, meta);
    if ((cell.flags & Flag.held) !== 0 && isHeldBack(cell, meta)) {
      const extra = extraOf(cell);
      extra.heldMail ??= new Mailbox();
      extra.heldMail.push(meta, payload);
      this.#kernel.counters.addUnread(1);
      return undefined;
    }
    const scope = (cell.flags & Flag.async) !== 0 ? this.#scopeOf(cell) : undefined;
    if (scope !== undefined) return scope.runInAsyncScope(this.#turnInHand);
    return this.#dispatch(cell, meta, payload);
  }

  /** Runs code of an actor outside its messages: what it does is done in its name, and what it leaves behind is its own. */
  runAs<T>(cell: Cell, run: () => T): T {
    const { scheduler } = this.#kernel;
    // In its own turn already: an answer that cannot be sent ends it there. In another's, which has called for it: that one
    // answers for the time, since it is its frames that a cut would take.
    const isInTurn = (scheduler.turn & 1) === 1;
    const isOwn = scheduler.isTurnOf(cell);
    if (isOwn) scheduler.renew(cell);
    const before = isInTurn ? undefined : scheduler.begin(cell);
    try {
      const scope = this.isBlamed(cell) ? this.#scopeOf(cell) : undefined;
      return scope === undefined ? run() : scope.runInAsyncScope(run);
    } finally {
      if (isOwn) scheduler.renew(cell);
      else if (!isInTurn) scheduler.end(before);
    }
  }

  /** Whether its code outside its messages has a scope. Not that of every actor of main: one costs a microsecond, and few leave something behind in a synchronous `init`. */
  isBlamed(cell: Cell): boolean {
    const { extra } = cell;
    return (
      cell.behaviour.handlers.isAsync === true ||
      extra?.resource !== undefined ||
      // Its time shall be kept also where an `init` that is no async function returns a promise.
      extra?.budget !== undefined ||
      (cell.flags & Flag.dead) !== 0
    );
  }

  /** From now on what its code outside its messages leaves behind can be traced to it. */
  giveScope(cell: Cell): void {
    this.#scopeOf(cell);
  }

  /** Runs code of an actor so that what it leaves behind can be traced to it. */
  inScope<T>(cell: Cell, run: () => T): T {
    const scope = this.#scopeOf(cell);
    return scope === undefined ? run() : scope.runInAsyncScope(run);
  }

  /** A thenable of somebody else's may throw, or settle twice: a promise around it does not. Its `then` is called later, in the actor's name. */
  asPromiseOf(cell: Cell, value: PromiseLike<unknown>): PromiseLike<unknown> {
    if (types.isPromise(value) && !Object.hasOwn(value, "then") && !Object.hasOwn(value, "constructor")) return value;
    // Not by Promise.resolve, which gives back a promise as it is, also one with a `then` of its own.
    return this.inScope(cell, () => new Promise((resolve) => resolve(value)));
  }

  #scopeOf(cell: Cell): { runInAsyncScope<T>(run: () => T): T } | undefined {
    const blame = this.#kernel.host.blame;
    if (blame === undefined) return undefined;
    const extra = extraOf(cell);
    extra.resource ??= blame.scope(cell);
    return extra.resource;
  }

  #dispatch(cell: Cell, meta: MessageMeta, payload: unknown): unknown {
    const result = this.#handle(cell, meta, payload);
    this.returned = result;
    return result;
  }

  #handle(cell: Cell, meta: MessageMeta, payload: unknown): unknown {
    const kernel = this.#kernel;
    const handlers = cell.behaviour.handlers;
    const ctx = kernel.contextOf(cell);
    if ((cell.flags & lookFlags) !== 0) {
      if ((cell.flags & Flag.traced) !== 0) kernel.traces.handled(cell, meta, payload);
      const struck = kernel.faults?.strike(cell, meta, payload);
      if (struck !== undefined) {
        const subscription = subscriptionOf(meta);
        if (subscription !== undefined && !kernel.topics.deliveries.isTaken(subscription, payload as Envelope))
          return undefined;
        return struck();
      }
    }
    if (meta === undefined) return handlers.receive(cell.state, payload, ctx);
    if (typeof meta === "string") {
      if (handlers.cast === undefined) {
        kernel.delivery.deadLetter(kernel.refOf(cell), meta, payload, "noproc");
        return undefined;
      }
      return handlers.cast(cell.state, meta, payload, ctx);
    }
    switch (meta.kind) {
      case MetaKind.call: {
        if (handlers.call === undefined) {
          kernel.calls.answerError(
            meta.from,
            meta.id,
            {
              name: "RuntimeError",
              code: "undef",
              message: `${kernel.nameOf(kernel.refOf(cell))} takes no calls, got "${meta.name}"`,
            },
            kernel.refOf(cell),
          );
          return undefined;
        }
        cell.current = meta;
        return handlers.call(cell.state, meta.name, payload, ctx);
      }
      case MetaKind.stop:
        kernel.lifecycle.stopRequested(cell, meta, payload);
        return undefined;
      case MetaKind.exit:
        if (kernel.lifecycle.parentExited(cell, meta, payload)) return undefined;
        return handlers.receive(cell.state, payload, ctx);
      case MetaKind.timer:
        kernel.timers.delivered(cell, meta.id);
        return handlers.receive(cell.state, payload, ctx);
      case MetaKind.inspect:
        return kernel.controls.inspect(cell, meta, payload);
      case MetaKind.topic:
        if (!kernel.topics.deliveries.isTaken(meta.subscription as TopicSubscription, payload as Envelope))
          return undefined;
        return handlers.receive(cell.state, payload, ctx);
      default:
        return handlers.receive(cell.state, payload, ctx);
    }
  }

  /** What a handler returned: the answer of a call, or a promise that keeps the turn open. */
  takeResult(cell: Cell, meta: MessageMeta, payload: unknown, result: unknown): void {
    // Most promises are those of async functions, which need no second look.
    const isOwn =
      meta === undefined &&
      result !== undefined &&
      cell.behaviour.handlers.isReceiveAsync === true &&
      (cell.flags & lookFlags) === 0;
    if (isOwn || isThenable(result)) {
      if ((cell.flags & Flag.dead) !== 0) {
        // The actor ended itself in this turn; what its promise does later concerns nobody.
        this.asPromiseOf(cell, result as PromiseLike<unknown>).then(undefined, () => undefined);
        return;
      }
      const isAside = this.inHand === nothing;
      const turnMessage = payload === nothing ? undefined : payload;
      const promise = result as PromiseLike<unknown>;
      const native = isOwn ? promise : this.asPromiseOf(cell, promise);
      this.#kernel.asyncTurns.open(cell, native, cell.current, isAside ? nothing : meta, turnMessage);
    } else if (cell.current !== undefined) this.answer(cell, cell.current, payload, result);
  }

  /** The call stays in hand until its answer is on its way: whatever ends the actor before that answers it. */
  answer(cell: Cell, meta: Meta, payload: unknown, result: unknown): void {
    const { calls, crashes, scheduler } = this.#kernel;
    cell.current = meta;
    if ((cell.flags & Flag.dead) === 0) {
      if ((cell.flags & Flag.traced) !== 0 && result !== noReply)
        this.#kernel.traces.answers(cell, meta.from, meta.id, result);
      if (result === noReply) scheduler.commit(() => calls.keepOpen(cell, meta));
      else {
        try {
          if (meta.credit !== undefined && meta.from !== undefined) {
            this.#kernel.streams.answer(cell, meta.from, meta.id, result);
            cell.current = undefined;
            return;
          }
          const by = this.#kernel.faults === undefined ? undefined : this.#kernel.refOf(cell);
          calls.answer(meta.from, meta.id, result, by);
        } catch (error) {
          // An answer that cannot cross to the caller's thread is the server's error, and the caller's answer.
          crashes.inTurn(cell, error, { meta, payload });
        }
      }
    }
    cell.current = undefined;
  }

  /** @param opened the message of a turn that was open */
  afterTurn(cell: Cell, opened?: Mail): void {
    const flags = cell.flags;
    if ((flags & (Flag.dead | Flag.open)) !== 0) return;
    if ((flags & Flag.stopping) !== 0 && (flags & (Flag.terminating | Flag.initializing)) === 0) {
      const { lifecycle, scheduler, topics } = this.#kernel;
      const reason = cell.extra?.stopReason ?? "normal";
      // Its end falls into this turn, however long its `terminate` takes.
      topics.receivers.ended(cell, opened ?? (scheduler.current === cell ? this.mailInHand() : undefined), reason);
      lifecycle.terminate(cell, reason);
      return;
    }
    if ((flags & Flag.special) !== 0) this.runContinues(cell);
  }

  /** Puts the message in hand aside (`ctx.stash`). */
  stashCurrent(cell: Cell): void {
    const extra = extraOf(cell);
    const isSync = this.#kernel.scheduler.current === cell && this.inHand !== nothing;
    if (!isSync && ((cell.flags & Flag.open) === 0 || extra.turnMeta === nothing)) {
      throw new RuntimeError("bad_argument", "stash() puts the message in hand aside: there is none");
    }
    const capacity = extra.capacity > 0 ? extra.capacity : mailboxCapacityDefault;
    extra.stash ??= [];
    if (extra.stash.length >= capacity * 2) {
      throw new RuntimeError(
        "mailbox_full",
        `the stash of ${this.#kernel.nameOf(this.#kernel.refOf(cell))} is full (${capacity})`,
      );
    }
    const subscription = subscriptionOf(isSync ? this.inHandMeta : extra.turnMeta);
    if (subscription !== undefined) this.#kernel.topics.deliveries.putAside(subscription);
    if (isSync) {
      extra.stash.push(this.inHandMeta, this.inHand);
      this.inHand = nothing;
    } else {
      extra.stash.push(extra.turnMeta, extra.turnMessage);
      extra.turnMeta = nothing;
    }
    this.#kernel.counters.addUnread(1);
    // A stashed call is answered when it comes up again.
    cell.current = undefined;
  }

  /** `continue` runs before the next message (gen_server's handle_continue). */
  runContinues(cell: Cell): void {
    const kernel = this.#kernel;
    const extra = cell.extra;
    // The turn before has handled its message.
    this.inHand = nothing;
    while (
      extra?.continues !== undefined &&
      extra.continues.length > 0 &&
      (cell.flags & (blockedFlags | Flag.initializing)) === 0
    ) {
      const argument = extra.continues.shift();
      if (extra.continues.length === 0) extra.continues = undefined;
      const run = cell.behaviour.handlers.continue;
      if (run === undefined) {
        kernel.crashes.inTurn(
          cell,
          new RuntimeError("undef", "ctx.continue was called, but the behaviour has no continue handler"),
          { meta: nothing, payload: argument },
        );
        return;
      }
      // It may return a promise, and most behaviours have none.
      this.giveScope(cell);
      try {
        this.runAs(cell, () => {
          const result = run(cell.state, argument, kernel.contextOf(cell));
          if (!isThenable(result)) return;
          // It may have ended itself: what its promise does later concerns nobody.
          if ((cell.flags & Flag.dead) !== 0) this.asPromiseOf(cell, result).then(undefined, () => undefined);
          else kernel.asyncTurns.open(cell, this.asPromiseOf(cell, result), undefined, nothing, argument);
        });
      } catch (error) {
        kernel.crashes.inTurn(cell, error, { meta: nothing, payload: argument });
        continue;
      }
      if ((cell.flags & Flag.stopping) !== 0 && (cell.flags & blockedFlags) === 0) {
        kernel.lifecycle.terminate(cell, extra.stopReason ?? "normal");
      }
    }
    if (extra?.continues === undefined && extra?.idleTimer === undefined) cell.flags &= ~Flag.special;
  }
}

/** As in OTP's sys:suspend, a pause holds back everything but what the runtime and the parent have to say. */
function isHeldBack(cell: Cell, meta: MessageMeta): boolean {
  if (!(meta instanceof Meta)) return true;
  if ((cell.flags & Flag.paused) === 0) return meta.kind === MetaKind.call || meta.kind === MetaKind.topic;
  const { kind } = meta;
  return (
    kind !== MetaKind.stop && kind !== MetaKind.inspect && !(kind === MetaKind.exit && sameRef(meta.from, cell.parent))
  );
}
