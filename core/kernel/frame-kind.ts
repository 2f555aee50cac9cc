import { type MessageMeta, Meta, MetaKind } from "../actor/mailbox.ts";

/** All that crosses from one thread's kernel to another's, by number. Payloads are noted beside each kind. */
export const FrameKind = {
  /** A raw message: the message; id: the sender's mark where a plan of faults means it, else 0. */
  message: 1,
  /** `[name, argument]`; id: as above. */
  cast: 2,
  /** `[name, argument, timeoutMs]`, and the mark where there is one; id: the call. */
  call: 3,
  /** The value; id: the call. */
  reply: 4,
  /** `ErrorData`; id: the call. */
  replyError: 5,
  link: 6,
  unlink: 7,
  unlinkAck: 8,
  /** id: the monitor. */
  monitor: 9,
  /** id: the monitor. */
  demonitor: 10,
  /** An exit signal sent by `exit`: the reason. */
  exit: 11,
  /** An exit signal by a link: the reason. */
  linkExit: 12,
  /** The reason; id: the monitor. */
  down: 13,
  /** `SpawnPayload`; id: a monitor to make, or 0. */
  spawn: 14,
  /** The child's `init` ended well; id: the change by which it can be found, or 0. */
  started: 15,
  /** The reason why there is no child. */
  startFailed: 16,
  /** `[name, ref]`; id: the request. To main. */
  nameRegister: 17,
  /** `undefined` or the living holder; id: the request. */
  nameReply: 18,
  /** `[name, ref]`: the holder is gone or gave it up; id: the request, or 0. To main. */
  nameRelease: 19,
  /** `[name, ref]`, from main to every replica. */
  nameSet: 20,
  /** `[name, ref]`, from main to every replica; without a ref whoever has the name. */
  nameDelete: 21,
  /** The receiver's mailbox is full: hold messages to it. */
  pause: 22,
  resume: 23,
  /** Slots given back to the thread that had reserved them. */
  slots: 24,
  /** A `RuntimeEvent`, to main. */
  event: 25,
  /** `stop(ref, reason)`: the reason; id: the call. */
  stop: 26,
  /** Start a dedicated thread: a `DedicatedStart`. To main. */
  startThread: 27,
  /** Ask for statistics; id: the request. */
  stats: 28,
  /** Statistics; id: the request. */
  statsReply: 29,
  /** The system stops: every actor of the thread is to end. */
  shutDown: 30,
  /** A spawn that was announced by its ref and will never come. */
  spawnFailed: 31,
  /** The actor that a dedicated thread was started for does not come. */
  abandon: 32,
  /** `EntryPayload`; id: the change's number, 0 in an introduction. To main, and from main to the others. */
  entry: 33,
  /** The holder: it has ended, and has no entries. To main, and from main to the others. */
  entriesGone: 34,
  /** `["join" | "leave", group]`; id: the question. */
  groupChange: 35,
  /** `[change, EntryPayload]`, to be confirmed. To main, id: the question; from main to every other thread, id: the confirmation. */
  entryToAll: 36,
  /** id: the confirmation. To main. */
  entryConfirmed: 37,
  /** `PublishedPayload`: what was published, for the thread's own subscribers; id: 1 where its publisher may not wait any more. */
  published: 38,
  /** `[ControlVerb, value]`; id: the question. */
  control: 39,
  /** Ask for the thread's actors; id: the question. */
  actors: 40,
  /** Ask for the thread's dead letters; id: the question. */
  deadLetters: 41,
  /** `[number, receiver or undefined]`; id: the question. */
  resend: 42,
  /** `[looker, ActivityQuestion]`; id: the question. */
  activity: 43,
  /** The end of what main tells a thread that comes up. */
  introduced: 44,
  /** `SubmitPayload`; id: the question whether it is accepted. To main. */
  submit: 45,
  /** The task's id; id: the question. To main. */
  cancelTask: 46,
  /** The pattern: a subscription with policy `wait` is full; id: the subscription. */
  topicFull: 47,
  /** It has room again; id: the subscription. */
  topicRoom: 48,
  /** A pattern of its subscribers: what was dropped on the way to them, since the thread had too much to read; id: how many. */
  topicSkipped: 49,
  /** `QueueJoin`; id: the question. To main. */
  queueJoin: 50,
  /** id: the subscription. To main. */
  queueLeave: 51,
  /** How many messages a member of a queue group has less in hand; id: the subscription. To main. */
  queueDone: 52,
  /** `SharedPayload`, for one member of a queue group; id: the subscription. From main. */
  shared: 53,
  /** `KeepQuestion`; id: the question. To main. */
  keep: 54,
  /** `PublishedToKeep`, whose publisher waits for what main says to it; id: the question. To main. */
  publishedToKeep: 55,
  /** `ConsumeJoin`; id: the question. To main. */
  consume: 56,
  /** Numbers of those in hand; id: the subscription. To main. */
  consumeLeave: 57,
  /** How many messages more a reader has handled; id: the subscription. To main. */
  consumeDone: 58,
  /** `AnswerPayload`: what became of a delivery. To main. */
  acknowledge: 59,
  /** `GivenPayload`, for a subscription that main serves; id: the subscription. From main. */
  given: 60,
  /** `DeliveryNumber`: it is for somebody else; id: the subscription. From main. */
  recalled: 61,
  /** The holder: main has thrown an entry of it out, and wants all that are right. */
  entriesAsked: 62,
  /** `QueueBack`: what a member of a queue group had not handled. To main. */
  queueBack: 63,
  /** The sender writes a stream for the receiver's call or request; id: that. */
  streamOpen: 70,
  /** The chunk; id: as above. */
  chunk: 71,
  /** How many chunks more may be on their way, from the reader; id: as above. */
  streamCredit: 72,
  /** Why nobody reads it any more; id: as above. */
  streamClosed: 73,
  /** `ErrorData`: nobody there answers a request any more; id: the request. */
  requestOut: 74,
  /** `[childId, changes]`: what a child was told by `reconfigure`, to its supervisor. */
  childConfigured: 75,
  /** Why main serves a subscription no more (`UnsubscribedMessage`); id: the subscription. From main. */
  consumeEnded: 76,
  /** Names of environment variables that an actor's configuration is read from. To main. */
  environmentAsked: 77,
  /** `["join" | "leave", group, refs of the thread's actors]`; id: the question. */
  groupChanges: 78,
  /** `EntriesPayload`; id: the last change's number. To main, and from main to the others. */
  entries: 79,
} as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

/** A frame's payload as meta and message, as a mailbox has them. */
export function mailOf(kind: number, payload: unknown): readonly [MessageMeta, unknown] {
  if (kind !== FrameKind.cast && kind !== FrameKind.call) return [undefined, payload];
  const [name, argument] = payload as readonly [string, unknown];
  return [kind === FrameKind.cast ? name : new Meta(MetaKind.call, name, 0, undefined), argument];
}

/** Whether a frame is a message, a cast or a call: what is a dead letter when it does not arrive. */
export function isMessage(kind: number): boolean {
  return kind <= FrameKind.call;
}
