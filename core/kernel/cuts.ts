/**
 * Cutting down a turn that does not end: the part of it that runs in the turn's own thread.
 *
 * The watchdog's evaluate calls `cut` on top of whatever runs. It checks that the turn is the one meant, remembers whose it
 * is, holds the kernel, posts the recovery to the thread's own port, and ends the running code; `catch` and `finally` of the
 * actor do not run. The recovery then puts right what the vanished frames cannot. What may be cut where, and why, is in
 * core/README.md (Cuts); it was found by the experiments in test/stress/kill.
 */
import { getCallSites, types } from "node:util";
import { overTime } from "../actor/actor-budget.ts";
import { type Cell, Flag } from "../actor/cell.ts";
import type { ExitReason } from "../actor/exit-reason.ts";
import type { Mail, SentMail } from "../actor/mailbox.ts";
import { refKey } from "../actor/ref.ts";
import { RuntimeError } from "../errors.ts";
import { Counter } from "./counters.ts";
import { answerScript, nothing } from "./dispatch.ts";
import { eventBit } from "./events.ts";
import type { CutRequest } from "./interrupt-request.ts";
import type { Kernel } from "./kernel.ts";
import { drainScript, standStill } from "./scheduler.ts";

/** What `cut` answers. `gone`: the turn has ended; `nobody`, `other`: code of no actor, or another's, runs. */
export type CutAnswer =
  | "cut"
  | "gone"
  | "nobody"
  | "other"
  /** The kernel is at work in the actor's frames: ask again. */
  | "busy"
  /** Code of Node's runs, called by the actor: ask again, and taint the thread if it stays so. */
  | "node"
  /** The same while Node may be making something on first use, which a cut would leave half made: it gets longer. */
  | "making";

/** How running code is ended. */
export interface Termination {
  /** Makes what `ask` needs. @throws what Node says where the inspector is refused. */
  ready(): void;
  ask(): void;
  /** It has fallen. */
  over(): void;
}

interface Verdict {
  readonly cell: Cell;
  readonly reason: ExitReason;
  readonly stack: string;
  /** The cut fell into Node's own code. */
  readonly isInNode: boolean;
  /** The interrupt that it is for; undefined: a kill, or the turn limit. */
  readonly request: CutRequest | undefined;
  /** It was interrupted, and its behaviour goes on behind that. */
  readonly survives: boolean;
  /** It fell into a turn; else behind an await. */
  readonly isInTurn: boolean;
  /** The outermost frame of the code that it fell into; undefined: too deep to be seen. */
  readonly outermost: string | undefined;
}

/** Frames of a runaway turn that are kept. */
const framesMax = 60;
/** Frames that Node looks at, at the most. */
const callSitesMax = 200;

export class Cuts {
  readonly #kernel: Kernel;
  readonly #asyncGraceMs: number;
  /** 0: for ever. */
  readonly #loadLimitMs: number;
  /** Of cuts whose recovery is still to come. */
  readonly #verdicts: Verdict[] = [];
  /** Whose turns may have been lost with a cut, until the next message of the port tells. */
  #suspects: Cell[] = [];
  #culprit = "";
  /** Between a cut and the end of its recovery: no drain runs. */
  isHeld = false;
  #termination: Termination | undefined;
  /** The termination was asked for and may not have fallen yet: whatever of the kernel the turn still reaches waits for it. */
  isFalling = false;
  /** A cut that met the kernel at work: whose, and at which turn and drain. */
  #due: { readonly cell: Cell; readonly turn: number; readonly drains: number } | undefined;
  /** Work of the kernel in user frames begins with `await`. */
  isAwaited = false;
  /** Whether all is there that Node makes on first use. Before that a cut in its code could leave something half made for ever. */
  isNodeMade = true;

  /**
   * @param asyncGraceMs how long an async turn may still take after a cut that may have dropped what it waits for.
   * @param loadTimeoutMs how long a module's top level may hold the thread.
   */
  constructor(kernel: Kernel, asyncGraceMs: number, loadTimeoutMs: number) {
    this.#kernel = kernel;
    this.#asyncGraceMs = asyncGraceMs;
    this.#loadLimitMs = loadTimeoutMs === Number.POSITIVE_INFINITY ? 0 : Math.ceil(loadTimeoutMs);
  }

  /**
   * Ends the turn that the watchdog means and none other.
   *
   * @param limitMs the turn limit that was passed; -1: the actor was killed.
   * @param request what asks for it, where neither does: an interrupt.
   * @param isPatient false: code of Node's is cut as well.
   * After the termination was asked for there is nothing but the return of a made value: one more call would use it up.
   */
  cut(
    slot: number,
    generation: number,
    turn: number,
    limitMs: number,
    isPatient: boolean,
    termination: Termination,
    request?: CutRequest,
  ): CutAnswer {
    const { dispatch, host, interruptedTurns, scheduler } = this.#kernel;
    // The word in shared memory has 32 bits.
    if ((scheduler.turn | 0) !== turn) return "gone";
    const frames = runawayFrames();
    // In a turn its actor stands in the kernel; after an await, in the async context. Never the other way round. Where a
    // cut has fallen and the recovery is still to come, the number is odd, but the turn's frames are gone.
    const isInTurn = (turn & 1) === 1 && (!this.isFalling || frames.some(isDrain));
    const cell = isInTurn ? scheduler.current : (host.blame?.owner() as Cell | undefined);
    if (cell === undefined || cell === this.#kernel.guest) return "nobody";
    if (cell.slot !== slot || cell.generation !== generation) return "other";
    if (this.isFalling && this.#verdicts.at(-1)?.cell === cell) {
      // It stands as before: the termination was used up by something else.
      termination.ask();
      return "cut";
    }
    // A handler that has returned is not interrupted any more: what it did would be done again by who asks again.
    const hasReturned = (isInTurn && dispatch.returned !== nothing) || frames.some(isAnswer);
    if (request !== undefined && (hasReturned || !interruptedTurns.isMeant(cell, request, isInTurn))) return "gone";
    if (scheduler.isCommitting) {
      // It may be at work nearly all the time: its next call waits.
      this.#due = { cell, turn, drains: scheduler.drains };
      this.isAwaited = true;
      return "busy";
    }
    const isInNode = frames[0]?.scriptName.startsWith("node:") === true;
    if (isInNode && isPatient) return request === undefined && !this.isNodeMade ? "making" : "node";
    termination.ready();
    this.#termination = termination;
    const survives = request !== undefined && interruptedTurns.survives(cell, isInTurn);
    const reason = request !== undefined ? { interrupted: request.reason } : this.#reasonOf(cell, limitMs);
    const outermost = outermostOf(getCallSites(callSitesMax));
    const stack = stackText(frames);
    this.#verdicts.push({ cell, reason, stack, isInNode, request, survives, isInTurn, outermost });
    if (request !== undefined) interruptedTurns.carriedOut(request);
    this.isHeld = true;
    this.isFalling = true;
    this.isAwaited = true;
    host.postRecovery?.();
    termination.ask();
    return "cut";
  }

  /**
   * Whose code runs after an await, and how long a turn of it may take: `slot generation limitMs`, or `nobody`. `idle`: no
   * code runs at all, though turns may be open that wait for something.
   */
  who(): string {
    if (runawayFrames().length === 0) return "idle";
    const kernel = this.#kernel;
    const owner = kernel.host.blame?.owner() as Cell | undefined;
    if (owner === undefined || owner === kernel.guest) return "nobody";
    return `${owner.slot} ${owner.generation} ${this.#limitOf(owner)}`;
  }

  #reasonOf(cell: Cell, limitMs: number): ExitReason {
    return limitMs < 0 ? "killed" : overTime(this.#kernel.budgets.kindOf(cell), limitMs);
  }

  /** How long its code may hold the thread behind an await; 0: for ever. */
  #limitOf(cell: Cell): number {
    // A module has the time of its load: a program that starts on a busy machine shall not be refused for a second.
    if (cell.extra?.loadingUrl !== undefined) return this.#loadLimitMs;
    return this.#kernel.budgets.publish(cell);
  }

  /** Whether a cut has fallen for it that it does not survive: its end is decided, and to come with the recovery. */
  isEnding(cell: Cell): boolean {
    return this.#verdicts.some((verdict) => verdict.cell === cell && !verdict.survives);
  }

  /** Does not return where a cut of the running code is to come. */
  await(): void {
    const { host, scheduler } = this.#kernel;
    if (this.isFalling) {
      if (!this.#hasFallen()) standStill();
      // Code of somebody else, in the time until the recovery: the turn that was cut down is no more.
      this.isFalling = false;
      scheduler.leaveTurn();
    }
    // No cut could fall in here.
    if (scheduler.isCommitting || this.#due === undefined) return;
    const { cell, turn, drains } = this.#due;
    const isSame = scheduler.turn === turn && scheduler.drains === drains;
    if (isSame && ((turn & 1) === 1 ? scheduler.current : host.blame?.owner()) === cell) standStill();
    this.#due = undefined;
    this.isAwaited = false;
  }

  /** Whether the code that the last cut was for is gone, so that other code runs. */
  #hasFallen(): boolean {
    const verdict = this.#verdicts.at(-1);
    if (verdict === undefined) return true;
    const frames: Frame[] = getCallSites(callSitesMax);
    // Turns are entered from the drain alone, and nothing else is.
    if (verdict.isInTurn) return frames.length < callSitesMax && !frames.some(isDrain);
    const owner = this.#kernel.host.blame?.owner();
    if (owner !== undefined) return owner !== verdict.cell;
    const outermost = outermostOf(frames);
    return outermost !== undefined && verdict.outermost !== undefined && outermost !== verdict.outermost;
  }

  /** The first message of the port after a cut. There may have been another before it, of code behind an await. */
  recover(): void {
    const kernel = this.#kernel;
    const cuts = this.#verdicts.splice(0);
    if (cuts.length === 0) return;
    this.isFalling = false;
    this.isAwaited = false;
    this.#due = undefined;
    this.#termination?.over();
    const wasInDrain = kernel.scheduler.recover();
    if (cuts.some(({ isInNode }) => isInNode)) this.#taint();
    const inHand = kernel.dispatch.mailInHand();
    kernel.dispatch.inHand = nothing;
    const { returned } = kernel.dispatch;
    kernel.dispatch.returned = nothing;
    const isWhole = wasInDrain && cuts.length === 1 && this.#suspects.length === 0;
    // Before what has come meanwhile is read: who waited for it when the cut fell has lost nothing.
    if (!isWhole) this.#suspects.push(...kernel.asyncTurns.suspects(kernel.readClock() + this.#asyncGraceMs));
    const loadsCut = new Set<string>();
    for (const { cell } of cuts) if (cell.extra?.loadingUrl !== undefined) loadsCut.add(cell.extra.loadingUrl);
    this.#carryOut(cuts, inHand, returned, isWhole);
    // Who waits for the end of one of them need not wait for the next turn, which may be a long one.
    kernel.peers.flush();
    if (isWhole) {
      this.#resume();
      return;
    }
    // A load lives in microtasks of Node's own: another one that was under way may never end.
    if (kernel.loads.isLoadingBeside(loadsCut)) this.#taint();
    kernel.subscriptions.again();
    kernel.asyncTurns.resubscribe();
    // One further message: what had settled, and was not lost, says so in the checkpoint before it.
    kernel.host.postJudgement?.();
  }

  /** Something of Node's own may be half done here: the thread gets no new actors while others can. */
  #taint(): void {
    const { memory, thread } = this.#kernel;
    if (memory.isTainted(thread)) return;
    memory.taint(thread);
    if (this.#kernel.wants(eventBit("threadTainted")))
      this.#kernel.emit({ type: "threadTainted", thread, position: memory.position(thread) });
  }

  /** @param returned by the handler that had `inHand`; `nothing`: it had not. */
  #carryOut(cuts: readonly Verdict[], inHand: SentMail | undefined, returned: unknown, isWhole: boolean): void {
    const kernel = this.#kernel;
    const seen = new Set<Cell>();
    const ends: { readonly verdict: Verdict; readonly mail: Mail | undefined }[] = [];
    for (const [at, verdict] of cuts.entries()) {
      const { cell, isInTurn, reason, request, stack, survives } = verdict;
      this.#culprit = refKey(kernel.refOf(cell));
      const url = cell.extra?.loadingUrl;
      if (url !== undefined) {
        const text = `${url} did not come to the end of its top level and was cut down:\n${stack}`;
        kernel.host.loadCutDown?.(url, new RuntimeError("load_timeout", text));
      }
      // A loop behind an await may take two cuts before it stands still, and is one turn.
      if ((cell.flags & Flag.dead) !== 0 || seen.has(cell)) continue;
      seen.add(cell);
      // What a promise still waits for may have been lost with the other turn.
      const isWorth = isWhole || !types.isPromise(returned);
      if (request !== undefined && isInTurn && returned !== nothing && isWorth) {
        kernel.interruptedTurns.returned(cell, inHand, returned, request);
        continue;
      }
      kernel.counters.add(Counter.cuts, 1);
      // Who waits for a module ends with its load; who was killed, at once.
      if (url !== undefined && reason !== "killed") continue;
      if (survives && isWhole) {
        kernel.interruptedTurns.survived(cell, inHand, (reason as { readonly interrupted: string }).interrupted, stack);
        continue;
      }
      const mail = (at === 0 ? inHand : undefined) ?? kernel.asyncTurns.mailOf(cell);
      kernel.crashes.report(cell, reason, mail, { stack });
      ends.push({ verdict, mail });
    }
    // What came while a turn held the thread came before its end: a monitor, the kill itself, or that of the next.
    kernel.peers.readAll();
    for (const { verdict, mail } of ends) {
      const { cell, reason } = verdict;
      kernel.lifecycle.die(cell, reason);
      // The turn's frames are gone, and with them what `die` would have found in its hands.
      kernel.topics.receivers.ended(cell, mail, reason);
    }
  }

  /** The second message: members of the checkpoint that have not settled by now were lost with it. */
  judge(): void {
    // Another turn was cut down in between: its recovery asks for a judgement of its own.
    if (this.#verdicts.length > 0) return;
    for (const cell of this.#suspects) {
      const { extra, flags } = cell;
      // One that waits for the kernel again has gone on meanwhile.
      if ((flags & Flag.open) !== 0 && extra?.isTurnSettled === false && extra.awaiting === 0) this.lose(cell);
    }
    this.#suspects = [];
    this.#resume();
  }

  /** Ends an actor whose open turn was lost with another's cut. Its supervisor starts it again without counting that. */
  lose(cell: Cell): void {
    const kernel = this.#kernel;
    kernel.counters.add(Counter.turnsLost, 1);
    if (kernel.wants(eventBit("turnLost")))
      kernel.emit({ type: "turnLost", ref: kernel.refOf(cell).toJSON(), culprit: this.#culprit });
    kernel.crashes.cutDown(cell, { turnLost: this.#culprit }, undefined, kernel.asyncTurns.mailOf(cell));
  }

  #resume(): void {
    this.isHeld = false;
    this.#kernel.scheduler.rearm();
  }
}

interface Frame {
  readonly functionName: string;
  readonly scriptName: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/** The frames under the evaluate. Not by `new Error().stack`: that would call a program's own `Error.prepareStackTrace`. */
function runawayFrames(): Frame[] {
  const frames: Frame[] = getCallSites(framesMax);
  const evaluate = frames.findIndex(({ scriptName }) => scriptName === "");
  return frames.slice(evaluate + 1);
}

/** Undefined: it stands too deep to be seen. */
function outermostOf(frames: readonly Frame[]): string | undefined {
  const last = frames.length < callSitesMax ? frames.at(-1) : undefined;
  return last && `${last.scriptName}:${last.lineNumber}:${last.columnNumber}`;
}

/** A frame of the drain that turns are entered from. A frame names its source only where source maps are on. */
function isDrain({ functionName, scriptName }: Frame): boolean {
  return functionName === "drain" && (scriptName === drainScript || /\/kernel\/scheduler\.[jt]s$/.test(scriptName));
}

/** A frame of what follows a handler: its answer is on its way. */
function isAnswer({ functionName, scriptName }: Frame): boolean {
  const isScript = scriptName === answerScript || /\/kernel\/dispatch\.[jt]s$/.test(scriptName);
  return isScript && (functionName === "takeResult" || functionName === "answer");
}

function stackText(frames: readonly Frame[]): string {
  return frames
    .map(({ functionName, scriptName, lineNumber, columnNumber }) => {
      return `    at ${functionName === "" ? "<anonymous>" : functionName} (${scriptName}:${lineNumber}:${columnNumber})`;
    })
    .join("\n");
}
