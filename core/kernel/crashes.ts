/**
 * Ends by an error, an actor's own or one that was done to it. Each is counted and reported before the actor dies, so
 * that who learns of its death finds the report made.
 */
import { behaviourName } from "../actor/behaviour-module.ts";
import { type Cell, extraOf, Flag } from "../actor/cell.ts";
import { type ExitReason, errorReason, thrownReason } from "../actor/exit-reason.ts";
import { type Mail, MetaKind } from "../actor/mailbox.ts";
import { type ErrorData, errorData } from "../errors.ts";
import { Counter } from "./counters.ts";
import type { CrashReport } from "./events.ts";
import type { Kernel } from "./kernel.ts";
import { mailText, messageText, plainText, stateText } from "./report-text.ts";
import { UnheardCrashes } from "./unheard-crashes.ts";

/** A crash report where the state has a `format`, and no code of the actor may run any more. */
const notFormatted = "not shown: it has a format, which is code of the actor, and that was ended from outside";

export class Crashes {
  readonly #kernel: Kernel;
  readonly unheard: UnheardCrashes;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.unheard = new UnheardCrashes(kernel);
  }

  /** A handler threw: report, answer the call in hand, `terminate` (as gen_server does), death. */
  inTurn(cell: Cell, error: unknown, mail: Mail | undefined): void {
    if ((cell.flags & Flag.dead) !== 0) return;
    if (this.#hadNoReader(cell, error)) return;
    const isUnheard = this.unheard.mayWait(cell, error, mail);
    const data = isUnheard ? errorReason(error, false).error : this.#errorOf(cell, error);
    const reason = thrownReason(data);
    // What it threw has getters of its own, which may end it.
    if ((cell.flags & Flag.dead) !== 0) return;
    if (isUnheard && "error" in reason) this.unheard.keep(this.#reportOf(cell, reason, mail), data, error);
    else this.report(cell, reason, mail);
    // A listener may have ended it; its death answered the call then.
    if ((cell.flags & Flag.dead) !== 0) return;
    const call = cell.current;
    cell.current = undefined;
    this.#kernel.topics.receivers.ended(cell, mail, reason);
    if (call !== undefined && (call.kind === MetaKind.call || call.kind === MetaKind.inspect))
      this.#kernel.calls.answerError(call.from, call.id, data, this.#kernel.refOf(cell));
    const isAtOnce =
      (cell.flags & (Flag.initializing | Flag.terminating)) !== 0 || cell.behaviour.handlers.terminate === undefined;
    if (isAtOnce) this.#kernel.lifecycle.die(cell, reason);
    else {
      extraOf(cell).isCrashReported = true;
      this.#kernel.lifecycle.terminate(cell, reason);
    }
  }

  /** It wrote a stream that nobody reads any more: no crash. What calls it has in hand is answered with that. */
  #hadNoReader(cell: Cell, error: unknown): boolean {
    if ((cell.flags & (Flag.initializing | Flag.terminating)) !== 0) return false;
    const { calls, dispatch, streams } = this.#kernel;
    if (!streams.isClosing(error)) return false;
    const call = cell.current;
    cell.current = undefined;
    if (call?.kind === MetaKind.call) calls.answerError(call.from, call.id, errorData(error), this.#kernel.refOf(cell));
    dispatch.afterTurn(cell);
    return true;
  }

  /** `terminate` threw, or the promise that it returned rejected. */
  inTerminate(cell: Cell, error: unknown): void {
    const reason = thrownReason(this.#errorOf(cell, error));
    this.report(cell, reason, undefined);
    this.#kernel.lifecycle.die(cell, reason);
  }

  /** What it has thrown outside its turns, and nobody caught. Of a turn that was cut down: who would have caught it may be what fell. */
  unhandled(cell: Cell, thrown: unknown): void {
    if ((cell.flags & Flag.dead) !== 0 || this.#kernel.cuts.isEnding(cell)) return;
    this.outside(cell, thrownReason(this.#errorOf(cell, thrown)));
  }

  /** An error of the actor outside its turns (a rejection nobody awaited): it ends, without `terminate`. */
  outside(cell: Cell, reason: ExitReason, stack?: string): void {
    if ((cell.flags & Flag.dead) !== 0) return;
    this.report(cell, reason, this.#inHand(cell), stack === undefined ? undefined : { stack });
    this.#kernel.lifecycle.die(cell, reason);
  }

  /** It has used more than its budget, and ends in whatever frames that shows, be they the sender's of a message. */
  overBudget(cell: Cell, reason: ExitReason): void {
    if ((cell.flags & Flag.dead) !== 0) return;
    this.report(cell, reason, this.#inHand(cell), { stack: undefined });
    this.#kernel.lifecycle.die(cell, reason);
  }

  /** A turn was cut down from outside, or lost with another's: the actor ends where it stands, without `terminate`. */
  cutDown(cell: Cell, reason: ExitReason, stack: string | undefined, mail: Mail | undefined): void {
    if ((cell.flags & Flag.dead) !== 0) return;
    this.report(cell, reason, mail, { stack });
    // What came while the turn held the thread came before its end: a monitor, or the kill itself.
    this.#kernel.peers.readAll();
    this.#kernel.lifecycle.die(cell, reason);
  }

  /**
   * The report alone, of an end that follows.
   * @param mail the message in hand
   * @param cut its turn was ended from outside, so no more of its code may run: it might be what did not end.
   */
  report(cell: Cell, reason: ExitReason, mail: Mail | undefined, cut?: { readonly stack: string | undefined }): void {
    this.#kernel.emit(this.#reportOf(cell, reason, mail, cut));
  }

  #reportOf(
    cell: Cell,
    reason: ExitReason,
    mail: Mail | undefined,
    cut?: { readonly stack: string | undefined },
  ): CrashReport {
    const kernel = this.#kernel;
    kernel.counters.add(Counter.crashes, 1);
    const { format } = cell.behaviour.handlers;
    const secrets = cell.extra?.configuration?.secrets;
    const text = (value: unknown) => {
      const shown = (cut === undefined ? messageText : plainText)(secrets?.hiddenIn(value) ?? value);
      return secrets?.hidden(shown) ?? shown;
    };
    // What `format` hides must stay hidden where it cannot run. Of an actor in another process it is the runtime's own.
    const state = () => {
      if (cut === undefined || (cell.flags & Flag.remote) !== 0) return stateText(cell.state, format, secrets);
      return format === undefined ? text(cell.state) : notFormatted;
    };
    this.#kernel.fanOuts.spread();
    const texts = () => ({
      state: state(),
      message: mail === undefined ? undefined : mailText(mail, text),
      queued: cell.mailbox?.peek(10, (each) => mailText(each, text)) ?? [],
    });
    return {
      type: "crashed",
      ref: kernel.refOf(cell).toJSON(),
      name: cell.extra?.name,
      behaviour: behaviourName(cell.behaviour),
      reason,
      ...(cut?.stack !== undefined && { stack: cut.stack }),
      ...(cut === undefined ? kernel.dispatch.runAs(cell, texts) : texts()),
      queuedCount: cell.mailbox?.size ?? 0,
    };
  }

  /** What an actor has thrown, read in its name: getters and traps are its code, and may not end. */
  #errorOf(cell: Cell, thrown: unknown): ErrorData {
    const { error } = this.#kernel.dispatch.runAs(cell, () => errorReason(thrown));
    const secrets = cell.extra?.configuration?.secrets;
    return secrets === undefined ? error : secrets.hiddenInError(error);
  }

  /** The message of its turn, while that runs or is open. */
  #inHand(cell: Cell): Mail | undefined {
    const { asyncTurns, dispatch, scheduler } = this.#kernel;
    return (scheduler.current === cell ? dispatch.mailInHand() : undefined) ?? asyncTurns.mailOf(cell);
  }
}
