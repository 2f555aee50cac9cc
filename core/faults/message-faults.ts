/** The faults of a plan that concern messages, decided where they arrive, and what is held up there. */
import type { Cell } from "../actor/cell.ts";
import type { MessageMeta } from "../actor/mailbox.ts";
import { type RefData, refKey } from "../actor/ref.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { ActorFaults, InboundFault } from "./actor-faults.ts";
import { keyOf, sendersOf } from "./actor-faults.ts";
import { mixed, textHash } from "./chance.ts";
import { DelayLines } from "./delay-lines.ts";
import type { FaultBook } from "./fault-book.ts";
import { type CheckedFault, isMessageFault, type MessageFault, type Selector } from "./plan.ts";
import { type Identity, type Matches, matcher } from "./selector.ts";

interface Rule extends InboundFault {
  readonly isFrom: Matches;
  readonly isTo: Matches;
}

export class MessageFaults {
  readonly lines: DelayLines;
  readonly #kernel: Kernel;
  readonly #book: FaultBook;
  readonly #rules: readonly Rule[];

  constructor(kernel: Kernel, book: FaultBook, faults: readonly CheckedFault[]) {
    this.#kernel = kernel;
    this.#book = book;
    this.lines = new DelayLines((change) => kernel.counters.addUnread(change));
    const messages = faults.filter(isMessageFault);
    this.#rules = messages.map((fault) => ruleOf(fault, messages));
  }

  /** Whether any of them means an actor, as a receiver or as a sender. */
  mean(who: Identity): boolean {
    return this.#rules.some(({ isFrom, isTo }) => isFrom(who) || isTo(who));
  }

  /** Notes for an actor what shall happen to messages to it, and who it is as a sender. */
  arm(actor: ActorFaults, who: Identity): void {
    for (const { fault, isFrom, isTo } of this.#rules) {
      if (isFrom(who)) this.#book.meet(fault, "from");
      if (isTo(who)) this.#book.meet(fault, "to");
    }
    actor.inbound = this.#rules.filter(({ isTo }) => isTo(who));
    actor.senders = this.#rules.reduce((bits, { isFrom, senders }) => (isFrom(who) ? bits | senders : bits), 0);
  }

  /** True: the message is taken, and `pass` is called later if it is only delayed. */
  takes(cell: Cell, meta: MessageMeta, payload: unknown, from: RefData, mark: number, pass: () => void): boolean {
    const actor = cell.extra?.faults;
    if (actor === undefined) return false;
    const { delivery, timers } = this.#kernel;
    const to = this.#kernel.refOf(cell);
    const sender = keyOf(mark) || textHash(refKey(from));
    const pair = mixed(actor.key, sender);
    const bits = sendersOf(mark);
    let delayMs = 0;
    for (const { fault, senders } of actor.inbound) {
      if (senders !== 0 && (senders & bits) === 0) continue;
      const count = actor.seen(sender, fault.index);
      if (count < fault.afterMessages || !this.#book.mayStrike(fault, pair, count)) continue;
      this.#book.tell(fault, cell, from);
      switch (fault.kind) {
        case "drop":
          delivery.deadLetter(to, meta, payload, "injected");
          return true;
        case "refuse":
          delivery.refuse(to, meta, payload, "injected");
          return true;
        case "delay":
          delayMs += fault.ms;
      }
    }
    if (delayMs === 0 && !this.lines.isWaiting(from, to)) return false;
    const dueMs = this.#kernel.readClock() + delayMs;
    this.lines.hold(from, to, dueMs, true, pass);
    timers.sweepBy(dueMs);
    return true;
  }

  /** True: another signal of the pair waits behind its messages, and `pass` is called later. */
  holds(from: RefData, to: RefData, pass: () => void): boolean {
    if (!this.lines.isWaiting(from, to)) return false;
    this.lines.hold(from, to, 0, false, pass);
    return true;
  }
}

/** Equal `from`s have one bit; everybody has none. */
function ruleOf(fault: MessageFault, all: readonly MessageFault[]): Rule {
  const { from, to } = fault;
  const keys = [...new Set(all.map((other) => senderKey(other.from)).filter((key) => key !== undefined))];
  const key = senderKey(from);
  const senders = key === undefined ? 0 : 1 << keys.indexOf(key);
  return { fault, senders, isFrom: matcher(from), isTo: matcher(to) };
}

function senderKey(from: Selector | undefined): string | undefined {
  return from === undefined ? undefined : `${from.by} ${from.pattern}`;
}
