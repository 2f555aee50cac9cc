/**
 * Calls: every one ends exactly once, by its answer, an error, or its deadline (SEMANTICS S5.2).
 *
 * The caller's thread holds a table of open calls by id; an answer whose id is not in it is dropped there, before any
 * mailbox. The callee's thread answers whatever it received, also with the reason for an actor's end, so a call needs
 * no monitor. Deadlines are numbers looked at by one sweep.
 */
import { type Cell, type CellExtra, extraOf, Flag } from "../actor/cell.ts";
import { type Blamed, blamedReason, reasonError, retiredWhy } from "../actor/exit-reason.ts";
import { type CallExtras, Meta, MetaKind } from "../actor/mailbox.ts";
import { type CallOptions, type RefData, sameRef } from "../actor/ref.ts";
import { failAtCaller } from "../caller-stack.ts";
import { describe, type ErrorData, RuntimeError } from "../errors.ts";
import { streamedCall } from "../streams/streamed-call.ts";
import { freezeMessage } from "../thread/message-check.ts";
import { FrameKind } from "./frame-kind.ts";
import type { Kernel } from "./kernel.ts";
import { NumberTable } from "./number-table.ts";
import { type PendingCall, PendingCalls } from "./pending-calls.ts";
import { byPort } from "./scheduler.ts";
import { assertCallOptions, assertHandlerName } from "./verb-arguments.ts";

/** Time to wait for an answer, unless told otherwise (gen_server:call/2). */
export const callTimeoutMs = 5_000;

type OpenCalls = NonNullable<CellExtra["openCalls"]>;

/** Open calls of one actor are looked through for passed deadlines when their number reaches a multiple of this. */
const openCallsPrune = 1_024;
/** By thread and id: calls of a thread are numbered from 1 on, and no thread lives to see so many. */
export const openCallKey = (thread: number, id: number): number => thread * 2 ** 40 + id;

export class Calls {
  readonly #kernel: Kernel;
  readonly #pending = new PendingCalls();
  #nextId = 1;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  get open(): number {
    return this.#pending.size;
  }

  /** Also of what ends by an answer and is none of these calls. */
  newId(): number {
    return this.#nextId++;
  }

  call(cell: Cell, ref: RefData, name: string, argument: unknown, options: CallOptions | undefined): Promise<unknown> {
    try {
      assertHandlerName("call", name);
      if (options === undefined) return this.#ask(cell, ref, MetaKind.call, name, argument, callTimeoutMs);
      assertCallOptions(options, "call");
      const { timeoutMs = callTimeoutMs, trace, stream } = options;
      if (stream !== undefined)
        return streamedCall((how) => this.#kernel.streams.call(cell, ref, name, argument, how), {
          ...options,
          timeoutMs,
          stream,
        });
      const extras = trace === undefined ? undefined : { credit: undefined, trace };
      return this.#ask(cell, ref, MetaKind.call, name, argument, timeoutMs, extras);
    } catch (error) {
      return this.#kernel.tasks.rejection(cell, error);
    }
  }

  /** OTP's proc_lib:stop: resolves when the actor has ended. */
  stop(cell: Cell, ref: RefData, reason: unknown, timeoutMs: number): Promise<unknown> {
    try {
      return this.#ask(cell, ref, MetaKind.stop, "stop", reason, timeoutMs);
    } catch (error) {
      return this.#kernel.tasks.rejection(cell, error);
    }
  }

  /** A question to another thread's kernel itself. */
  ask(cell: Cell, ref: RefData, kind: FrameKind, name: string, timeoutMs: number, payload?: unknown): Promise<unknown> {
    const { id, promise } = this.expect(cell, ref, name, timeoutMs);
    this.#kernel.peers.push(ref.thread, kind, ref, cell, id, payload);
    return promise;
  }

  /** A promise for an answer that somebody will be asked for by its id. */
  expect(
    cell: Cell,
    ref: RefData | undefined,
    name: string,
    timeoutMs: number,
  ): { id: number; promise: Promise<unknown> } {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    return { id: this.#open(cell, ref, name, timeoutMs, resolve, reject, true), promise };
  }

  /** The same without a promise or a deadline: one of the two is called in the drain. */
  expectThen(
    cell: Cell,
    ref: RefData,
    name: string,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ): number {
    return this.#open(cell, ref, name, Number.POSITIVE_INFINITY, resolve, reject, false);
  }

  /** The same for a call that another thread has made in the caller's name, by an id that is nobody else's. */
  expectMade(
    cell: Cell,
    ref: RefData,
    id: number,
    name: string,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ): void {
    this.#open(cell, ref, name, Number.POSITIVE_INFINITY, resolve, reject, false, id);
  }

  /** A call in the same way; its id is returned. @throws RuntimeError `not_cloneable`, `message_too_large`. */
  callThen(
    cell: Cell,
    ref: RefData,
    name: string,
    argument: unknown,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
    trace?: string,
  ): number {
    this.#check(ref, name, argument);
    return this.#kernel.scheduler.commit(() => {
      const id = this.expectThen(cell, ref, name, resolve, reject);
      const extras = trace === undefined ? undefined : { credit: undefined, trace };
      this.#send(cell, ref, MetaKind.call, id, name, argument, Number.POSITIVE_INFINITY, extras);
      return id;
    });
  }

  /** A question with something to say, and without a promise: one of the two is called in the drain. */
  askThen(
    cell: Cell,
    ref: RefData,
    kind: FrameKind,
    name: string,
    timeoutMs: number,
    payload: unknown,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ): void {
    const id = this.#open(cell, ref, name, timeoutMs, resolve, reject, false);
    this.#kernel.peers.push(ref.thread, kind, ref, cell, id, payload);
  }

  /** Calls back when it has ended, however that was. It has not. */
  whenEnded(id: number, ended: () => void): void {
    const call = this.#pending.get(id);
    if (call !== undefined) call.ended = ended;
  }

  /** A request goes to those threads. */
  askedOn(id: number, places: Set<number>): void {
    const call = this.#pending.get(id);
    if (call !== undefined) call.places = places;
    else this.#kernel.streams.askedOn(id, places);
  }

  /** On that thread nobody answers a request any more: if it was the last, the request fails. */
  placeOut(id: number, thread: number, error: ErrorData): void {
    const call = this.#pending.get(id);
    if (call === undefined) this.#kernel.streams.placeOut(id, thread, error);
    else if (call.places?.delete(thread) === true && call.places.size === 0) this.#fail(id, error);
  }

  /** Nobody will be asked after all. */
  forget(id: number): void {
    this.#take(id);
  }

  #open(
    cell: Cell,
    ref: RefData | undefined,
    name: string,
    timeoutMs: number,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
    isPromised: boolean,
    id = this.newId(),
  ): number {
    const kernel = this.#kernel;
    // Outside a drain the coarse clock may be old.
    const deadlineMs = timeoutMs === Number.POSITIVE_INFINITY ? timeoutMs : kernel.readClock() + timeoutMs;
    this.#pending.add({
      id,
      cell,
      callee: ref,
      name,
      deadlineMs,
      timeoutMs,
      resolve,
      reject,
      isPromised,
      ended: undefined,
      places: undefined,
      newer: undefined,
      older: undefined,
    });
    kernel.asyncTurns.awaits(cell, 1);
    if (deadlineMs !== Number.POSITIVE_INFINITY) kernel.timers.sweepBy(deadlineMs);
    return id;
  }

  #ask(
    cell: Cell,
    ref: RefData,
    kind: MetaKind,
    name: string,
    argument: unknown,
    timeoutMs: number,
    extras = handedOn(cell),
  ): Promise<unknown> {
    const kernel = this.#kernel;
    kernel.assertAlive(cell, "call");
    if (typeof timeoutMs !== "number" || !(timeoutMs >= 0)) {
      const verb = kind === MetaKind.stop ? "stopActor" : "call";
      throw new RuntimeError("bad_argument", `${verb} wants timeoutMs from 0 or Infinity, got ${describe(timeoutMs)}`);
    }
    this.assertMayCall(cell, ref, name, argument);
    if ((cell.flags & Flag.counted) !== 0) kernel.budgets.admit(cell, "call");
    return kernel.scheduler.commit(() => {
      const { id, promise } = this.expect(cell, ref, name, timeoutMs);
      this.#send(cell, ref, kind, id, name, argument, timeoutMs, extras);
      return promise;
    });
  }

  /** @throws RuntimeError `calling_self`, `not_cloneable`, `message_too_large`. */
  assertMayCall(cell: Cell, ref: RefData, name: string, argument: unknown): void {
    const kernel = this.#kernel;
    if (sameRef(ref, kernel.refOf(cell))) {
      throw new RuntimeError(
        "calling_self",
        `${kernel.nameOf(ref)} called itself ("${name}") and would wait for itself`,
      );
    }
    this.#check(ref, name, argument);
  }

  /** The question alone, of who keeps its end elsewhere. @param credit see `Meta.credit`. @param trace default: that of the call in hand */
  sendCall(
    cell: Cell,
    ref: RefData,
    id: number,
    name: string,
    argument: unknown,
    timeoutMs: number,
    credit: number,
    trace = cell.current?.trace,
  ): void {
    this.#send(cell, ref, MetaKind.call, id, name, argument, timeoutMs, { credit, trace });
  }

  #check(ref: RefData, name: string, argument: unknown): void {
    const kernel = this.#kernel;
    if (ref.thread !== kernel.thread) kernel.outgoing.check(argument, undefined, ref, name);
    else if (kernel.isRemote(ref)) kernel.outgoing.checkToProcess(argument, ref, name);
    else if (kernel.checks) freezeMessage(argument);
  }

  #send(
    cell: Cell,
    ref: RefData,
    kind: MetaKind,
    id: number,
    name: string,
    argument: unknown,
    timeoutMs: number,
    extras?: CallExtras,
  ): void {
    const kernel = this.#kernel;
    if ((cell.flags & Flag.traced) !== 0 && kind === MetaKind.call) kernel.traces.called(cell, ref, id, name, argument);
    if (ref.thread !== kernel.thread) {
      const frame = kind === MetaKind.stop ? FrameKind.stop : FrameKind.call;
      kernel.peers.sendCall(cell, ref, frame, id, name, argument, timeoutMs, extras);
      return;
    }
    const target = kernel.cellOf(ref);
    if (target === undefined) {
      const from = kernel.refOf(cell);
      const again = () => this.callReceived(ref, from, id, kind, name, argument, timeoutMs, 0, extras);
      if (!kernel.early.hold(ref, again, kind === MetaKind.call)) again();
    } else if (kind === MetaKind.stop) {
      const from = kernel.refOf(cell);
      const again = () => this.callReceived(ref, from, id, kind, name, argument, timeoutMs);
      if (kernel.faults?.holds(from, ref, again) !== true) again();
    } else {
      const meta = new Meta(kind, name, id, kernel.refOf(cell), timeoutMs, undefined, extras);
      void kernel.delivery.deliver(target, meta, argument, cell);
    }
  }

  /** A call from another thread, or one that came before its receiver. @param mark the sender's, see `Faults.markOf` */
  callReceived(
    ref: RefData,
    from: RefData,
    id: number,
    kind: MetaKind,
    name: string,
    argument: unknown,
    timeoutMs: number,
    mark = 0,
    extras?: CallExtras,
  ): void {
    const kernel = this.#kernel;
    const meta = new Meta(kind, name, id, from, timeoutMs, undefined, extras);
    const target = kernel.cellOf(ref);
    if (target === undefined) {
      kernel.delivery.deadLetter(ref, meta, argument, "noproc");
      this.answerError(from, id, gone(kernel.nameOf(ref), name), ref);
      return;
    }
    if (kind === MetaKind.stop) kernel.delivery.deliverSystem(target, meta, argument);
    else if (from.thread === kernel.thread) void kernel.delivery.deliver(target, meta, argument, kernel.cellOf(from));
    else kernel.delivery.deliverRemote(target, meta, argument, from.thread, from.slot, from.generation, mark);
  }

  /** Sends the answer of a call to whoever made it. @param by who answers; undefined: it matters to no plan of faults */
  answer(caller: RefData | undefined, id: number, value: unknown, by: RefData | undefined): void {
    const kernel = this.#kernel;
    if (caller === undefined) return;
    if (caller.thread === kernel.thread) {
      if (kernel.checks) freezeMessage(value);
      kernel.scheduler.commit(() => {
        const { faults } = kernel;
        if (by === undefined || faults === undefined) this.settle(id, value, by, caller);
        else if (!faults.holds(by, caller, () => this.settle(id, value, by, caller)))
          this.settle(id, value, by, caller);
      });
      return;
    }
    kernel.outgoing.check(value, undefined, caller, "the answer");
    kernel.scheduler.commit(() => {
      kernel.peers.pushFrom(caller.thread, FrameKind.reply, caller, by ?? kernel.refOf(kernel.guest), id, value);
    });
  }

  answerError(caller: RefData | undefined, id: number, error: ErrorData, by: RefData): void {
    const kernel = this.#kernel;
    if (caller === undefined) return;
    if (caller.thread !== kernel.thread)
      kernel.peers.pushFrom(caller.thread, FrameKind.replyError, caller, by, id, error);
    else if (kernel.faults?.holds(by, caller, () => this.failed(id, error, by, caller)) !== true)
      this.failed(id, error, by, caller);
  }

  /**
   * An answer arrived. Late ones find no entry and are dropped: no thread comes twice, and no id on it, so an answer is never
   * taken for that of another call. By whom it comes is not asked, since whoever has the token of a call may answer it (OTP's
   * gen_server:reply/2); but a token that was made up can end no call but its caller's own. `ScopedBus` holds plugins to more.
   * @param caller whose call it is to be
   */
  settle(id: number, value: unknown, by?: RefData, caller?: RefData): void {
    const call = this.#take(id, caller);
    if (call === undefined) {
      this.#kernel.streams.ended(id, by, value);
      return;
    }
    const { cell, callee, resolve } = call;
    if ((cell.flags & Flag.traced) !== 0 && callee !== undefined) this.#kernel.traces.answered(cell, id, callee, value);
    this.#kernel.scheduler.settle(cell, resolve as (value: never) => void, value);
  }

  failed(id: number, error: ErrorData, by?: RefData, caller?: RefData): void {
    if (this.#pending.get(id) !== undefined) this.#fail(id, error, caller);
    else this.#kernel.streams.failed(id, by, error);
  }

  /** It was made to an actor whose thread was lost before that. */
  threadIsLost(id: number, callee: RefData): void {
    const error = gone(this.#kernel.nameOf(callee), this.#pending.get(id)?.name ?? "a stream");
    this.failed(id, { ...error, message: `${error.message}: its thread is lost` });
  }

  #fail(id: number, error: ErrorData, caller?: RefData): void {
    const call = this.#take(id, caller);
    if (call === undefined) return;
    this.#reject(call, errorOfAnswer(error));
  }

  #reject({ cell, resolve, reject, isPromised }: PendingCall, error: RuntimeError): void {
    const { scheduler, tasks } = this.#kernel;
    tasks.failureOf(cell, error);
    scheduler.settle(cell, () => (isPromised ? this.failPromise(error, resolve, reject) : reject(error)), byPort);
  }

  /** In the drain: lets a promise of an actor's fail, with the stack of whoever awaits it. */
  failPromise(error: Error, resolve: (value: unknown) => void, reject: (error: unknown) => void): void {
    const settle = () => {
      release();
      reject(error);
    };
    // A cut may drop the microtask in between; then it fails without that stack.
    const release = this.#kernel.subscriptions.keep(settle);
    failAtCaller(error, resolve, settle);
  }

  #take(id: number, caller?: RefData): PendingCall | undefined {
    const { scheduler } = this.#kernel;
    scheduler.enter();
    const call = this.#pending.take(id, caller);
    scheduler.leave();
    if (call === undefined) return undefined;
    this.#kernel.asyncTurns.awaits(call.cell, -1);
    call.ended?.();
    return call;
  }

  /** The handler will answer later: until then the actor's end answers. */
  keepOpen(cell: Cell, meta: Meta): void {
    if (meta.from === undefined) return;
    const extra = extraOf(cell);
    extra.openCalls ??= new NumberTable();
    if (extra.openCalls.size > 0 && extra.openCalls.size % openCallsPrune === 0) this.#prune(extra.openCalls);
    const deadlineMs = this.#kernel.nowMs + (meta.timeoutMs ?? Number.POSITIVE_INFINITY);
    this.#keep(extra.openCalls, meta.from, meta.id, meta.name, deadlineMs);
  }

  /** The same of a token that somebody has got: until it is answered by this actor, its end answers. */
  keepOpenFor(cell: Cell, caller: RefData, id: number, name: string): void {
    const extra = extraOf(cell);
    extra.openCalls ??= new NumberTable();
    this.#keep(extra.openCalls, caller, id, name, Number.POSITIVE_INFINITY);
  }

  #keep(open: OpenCalls, caller: RefData, id: number, name: string, deadlineMs: number): void {
    const { scheduler } = this.#kernel;
    scheduler.enter();
    open.set(openCallKey(caller.thread, id), { caller, id, name, deadlineMs });
    scheduler.leave();
  }

  /** Somebody else may have answered them; past their deadline nobody waits. */
  #prune(open: OpenCalls): void {
    const { nowMs, scheduler } = this.#kernel;
    scheduler.enter();
    for (const { caller, id, deadlineMs } of open.values())
      if (deadlineMs < nowMs) open.delete(openCallKey(caller.thread, id));
    scheduler.leave();
  }

  answered(cell: Cell, caller: RefData, id: number): void {
    const { scheduler } = this.#kernel;
    scheduler.enter();
    cell.extra?.openCalls?.delete(openCallKey(caller.thread, id));
    scheduler.leave();
    // Its handler is still running: what it returns is no answer any more, and nothing is left open.
    const { current } = cell;
    if (current?.kind === MetaKind.call && current.id === id && current.from?.thread === caller.thread)
      cell.current = undefined;
  }

  /** The caller died: no answer counts any more. Its calls are rejected; code of it that goes on can send nothing. */
  abandon(cell: Cell): void {
    for (const { id } of this.#pending.of(cell)) {
      const call = this.#take(id);
      if (call !== undefined) this.#reject(call, new RuntimeError("noproc", "the caller has ended"));
    }
  }

  /** The system has stopped: the program's requests, which nobody answers by ending. */
  close(): void {
    const { guest } = this.#kernel;
    for (const { id, cell, callee, name } of this.#pending.all()) {
      if (cell !== guest || callee !== undefined) continue;
      this.#fail(id, {
        name: "RuntimeError",
        code: "not_started",
        message: `request "${name}": the system has stopped`,
      });
    }
  }

  /** Ends the calls whose time is over; returns when to look again. */
  expire(nowMs: number): number {
    const { calls, nextMs } = this.#pending.overdue(nowMs);
    for (const { id, callee, name, timeoutMs } of calls) {
      const what =
        callee === undefined
          ? `nobody answered the request "${name}"`
          : `${this.#kernel.nameOf(callee)} did not answer "${name}"`;
      this.#fail(id, { name: "RuntimeError", code: "timeout", message: `${what} within ${timeoutMs} ms` });
    }
    return nextMs;
  }

  /** The callees' thread is lost. @param blame whose doing it was, and what that one ended with. */
  threadLost(thread: number, why: string, blame: Blamed | undefined): void {
    for (const call of this.#pending.all()) {
      const { id } = call;
      // A thread that ends with its actor has told of all that did not come into that one's hands, or its senders do.
      if (why !== retiredWhy && call.places?.has(thread) === true) this.placeOut(id, thread, placeLost(call.name, why));
      if (call.callee?.thread === thread) this.#fail(id, this.lossError(call.callee, call.name, why, blame));
    }
  }

  /** What becomes of a question to an actor whose thread is lost. */
  lossError(callee: RefData, name: string, why: string, blame: Blamed | undefined): ErrorData {
    const who = this.#kernel.nameOf(callee);
    const own = blamedReason(blame, callee);
    if (own !== undefined) return reasonError(own, who, name);
    if (why === retiredWhy) return gone(who, name);
    return {
      name: "RuntimeError",
      code: "thread_lost",
      message: `${who} was lost with its thread (${why}) before it answered "${name}"`,
    };
  }
}

/** What becomes of a request where those who had it are lost with their thread. */
export function placeLost(topic: string, why: string): ErrorData {
  return {
    name: "RuntimeError",
    code: "thread_lost",
    message: `nobody answered the request "${topic}": a thread of those who had it is lost (${why})`,
  };
}

/** Of the call in hand, to those that are made meanwhile: its trace context, where it has one. */
function handedOn({ current }: Cell): CallExtras | undefined {
  const trace = current?.extras?.trace;
  return trace === undefined ? undefined : { credit: undefined, trace };
}

function gone(who: string, name: string): ErrorData {
  return { name: "RuntimeError", code: "noproc", message: `there is no actor ${who} to answer "${name}"` };
}

/** Error data from a callee as an error to throw at the caller: `code` says why, `cause` holds what the callee threw. */
export function errorOfAnswer(data: ErrorData): RuntimeError {
  const cause = data.code === undefined || data.name !== "RuntimeError" ? data : data.cause;
  return new RuntimeError(data.code ?? "crashed", data.message, cause === undefined ? undefined : { cause });
}
