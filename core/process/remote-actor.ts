/**
 * The actor whose code runs in a process, as main's kernel sees it: a behaviour whose turns are promises.
 *
 * Everything but the state is the cell's, on main. So links, monitors, names, bounds, calls and `kill` need no second
 * implementation, and the end of the process, whatever ended it, is the end of the cell.
 */
import { inspect } from "node:util";
import type { Behaviour, Handlers, MailboxPolicy } from "../actor/behaviour.ts";
import { type BehaviourModule, noteModule } from "../actor/behaviour-module.ts";
import { type Cell, Flag } from "../actor/cell.ts";
import type { Context, From } from "../actor/context.ts";
import { type ExitReason, isOrderly } from "../actor/exit-reason.ts";
import { type Api, noReply, type RefData } from "../actor/ref.ts";
import { initLater } from "../actor/turn-result.ts";
import { byDeadline } from "../clock.ts";
import { type ErrorData, errorData, RuntimeError } from "../errors.ts";
import type { DeedKind, DeedTerms } from "../faults/deeds.ts";
import { eventBit } from "../kernel/events.ts";
import type { RemoteActor as Remote } from "../kernel/host.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { ChildProcess, type ProcessEnd, type ProcessOptions, processFailed } from "./child-process.ts";
import { recordOf } from "./frames.ts";
import {
  askVerbs,
  beginVerbs,
  type FromProcess,
  type LoadedBehaviour,
  type ToProcess,
  type TurnKind,
  tellVerbs,
} from "./protocol.ts";
import { ValueBytes } from "./value-bytes.ts";
import { checkedWord } from "./word-check.ts";

/** Time for a process to end by itself, once its actor has ended in order. */
const endGraceMs = 1_000;

export interface RemoteOptions extends ProcessOptions {
  readonly module: BehaviourModule;
  /** Time for the process to be ready, and for its module to load. */
  readonly startTimeoutMs: number;
  readonly loadTimeoutMs: number;
}

type Verbs = Readonly<Record<string, (...args: unknown[]) => unknown>>;

export class RemoteActor implements Remote {
  /** Resolves when the process has loaded the behaviour; rejects with RuntimeError. */
  readonly loaded: Promise<Behaviour<never, Api>>;
  /** Resolves when the process is gone. */
  readonly gone: Promise<void>;
  readonly cell: Cell;
  readonly #kernel: Kernel;
  readonly #options: RemoteOptions;
  readonly #values: ValueBytes;
  readonly #process: ChildProcess;
  readonly #resolveLoaded: (behaviour: Behaviour<never, Api>) => void;
  readonly #rejectLoaded: (error: unknown) => void;
  readonly #resolveGone: () => void;
  #turn: { resolve(value: unknown): void; reject(error: unknown): void; cancel(): void } | undefined;
  #cancelDeadline: () => void;
  /** Frames that the process has not acknowledged: a settled system waits for them. */
  #unacknowledged = 0;
  /** Sends of the process, and those that wait for room. */
  #sends = 0;
  readonly #waitingSends = new Map<number, PromiseLike<void>>();
  /** What the process last said of its state, for a crash report. */
  #stateText = "not known: it is in the actor's process";
  #isEnded = false;
  /** Its process ended before it did. */
  isLost = false;

  constructor(kernel: Kernel, cell: Cell, options: RemoteOptions) {
    this.#kernel = kernel;
    this.cell = cell;
    this.#options = options;
    this.#values = new ValueBytes(kernel.refWire);
    const loaded = Promise.withResolvers<Behaviour<never, Api>>();
    this.loaded = loaded.promise;
    this.#resolveLoaded = loaded.resolve;
    this.#rejectLoaded = loaded.reject;
    const gone = Promise.withResolvers<void>();
    this.gone = gone.promise;
    this.#resolveGone = gone.resolve;
    this.#process = new ChildProcess(
      options,
      (body) => this.#take(checkedWord(recordOf(body))),
      (end) => this.#processEnded(end),
    );
    const { startTimeoutMs } = options;
    this.#cancelDeadline = byDeadline(startTimeoutMs, () =>
      this.#failLoad(
        new RuntimeError(
          "process_failed",
          `the actor's process was not ready within ${startTimeoutMs} ms: more time with processStartTimeoutMs`,
        ),
      ),
    );
  }

  get ref(): RefData {
    return this.#kernel.refOf(this.cell).toJSON();
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** The cell died: nothing of the process is carried out any more, and it ends. */
  ended(reason: ExitReason): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#failLoad(new RuntimeError("noproc", "the actor ended before its behaviour was loaded"));
    this.#kernel.scheduler.outside -= this.#unacknowledged;
    this.#unacknowledged = 0;
    // What is under way may never end; what is at rest, or called `process.exit`, ends by itself.
    const isByItself =
      (this.#turn === undefined && isOrderly(reason)) || (typeof reason === "object" && "exitCalled" in reason);
    this.#turn?.cancel();
    this.#turn = undefined;
    if (!isByItself) {
      this.#process.kill();
      return;
    }
    this.#say({ type: "end" });
    const cancel = byDeadline(endGraceMs, () => this.#process.kill());
    void this.gone.then(cancel);
  }

  kill(): void {
    this.#process.kill();
  }

  strike(kind: DeedKind, terms: DeedTerms): Promise<unknown> {
    return this.#run("deed", kind, terms);
  }

  // Turns -----------------------------------------------------------------------------------------------------------

  #run(kind: TurnKind, name: string, value: unknown): Promise<unknown> {
    const what = `${name || kind} of ${this.#kernel.nameOf(this.#kernel.refOf(this.cell))}`;
    const frame = this.#turnFrame(kind, name, value, what); // which may be refused, before anything has begun
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#turn = { resolve, reject, cancel: this.#limitTurn() };
    // Known since the behaviour is there, which is before its first turn.
    if (kind === "init" && (this.cell.flags & Flag.counted) !== 0) this.#say({ type: "countTasks" });
    this.#process.say(frame);
    return promise;
  }

  #turnFrame(kind: TurnKind, name: string, value: unknown, what: string): Uint8Array {
    return this.#process.frame({ type: "turn", kind, name, value: this.#values.encode(value, what) }, what);
  }

  assertFits(message: unknown, what: string): void {
    this.#turnFrame("receive", "", message, what);
  }

  /** A message of another thread, which could not know the bound, costs nobody but its sender. */
  #runUnlessTooLarge(kind: TurnKind, name: string, value: unknown, refuse: (error: RuntimeError) => unknown): unknown {
    try {
      return this.#run(kind, name, value);
    } catch (error) {
      if (error instanceof RuntimeError && error.code === "message_too_large") return refuse(error);
      throw error;
    }
  }

  #deadLetter({ message }: RuntimeError): void {
    this.#kernel.delivery.deadLetter(this.ref, undefined, message, "not_cloneable");
  }

  /** No cut reaches another process: a turn over its limit ends with it. */
  #limitTurn(): () => void {
    const limitMs = this.cell.extra?.turnLimitMs ?? 0;
    if (limitMs === 0) return () => {};
    const kernel = this.#kernel;
    const cancelWarning = byDeadline(limitMs / 2, () => {
      if (kernel.wants(eventBit("turnWarning")))
        kernel.emit({ type: "turnWarning", ref: kernel.refOf(this.cell).toJSON(), ms: limitMs / 2, limitMs });
    });
    const cancelLimit = byDeadline(limitMs, () => kernel.crashes.outside(this.cell, { turnLimit: limitMs }));
    return () => {
      cancelWarning();
      cancelLimit();
    };
  }

  #turnEnded(): { resolve(value: unknown): void; reject(error: unknown): void } | undefined {
    const turn = this.#turn;
    this.#turn = undefined;
    turn?.cancel();
    return turn;
  }

  // Frames ----------------------------------------------------------------------------------------------------------

  /** @throws RuntimeError `message_too_large`; then nothing is said. */
  #say(word: ToProcess, what: string = word.type): void {
    this.#process.say(this.#process.frame(word, what));
  }

  /** What the dead say is not heard (S1.4). */
  #take(word: FromProcess): void {
    if (this.#isEnded) return;
    switch (word.type) {
      case "ready":
        this.#ready();
        return;
      case "loaded":
        this.#cancelDeadline();
        this.#resolveLoaded(this.#behaviour(word.behaviour));
        return;
      case "failed":
        this.#failLoad(errorFrom(word.error));
        return;
      case "done":
        this.#turnEnded()?.resolve(
          word.as === "noReply" ? noReply : word.as === "initLater" ? initLater : this.#values.decode(word.value),
        );
        return;
      case "threw":
        this.#stateText = word.state;
        this.#turnEnded()?.reject(errorFrom(word.error));
        return;
      case "ask":
        this.#answer(word.verb, word.args);
        return;
      case "begin":
        this.#begin(word.id, word.verb, word.args);
        return;
      case "tell":
        this.#told(word.verb, word.args);
        return;
      case "acknowledged":
        if (this.#unacknowledged === 0) throw new Error('"acknowledged" of nothing');
        this.#unacknowledged--;
        this.#kernel.scheduler.outside--;
        this.#kernel.scheduler.wake();
        return;
      case "unhandled":
        this.#kernel.crashes.outside(this.cell, { error: word.error });
        return;
    }
  }

  #ready(): void {
    const kernel = this.#kernel;
    const { module, loadTimeoutMs } = this.#options;
    this.#cancelDeadline();
    this.#cancelDeadline = byDeadline(loadTimeoutMs, () =>
      this.#failLoad(
        new RuntimeError(
          "load_timeout",
          `${module.url} did not load in its process within loadTimeoutMs (${loadTimeoutMs} ms): mend its top level (an endless loop, an await that never ends)`,
        ),
      ),
    );
    this.#process.watch();
    const { parent } = this.cell;
    const values = [kernel.refOf(this.cell), parent === undefined ? undefined : kernel.adopt(parent)];
    const refs = this.#values.encode(values, "spawn");
    this.#say({ type: "start", module, checks: kernel.checks, refs, frameBytesMax: this.#options.frameBytesMax });
    if (kernel.wants(eventBit("processStarted")))
      kernel.emit({ type: "processStarted", ref: kernel.refOf(this.cell).toJSON(), pid: this.pid as number });
  }

  #failLoad(error: RuntimeError): void {
    this.#cancelDeadline();
    this.#rejectLoaded(error);
  }

  /** A verb with a result at once; the process stands still until it gets this. */
  #answer(verb: string, args: Uint8Array): void {
    let frame: Uint8Array;
    let exit: { readonly code: number; readonly stack: string } | undefined;
    try {
      const values = this.#values.decode(args) as unknown[];
      let result: unknown;
      if (verb === "processExit") exit = { code: values[0] as number, stack: values[1] as string };
      else result = this.#verb(askVerbs, verb)(...values);
      frame = this.#process.frame({ ok: true, value: this.#values.encode(result, verb) }, verb);
    } catch (error) {
      frame = this.#process.frame({ ok: false, error: errorData(error) }, verb);
    }
    this.#process.answer(frame);
    if (exit !== undefined) this.#kernel.crashes.outside(this.cell, { exitCalled: exit.code }, exit.stack);
  }

  #begin(id: number, verb: string, args: Uint8Array): void {
    const settle = (word: ToProcess) => {
      if (this.#isEnded) return;
      this.#say(word, `what ${verb} came to`);
      this.#unacknowledged++;
      this.#kernel.scheduler.outside++;
    };
    const fail = (error: unknown) => settle({ type: "settled", id, ok: false, error: errorData(error) });
    const failed = (error: unknown) => {
      try {
        fail(error);
      } catch (tooLarge) {
        fail(tooLarge);
      }
    };
    try {
      const values = this.#values.decode(args) as unknown[];
      const promise =
        verb === "accepted" ? this.#accepted(values[0] as number) : this.#verb(beginVerbs, verb)(...values);
      (promise as PromiseLike<unknown>).then((value) => {
        try {
          settle({ type: "settled", id, ok: true, value: this.#values.encode(value, verb) });
        } catch (error) {
          failed(error);
        }
      }, failed);
    } catch (error) {
      failed(error);
    }
  }

  #accepted(send: number): PromiseLike<void> {
    return this.#waitingSends.get(send) ?? Promise.resolve();
  }

  #told(verb: string, args: Uint8Array): void {
    if (verb === "taskEnded") {
      if ((this.cell.extra?.tasks ?? 0) === 0) throw new Error('"taskEnded" of none');
      this.#kernel.tasks.ended(this.cell);
      return;
    }
    const isSend = verb === "send" || verb === "cast";
    const send = isSend ? ++this.#sends : 0;
    try {
      if (verb === "taskBegan") {
        this.#kernel.budgets.admit(this.cell, "task");
        this.#kernel.tasks.began(this.cell);
        return;
      }
      const result = this.#verb(tellVerbs, verb)(...(this.#values.decode(args) as unknown[]));
      if (!isSend || result === undefined) return;
      const waiting = result as PromiseLike<void>;
      this.#waitingSends.set(send, waiting);
      waiting.then(() => this.#waitingSends.delete(send));
    } catch (error) {
      // The process has checked the arguments: what is refused here went wrong after the fact, such as a name whose holder has just ended.
      this.#kernel.crashes.outside(this.cell, { error: errorData(error) });
    }
  }

  #verb(known: readonly string[], verb: string): (...args: unknown[]) => unknown {
    if (!known.includes(verb)) throw new RuntimeError("bad_argument", `there is no verb "${verb}" in a process`);
    const verbs = this.#kernel.contextOf(this.cell) as unknown as Verbs; // by name, as they came
    return (...args) => (verbs[verb] as Verbs[string]).apply(verbs, args);
  }

  // Ends ------------------------------------------------------------------------------------------------------------

  #processEnded(end: ProcessEnd): void {
    if (this.#isEnded) {
      this.#resolveGone();
      return;
    }
    const kernel = this.#kernel;
    if (end.error !== undefined && this.pid === undefined) {
      this.#failLoad(processFailed(end.error));
      this.#resolveGone();
      return;
    }
    const reason = this.#reasonOf(end);
    this.isLost = true;
    if (kernel.wants(eventBit("processLost")))
      kernel.emit({
        type: "processLost",
        ref: kernel.refOf(this.cell).toJSON(),
        pid: this.pid as number,
        reason,
        signal: end.signal,
        exitCode: end.code,
      });
    kernel.crashes.outside(this.cell, reason, end.stack);
    this.#resolveGone();
  }

  #reasonOf({ code, signal, isOutOfMemory, isSilent, breach }: ProcessEnd): ExitReason {
    const { heapMb, heartbeatTimeoutMs } = this.#options;
    if (breach !== undefined) return { processLost: { breach } };
    if (isSilent) return { processLost: { silentMs: heartbeatTimeoutMs } };
    if (isOutOfMemory && heapMb !== undefined) return { budget: { heapMb } };
    if (isOutOfMemory) return { processLost: { outOfMemory: true, signal: signal ?? `exit code ${code}` } };
    if (signal !== undefined) return { processLost: { signal } };
    return { exitCalled: code ?? 0 };
  }

  #behaviour(loaded: LoadedBehaviour): Behaviour<never, Api> {
    const { exportName, name, mailboxCapacity, mailboxPolicy, turnLimitMs, budget, isServer, handlers } = loaded;
    const behaviour: Behaviour<never, Api> = Object.freeze({
      kind: "behaviour" as const,
      options: Object.freeze({
        ...(name !== undefined && { name }),
        ...(mailboxCapacity !== undefined && { mailboxCapacity }),
        ...(mailboxPolicy !== undefined && { mailboxPolicy: mailboxPolicy as MailboxPolicy }),
        ...(turnLimitMs !== undefined && { turnLimitMs }),
        ...(budget !== undefined && { budget }),
      }),
      handlers: this.#handlers(isServer, handlers),
      modules: [],
    });
    noteModule(behaviour, { ...this.#options.module, exportName });
    return behaviour;
  }

  #handlers(isServer: boolean, has: readonly string[]): Handlers {
    const call = (_state: unknown, name: string, argument: unknown, ctx: Context): unknown => {
      const from = ctx.from as From; // a call has one
      return this.#runUnlessTooLarge("call", name, [argument, from], (error) => {
        ctx.replyError(from, error);
        return noReply;
      });
    };
    const cast = (_state: unknown, name: string, argument: unknown) =>
      this.#runUnlessTooLarge("cast", name, argument, (error) => this.#deadLetter(error));
    const plain = (kind: TurnKind) => (_state: unknown, value: unknown) => this.#run(kind, "", value);
    return Object.freeze({
      isServer,
      isAsync: true,
      init: (argument: unknown) => this.#run("init", "", argument),
      receive: (_state: unknown, message: unknown) =>
        this.#runUnlessTooLarge("receive", "", message, (error) => this.#deadLetter(error)),
      ...(has.includes("call") && { call }),
      ...(has.includes("cast") && { cast }),
      ...(has.includes("continue") && { continue: plain("continue") }),
      ...(has.includes("terminate") && { terminate: plain("terminate") }),
      format: () => ({ [inspect.custom]: () => this.#stateText }),
    });
  }
}

/** An error of the process as one of this thread. */
function errorFrom({ name, message, code, stack, cause }: ErrorData): RuntimeError {
  const error = new RuntimeError(code ?? "", message, cause === undefined ? {} : { cause });
  error.name = name;
  // One without a code has none here either.
  if (code === undefined) Object.defineProperty(error, "code", { value: undefined });
  if (stack !== undefined) error.stack = stack;
  return error;
}
