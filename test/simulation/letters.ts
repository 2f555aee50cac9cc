/**
 * Messages and exit signals, numbered where they are sent, and the oracle of order and conservation (S2, S7.2).
 *
 * Every pair of sender and receiver counts its own. Of what was sent each is handled, a dead letter, or lost with a
 * thread, exactly once, and handled in the order in which it was sent.
 */
import type { Player } from "./players.ts";
import type { Trace } from "./trace.ts";

export type LetterKind = "send" | "cast" | "call" | "timer" | "exit";

export interface Letter {
  readonly id: number;
  readonly kind: LetterKind;
  readonly from: Player;
  readonly to: Player;
  /** Place among all that this sender sent to this receiver. */
  readonly place: number;
  readonly sentTime: number;
  /** Timers: when it is due. */
  readonly dueMs: number;
  /** How often it was handled for the first time: 0 or 1. Periodic timers: any number. */
  handled: number;
  isStashed: boolean;
  /** Why it is a dead letter. */
  why: string | undefined;
  /** The send returned a promise: it waited for room, or waits still. */
  hasWaited: boolean;
  /** The promise settled. */
  isAccepted: boolean;
  /** The sending verb threw: it was never sent. */
  isUnsent: boolean;
  /** Its thread had shown it to the receiver's before it was lost; or both are on one thread. */
  isPublished: boolean;
  isCancelled: boolean;
  isPeriodic: boolean;
}

interface Pair {
  places: number;
  /** Place of the latest that was received, by which kind of queue: messages, signals. */
  lastMessage: number;
  lastSignal: number;
  readonly open: Set<Letter>;
  /** The receiver has got the sender's down or its exit by a link: nothing may follow. */
  isOver: boolean;
}

export class Letters {
  readonly #trace: Trace;
  readonly all: Letter[] = [];
  readonly #pairs = new Map<number, Pair>();
  /** By sender's thread: what was sent and is not yet known to be published. */
  readonly #unpublished = new Map<number, Letter[]>();

  constructor(trace: Trace) {
    this.#trace = trace;
  }

  #pair(from: Player, to: Player): Pair {
    const key = from.id * 4_096 + to.id;
    let pair = this.#pairs.get(key);
    if (pair === undefined) {
      pair = { places: 0, lastMessage: -1, lastSignal: -1, open: new Set(), isOver: false };
      this.#pairs.set(key, pair);
    }
    return pair;
  }

  /** Something is about to be sent. */
  write(kind: LetterKind, from: Player, to: Player, dueMs = 0): Letter {
    const pair = this.#pair(from, to);
    const letter: Letter = {
      id: this.all.length,
      kind,
      from,
      to,
      place: kind === "timer" ? -1 : pair.places++,
      sentTime: this.#trace.note(kind, from.id, to.id, this.all.length),
      dueMs,
      handled: 0,
      isStashed: false,
      why: undefined,
      // A call says nothing of it.
      hasWaited: kind === "call" && to.policy === "wait" && to.capacity !== undefined,
      isAccepted: false,
      isUnsent: false,
      isPublished: from.thread === to.thread,
      isCancelled: false,
      isPeriodic: false,
    };
    this.all.push(letter);
    if (kind !== "timer") pair.open.add(letter);
    if (!letter.isPublished) {
      const list = this.#unpublished.get(from.thread);
      if (list === undefined) this.#unpublished.set(from.thread, [letter]);
      else list.push(letter);
    }
    return letter;
  }

  /** The verb threw: there is no such message. */
  unsent(letter: Letter): void {
    letter.isUnsent = true;
    this.#pair(letter.from, letter.to).open.delete(letter);
  }

  /** The thread's outbox is empty at the end of a drain: all that its actors sent is published. */
  published(thread: number): void {
    const list = this.#unpublished.get(thread);
    if (list === undefined) return;
    const waiting: Letter[] = [];
    for (const letter of list) {
      if (letter.hasWaited && !letter.isAccepted) waiting.push(letter);
      else letter.isPublished = true;
    }
    if (waiting.length > 0) this.#unpublished.set(thread, waiting);
    else this.#unpublished.delete(thread);
  }

  /** The receiver handles a message; true when it does so for the first time. */
  handled(letter: Letter, by: Player, nowMs: number): boolean {
    const trace = this.#trace;
    const name = textOf(letter);
    if (letter.to !== by) trace.breach("S2.1", `${name} was handled by ${by.id}`);
    if (letter.isUnsent) trace.breach("S2.7", `${name} was refused at the sender and handled`);
    if (letter.isStashed) {
      letter.isStashed = false;
      return false;
    }
    if (letter.why !== undefined && !letter.isPeriodic)
      trace.breach("S2.3", `${name} is a dead letter (${letter.why}) and was handled`);
    if (letter.handled > 0 && !letter.isPeriodic) trace.breach("S2.3", `${name} was handled twice`);
    letter.handled++;
    if (letter.kind === "timer") {
      if (letter.isCancelled) trace.breach("S5.6", `${name} arrived after cancelTimer returned`);
      if (nowMs < letter.dueMs) trace.breach("S5.6", `${name} arrived before it was due`);
      if (!letter.isPeriodic && letter.from === by) {
        const [dueMs, id] = by.lastTimer;
        if (letter.dueMs < dueMs || (letter.dueMs === dueMs && letter.id < id))
          trace.breach("S5.6", `${name}, due at ${letter.dueMs}, came after timer ${id}, due at ${dueMs}`);
        by.lastTimer = [letter.dueMs, letter.id];
      }
      return true;
    }
    this.#inOrder(letter, name);
    return true;
  }

  /** A trapping receiver handles the exit message of a numbered exit signal. */
  exitHandled(letter: Letter, by: Player): void {
    const name = textOf(letter);
    if (letter.to !== by) this.#trace.breach("S2.1", `${name} was handled by ${by.id}`);
    if (letter.handled > 0) this.#trace.breach("S2.3", `${name} was handled twice`);
    letter.handled++;
    this.#inOrder(letter, name);
  }

  /** An exit signal acted on its receiver, which is dead now. */
  exitActed(letter: Letter): void {
    const pair = this.#pair(letter.from, letter.to);
    letter.handled++;
    pair.open.delete(letter);
    if (pair.lastMessage > letter.place)
      this.#trace.breach(
        "S2.1",
        `${textOf(letter)} acted after a later message (place ${pair.lastMessage}) was handled`,
      );
  }

  #inOrder(letter: Letter, name: string): void {
    const pair = this.#pair(letter.from, letter.to);
    pair.open.delete(letter);
    if (pair.isOver) this.#trace.breach("S1.4", `${name} was handled after its sender's end was told`);
    const isSignal = letter.kind === "exit";
    // S7.2: signals do not stand behind a send that waits.
    const last =
      letter.to.policy === "wait"
        ? isSignal
          ? pair.lastSignal
          : pair.lastMessage
        : Math.max(pair.lastSignal, pair.lastMessage);
    if (letter.place <= last)
      this.#trace.breach("S2.1", `${name} (place ${letter.place}) was handled after place ${last} of the same sender`);
    if (isSignal) pair.lastSignal = letter.place;
    else pair.lastMessage = letter.place;
    if (letter.from.isLost || letter.to.policy === "wait") return;
    // What stands before it and is still open has been overtaken or lost.
    for (const open of pair.open) {
      if (open.place >= letter.place) break;
      if (open.kind === "exit") continue;
      this.#trace.breach("S2.1", `${name} was handled, and ${textOf(open)}, sent before it, was not`);
      break;
    }
  }

  /** A down or the exit of a link was handled: its sender has ended, and all that it had sent was before that. */
  senderEnded(from: Player, to: Player, what: string): void {
    const pair = this.#pair(from, to);
    pair.isOver = true;
    for (const letter of pair.open) {
      if (letter.hasWaited || letter.kind === "exit" || letter.sentTime > from.deathTime) continue;
      // Also of one that had ended before its thread was lost.
      if (from.isThreadLost && !letter.isPublished) continue;
      this.#trace.breach(from.isLost ? "S3.8" : "S2.1", `${what}: ${textOf(letter)} was sent before and not handled`);
      break;
    }
  }

  deadLetter(letter: Letter, why: string): void {
    const trace = this.#trace;
    trace.note("deadLetter", letter.id, why.length);
    const name = textOf(letter);
    if (letter.why !== undefined && !letter.isPeriodic)
      trace.breach("S2.3", `${name} became a dead letter twice: ${letter.why}, ${why}`);
    if (letter.isUnsent) trace.breach("S2.7", `${name} was refused at the sender and is a dead letter`);
    if (letter.handled > 0 && !letter.isStashed && !letter.isPeriodic)
      trace.breach("S2.3", `${name} was handled and is a dead letter (${why})`);
    letter.why = why;
    this.#pair(letter.from, letter.to).open.delete(letter);
    const { from, to } = letter;
    switch (why) {
      case "noproc":
        // A send that waits dies with its sender; a timer's target is looked up when it fires.
        if (!to.isGone && !to.mayNeverCome && !(letter.hasWaited && from.isGone))
          trace.breach("S2.3", `${name}: noproc, and its receiver lives`);
        return;
      case "mailbox_full":
        if (to.capacity === undefined || to.policy !== "reject")
          trace.breach("S7.1", `${name}: mailbox_full under ${to.policy}`);
        return;
      case "dropped":
        if (to.capacity === undefined || (to.policy !== "dropOldest" && to.policy !== "dropNewest"))
          trace.breach("S7.1", `${name}: dropped under ${to.policy}`);
        return;
      case "thread_lost":
        if (!to.isThreadLost) trace.breach("S2.3", `${name}: thread_lost, and its receiver's thread is up`);
        return;
      default:
        trace.breach("S2.3", `${name} became a dead letter: ${why}`);
    }
  }

  /**
   * All is over and every actor dead: whatever was sent must have come to one end (conservation).
   * @param counted messages that went with lost threads, as these and their writers have counted them
   */
  conserved(counted: number): void {
    let gone = 0;
    for (const letter of this.all) {
      if (letter.handled > 0 || letter.why !== undefined || letter.isUnsent) continue;
      if (letter.kind === "exit" || letter.isCancelled) continue;
      // A timer ends with its actor; its message is sent when it fires.
      if (letter.kind === "timer" && letter.from.isGone) continue;
      // A wait that its own thread's loss ended: it never was a message.
      if (letter.from.isThreadLost && letter.hasWaited) continue;
      // What stood between two threads that are both lost nobody can count.
      const isBetween = letter.from.isThreadLost && letter.to.isThreadLost && letter.from.thread !== letter.to.thread;
      if (letter.to.isThreadLost || (letter.from.isThreadLost && !letter.isPublished)) {
        if (!isBetween && letter.kind !== "timer") gone++;
        continue;
      }
      this.#trace.breach("S2.3", `${textOf(letter)} was sent and vanished`);
    }
    if (gone > counted)
      this.#trace.breach("S2.3", `${gone} messages went with lost threads, and ${counted} were counted`);
  }
}

export function textOf(letter: Letter): string {
  return `${letter.kind} #${letter.id} ${letter.from.id}→${letter.to.id}`;
}
