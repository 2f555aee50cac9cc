/**
 * An acknowledged queue as main keeps it: what was published for it and has not ended, who has what in hand, and the
 * members. It is there before its first member's end and after its last one's.
 */
import type { Ref } from "../../actor/ref.ts";
import type { ErrorData } from "../../errors.ts";
import type { TaskBackoff } from "../../tasks/task-request.ts";
import { type Backlogged, PriorityBacklog, priorityDefault, priorityMax } from "./backlog.ts";
import type { DurableTopic } from "./durable-topic.ts";
import type { KeptMessage } from "./kept-message.ts";

/** What a queue goes by, of each member that says one the last. */
export interface QueueSettings {
  readonly ackWaitMs: number;
  readonly attempts: number;
  readonly backoff: Required<TaskBackoff>;
  readonly capacity: number;
  readonly policy: "reject" | "dropOldest" | "dropNewest" | "wait";
  readonly balance: "leastLoaded" | "roundRobin";
}

export const queueDefaults: QueueSettings = {
  ackWaitMs: 30_000,
  attempts: 5,
  backoff: { minMs: 100, maxMs: 30_000, factor: 2 },
  capacity: 100_000,
  policy: "reject",
  balance: "leastLoaded",
};

/**
 * `waiting`: for a member with room. `inHand`: a member has it. `failed`: an attempt has, and `system.bus` has not yet
 * decided what follows. `resting`: until its next attempt. `ended`: it is in the queue no more.
 */
export type QueueEntryState = "waiting" | "inHand" | "failed" | "resting" | "ended";

export interface QueueEntry extends Backlogged {
  readonly queue: AckQueue;
  /** In the order in which they came. */
  readonly number: number;
  readonly message: KeptMessage;
  /** In the kept topic that has it, too. */
  readonly seq: number | undefined;
  state: QueueEntryState;
  /** In hand: until when it is to be acknowledged; resting: until when. */
  dueMs: number;
  /** Attempts that have begun. */
  attempts: number;
  /** The store has their number. */
  isTried: boolean;
  /** Who has it in hand. */
  member: QueueConsumer | undefined;
  /** Who had it last. */
  holder: Ref | undefined;
  /** How long it rests, where who refused it has said so. */
  restMs: number | undefined;
}

export interface QueueConsumer {
  readonly holder: Ref;
  /** Its subscription's number on the holder's thread. */
  readonly subscription: number;
  readonly maxInHand: number;
  /** By number. */
  readonly inHand: Map<number, QueueEntry>;
  /** Messages that it let the time pass for, since it answered for one. */
  missed: number;
}

/** What a system tells of an acknowledged queue. What it got is the sum of all but `members`, `redelivered` and `discarded`. */
export interface QueueStats {
  readonly pattern: string;
  readonly queue: string;
  readonly members: number;
  /** Acknowledged. */
  readonly delivered: number;
  /** By the policy of its bound, or for their deadline. */
  readonly dropped: number;
  /** After their last attempt, or thrown out. */
  readonly deadLettered: number;
  /** Now: for a member with room, or for their next attempt. */
  readonly waiting: number;
  readonly resting: number;
  /** Now: in a member's hands. */
  readonly inHand: number;
  /** Attempts after the first. */
  readonly redelivered: number;
  /** Of the dead letters those that `system.bus` found to be wrong. */
  readonly discarded: number;
}

export class AckQueue {
  /** Unique in the system. */
  readonly number: number;
  /** By which threads know that it is full. */
  readonly fullNumber: number;
  readonly name: string;
  readonly pattern: string;
  readonly words: readonly string[];
  settings: QueueSettings = queueDefaults;
  /** The durable topic whose store has it, too; undefined: it is in memory alone. */
  readonly durable: DurableTopic | undefined;
  /** Its number there: of a queue of an earlier run, whose number somebody else may have by now. */
  readonly storedNumber: number;
  /** Who waits for it to be stored, before it is there for anybody. */
  beginning: { done(): void; failed(error: ErrorData): void }[] | undefined;
  /** Messages for it that are on their way to the store. */
  coming = 0;
  readonly entries = new Map<number, QueueEntry>();
  backlog = new PriorityBacklog<QueueEntry>();
  readonly members: QueueConsumer[] = [];
  /** Policy `wait`: threads that were asked to let their publishers wait. */
  readonly pausedThreads = new Set<number>();
  /** Whose turn it is among those with as much in hand. */
  #next = 0;
  #lastEntry = 0;
  delivered = 0;
  dropped = 0;
  deadLettered = 0;
  redelivered = 0;
  discarded = 0;

  constructor(
    number: number,
    name: string,
    pattern: string,
    words: readonly string[],
    fullNumber: number,
    durable?: DurableTopic,
    storedNumber = number,
  ) {
    this.number = number;
    this.fullNumber = fullNumber;
    this.name = name;
    this.pattern = pattern;
    this.words = words;
    this.durable = durable;
    this.storedNumber = storedNumber;
  }

  get isFull(): boolean {
    return this.entries.size + this.coming >= this.settings.capacity;
  }

  /** @param attempts of an earlier run */
  add(message: KeptMessage, seq: number | undefined, attempts = 0): void {
    const entry: QueueEntry = {
      queue: this,
      // So an acknowledgement means the same message in the next run.
      number: this.durable === undefined || seq === undefined ? ++this.#lastEntry : seq,
      message,
      seq,
      priority: message.extras?.priority ?? priorityDefault,
      isBacklogged: false,
      state: "waiting",
      dueMs: Number.POSITIVE_INFINITY,
      attempts,
      isTried: attempts > 0,
      member: undefined,
      holder: undefined,
      restMs: undefined,
    };
    this.entries.set(entry.number, entry);
    this.backlog.add(entry, attempts > 0);
  }

  /** It waits for a member again. */
  wait(entry: QueueEntry): void {
    entry.state = "waiting";
    entry.dueMs = Number.POSITIVE_INFINITY;
    this.backlog.add(entry, true);
  }

  /** Nobody has it in hand any more. */
  release(entry: QueueEntry): void {
    entry.member?.inHand.delete(entry.number);
    entry.member = undefined;
  }

  /** It is in the queue no more. */
  end(entry: QueueEntry): void {
    this.release(entry);
    this.backlog.forget(entry);
    entry.state = "ended";
    this.entries.delete(entry.number);
  }

  /** A living member with room: by its queue's balance. Undefined: there is none. */
  memberWithRoom(isAlive: (holder: Ref) => boolean): QueueConsumer | undefined {
    const { members } = this;
    let best: QueueConsumer | undefined;
    let bestAt = 0;
    for (let n = 0; n < members.length; n++) {
      const at = (this.#next + n) % members.length;
      const member = members[at] as QueueConsumer;
      if (member.inHand.size >= member.maxInHand || !isAlive(member.holder)) continue;
      if (best === undefined || loadOf(member) < loadOf(best)) {
        best = member;
        bestAt = at;
      }
      // Nobody has less than nothing.
      if (this.settings.balance === "roundRobin" || loadOf(best) === 0) break;
    }
    if (best !== undefined) this.#next = bestAt + 1;
    return best;
  }

  stats(): QueueStats {
    let waiting = 0;
    let resting = 0;
    let inHand = 0;
    for (const { state } of this.entries.values()) {
      if (state === "waiting") waiting++;
      else if (state === "inHand") inHand++;
      else resting++;
    }
    const { name: queue, pattern, members, delivered, dropped, deadLettered, redelivered, discarded } = this;
    const counted = { delivered, dropped, deadLettered, redelivered, discarded };
    return { pattern, queue, members: members.length, ...counted, waiting, resting, inHand };
  }
}

/** One that lets the time of its messages pass is not free for having lost them. */
function loadOf({ inHand, missed }: QueueConsumer): number {
  return inHand.size + missed;
}

/** What is wrong with an entry that a new `system.bus` finds; undefined: nothing. */
export function faultOf(entry: QueueEntry): string | undefined {
  const { attempts, member, number, priority, queue, state } = entry;
  if (!Number.isInteger(priority) || priority < 0 || priority > priorityMax) return `its priority is ${priority}`;
  if (!(attempts >= 0)) return `it has begun ${attempts} attempts`;
  if (!ArrayBuffer.isView(entry.message?.bytes)) return "it has no message";
  const isInHand = member !== undefined && queue.members.includes(member) && member.inHand.get(number) === entry;
  switch (state) {
    case "inHand":
      if (!isInHand) return "it is in hand, and no member has it";
      return Number.isFinite(entry.dueMs) ? undefined : `it is to be acknowledged until ${entry.dueMs}`;
    case "waiting":
    case "failed":
    case "resting":
      return member === undefined ? undefined : `it is ${state}, and a member has it in hand`;
    default:
      return `it is ${String(state)}`;
  }
}
