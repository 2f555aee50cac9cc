/**
 * One thread as the watchdog sees it: its words in shared memory, and what is being done about a turn that does not end.
 *
 * In an odd turn number the words say whose turn it is. In an even one code runs behind an `await`, or none at all: then
 * the thread itself is asked. Time in which the watchdog did not run, or the thread waited for a processor, does not count
 * against anybody.
 */
import { stopwatchMs } from "../clock.ts";
import type { CutAnswer } from "../kernel/cuts.ts";
import type { CutRequest } from "../kernel/interrupt-request.ts";
import type { SystemMemory } from "../kernel/system-memory.ts";
import { cutExpression, interruptExpression, whoExpression } from "./cut-target.ts";
import { PendingInterrupts } from "./pending-interrupts.ts";
import type { Suspect } from "./watchdog-protocol.ts";

/**
 * Time for a thread to answer; then it is ended as a whole. V8 may let a loop without a body run on for 2^30 rounds before it takes up
 * what it is asked: 0.9 s on a fast machine, 3.3 on a slow one.
 */
const answerMs = 5_000;
/** And to move again after a cut, or to be found. */
const comeBackMs = 2_000;
/** How long after a cut it is looked whether other code has begun before the recovery, also where a kill is wanted; and how often again. */
const afterCutMs = 20;
const afterCutKillMs = 5;
/** Cuts are asked for again for so long: the kernel may be at work in the actor's frames again and again. */
const cuttingMs = 5_000;
/** How long Node's own code, called by an actor, is waited for before it is cut as well. */
const nodeMs = 20;
/** And where it may be making something on first use, which takes it some ten milliseconds, and more on a busy machine. */
const makingMs = 1_000;
/** A turn whose actor is to be killed may end by itself for so long; where sessions are still to be made, for so long. */
const killAfterMs = 0.3;
const killFirstMs = 5;
/** Code behind an await, of which only the thread knows whose it is, when the thread has not moved for so long. */
const killBehindAwaitMs = 1;
/** A thread that does not answer a pulse for so long is held by something: where a kill is wanted, and else. */
const silentKillMs = 5;
const silentMs = 20;
/** A thread with open async turns that does not move for so long is asked who runs; how often, while nobody does. */
const askFirstMs = 30;
const askEveryMs = 250;
/** So much of a turn's time may be excused because its thread waited for a processor: it has ten limits at most. */
const waitShareMax = 0.9;
/** Code of nobody, also the kernel's own, that holds a thread for so many limits of the last turn ends the thread. */
const nobodysLimits = 5;

/** What an evaluate gives where the thread gave nothing: the next look sees to it. */
export const noAnswer = "no answer";

/** What the watchdog does for a thread. */
export interface Watch {
  /** There will never be a way to evaluate in the thread. */
  readonly isRefused: boolean;
  /** Whether `evaluate` is there at once, without sessions that are made first. */
  isAtHand(): boolean;
  /** Evaluates in the thread; undefined: there is no way to it, or not yet. */
  evaluate(expression: string): Promise<string | undefined>;
  /** Asks the thread for a sign of life: `lived` is to be called when it comes. */
  pulse(): void;
  /** How long the thread has waited for a processor in its life; undefined: not to be known. */
  waitedMs(): number | undefined;
  warn(suspect: Suspect, ms: number): void;
  stuck(suspect: Suspect | undefined, why: string): void;
}

export class WatchedThread {
  readonly thread: number;
  readonly #memory: SystemMemory;
  readonly #watch: Watch;
  readonly #run: number;
  readonly #limitWord: number;
  readonly #drainWord: number;
  #turn = -1;
  #drains = -1;
  /** Since when the thread has not moved, without the time that it is excused for. */
  #sinceMs = 0;
  /** When it was first seen where it stands. */
  #seenMs = 0;
  #isWarned = false;
  /** A question is out, since when; what for. */
  #askedMs = 0;
  #isAsking = false;
  #isCutAsked = false;
  /** Since when this turn is to be cut down. */
  #cuttingSinceMs = 0;
  /** A cut was made, when, and the thread has not moved since. */
  #isCut = false;
  #cutMs = 0;
  #suspect: Suspect | undefined;
  /** Who ran behind an await at the last look. */
  #owner = "";
  #ownerMs = 0;
  /** When it is asked again, so long after the last answer. */
  #askAfterMs = askFirstMs;
  /** Since when Node's own code stands above the actor's. */
  #nodeSinceMs = 0;
  #nodePatienceMs = nodeMs;
  #isStuck = false;
  /** A question of an interrupt is out: no thread is ended for that alone. */
  #isInterruptAsked = false;
  readonly #interrupts: PendingInterrupts;
  /** Since when a pulse is on its way; 0: none. */
  #pulsedMs = 0;
  #lastAnswer = "";
  /** When it was looked at last, and how long it had waited for a processor by then; undefined: it was not at work. */
  #lookedMs = 0;
  #waitedMs: number | undefined;
  /** Of what it had waited, what was more than may be excused by then. */
  #owedMs = 0;

  constructor(thread: number, memory: SystemMemory, watch: Watch) {
    this.thread = thread;
    this.#memory = memory;
    this.#watch = watch;
    this.#run = memory.runWords(thread);
    this.#limitWord = memory.turnLimitWord(thread);
    this.#drainWord = memory.watch.drainWord(thread);
    this.#interrupts = new PendingInterrupts(
      (turn, drains) =>
        Atomics.load(memory.words, this.#run + 2) === turn && Atomics.load(memory.words, this.#drainWord) === drains,
    );
  }

  /** Whether somebody waits for the end of an actor here. */
  get isWanted(): boolean {
    return this.#memory.watch.killsWanted(this.thread) > 0;
  }

  /** Whether it is to be looked at again at once: a kill is wanted, or the kernel was at work where a cut was to fall. */
  get isUrgent(): boolean {
    if (!this.#isAsking && this.#interrupts.isUrgent) return true;
    return this.isWanted || (this.#cuttingSinceMs !== 0 && !this.#isCut && !this.#isAsking);
  }

  /** Whether the actor whose turn runs is to be killed, and no cut is on its way. */
  get isCaught(): boolean {
    const { watch, words } = this.#memory;
    if (this.#isAsking || this.#isCut || (Atomics.load(words, this.#run + 2) & 1) === 0) return false;
    return watch.isKillWanted(this.thread, Atomics.load(words, this.#run), Atomics.load(words, this.#run + 1));
  }

  /** Whether it runs something, as its words say. */
  get isAtWork(): boolean {
    const turn = Atomics.load(this.#memory.words, this.#run + 2);
    return (turn & 1) === 1 || this.#isAwake || this.#pulsedMs !== 0;
  }

  /** Whether it has something to do: a timer of Node's that never ends may hold it while it believes that it rests. */
  get #isAwake(): boolean {
    return this.#memory.isBusy(this.thread) || this.#memory.watch.isRung(this.thread);
  }

  /**
   * @param lostMs time in which the watchdog itself did not run.
   * @param unheardMs time in which no answer could come: main, which hands them on, was held, or the same.
   */
  look(nowMs: number, lostMs: number, unheardMs: number): void {
    if (this.#isStuck) return;
    const { waitedMs, excusedMs } = this.#waitedSince(nowMs);
    if (this.#hasMoved()) {
      const { words } = this.#memory;
      this.#turn = Atomics.load(words, this.#run + 2);
      this.#drains = Atomics.load(words, this.#drainWord);
      this.#sinceMs = nowMs;
      this.#seenMs = nowMs;
      this.#isWarned = false;
      this.#isCut = false;
      this.#nodeSinceMs = 0;
      this.#cuttingSinceMs = 0;
      this.#suspect = undefined;
      this.#owner = "";
      this.#askAfterMs = askFirstMs;
      this.#isInterruptAsked = false;
      this.#interrupts.hasMoved(nowMs);
      return;
    }
    this.#sinceMs += Math.max(lostMs, excusedMs);
    // Who has not run cannot have answered, however long.
    const deafMs = Math.max(unheardMs, waitedMs);
    this.#askedMs += deafMs;
    this.#cutMs += deafMs;
    if (this.#cuttingSinceMs !== 0) this.#cuttingSinceMs += deafMs;
    this.#interrupts.excuse(Math.max(lostMs, excusedMs));
    if (this.#isAsking) {
      if (this.#isInterruptAsked) this.#takeOver(nowMs);
      if (nowMs - this.#askedMs > this.#patienceMs()) this.#end("did not answer");
      return;
    }
    const turn = this.#turn;
    if (this.#isCut) {
      this.#lookAfterCut(turn, nowMs);
      return;
    }
    const heldMs = nowMs - this.#sinceMs;
    if (!this.isWanted && this.#lookAtInterrupts(nowMs)) return;
    if ((turn & 1) === 1) this.#lookAtTurn(turn, heldMs, nowMs);
    else this.#lookBehindAwait(heldMs, nowMs);
  }

  // Interrupts -------------------------------------------------------------------------------------------------------

  /** A turn is to be cut down if the thread still stands there when its grace is over. */
  interrupt(request: CutRequest, nowMs: number): void {
    if (!this.#isStuck && !this.#watch.isRefused) this.#interrupts.add(request, nowMs);
  }

  /** True: one is asked for. */
  #lookAtInterrupts(nowMs: number): boolean {
    const request = this.#interrupts.take(nowMs);
    if (request === undefined) return false;
    const { slot, generation } = request;
    const answered = (answer: string, answeredMs: number) => {
      if (answer === "cut") {
        this.#suspect ??= { slot, generation, limitMs: -1 };
        this.#answered("cut", answeredMs);
        this.#interrupts.drop(request);
      } else if (answer === "busy") this.#interrupts.again(request, answeredMs);
      // Behind an await others may run before it does.
      else if (answer === "gone" || ((this.#turn & 1) === 1 && answer !== "node")) this.#interrupts.drop(request);
    };
    this.#ask(interruptExpression(request, this.#turn), nowMs, answered, true);
    return true;
  }

  /** A question of an interrupt gets no answer, and the turn is to be ended for another reason by now: that one is waited for. */
  #takeOver(nowMs: number): void {
    const { words, watch } = this.#memory;
    const slot = Atomics.load(words, this.#run);
    const generation = Atomics.load(words, this.#run + 1);
    const limitMs = Atomics.load(words, this.#limitWord);
    if ((this.#turn & 1) === 0) return;
    const isKilled = watch.isKillWanted(this.thread, slot, generation);
    if (!isKilled && (limitMs === 0 || nowMs - this.#sinceMs < limitMs)) return;
    this.#suspect = { slot, generation, limitMs: isKilled ? -1 : limitMs };
    this.#isInterruptAsked = false;
    this.#isCutAsked = true;
    this.#askedMs = nowMs;
    this.#cuttingSinceMs = nowMs;
  }

  /** How much of the time since the last look the thread, though at work, waited for a processor, and what of it a turn is excused for. */
  #waitedSince(nowMs: number): { readonly waitedMs: number; readonly excusedMs: number } {
    const before = this.#waitedMs;
    const passedMs = nowMs - this.#lookedMs;
    this.#lookedMs = nowMs;
    const isHeld = (this.isAtWork || this.#isAsking) && !this.#hasMoved();
    this.#waitedMs = isHeld ? this.#watch.waitedMs() : undefined;
    if (before === undefined || this.#waitedMs === undefined) {
      this.#owedMs = 0;
      return { waitedMs: 0, excusedMs: 0 };
    }
    const waitedMs = this.#waitedMs - before;
    const dueMs = this.#owedMs + waitedMs;
    const excusedMs = Math.min(dueMs, passedMs * waitShareMax);
    this.#owedMs = dueMs - excusedMs;
    return { waitedMs, excusedMs };
  }

  /**
   * How long an answer is waited for. Whose code runs behind an await is not known without one, so it gets the limit that the
   * last turn had; where that had none, until a kill has waited long enough.
   */
  #patienceMs(): number {
    if (this.#isCutAsked) return answerMs;
    const limitMs = Atomics.load(this.#memory.words, this.#limitWord);
    if (limitMs > 0) return limitMs + answerMs;
    return this.isWanted ? cuttingMs : Number.POSITIVE_INFINITY;
  }

  /** Since the last look. */
  #hasMoved(): boolean {
    const { words } = this.#memory;
    return Atomics.load(words, this.#run + 2) !== this.#turn || Atomics.load(words, this.#drainWord) !== this.#drains;
  }

  /** A cut was made and the thread has not moved: did the cut not fall, or does other code hold the recovery up? */
  #lookAfterCut(turn: number, nowMs: number): void {
    const { slot, generation } = this.#suspect ?? { slot: -1, generation: -1 };
    if (nowMs - Math.max(this.#cutMs, this.#ownerMs) < (this.isWanted ? afterCutKillMs : afterCutMs)) return;
    this.#ask(whoExpression, nowMs, (answer, answeredMs) => {
      this.#ownerMs = answeredMs;
      if (answer === "nobody" || answer === "idle") {
        if (answeredMs - this.#cutMs > comeBackMs) this.#end("did not come back from a cut");
        else if ((turn & 1) === 1 && this.#suspect !== undefined) this.#cut(this.#suspect, answeredMs);
        return;
      }
      const [otherSlot = 0, otherGeneration = 0, limitMs = 0] = answer.split(" ").map(Number);
      const other = { slot: otherSlot, generation: otherGeneration };
      const isSame = otherSlot === slot && otherGeneration === generation;
      const isWanted = this.#memory.watch.isKillWanted(this.thread, otherSlot, otherGeneration);
      // What the dead have left behind holds up a recovery that others wait for.
      const isDead = this.#memory.generation(this.thread, otherSlot) !== otherGeneration;
      if (isSame || isWanted || isDead) this.#cut({ ...other, limitMs: isWanted ? -1 : limitMs }, answeredMs);
      else if (limitMs > 0) this.#limit({ ...other, limitMs }, answeredMs - this.#cutMs, answeredMs);
    });
  }

  #lookAtTurn(turn: number, heldMs: number, nowMs: number): void {
    const { words } = this.#memory;
    const slot = Atomics.load(words, this.#run);
    const generation = Atomics.load(words, this.#run + 1);
    const limitMs = Atomics.load(words, this.#limitWord);
    if (Atomics.load(words, this.#run + 2) !== turn) return;
    if (this.#memory.watch.isKillWanted(this.thread, slot, generation)) {
      const isDue = this.#watch.isAtHand() ? nowMs - this.#seenMs >= killAfterMs : heldMs >= killFirstMs;
      if (isDue) this.#cut({ slot, generation, limitMs: -1 }, nowMs);
    } else if (limitMs > 0) this.#limit({ slot, generation, limitMs }, heldMs, nowMs);
  }

  #limit(suspect: Suspect, heldMs: number, nowMs: number): void {
    if (heldMs >= suspect.limitMs) this.#cut(suspect, nowMs);
    else if (heldMs * 2 >= suspect.limitMs && !this.#isWarned) {
      this.#isWarned = true;
      this.#watch.warn(suspect, Math.round(heldMs));
    }
  }

  /** No turn runs: is it code behind an await, or nothing? */
  #lookBehindAwait(heldMs: number, nowMs: number): void {
    const memory = this.#memory;
    const isAtWork = this.#isAwake || memory.watch.openTurns(this.thread) > 0;
    const isWanted = memory.watch.killsWanted(this.thread) > 0 && heldMs >= killBehindAwaitMs;
    if (!isAtWork && !isWanted) {
      this.#sinceMs = nowMs;
      return;
    }
    const stillMs = nowMs - Math.max(this.#sinceMs, this.#ownerMs);
    // A limit of the actor's own is not known before it was asked for.
    if (!isWanted && stillMs < this.#askAfterMs - silentMs) return;
    // Sessions are made for those alone that something holds. Where there are some already, it can be asked as well.
    const isSilent = (isWanted && this.#watch.isAtHand()) || this.#isSilent(nowMs, isWanted ? silentKillMs : silentMs);
    if (!isSilent || (!isWanted && stillMs < this.#askAfterMs)) return;
    this.#ask(whoExpression, nowMs, (answer, answeredMs) => {
      this.#ownerMs = answeredMs;
      const isSame = this.#owner !== "" && this.#owner === answer;
      this.#owner = answer;
      this.#askAfterMs = askEveryMs;
      if (answer === "idle") this.#sinceMs = answeredMs;
      else if (answer === "nobody") {
        const limitMs = Atomics.load(memory.words, this.#limitWord);
        const nobodysMs = Math.max(limitMs * nobodysLimits, comeBackMs);
        if (this.#isAwake && limitMs > 0 && heldMs > nobodysMs) this.#end("was held by code of no actor");
      } else {
        const [slot = 0, generation = 0, limitMs = 0] = answer.split(" ").map(Number);
        if (memory.watch.isKillWanted(this.thread, slot, generation))
          this.#cut({ slot, generation, limitMs: -1 }, answeredMs);
        // Two looks at the same code: it may just have begun.
        else if (isSame && limitMs > 0) this.#limit({ slot, generation, limitMs }, heldMs, answeredMs);
        // Its limit is known now: the next look is at the half of it, for the warning, or at its end.
        if (limitMs > 0)
          this.#askAfterMs = Math.min(askEveryMs, Math.max(0, (heldMs * 2 < limitMs ? limitMs / 2 : limitMs) - heldMs));
      }
    });
  }

  /** Whether the thread has not answered a pulse for so long. */
  #isSilent(nowMs: number, forMs: number): boolean {
    if (this.#pulsedMs === 0) {
      this.#pulsedMs = nowMs;
      this.#watch.pulse();
    }
    return nowMs - Math.max(this.#pulsedMs, this.#sinceMs) >= forMs;
  }

  /** It has answered: nothing held it. */
  lived(nowMs: number): void {
    this.#pulsedMs = 0;
    if ((this.#turn & 1) === 1 || this.#isCut) return;
    this.#sinceMs = nowMs;
    this.#isWarned = false;
    this.#owner = "";
    this.#askAfterMs = askEveryMs;
  }

  #cut(suspect: Suspect, nowMs: number): void {
    const isSame = this.#suspect?.slot === suspect.slot && this.#suspect.generation === suspect.generation;
    this.#suspect = suspect;
    if (!isSame || this.#cuttingSinceMs === 0) this.#cuttingSinceMs = nowMs;
    else if (nowMs - this.#cuttingSinceMs > cuttingMs) {
      this.#end(`could not be cut: ${this.#lastAnswer}`);
      return;
    }
    const isPatient = this.#nodeSinceMs === 0 || nowMs - this.#nodeSinceMs < this.#nodePatienceMs;
    const { slot, generation, limitMs } = suspect;
    const expression = cutExpression(slot, generation, this.#turn, limitMs, isPatient);
    this.#ask(expression, nowMs, (answer, answeredMs) => this.#answered(answer as CutAnswer, answeredMs));
  }

  #answered(answer: CutAnswer, nowMs: number): void {
    this.#lastAnswer = answer;
    switch (answer) {
      case "cut":
        if (!this.#isCut) this.#cutMs = nowMs;
        this.#isCut = true;
        return;
      case "node":
      case "making":
        this.#nodePatienceMs = answer === "making" ? makingMs : nodeMs;
        if (this.#nodeSinceMs === 0) this.#nodeSinceMs = nowMs;
        return;
      default:
        // The turn has ended, or the next look asks again.
        return;
    }
  }

  /** An answer counts while the thread has not moved. Behind a cut that has been recovered from it is no news. */
  #ask(
    expression: string,
    nowMs: number,
    then: (answer: string, answeredMs: number) => void,
    isInterrupt = false,
  ): void {
    if (this.#watch.isRefused) {
      // Without a way to the thread its words must tell who runs, and only the whole of it can be ended.
      if (expression === whoExpression) then(this.#memory.watch.ownerText(this.thread), nowMs);
      else this.#end("cannot be asked");
      return;
    }
    this.#isAsking = true;
    this.#isCutAsked = expression !== whoExpression && !isInterrupt;
    this.#isInterruptAsked = isInterrupt;
    this.#askedMs = nowMs;
    const [turn, drains] = [this.#turn, this.#drains];
    void this.#watch.evaluate(expression).then((answer) => {
      const answeredMs = stopwatchMs();
      this.#isAsking = false;
      this.#isInterruptAsked = false;
      // A look in between may have seen it move already.
      const hasMoved = turn !== this.#turn || drains !== this.#drains || this.#hasMoved();
      if (this.#isStuck || answer === noAnswer || hasMoved) return;
      if (answer !== undefined) then(answer, answeredMs);
      // Main may still have to tell of the way.
      else if (this.#isCutAsked && answeredMs - this.#cuttingSinceMs > comeBackMs) this.#end("cannot be asked");
    });
  }

  #end(why: string): void {
    this.#isStuck = true;
    this.#watch.stuck(this.#suspect, why);
  }
}
