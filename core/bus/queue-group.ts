/** Subscriptions that share what is published: each message goes to one of them. */
import type { Ref } from "../actor/ref.ts";

export interface QueueMember {
  readonly holder: Ref;
  /** Its number on the holder's thread. */
  readonly subscription: number;
  /** Messages that it was given and has not handled. */
  load: number;
}

export class QueueGroup {
  readonly queue: string;
  readonly pattern: string;
  readonly words: readonly string[];
  readonly #members: QueueMember[] = [];
  /** Whose turn it is among those with the same load. */
  #next = 0;

  constructor(queue: string, pattern: string, words: readonly string[]) {
    this.queue = queue;
    this.pattern = pattern;
    this.words = words;
  }

  get size(): number {
    return this.#members.length;
  }

  add(member: QueueMember): void {
    this.#members.push(member);
  }

  remove(member: QueueMember): void {
    const at = this.#members.indexOf(member);
    if (at >= 0) this.#members.splice(at, 1);
  }

  /** Who gets the next message, and has it from now on: the least loaded of the living, in turns where several are. Undefined: nobody lives. */
  take(isAlive: (holder: Ref) => boolean): QueueMember | undefined {
    const members = this.#members;
    let least: QueueMember | undefined;
    for (let n = 0; n < members.length; n++) {
      const member = members[(this.#next + n) % members.length] as QueueMember;
      if ((least === undefined || member.load < least.load) && isAlive(member.holder)) least = member;
    }
    if (least === undefined) return undefined;
    least.load++;
    this.#next = members.indexOf(least) + 1;
    return least;
  }
}
