/**
 * An actor's cell: what the kernel holds for one incarnation.
 *
 * Fixed shape and small: a million idle actors are a million of these. What few actors need (timers, monitors, stash,
 * open calls …) is in `CellExtra`, made on first use. The fields are the kernel's; nothing else may touch them.
 */

import type { TopicSubscription } from "../bus/subscription.ts";
import type { ActorFaults } from "../faults/actor-faults.ts";
import type { RemoteActor } from "../kernel/host.ts";
import type { Interrupt } from "../kernel/interrupt-request.ts";
import type { NumberTable } from "../kernel/number-table.ts";
import type { PendingCall } from "../kernel/pending-calls.ts";
import type { TraceRecord } from "../kernel/traces.ts";
import type { AgentConfiguration, GivenConfiguration } from "../registry/agent-configuration.ts";
import type { Data } from "../registry/configuration.ts";
import type { Declaration } from "../registry/declaration.ts";
import type { Reader } from "../streams/stream-reader.ts";
import type { Writer } from "../streams/stream-writer.ts";
import type { MissedRuns } from "../tasks/schedules.ts";
import type { Task } from "../tasks/task-handle.ts";
import type { ActorBudget } from "./actor-budget.ts";
import type { Behaviour, MailboxPolicy } from "./behaviour.ts";
import type { Context, Monitor, SpawnOptions } from "./context.ts";
import type { ExitReason } from "./exit-reason.ts";
import type { Mailbox, MessageMeta, Meta } from "./mailbox.ts";
import type { Api, Ref, RefData } from "./ref.ts";
import type { RefTable } from "./ref-table.ts";

/** Bits of `Cell.flags`. */
export const Flag = {
  /** Stands in the run queue. */
  scheduled: 1,
  /** An async turn is open. */
  open: 2,
  /** `init` has not begun. */
  unborn: 4,
  /** `init` has not ended. */
  initializing: 8,
  /** Waits for its module or its name. */
  waiting: 16,
  /** User messages are held back, in `CellExtra.heldMail` (`pause`, `initLater`). */
  held: 32,
  trapping: 64,
  /** `stop` was called: ends after the current turn. */
  stopping: 128,
  /** `terminate` is running. */
  terminating: 256,
  dead: 512,
  /** The next messages want a look at `extra` first (continue, idle time-out). */
  special: 1_024,
  /** Its handlers return promises: turns are entered with a store for blame. */
  async: 2_048,
  /** A mailbox bound or policy of its own, or senders wait. */
  bounded: 4_096,
  /** A turn limit of its own, or times of its budget. */
  limited: 8_192,
  /** Its code runs in another process: what is sent to it must be able to cross. */
  remote: 16_384,
  /** A plan of faults means it: its turns, and messages to or from it. */
  faulty: 32_768,
  /** What it has under way is counted, and bound by its budget. */
  counted: 65_536,
  /** `pause` was called, and `resume` was not. */
  paused: 131_072,
  /** Its messages are told as events. */
  traced: 262_144,
  /** It has declared something, and nothing has happened with it since all were told how it stands with it. */
  agent: 524_288,
  /** Its turns were long when it was last looked at the clock. */
  slow: 1_048_576,
  /** Its parent keeps what it is told by `reconfigure` for its next life. */
  kept: 2_097_152,
  /** Somebody looks at what actors do, and the clock is looked at for each of its runs. */
  timed: 4_194_304,
} as const;

/** While one of these is set the mailbox is not served. */
export const blockedFlags = Flag.open | Flag.waiting | Flag.terminating | Flag.dead;

/** How `init`'s end is told to the starter. */
export interface StartAck {
  readonly to: RefData;
  /** How long `init` may take, where the starter did not say how long the start may. */
  readonly initTimeoutMs: number | undefined;
}

/** One send that waits for room (policy `wait`). */
export interface WaitingSend {
  readonly sender: Cell | undefined;
  readonly meta: string | Meta | undefined;
  readonly payload: unknown;
  /** Objects that move with it to another thread. */
  readonly transfer: readonly unknown[] | undefined;
  readonly accepted: (() => void) | undefined;
}

/** What an actor's start still needs; gone after `init`. */
export interface StartInfo {
  /** What the spawn says, where the behaviour is still to come. */
  readonly options: SpawnOptions | undefined;
  readonly name: string | undefined;
  readonly ack: StartAck | undefined;
  /** What the spawn says of its declaration and its configuration. */
  readonly declaration: Declaration | undefined;
  readonly configuration: GivenConfiguration | undefined;
  timer: TimerEntry | undefined;
}

/** The rare parts of a cell. */
export class CellExtra {
  name: string | undefined = undefined;
  /** It has, or had, entries in the threads' copies (`replica.ts`). */
  hasEntries = false;
  /** It has declared something, or has a configuration. */
  isAgent = false;
  /** The number of its last change in the threads' copies by which others find it. */
  agentChange = 0;
  configuration: AgentConfiguration | undefined = undefined;
  /** What its children were told so, by their ids. */
  childChanges: Map<string | number, Data> | undefined = undefined;
  /** What it watches among those that have, by id. */
  agentWatches: Set<number> | undefined = undefined;
  /** Its monitors of groups, by id; undefined: of every group. */
  groupMonitors: Map<number, string | undefined> | undefined = undefined;
  /** What it is subscribed to, by id. */
  subscriptions: Map<number, TopicSubscription> | undefined = undefined;
  /** Streams that it reads, and those that it writes by the token of who reads them. */
  readers: Set<Reader> | undefined = undefined;
  writers: Map<string, Writer> | undefined = undefined;
  /** What the plan of faults that is at work has to do with it. */
  faults: ActorFaults | undefined = undefined;
  /** What is known of it while it is traced. */
  trace: TraceRecord | undefined = undefined;
  capacity = 0;
  /** `exit`: the actor ends, by its budget. */
  policy: MailboxPolicy | "exit" = "reject";
  /** That its mailbox is full was told, and it has not been half empty since. */
  isFullTold = false;
  stopReason: ExitReason | undefined = undefined;
  isIgnored = false;
  /** Awaits the `init` of children. */
  hasStarts = false;
  isCrashReported = false;
  stopCallers: { caller: RefData; id: number }[] | undefined = undefined;
  /** Monitors this actor made: id -> target. */
  monitors: Map<number, { ref: RefData | undefined; name: string | undefined; handle: Monitor }> | undefined =
    undefined;
  /** Actors that monitor this one: watcher and id. */
  watchers: Map<string, { ref: RefData; id: number }> | undefined = undefined;
  /** Links that were undone and not yet confirmed by the other thread: ref key -> how often. */
  unlinking: Map<string, number> | undefined = undefined;
  timers: Map<number, TimerEntry> | undefined = undefined;
  idleTimer: TimerEntry | undefined = undefined;
  budgetTimer: TimerEntry | undefined = undefined;
  budget: ActorBudget | undefined = undefined;
  continues: unknown[] | undefined = undefined;
  stash: unknown[] | undefined = undefined;
  /** What came up while user messages were held back. It counts for the mailbox's bound. */
  heldMail: Mailbox | undefined = undefined;
  /** Calls taken and not answered, by thread and id of the caller (`openCallKey`). */
  openCalls: NumberTable<{ caller: RefData; id: number; name: string; deadlineMs: number }> | undefined = undefined;
  /** Of the calls that this actor made and that have not ended: the others are behind it. */
  newestCall: PendingCall | undefined = undefined;
  /** Promises of the kernel (calls, starts, names, waiting sends) that this actor waits for. */
  awaiting = 0;
  waiting: WaitingSend[] | undefined = undefined;
  /** Threads that were told to stop sending to this actor. */
  pausedThreads: Set<number> | undefined = undefined;
  /** Its own sends that wait. */
  waitingCount = 0;
  abort: AbortController | undefined = undefined;
  /** The signal of the turn that asked for it last. */
  turnAbort: { readonly turn: number; readonly controller: AbortController; readonly signal: AbortSignal } | undefined =
    undefined;
  /** Its open turn was asked to end. */
  interrupt: Interrupt | undefined = undefined;
  interruptTimer: TimerEntry | undefined = undefined;
  tasks = 0;
  /** Of an actor in a process: what it has submitted and has no result yet, by its own number. */
  remoteTasks: Map<number, Task> | undefined = undefined;
  /** The message of an open async turn, for the crash report. */
  turnMessage: unknown = undefined;
  /** Its meta; a symbol of the scheduler's when there is none. */
  turnMeta: MessageMeta | symbol = undefined;
  /** Its promise, and whether that has settled; where it stands among the open turns. */
  turnPromise: PromiseLike<unknown> | undefined = undefined;
  isTurnSettled = false;
  /** How it has settled, until a drain takes its end. */
  isTurnOk = false;
  turnValue: unknown = undefined;
  /** The number of the turn in which it began, and when that was. */
  turnNumber = 0;
  turnBeganMs = 0;
  /** When it was put in the place of one that failed. */
  restartedMs: number | undefined = undefined;
  turnAt = -1;
  /** In which checkpoint's record it stands. */
  checkpoint = 0;
  /** After a cut: when the turn counts as lost with it; 0 not at all. */
  graceEndMs = 0;
  /** How long a turn may take, where that is not the system's; 0: for ever. */
  turnLimitMs: number | undefined = undefined;
  /** The module that it waits for. */
  loadingUrl: string | undefined = undefined;
  /** How an async turn ends; made once for each async actor. */
  turnEnds: { readonly ok: (value: unknown) => void; readonly fail: (error: unknown) => void } | undefined = undefined;
  /** Where its code runs, if that is another process. */
  remote: RemoteActor | undefined = undefined;
  resource: { runInAsyncScope<T>(run: () => T): T } | undefined = undefined;
}

/** A timer of an actor. */
export interface TimerEntry {
  readonly id: number;
  dueMs: number;
  /** Breaks ties of due time in order of creation; -1 while it does not stand in the heap. */
  sequence: number;
  readonly periodMs: number;
  /** What becomes of ticks of its that were missed. */
  readonly missed: MissedRuns;
  readonly cell: Cell;
  readonly target: RefData | string | undefined;
  readonly message: unknown;
  readonly kind: "message" | "idle" | "start" | "budget" | "interrupt";
  cancelled: boolean;
  /** Its message has been put into its actor's mailbox, and may stand there. */
  hasFired: boolean;
}

export class Cell {
  readonly slot: number;
  readonly generation: number;
  flags: number;
  behaviour: Behaviour<never, Api>;
  state: unknown = undefined;
  mailbox: Mailbox | undefined = undefined;
  /** Made with the first turn. */
  ctx: Context | undefined = undefined;
  parent: RefData | undefined;
  /** The id by which its supervisor knows it. */
  childId: string | number | undefined = undefined;
  /** Until its `init` has ended. */
  start: StartInfo | undefined = undefined;
  /** One linked actor, or a table from the second on. */
  links: RefData | RefTable<RefData> | undefined = undefined;
  /** The call or message in hand. */
  current: Meta | undefined = undefined;
  extra: CellExtra | undefined = undefined;
  ownRef: Ref | undefined = undefined;

  constructor(
    slot: number,
    generation: number,
    flags: number,
    behaviour: Behaviour<never, Api>,
    parent: RefData | undefined,
  ) {
    this.slot = slot;
    this.generation = generation;
    this.flags = flags;
    this.behaviour = behaviour;
    this.parent = parent;
  }
}

/** The rare parts, made when first needed. */
export function extraOf(cell: Cell): CellExtra {
  cell.extra ??= new CellExtra();
  return cell.extra;
}
