/**
 * Procedures: what a supervisor does over several turns, one at a time and without a promise.
 *
 * OTP's supervisor blocks in `receive` while a child starts or ends; whatever else arrives waits in its mailbox. An actor
 * here cannot block, so a procedure is a generator that yields what it waits for and gets the message that came. It reads
 * like supervisor.erl, and between two messages it is plain data: nothing of it is scheduled behind the kernel's back.
 * What arrives meanwhile is held in order of arrival, as in OTP's mailbox.
 */
import {
  type Context,
  type DownMessage,
  type ExitMessage,
  type ExitReason,
  type From,
  mailboxCapacityDefault,
  type Ref,
  type RefData,
  refKey,
  type StartedMessage,
} from "../core/index.ts";
import type { RetryMessage } from "./children.ts";

/** A timer of a procedure, told by identity. */
export interface AlarmMessage {
  readonly type: "timer";
  readonly timer: "shutdown";
}

/** A turn that a supervisor has asked itself for. */
interface TurnMessage {
  readonly type: "timer";
  readonly timer: "turn";
}

/** What a procedure waits for: any one of these. */
export interface Wait {
  /** The end of the start of one of these actors: `started`, or an exit. A stop that is asked for ends this wait as well. */
  readonly started?: { has(ref: RefData): boolean };
  /** The down of one of these monitors. */
  readonly downs?: { has(monitor: number): boolean };
  readonly alarm?: AlarmMessage;
  /** A new turn, so that long work does not hold the thread. */
  readonly turn?: true;
}

/** What ended the wait. */
export type Signal = StartedMessage | ExitMessage | DownMessage | AlarmMessage | { readonly type: "turn" | "stop" };

export type Procedure<T> = Generator<Wait, T, Signal>;

/** A procedure that has its answer without a wait. */
// oxlint-disable-next-line require-yield
export function* answer<T>(value: T): Procedure<T> {
  return value;
}

export interface Call {
  readonly kind: "call";
  readonly name: string;
  readonly argument: unknown;
  readonly from: From;
}

/** What a supervisor is asked to do. */
export type Job =
  | Call
  | { readonly kind: "exit"; readonly ref: Ref; readonly reason: ExitReason }
  | { readonly kind: "retry"; readonly message: RetryMessage }
  | { readonly kind: "stop"; readonly reason: ExitReason };

/** Calls that may be held while a procedure runs; one more is answered with `mailbox_full`. */
export const heldCallsMax = mailboxCapacityDefault;

/** Jobs done in one turn before the thread's other actors get theirs. */
const jobsPerTurn = 1_000;

export class Procedures {
  readonly #ctx: Context;
  readonly #begin: (job: Job) => Procedure<void>;
  #running: Procedure<void> | undefined = undefined;
  #wait: Wait = {};
  /** The turn that was asked for and has not come. */
  #turn: TurnMessage | undefined = undefined;
  #isClosed = false;
  /** Why the supervisor shall end, once it was asked to. From then on no child is started. */
  #stopReason: ExitReason | undefined = undefined;
  /** Starts that nobody waits for any more, by ref key, until the kernel has told how they ended. */
  readonly #givenUp = new Set<string>();
  /** Held jobs from `#head` on, in order of arrival; an exit that was taken out leaves undefined. */
  #held: (Job | undefined)[] = [];
  #head = 0;
  /** Jobs that were dropped from the front of `#held`. */
  #dropped = 0;
  #heldCalls = 0;
  /** Places of held exits, counted from the first job ever held, by ref key: at most one for each child. */
  readonly #heldExits = new Map<string, number>();

  /** @param begin makes the procedure of a job. */
  constructor(ctx: Context, begin: (job: Job) => Procedure<void>) {
    this.#ctx = ctx;
    this.#begin = begin;
  }

  /** Why the supervisor shall end, when it was asked to. */
  get stopReason(): ExitReason | undefined {
    return this.#stopReason;
  }

  /** The supervisor shall end: after what is under way, but whoever waits for a child's start waits no longer. */
  stop(reason: ExitReason): void {
    this.#stopReason ??= reason;
    this.submit({ kind: "stop", reason });
    if (this.#running === undefined || this.#wait.started === undefined) return;
    this.#settle(this.#running.next({ type: "stop" }));
    this.#drain();
  }

  /** Nobody waits for the end of this start any more. */
  giveUpStart(ref: RefData): void {
    this.#givenUp.add(refKey(ref));
  }

  /** Does the job now, or when those before it are done. False: too many calls are held, the job was not taken. */
  submit(job: Job): boolean {
    if (this.#isClosed) return true;
    if (this.#running === undefined && this.#head === this.#held.length) {
      this.run(this.#begin(job));
      return true;
    }
    if (job.kind === "call") {
      if (this.#heldCalls === heldCallsMax) return false;
      this.#heldCalls++;
    } else if (job.kind === "exit") {
      this.#heldExits.set(refKey(job.ref), this.#dropped + this.#held.length);
    }
    this.#held.push(job);
    return true;
  }

  /** Runs a procedure up to its first wait. Only while none runs. */
  run(procedure: Procedure<void>): void {
    this.#running = procedure;
    this.#settle(procedure.next());
    this.#drain();
  }

  /** Whether the running procedure waits for the end of this actor's start. */
  awaitsStart(ref: RefData): boolean {
    return this.#wait.started?.has(ref) === true;
  }

  /** Gives a message to the running procedure. False: it does not wait for that. */
  offer(message: StartedMessage | ExitMessage | DownMessage | AlarmMessage): boolean {
    const running = this.#running;
    if (running === undefined || !this.#isAwaited(message)) {
      return message.type === "started" && this.#givenUp.delete(refKey(message.ref));
    }
    this.#settle(running.next(message));
    this.#drain();
    return true;
  }

  /** Goes on with long work, if this message is the turn that was asked for. */
  continueWith(message: unknown): boolean {
    if (this.#turn === undefined || message !== this.#turn) return false;
    this.#turn = undefined;
    if (this.#running !== undefined && this.#wait.turn) this.#settle(this.#running.next({ type: "turn" }));
    this.#drain();
    return true;
  }

  /** Takes the held exit of a child out: OTP's flush after unlink. Undefined: there is none. */
  takeExit(ref: RefData): ExitReason | undefined {
    const key = refKey(ref);
    const place = this.#heldExits.get(key);
    if (place === undefined) return undefined;
    const job = this.#held[place - this.#dropped];
    this.#held[place - this.#dropped] = undefined;
    this.#heldExits.delete(key);
    return job?.kind === "exit" ? job.reason : undefined;
  }

  /** Takes all held exits out that match, in order of arrival. */
  takeExits(matches: (ref: Ref, reason: ExitReason) => boolean): Ref[] {
    const taken: Ref[] = [];
    for (const place of this.#heldExits.values()) {
      const job = this.#held[place - this.#dropped];
      if (job?.kind === "exit" && matches(job.ref, job.reason)) taken.push(job.ref);
    }
    for (const ref of taken) this.takeExit(ref);
    return taken;
  }

  /** Takes calls of this name out that are next in line, at most `max`. */
  takeCalls(name: string, max: number): Call[] {
    const taken: Call[] = [];
    for (; this.#head < this.#held.length && taken.length < max; this.#head++) {
      const job = this.#held[this.#head];
      if (job === undefined) continue;
      if (job.kind !== "call" || job.name !== name) break;
      this.#held[this.#head] = undefined;
      this.#heldCalls--;
      taken.push(job);
    }
    return taken;
  }

  /** The supervisor ends after this turn: nothing more is done, and whatever is held ends with it. */
  close(): void {
    this.#isClosed = true;
  }

  #isAwaited(message: StartedMessage | ExitMessage | DownMessage | AlarmMessage): boolean {
    switch (message.type) {
      case "started":
        return this.awaitsStart(message.ref);
      case "exit":
        return this.awaitsStart(message.from);
      case "down":
        return this.#wait.downs?.has(message.monitor) === true;
      case "timer":
        return this.#wait.alarm === message;
    }
  }

  #settle(step: IteratorResult<Wait, void>): void {
    if (step.done) {
      this.#running = undefined;
      this.#wait = {};
      return;
    }
    this.#wait = step.value;
    if (step.value.turn) this.#askTurn();
  }

  /** By a timer and not by `continue`: the other actors of the thread get their turn in between. */
  #askTurn(): void {
    if (this.#turn !== undefined) return;
    this.#turn = { type: "timer", timer: "turn" };
    this.#ctx.sendAfter(0, this.#turn);
  }

  #drain(): void {
    for (let jobs = 0; this.#running === undefined && !this.#isClosed && this.#head < this.#held.length; ) {
      if (jobs++ === jobsPerTurn) {
        this.#askTurn();
        break;
      }
      const job = this.#held[this.#head];
      this.#held[this.#head++] = undefined;
      if (job === undefined) continue;
      if (job.kind === "call") this.#heldCalls--;
      if (job.kind === "exit") this.#heldExits.delete(refKey(job.ref));
      const procedure = this.#begin(job);
      this.#running = procedure;
      this.#settle(procedure.next());
    }
    this.#dropDone();
  }

  /** Gives back the room of jobs that were done, once they are half of the list. */
  #dropDone(): void {
    if (this.#head * 2 < this.#held.length || this.#head === 0) return;
    this.#held = this.#held.slice(this.#head);
    this.#dropped += this.#head;
    this.#head = 0;
  }
}
