/**
 * A queue of messages: pairs of meta and payload in one circular array.
 *
 * The meta says what the payload is: `undefined` a raw message, a string the name of a cast, else a `Meta`. The fields
 * are open to the kernel, which appends in a straight line after room was made, so that a turn that is cut down in the
 * middle of a `send` leaves no half message.
 */
import type { TopicSubscription } from "../bus/subscription.ts";
import type { RefData } from "./ref.ts";

export const MetaKind = {
  call: 0,
  down: 1,
  exit: 2,
  timer: 3,
  idle: 4,
  started: 5,
  stop: 6,
  continue: 7,
  group: 8,
  topic: 9,
  inspect: 10,
  agent: 11,
  unsubscribed: 12,
} as const;
export type MetaKind = (typeof MetaKind)[keyof typeof MetaKind];

/** What a message is that is neither raw nor a cast. One class for all, so that the kernel's code stays monomorphic. */
export class Meta {
  readonly kind: MetaKind;
  /** topic: the subscription, which has one meta for all its messages. */
  readonly subscription: TopicSubscription | undefined;
  /** call: the handler. */
  readonly name: string;
  /** call: the call's id; down, group: the monitor's; topic: the subscription's; timer and idle: the timer's. */
  readonly id: number;
  /** call: the caller; exit, started: the sender. */
  readonly from: RefData | undefined;
  /** call: how long the caller waits. */
  readonly timeoutMs: number | undefined;
  /** call: its caller reads a stream, and so many chunks may be on their way. */
  readonly credit: number | undefined;

  constructor(
    kind: MetaKind,
    name: string,
    id: number,
    from: RefData | undefined,
    timeoutMs?: number,
    subscription?: TopicSubscription,
    credit?: number,
  ) {
    this.kind = kind;
    this.name = name;
    this.id = id;
    this.from = from;
    this.timeoutMs = timeoutMs;
    this.subscription = subscription;
    this.credit = credit;
  }
}

export type MessageMeta = undefined | string | Meta;

/** A message outside its queue. The meta of none that was sent (a `continue`) is a symbol. */
export interface Mail {
  readonly meta: MessageMeta | symbol;
  readonly payload: unknown;
}

/** The same of one that was sent. */
export interface SentMail extends Mail {
  readonly meta: MessageMeta;
}

const firstPairs = 4;

export class Mailbox {
  /** meta, payload, meta, payload …; the length is a power of two. */
  items: unknown[] = new Array(firstPairs * 2).fill(undefined);
  mask = firstPairs * 2 - 1;
  /** Index of the oldest meta. */
  head = 0;
  /** Messages held. */
  size = 0;

  /** Makes room for one more message. Call it before the first write of a commit. */
  makeRoom(): void {
    if (this.size * 2 <= this.mask) return;
    const items: unknown[] = new Array(this.items.length * 2).fill(undefined);
    for (let i = 0; i < this.items.length; i++) items[i] = this.items[(this.head + i) & this.mask];
    this.items = items;
    this.head = 0;
    this.mask = items.length - 1;
  }

  push(meta: MessageMeta, payload: unknown): void {
    this.makeRoom();
    const tail = (this.head + this.size * 2) & this.mask;
    this.items[tail] = meta;
    this.items[tail + 1] = payload;
    this.size++;
  }

  /** Puts a message before all others. */
  unshift(meta: MessageMeta, payload: unknown): void {
    this.makeRoom();
    const head = (this.head - 2) & this.mask;
    this.items[head] = meta;
    this.items[head + 1] = payload;
    this.head = head;
    this.size++;
  }

  /** Meta of the oldest message; only when `size > 0`. */
  headMeta(): MessageMeta {
    return this.items[this.head] as MessageMeta;
  }

  /** Removes the oldest message and returns its payload. */
  shift(): unknown {
    const head = this.head;
    const payload = this.items[head + 1];
    this.items[head] = undefined;
    this.items[head + 1] = undefined;
    this.head = (head + 2) & this.mask;
    this.size--;
    return payload;
  }

  /** Removes the messages that `matches`; the others keep their order. Returns how many. Looks at every message. */
  remove(matches: (meta: MessageMeta) => boolean): number {
    const { items, mask, head, size } = this;
    let kept = 0;
    for (let i = 0; i < size; i++) {
      const from = (head + i * 2) & mask;
      if (matches(items[from] as MessageMeta)) continue;
      if (kept < i) {
        const to = (head + kept * 2) & mask;
        items[to] = items[from];
        items[to + 1] = items[from + 1];
      }
      kept++;
    }
    for (let i = kept; i < size; i++) {
      const at = (head + i * 2) & mask;
      items[at] = undefined;
      items[at + 1] = undefined;
    }
    this.size = kept;
    return size - kept;
  }

  /** Removes and returns the oldest message that `matches`, or undefined. Those before it move up by one place. */
  removeFirst(
    matches: (meta: MessageMeta) => boolean,
  ): { readonly meta: MessageMeta; readonly payload: unknown } | undefined {
    for (let i = 0; i < this.size; i++) {
      const at = (this.head + i * 2) & this.mask;
      const meta = this.items[at] as MessageMeta;
      if (!matches(meta)) continue;
      const payload = this.items[at + 1];
      for (let j = i; j > 0; j--) {
        const to = (this.head + j * 2) & this.mask;
        const from = (to - 2) & this.mask;
        this.items[to] = this.items[from];
        this.items[to + 1] = this.items[from + 1];
      }
      this.shift();
      return { meta, payload };
    }
    return undefined;
  }

  /** Empties the mailbox: meta, payload, meta, payload, oldest first. */
  takeAll(): unknown[] {
    const all: unknown[] = [];
    while (this.size > 0) {
      const meta = this.headMeta();
      all.push(meta, this.shift());
    }
    return all;
  }

  /** What `show` makes of the first messages, which stay, for crash reports. */
  peek<T>(count: number, show: (mail: Mail) => T): T[] {
    const shown: T[] = [];
    for (let i = 0; i < Math.min(count, this.size); i++) {
      const at = (this.head + i * 2) & this.mask;
      shown.push(show({ meta: this.items[at] as MessageMeta, payload: this.items[at + 1] }));
    }
    return shown;
  }

  /** Whether its array is larger than a new one's. */
  get isGrown(): boolean {
    return this.items.length > firstPairs * 2;
  }

  /** Whether its array grew far beyond what an idle actor should keep. */
  get isLarge(): boolean {
    return this.items.length > 256;
  }
}
