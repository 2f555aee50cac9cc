/** A subscription as its thread's kernel holds it. */
import type { Cell } from "../actor/cell.ts";
import type { Envelope, SubscriptionOptions } from "../actor/context.ts";
import { type MessageMeta, Meta, MetaKind } from "../actor/mailbox.ts";
import type { Filter } from "./filter.ts";
import { replayWindow } from "./kept/replay.ts";
import type { PublishWait } from "./publish-waits.ts";
import { wordsOfPattern } from "./topic.ts";

/** More than any mailbox holds. A small integer: an `Infinity` would be an object of its own, to be fetched for each message. */
const unbounded = 2 ** 30;

export class TopicSubscription {
  // First what each message needs: side by side in memory, which counts where thousands are subscribed.
  /** Messages that are its actor's and have not come into its hands: in the mailbox, in the stash, behind a full mailbox. */
  held = 0;
  readonly capacity: number;
  /** Fields that a message must have. */
  readonly filter: Filter | undefined;
  readonly cell: Cell;
  /** Of each message of it; by this object it is known in the mailbox. */
  readonly meta: Meta;
  /** It is of an acknowledged queue. */
  readonly isAcknowledged: boolean;
  /** Somebody is told when a message leaves it: publishers that wait, or main. */
  readonly isWatched: boolean;
  /** It has no filter and no bound, and nobody is told what became of a message. */
  readonly takesAll: boolean;
  readonly id: number;
  readonly pattern: string;
  readonly words: readonly string[];
  readonly policy: NonNullable<SubscriptionOptions["policy"]>;
  /** Policy `wait`: publishes of this thread that wait for room. */
  readonly waiting: { readonly wait: PublishWait; readonly envelope: Envelope }[] = [];
  /** Policy `wait`: threads that were asked to let their publishers wait. */
  readonly pausedThreads = new Set<number>();
  isLettingIn = false;
  /** The queue group that it shares its messages with. */
  readonly queue: string | undefined;
  /** Main serves it: an acknowledged queue, or a kept topic. */
  readonly isServed: boolean;
  /** Acknowledged: names of deliveries that have not come into its actor's hands, and of those that have and are not answered for. */
  readonly unread: Set<string> | undefined;
  readonly begun: Set<string> | undefined;
  /** A reader: messages that main gives ahead, and those that it has handled and not told. */
  readonly window: number;
  handled = 0;
  /** A reader: a gap was before what its filter did not let through, and it has not heard of it. */
  isAfterGap = false;

  /** @throws RuntimeError `bad_argument`: the pattern is none. */
  constructor(id: number, pattern: string, cell: Cell, options: SubscriptionOptions) {
    this.id = id;
    this.pattern = pattern;
    this.words = wordsOfPattern(pattern, "subscribe");
    this.cell = cell;
    this.meta = new Meta(MetaKind.topic, pattern, id, undefined, undefined, this);
    this.isAcknowledged = options.ack === true;
    this.isServed = this.isAcknowledged || options.from !== undefined;
    const isBoundedByMain = this.isServed || (options.queue !== undefined && options.policy === "wait");
    this.capacity = isBoundedByMain ? unbounded : Math.min(options.capacity ?? unbounded, unbounded);
    this.policy = isBoundedByMain ? "reject" : (options.policy ?? "reject");
    this.queue = this.isAcknowledged ? undefined : options.queue;
    this.isWatched = this.isServed || options.queue !== undefined || options.policy === "wait";
    this.unread = this.isAcknowledged ? new Set() : undefined;
    this.begun = this.isAcknowledged ? new Set() : undefined;
    this.window = options.capacity ?? replayWindow;
    this.filter = filterOf(options);
    this.takesAll = this.filter === undefined && this.capacity === unbounded && !this.isWatched;
  }
}

export function filterOf({ filter }: SubscriptionOptions): Filter | undefined {
  return filter === undefined ? undefined : Object.entries(filter);
}

/** The subscription that a message is of; undefined: it was not published. */
export function subscriptionOf(meta: MessageMeta | symbol): TopicSubscription | undefined {
  return meta instanceof Meta ? meta.subscription : undefined;
}
