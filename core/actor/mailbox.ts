/**
 * A queue of messages: payloads in one circular array, and in a second what each is, once one comes that is no raw message.
 * So a flood of raw messages holds one word for each.
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

/** What a call may have beside its question: beside its `Meta`, which most have without. */
export interface CallExtras {
  /** Its caller reads a stream, and so many chunks may be on their way. */
  readonly credit: number | undefined;
  /** Its caller's trace context. */
  readonly trace: string | undefined;
}

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
  /** call: what few have. */
  readonly extras: CallExtras | undefined;

  constructor(
    kind: MetaKind,
    name: string,
    id: number,
    from: RefData | undefined,
    timeoutMs?: number,
    subscription?: TopicSubscription,
    extras?: CallExtras,
  ) {
    this.kind = kind;
    this.name = name;
    this.id = id;
    this.from = from;
    this.timeoutMs = timeoutMs;
    this.subscription = subscription;
    this.extras = extras;
  }

  /** See `CallExtras`. */
  get credit(): number | undefined {
    return this.extras?.credit;
  }

  get trace(): string | undefined {
    return this.extras?.trace;
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

/** A new mailbox has room for one message, which is all that most actors of a crowd ever hold at once. */
const firstRoom = 1;
/** So many are still a small one's. */
const smallRoom = 4;

export class Mailbox {
  /** What was sent, in one circular array; its length is a power of two. */
  items: unknown[] = [undefined];
  /** The meta of each, at the same place. Undefined: all that came were raw messages. */
  metas: MessageMeta[] | undefined = undefined;
  mask = firstRoom - 1;
  /** Index of the oldest message. */
  head = 0;
  /** Messages held. */
  size = 0;

  /** Makes room for one more message. Call it before the first write of a commit. */
  makeRoom(): void {
    if (this.size <= this.mask) return;
    const items = this.#grown(this.items);
    const metas = this.metas === undefined ? undefined : this.#grown(this.metas);
    this.items = items;
    this.metas = metas;
    this.mask = items.length - 1;
  }

  /**
   * Twice itself: what stands from `head` on is whole, and what stands on both sides of it there a second time. And an array
   * without holes becomes one without, so that all mailboxes' are of one kind for V8.
   */
  #grown<T>(items: (T | undefined)[]): T[] {
    const grown = items.concat(items);
    grown.fill(undefined, 0, this.head);
    grown.fill(undefined, this.head + items.length);
    return grown as T[];
  }

  /** Makes room for the meta of each. Call it before the first write of a commit that has one. */
  makeMetas(): void {
    this.metas ??= (this.items as MessageMeta[]).slice().fill(undefined);
  }

  push(meta: MessageMeta, payload: unknown): void {
    this.makeRoom();
    if (meta !== undefined) this.makeMetas();
    this.#put((this.head + this.size) & this.mask, meta, payload);
    this.size++;
  }

  /** Puts a message before all others. */
  unshift(meta: MessageMeta, payload: unknown): void {
    this.makeRoom();
    if (meta !== undefined) this.makeMetas();
    const head = (this.head - 1) & this.mask;
    this.#put(head, meta, payload);
    this.head = head;
    this.size++;
  }

  #put(at: number, meta: MessageMeta, payload: unknown): void {
    this.items[at] = payload;
    if (this.metas !== undefined) this.metas[at] = meta;
  }

  #metaAt(at: number): MessageMeta {
    return this.metas?.[at];
  }

  /** Meta of the oldest message; only when `size > 0`. */
  headMeta(): MessageMeta {
    return this.#metaAt(this.head);
  }

  /** Removes the oldest message and returns its payload. */
  shift(): unknown {
    const head = this.head;
    const payload = this.items[head];
    this.#put(head, undefined, undefined);
    this.head = (head + 1) & this.mask;
    this.size--;
    return payload;
  }

  /** Oldest first. */
  forEach(look: (meta: MessageMeta, payload: unknown) => void): void {
    for (let n = 0; n < this.size; n++) {
      const at = (this.head + n) & this.mask;
      look(this.#metaAt(at), this.items[at]);
    }
  }

  /** Removes the messages that `matches`; the others keep their order. Returns how many. Looks at every message. */
  remove(matches: (meta: MessageMeta) => boolean): number {
    const { items, mask, head, size } = this;
    let kept = 0;
    for (let i = 0; i < size; i++) {
      const from = (head + i) & mask;
      if (matches(this.#metaAt(from))) continue;
      if (kept < i) this.#put((head + kept) & mask, this.#metaAt(from), items[from]);
      kept++;
    }
    for (let i = kept; i < size; i++) this.#put((head + i) & mask, undefined, undefined);
    this.size = kept;
    return size - kept;
  }

  /** Removes and returns the oldest message that `matches`, or undefined. Those before it move up by one place. */
  removeFirst(
    matches: (meta: MessageMeta) => boolean,
  ): { readonly meta: MessageMeta; readonly payload: unknown } | undefined {
    const { head, mask } = this;
    for (let i = 0; i < this.size; i++) {
      const at = (head + i) & mask;
      const meta = this.#metaAt(at);
      if (!matches(meta)) continue;
      const payload = this.items[at];
      for (let j = i; j > 0; j--) {
        const from = (head + j - 1) & mask;
        this.#put((head + j) & mask, this.#metaAt(from), this.items[from]);
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
      const at = (this.head + i) & this.mask;
      shown.push(show({ meta: this.#metaAt(at), payload: this.items[at] }));
    }
    return shown;
  }

  /** Whether its array is larger than most ever need. */
  get isGrown(): boolean {
    return this.items.length > smallRoom;
  }

  /** Whether it has held more than a hundred messages; and whether so many that it is not kept for others. */
  get isLarge(): boolean {
    return this.items.length > 128;
  }
  get isHuge(): boolean {
    return this.items.length > 4_096;
  }
}
