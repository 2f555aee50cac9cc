/** Subscriptions that share what is published: each message goes to one of them. */
import type { Envelope } from "../actor/context.ts";
import type { Ref } from "../actor/ref.ts";
import { Fifo } from "./fifo.ts";
import { type Filter, passes } from "./filter.ts";

/** What a member says when it joins. */
export interface QueueTerms {
  /** Messages that it may have and not have handled; undefined: any number. */
  readonly capacity: number | undefined;
  /** Its policy is `wait`: what it has no room for waits with main. */
  readonly isWaiting: boolean;
  readonly filter: Filter | undefined;
  /** Of the group; undefined: it says nothing. */
  readonly balance: "leastLoaded" | "roundRobin" | undefined;
}

export interface QueueMember {
  readonly holder: Ref;
  /** Its number on the holder's thread. */
  readonly subscription: number;
  readonly terms: QueueTerms;
  /** Messages that it was given and has not handled. */
  load: number;
}

export class QueueGroup {
  readonly queue: string;
  readonly pattern: string;
  readonly words: readonly string[];
  /** Unique on main. */
  readonly number: number;
  readonly #members: QueueMember[] = [];
  /** What waits for room at a member, oldest first. */
  readonly waiting = new Fifo<Envelope>();
  /** Threads that were asked to let their publishers wait. */
  readonly pausedThreads = new Set<number>();
  /** Members' threads that have so much to read that publishers wait until they have read it. */
  readonly crowdedThreads = new Set<number>();
  #isRoundRobin = false;
  /** Whose turn it is among those with the same load. */
  #next = 0;

  constructor(queue: string, pattern: string, words: readonly string[], number: number) {
    this.queue = queue;
    this.pattern = pattern;
    this.words = words;
    this.number = number;
  }

  get size(): number {
    return this.#members.length;
  }

  add(member: QueueMember): void {
    this.#members.push(member);
    const { balance } = member.terms;
    if (balance !== undefined) this.#isRoundRobin = balance === "roundRobin";
  }

  remove(member: QueueMember): void {
    const at = this.#members.indexOf(member);
    if (at >= 0) this.#members.splice(at, 1);
  }

  /** Whether it is for a living member. */
  isFor({ message }: Envelope, isAlive: (holder: Ref) => boolean): boolean {
    return this.#members.some(
      ({ holder, terms: { filter } }) => isAlive(holder) && (filter === undefined || passes(filter, message)),
    );
  }

  /**
   * Who gets the message, and has it from now on: of the living whose filter lets it through one with room, the least loaded,
   * in turns where several are. `wait`: none has, and one of them lets it wait. Undefined: it is for nobody.
   */
  take({ message }: Envelope, isAlive: (holder: Ref) => boolean): QueueMember | "wait" | undefined {
    const members = this.#members;
    let best: QueueMember | undefined;
    let bestAt = 0;
    let isWaiting = false;
    for (let n = 0; n < members.length; n++) {
      const at = (this.#next + n) % members.length;
      const member = members[at] as QueueMember;
      const { filter, isWaiting: waits } = member.terms;
      if (!isAlive(member.holder) || (filter !== undefined && !passes(filter, message))) continue;
      isWaiting ||= waits;
      if (best === undefined || this.#isBefore(member, best)) {
        best = member;
        bestAt = at;
      }
      // Of those that have nothing the first is next: most groups have one, however many members.
      if ((this.#isRoundRobin || best.load === 0) && hasRoom(best)) break;
    }
    if (best === undefined) return undefined;
    if (isWaiting && !hasRoom(best)) return "wait";
    best.load++;
    this.#next = bestAt + 1;
    return best;
  }

  #isBefore(one: QueueMember, other: QueueMember): boolean {
    if (hasRoom(one) !== hasRoom(other)) return hasRoom(one);
    return !this.#isRoundRobin && one.load < other.load;
  }
}

function hasRoom({ load, terms: { capacity } }: QueueMember): boolean {
  return capacity === undefined || load < capacity;
}
