/** A subscription as its thread's kernel holds it. */
import type { Cell } from "../actor/cell.ts";
import type { Envelope, SubscriptionOptions } from "../actor/context.ts";
import { type MessageMeta, Meta, MetaKind } from "../actor/mailbox.ts";
import type { PublishWait } from "./publish-waits.ts";
import { wordsOfPattern } from "./topic.ts";

export class TopicSubscription {
  readonly id: number;
  readonly pattern: string;
  readonly words: readonly string[];
  readonly cell: Cell;
  /** Of each message of it; by this object it is known in the mailbox. */
  readonly meta: Meta;
  readonly capacity: number;
  readonly policy: NonNullable<SubscriptionOptions["policy"]>;
  /** Messages that are its actor's and have not come into its hands: in the mailbox, in the stash, behind a full mailbox. */
  held = 0;
  /** Fields that a message must have. */
  readonly filter: readonly (readonly [key: string, value: unknown])[] | undefined;
  /** Policy `wait`: publishes of this thread that wait for room. */
  readonly waiting: { readonly wait: PublishWait; readonly envelope: Envelope }[] = [];
  /** Policy `wait`: threads that were asked to let their publishers wait. */
  readonly pausedThreads = new Set<number>();
  isLettingIn = false;
  /** Somebody is told when a message leaves it: publishers that wait, or main. */
  readonly isWatched: boolean;
  /** The queue group that it shares its messages with. */
  readonly queue: string | undefined;

  /** @throws RuntimeError `bad_argument`: the pattern is none. */
  constructor(id: number, pattern: string, cell: Cell, options: SubscriptionOptions) {
    this.id = id;
    this.pattern = pattern;
    this.words = wordsOfPattern(pattern, "subscribe");
    this.cell = cell;
    this.meta = new Meta(MetaKind.topic, pattern, id, undefined, undefined, this);
    this.capacity = options.capacity ?? Number.POSITIVE_INFINITY;
    this.policy = options.policy ?? "reject";
    this.queue = options.queue;
    this.isWatched = options.queue !== undefined || options.policy === "wait";
    this.filter = options.filter === undefined ? undefined : Object.entries(options.filter);
  }
}

/** The subscription that a message is of; undefined: it was not published. */
export function subscriptionOf(meta: MessageMeta | symbol): TopicSubscription | undefined {
  return meta instanceof Meta ? meta.subscription : undefined;
}
