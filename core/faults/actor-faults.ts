/** What a plan has to do with one actor: which of its faults, and how far their counts are. */
import type { MessageFault, TurnFault } from "./plan.ts";

/** Senders whose messages to one actor are counted; past that the one that was counted first starts anew. */
const sendersCountedMax = 4_096;
const keyRange = 2 ** 32;

export interface InboundFault {
  readonly fault: MessageFault;
  /** The bit of its `from`; 0: everybody. */
  readonly senders: number;
}

export class ActorFaults {
  /** Who it is to chance, in 32 bits, never 0: the same in every run for a named actor's n-th life. */
  readonly key: number;
  /** Turns of it that could have been struck. */
  turns = 0;
  /** Faults that strike it in a turn, and by the clock, in the order of the plan. */
  inTurns: readonly TurnFault[] = [];
  timed: readonly TurnFault[] = [];
  /** Faults of messages to it. */
  inbound: readonly InboundFault[] = [];
  /** As a sender: the bits of those `from`s that mean it. */
  senders = 0;
  /** Faults that were meant for it and cannot strike it, and were told to be so. */
  readonly skipped = new Set<number>();
  /** By sender: messages that each of `inbound` has seen. */
  readonly #seen = new Map<number, number[]>();

  constructor(key: number) {
    this.key = key;
  }

  /** What its messages to other threads carry: who sent them, as faults see it. A whole number below 2^53. */
  get mark(): number {
    return this.senders * keyRange + this.key;
  }

  /** Messages that a fault has seen of this sender before this one. */
  seen(sender: number, fault: number): number {
    let counts = this.#seen.get(sender);
    if (counts === undefined) {
      const [first] = this.#seen.size >= sendersCountedMax ? this.#seen.keys() : [];
      if (first !== undefined) this.#seen.delete(first);
      counts = [];
      this.#seen.set(sender, counts);
    }
    const before = counts[fault] ?? 0;
    counts[fault] = before + 1;
    return before;
  }
}

/** Of a sender's mark. */
export function sendersOf(mark: number): number {
  return Math.floor(mark / keyRange);
}

export function keyOf(mark: number): number {
  return mark % keyRange;
}
