/** Calls: each ends exactly once, with what its callee answered or with an error that fits (S5.2 to S5.5). */

import type { Letter } from "./letters.ts";
import { type Player, reasonKey } from "./players.ts";
import type { Trace } from "./trace.ts";

interface Call {
  readonly letter: Letter;
  readonly caller: Player;
  readonly callee: Player;
  readonly name: string;
  readonly deadlineMs: number;
  isAnswered: boolean;
  ends: number;
}

export class CallsOracle {
  readonly #trace: Trace;
  readonly #calls = new Map<number, Call>();

  constructor(trace: Trace) {
    this.#trace = trace;
  }

  made(letter: Letter, name: string, deadlineMs: number): void {
    const { from: caller, to: callee } = letter;
    this.#calls.set(letter.id, { letter, caller, callee, name, deadlineMs, isAnswered: false, ends: 0 });
  }

  /** The callee, or whom it asked to, answers with the letter's number. */
  answered(letter: number): void {
    const call = this.#calls.get(letter);
    if (call !== undefined) call.isAnswered = true;
  }

  ended(letter: number, value: unknown, error: { code?: string; message: string } | undefined, nowMs: number): void {
    const call = this.#calls.get(letter) as Call;
    const trace = this.#trace;
    trace.note("callEnd", letter, error?.code?.length ?? 0);
    trace.say(() => `call #${letter} ended: ${error === undefined ? String(value) : `${error.code} ${error.message}`}`);
    const who = `call #${letter} "${call.name}" of ${call.caller.id} to ${call.callee.id}`;
    if (++call.ends > 1) trace.breach("S5.2", `${who} ended twice`);
    if (error === undefined) {
      if (value !== letter) trace.breach("S5.2", `${who} got the answer of another: ${String(value)}`);
      if (!call.isAnswered) trace.breach("S5.2", `${who} got an answer that nobody gave`);
      return;
    }
    if (!this.#fits(call, error, nowMs)) trace.breach("S5.3", `${who} failed with ${error.code}: ${error.message}`);
  }

  #fits(call: Call, error: { code?: string; message: string }, nowMs: number): boolean {
    const { caller, callee } = call;
    switch (error.code) {
      case "timeout":
        // On one thread the callee's end is the call's.
        if (callee.thread === caller.thread && callee.deathMs < call.deadlineMs) return false;
        return nowMs >= call.deadlineMs;
      case "noproc":
        return callee.isGone || callee.mayNeverCome || caller.isGone;
      case "calling_self":
        return caller === callee;
      case "thread_lost":
        return callee.isThreadLost || reasonKey(callee.reason ?? "").startsWith('{"threadLost"');
      case "mailbox_full":
        return callee.capacity !== undefined && callee.policy !== "wait";
      case "undef":
        if (call.name === "nothing") return true;
      // A crash like any other, maybe of one that the callee was linked to.
      // falls through
      default: {
        // The callee's end, or what its handler threw.
        const code = error.code ?? "";
        const end = reasonKey(callee.reason ?? "");
        if (code === end || end === `error ${error.message}` || (callee.isDead && end.startsWith(`{"${code}"`)))
          return true;
        return callee.ownReasons.has(`error ${error.message}`);
      }
    }
  }

  /** All deadlines have passed. */
  atRest(nowMs: number): void {
    for (const call of this.#calls.values()) {
      if (call.ends > 0 || call.caller.isGone || (call.deadlineMs > nowMs && !call.callee.isGone)) continue;
      this.#trace.breach(
        "S5.2",
        `call #${call.letter.id} "${call.name}" of ${call.caller.id} to ${call.callee.id} never ended`,
      );
    }
  }
}
