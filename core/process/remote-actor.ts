/**
 * The actor whose code runs in a process, as main's kernel sees it: a behaviour whose turns are promises.
 *
 * Everything but the state is the cell's, on main. So links, monitors, names, bounds, calls and `kill` need no second
 * implementation, and the end of the process, whatever ended it, is the end of the cell.
 */
import type { Behaviour } from "../actor/behaviour.ts";
import type { BehaviourModule } from "../actor/behaviour-module.ts";
import { type Cell, Flag } from "../actor/cell.ts";
import type { Envelope } from "../actor/context.ts";
import { type ExitReason, isOrderly } from "../actor/exit-reason.ts";
import { type Api, noReply, type RefData } from "../actor/ref.ts";
import { initLater } from "../actor/turn-result.ts";
import { subscriptionOf } from "../bus/subscription.ts";
import { byDeadline } from "../clock.ts";
import { type ErrorData, RuntimeError } from "../errors.ts";
import type { DeedKind, DeedTerms } from "../faults/deeds.ts";
import { eventBit } from "../kernel/events.ts";
import type { RemoteActor as Remote } from "../kernel/host.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { ValueBytes } from "../thread/value-bytes.ts";
import { ChildProcess, type ProcessEnd, type ProcessOptions, processFailed } from "./child-process.ts";
import { recordOf, tooLarge } from "./frames.ts";
import type { FromProcess, ToProcess, TurnKind } from "./protocol.ts";
import { remoteBehaviour } from "./remote-behaviour.ts";
import { RemoteVerbs } from "./remote-verbs.ts";
import { checkedWord } from "./word-check.ts";

/** Time for a process to end by itself, once its actor has ended in order. */
const endGraceMs = 1_000;

export interface RemoteOptions extends ProcessOptions {
  readonly module: BehaviourModule;
  /** Time for the process to be ready, and for its module to load. */
  readonly startTimeoutMs: number;
  readonly loadTimeoutMs: number;
}

interface Turn {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  /** Cancels its limits. */
  cancel(): void;
  /** The process has said that it is open: from then on it may wait for others. */
  isOpen: boolean;
}

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
  readonly #verbs: RemoteVerbs;
  readonly #resolveLoaded: (behaviour: Behaviour<never, Api>) => void;
  readonly #rejectLoaded: (error: unknown) => void;
  readonly #resolveGone: () => void;
  #turn: Turn | undefined;
  #cancelDeadline: () => void;
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
    this.#verbs = new RemoteVerbs(kernel, cell, this.#values, this.#process);
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
    this.#verbs.end();
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

  inspect(verb: "getState" | "replaceState", value: unknown): Promise<unknown> {
    return this.#run(verb, "", value);
  }

  interrupt(reason: string): void {
    this.#say({ type: "interrupt", reason });
    this.#verbs.awaitAcknowledgement();
  }

  // Turns -----------------------------------------------------------------------------------------------------------

  #run(kind: TurnKind, name: string, value: unknown): Promise<unknown> {
    const what = `${name || kind} of ${this.#kernel.nameOf(this.#kernel.refOf(this.cell))}`;
    const frame = this.#turnFrame(kind, name, value, what); // which may be refused, before anything has begun
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#turn = { resolve, reject, cancel: this.#limitTurn(), isOpen: false };
    // Known since the behaviour is there, which is before its first turn.
    if (kind === "init" && (this.cell.flags & Flag.counted) !== 0) this.#say({ type: "countTasks" });
    this.#process.say(frame);
    // What an earlier turn began may still be waited for, and this one is at work all the same.
    this.#verbs.awaitAcknowledgement();
    return promise;
  }

  #turnFrame(kind: TurnKind, name: string, value: unknown, what: string): Uint8Array {
    return this.#process.frame({ type: "turn", kind, name, value: this.#values.encode(value, what) }, what);
  }

  /** The message in hand is too large for the process. Of an acknowledged queue it is for another member, which may take it. */
  #refuseInHand({ message }: RuntimeError): void {
    const kernel = this.#kernel;
    const mail = kernel.dispatch.mailInHand();
    const subscription = mail && subscriptionOf(mail.meta);
    const isLetter =
      subscription === undefined || kernel.topics.deliveries.unfit(subscription, mail?.payload as Envelope);
    if (isLetter) kernel.deadLetters.add(this.ref, message, "not_cloneable");
    else if (kernel.wants(eventBit("log"))) {
      const { name } = this.cell.extra ?? {};
      kernel.emit({
        type: "log",
        ref: kernel.refOf(this.cell).toJSON(),
        name,
        level: "warning",
        message,
        data: undefined,
      });
    }
  }

  assertFits(message: unknown, what: string): void {
    const { frameBytesMax } = this.#options;
    const bytes = this.#values.bytesOf(message, what);
    // What its frame adds is little: where that is too much, the turn is refused.
    if (bytes > frameBytesMax) throw tooLarge(what, bytes, frameBytesMax);
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

  #turnIsOpen(): void {
    const turn = this.#turn;
    if (turn === undefined || turn.isOpen) throw new Error('"open" of no turn that has just begun');
    turn.isOpen = true;
    this.#verbs.acknowledged();
  }

  #turnEnded(): Turn | undefined {
    const turn = this.#turn;
    this.#turn = undefined;
    turn?.cancel();
    if (turn?.isOpen === false) this.#verbs.acknowledged();
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
    const kernel = this.#kernel;
    switch (word.type) {
      case "ready":
        this.#ready();
        return;
      case "loaded":
        this.#cancelDeadline();
        this.#resolveLoaded(
          remoteBehaviour(word.behaviour, this.#options.module, {
            run: (kind, name, value) => this.#run(kind, name, value),
            deadLetter: (error) => this.#refuseInHand(error),
            stateText: () => this.#stateText,
          }),
        );
        return;
      case "failed":
        this.#failLoad(errorFrom(word.error));
        return;
      case "done":
        this.#turnEnded()?.resolve(
          word.as === "noReply" ? noReply : word.as === "initLater" ? initLater : this.#values.decode(word.value),
        );
        return;
      case "threw": {
        this.#stateText = word.state;
        const error = errorFrom(word.error);
        if (this.#verbs.streams.isClosing(word.error)) kernel.streams.noteClosing(error);
        this.#turnEnded()?.reject((word.aborted && this.cell.extra?.interrupt?.error) || error);
        return;
      }
      case "ask":
        this.#verbs.ask(word.verb, word.args);
        return;
      case "begin":
        this.#verbs.begin(word.id, word.verb, word.args);
        return;
      case "tell":
        this.#verbs.tell(word.verb, word.args);
        return;
      case "acknowledged":
        this.#verbs.acknowledged();
        return;
      case "open":
        this.#turnIsOpen();
        return;
      case "unhandled":
        kernel.crashes.outside(this.cell, { error: word.error });
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
    const { checks, memory } = kernel;
    this.#say({
      type: "start",
      module,
      checks,
      isWallClock: kernel.host.clock.wallMs !== undefined,
      refs,
      creation: memory.creation,
      frameBytesMax: this.#options.frameBytesMax,
    });
    if (kernel.wants(eventBit("processStarted")))
      kernel.emit({ type: "processStarted", ref: kernel.refOf(this.cell).toJSON(), pid: this.pid as number });
  }

  #failLoad(error: RuntimeError): void {
    this.#cancelDeadline();
    this.#rejectLoaded(error);
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
