/**
 * What an actor can do: the verbs of `ctx`, and the system messages that it may get.
 *
 * Erlang's words and meaning (reference manual, Processes; gen_server). After the actor's death every verb throws
 * `noproc` and nothing of it is sent; what only reads (`whereis`, `isAlive`, `nowMs`, `wallMs`, `random`) still answers.
 */

import type { KeepOptions } from "../bus/kept/keep-options.ts";
import type { AgentQuery } from "../registry/agent-query.ts";
import type { Agent } from "../registry/agents.ts";
import type { Configuration } from "../registry/configuration.ts";
import type { Declaration } from "../registry/declaration.ts";
import type { MissedRuns } from "../tasks/schedules.ts";
import type { Task } from "../tasks/task-handle.ts";
import type { TaskBackoff, TaskRequest } from "../tasks/task-request.ts";
import type { Behaviour, BehaviourReference, MailboxPolicy } from "./behaviour.ts";
import type { Budget } from "./budget.ts";
import type { ExitReason } from "./exit-reason.ts";
import type { Api, CallOptions, NoReply, Ref, RefData, SendOptions, SendResult } from "./ref.ts";

/** Where an actor runs. `local`: the caller's thread. `spread`: the least loaded scheduler. `thread`: 0 is main, schedulers count from 1. */
export type Placement = "local" | "spread" | { readonly near: RefData } | { readonly thread: number };

/**
 * `shared`: a scheduler thread with many others. `thread`: a thread of its own. `process`: a process of its own, for native
 * and untrusted code; not for supervisors.
 */
export type Isolation = "shared" | "thread" | "process";

export interface SpawnOptions {
  /** Registered before `init` runs; a name that is held by a living actor refuses the start with `already_started`. */
  readonly name?: string;
  /** Default `local` for `ctx`, `spread` for `system`. Refused beside isolation `thread` and `process`. */
  readonly placement?: Placement;
  /** Default `shared`. */
  readonly isolation?: Isolation;
  /**
   * Heap of a dedicated thread or process in MiB, from 16; refused without such an isolation. Default: V8's. Who fills it
   * is lost.
   */
  readonly heapMb?: number;
  /** The whole environment of the actor's process. Default: none of it. Refused without isolation `process`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the behaviour's, else 1,048,576. */
  readonly mailboxCapacity?: number;
  /** Default: the behaviour's, else `reject`. */
  readonly mailboxPolicy?: MailboxPolicy;
  /** How long one turn may take. Default: the behaviour's, else the system's (1,000), none on a dedicated thread. `Infinity`: for ever. */
  readonly turnLimitMs?: number;
  /** What it may use before it is ended for it. Default: the behaviour's, one by one. */
  readonly budget?: Budget;
  /** Added to what the behaviour declares, for `find`: of two that say the same thing this counts. */
  readonly declaration?: Declaration;
  /** The nearest source of its configuration (`argument`). Refused where the behaviour declares none. */
  readonly configuration?: Readonly<Record<string, unknown>>;
  /**
   * Time for the whole start, from the spawn to the end of `init`; then the actor is killed, and its start has failed with
   * `init_timeout`. Default: none, but for `start` and `system.spawn` 5,000 for `init` alone, while `threadStartTimeoutMs`,
   * `processStartTimeoutMs` and `loadTimeoutMs` of the system bound what comes before.
   */
  readonly startTimeoutMs?: number;
}

export interface SpawnLinkOptions extends SpawnOptions {
  /** Reports how `init` ended by one `started` message; when it failed no exit message follows (proc_lib:start_link). */
  readonly ack?: boolean;
  /** The id by which a supervisor knows it: what a plan of faults may call it by. */
  readonly childId?: string | number;
  /** Given by a supervisor that lists its children: what one is told by `reconfigure` goes on in its `next` lives, and a `first` knows nothing of it. */
  readonly life?: "first" | "next";
  /** Given by a supervisor: it takes the place of one that has failed by its own doing, which `find` knows of for some time. */
  readonly isRestart?: boolean;
}

export interface IntervalOptions {
  /**
   * What becomes of ticks that have passed while the actor's thread could not look: `all` (default): each is sent; `once`: one
   * for all of them; `skip`: none. The next one comes at its own time.
   */
  readonly missed?: MissedRuns;
}

export interface InterruptOptions {
  /** Why, a text: the actor that does not bear it ends `{ interrupted: reason }`. Default `on request`. */
  readonly reason?: string;
  /** How long the turn may still take. Default 1,000; `Infinity`: it is told, and ends when it likes. */
  readonly graceMs?: number;
}

/** One monitor. Plain data; each call of `monitor` makes another. */
export interface Monitor {
  readonly id: number;
  readonly ref: Ref | undefined;
}

/** The token of one call, to answer it later from anywhere. Plain data. */
export interface From {
  readonly caller: Ref;
  readonly id: number;
  /** The caller reads a stream, and so many chunks may be on their way to it: see `Context.stream`. */
  readonly stream?: number;
  /** The caller's trace context: see `Context.trace`. */
  readonly trace?: string;
}

export interface StreamOptions {
  /** Longest wait for the first chunk, and then for each that is asked for; past it the loop fails with `timeout`. Default 5,000; `Infinity`: for ever. */
  readonly idleTimeoutMs?: number;
  /** Time for the whole stream. Default `Infinity`. */
  readonly timeoutMs?: number;
  /** Chunks that may be on their way or unread: past that the producer waits. From 1 to 65,536, default 256. */
  readonly window?: number;
  /** Gives the stream up when it is aborted: the loop fails with `cancelled`. */
  readonly signal?: AbortSignal;
  /** See `CallOptions.trace`; of a request by topic as `PublishOptions.trace`. */
  readonly trace?: string | undefined;
}

export interface RequestStreamOptions extends StreamOptions, Omit<PublishOptions, "ack"> {}

/**
 * What a consumer has of a stream: chunks in the order in which they were written, by `for await`, once. Leaving the loop, or
 * `cancel`, tells the producer; what has come and was not read is dropped then.
 */
export interface StreamReader extends AsyncIterableIterator<unknown, unknown>, AsyncDisposable {
  /** The next chunk; `done` with what the producer has ended it with. @throws RuntimeError what a call would fail with, once. */
  next(): Promise<IteratorResult<unknown, unknown>>;
  return(): Promise<IteratorResult<unknown, unknown>>;
  [Symbol.asyncIterator](): StreamReader;
  cancel(): void;
  /** What the producer has ended it with, when the loop is over. */
  readonly result: unknown;
}

/** What a producer has of a stream. */
export interface StreamWriter {
  /** Aborted, with `stream_closed`, when nobody reads any more: the consumer has left, given up, waited too long, or ended. */
  readonly signal: AbortSignal;
  /**
   * Undefined, or a promise while the consumer has as much as it wants: await it before the next. It fails if nobody reads
   * any more. @throws RuntimeError `stream_closed`: nobody does, or the stream was ended here; `stream_full`: 1,024 writes
   * wait; `not_cloneable`, `message_too_large`.
   */
  write(chunk: unknown): SendResult;
  /** Behind all that was written. So does a call handler by its value, unless that is `noReply`. No error where it is over. */
  end(value?: unknown): void;
  /** The consumer's loop throws it, behind all that was written. */
  fail(error: { readonly code: string; readonly message: string }): void;
}

/** A running timer. */
export interface TimerRef {
  readonly id: number;
}

export interface DownMessage {
  readonly type: "down";
  readonly monitor: number;
  /** The actor, or undefined when a name was monitored that nobody holds. */
  readonly ref: Ref | undefined;
  /** The name, where a name was monitored. */
  readonly name?: string;
  readonly reason: ExitReason;
}

export interface ExitMessage {
  readonly type: "exit";
  readonly from: Ref;
  readonly reason: ExitReason;
}

/** The idle time-out ran out. */
export interface TimerMessage {
  readonly type: "timer";
  readonly timer: "idle";
}

/** How the `init` of a child ended that was spawned with `ack`. */
export interface StartedMessage {
  readonly type: "started";
  readonly ref: Ref;
  readonly result: StartResult;
}

export type StartResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: "ignore" }
  | { readonly ok: false; readonly reason: ExitReason; readonly running?: Ref };

/** Members came to or went from a group that is monitored (pg's `{Ref, join | leave, Group, Pids}`). */
export interface GroupMessage {
  readonly type: "group";
  /** The monitor's id. */
  readonly monitor: number;
  readonly group: string;
  readonly change: "join" | "leave";
  /** Each as often as its memberships changed. */
  readonly refs: readonly Ref[];
}

/** A monitor of one group or of all, and who was in it from the moment on when the monitor stood. */
export interface GroupMonitor {
  readonly id: number;
  readonly members: ReadonlyMap<string, readonly Ref[]>;
}

/** What a subscriber gets of what is published. One object for all subscribers of a thread. */
export interface Envelope {
  readonly type: "published";
  readonly topic: string;
  readonly message: unknown;
  /** Unique in the system: `thread.number`, counting up for each publishing thread. */
  readonly id: string;
  readonly from: Ref;
  /** Somebody waits for an answer: `ctx.reply(message.replyTo, value)`. Plain data, which another actor may answer by as well. */
  readonly replyTo?: From;
  /** As the publisher gave them. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Its deadline, by `ctx.nowMs()`. */
  readonly untilMs?: number;
  /** As the publisher gave it. */
  readonly trace?: string;
  /** As the publisher gave it: 0 to 9, 9 is the most urgent. */
  readonly priority?: number;
  /** Its number in the kept topic that has it, and when it was kept, by `ctx.nowMs()`: where main has served it (S17). */
  readonly seq?: number;
  readonly atMs?: number;
  /** What came right before it was removed by the bound of the kept topic before it could be read. */
  readonly isAfterGap?: boolean;
  /** Of an acknowledged queue: the how manieth attempt it is, from 1; and what `ack` and `nack` know it by. */
  readonly attempt?: number;
  readonly ackId?: string;
}

/** What a publish with `ack` resolves to. */
export interface PublishReceipt {
  /** Its number in the kept topic; undefined: acknowledged queues alone have it. */
  readonly seq: number | undefined;
}

export interface PublishOptions {
  /** Texts for whoever reads the envelope. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds from now after which it is dropped, and counted so, where it has not come into a subscriber's hands. Default: never. */
  readonly deadlineMs?: number;
  /** An opaque text that is carried along, such as a W3C `traceparent`. Of a request, default: that of the call in hand. */
  readonly trace?: string | undefined;
  /** 0 to 9, 9 is the most urgent; default 5. Of what waits in an acknowledged queue the most urgent is next; elsewhere it changes no order. */
  readonly priority?: number;
  /** The publish returns a promise that resolves when main has kept the message, wherever it is for (S17.2). */
  readonly ack?: boolean;
}

export interface RequestOptions extends Omit<PublishOptions, "ack"> {
  /** Time to wait for the first answer. Default 5,000; `Infinity` waits for ever. Its deadline too, unless `deadlineMs` is given. */
  readonly timeoutMs?: number;
  /** Gives the request up when it is aborted: it fails with `cancelled`. */
  readonly signal?: AbortSignal;
}

/** A subscription to a topic or pattern. */
export interface Subscription {
  readonly id: number;
  readonly pattern: string;
  /** With `from`: the number of the oldest message that was kept when it began. */
  readonly firstSeq?: number;
}

export interface SubscriptionOptions {
  /** Messages of the subscription that may stand in the mailbox. Default: the mailbox's bound alone. */
  readonly capacity?: number;
  /**
   * What goes at the bound. Default `reject`: the new one, as with `dropNewest`. Each is counted as dropped. With `wait` none
   * goes, and the promise that `publish` returns is settled when there is room; across threads the bound is soft (S13.7).
   */
  readonly policy?: "reject" | "dropOldest" | "dropNewest" | "wait";
  /** Only messages that have these fields with these values (by ===). The others are not for the subscription, and count nowhere. */
  readonly filter?: Readonly<Record<string, string | number | boolean | null>>;
  /**
   * Shares the messages with the other subscriptions of this pattern and queue, wherever they are: each message goes to one
   * of them, the one with the fewest unhandled ones, in turns where several have as few (S13.10).
   */
  readonly queue?: string;
  /**
   * Reads a kept topic that has all that the pattern matches: from the oldest kept message, from the last one, from a number
   * on, or from what is not older than so many milliseconds; then what follows, each once and in order. `capacity` is then
   * how many it is given ahead (default 256, at most 65,536); no policy goes with it.
   */
  readonly from?: "first" | "last" | { readonly seq: number } | { readonly ms: number };
  /**
   * With `queue`: an acknowledged queue (S17.5). It keeps what is published from its first member on, and gives each message to
   * one member, again and again, until one has answered with `ctx.ack`. It is there until `endQueue`. `capacity` (default
   * 100,000) and `policy` are the queue's, and so are the next three: of each the last that a member has said counts.
   */
  readonly ack?: boolean;
  /** How long a member may have a message in hand before it goes to somebody else. Default 30,000. */
  readonly ackWaitMs?: number;
  /** How often a message is given before it is a dead letter. Default 5. */
  readonly attempts?: number;
  /** How long a message rests after an attempt that failed. Default: 100 ms, doubled each time, at most 30,000. */
  readonly backoff?: TaskBackoff;
  /** Messages that this member may have in hand. Default 1. */
  readonly maxInHand?: number;
  /** Which member of a queue is next: the one with the fewest messages in hand (default), or each in turn. */
  readonly balance?: "leastLoaded" | "roundRobin";
}

/** Of a `watch`: an actor that meets its query appeared, declares something else, or is gone, or meets it no longer. */
export interface AgentMessage {
  readonly type: "agent";
  /** The watch's id. */
  readonly watch: number;
  readonly change: "appeared" | "changed" | "gone";
  readonly ref: Ref;
  /** What it declares now; undefined when it is gone. */
  readonly declaration: Declaration | undefined;
  /** The configuration that it has now; undefined: it has none, or is gone. */
  readonly configuration: Configuration<unknown> | undefined;
}

/** Of a subscription with `from` or `ack`: `dropTopic` or `endQueue` has ended it, and nothing of it comes any more. */
export interface UnsubscribedMessage {
  readonly type: "unsubscribed";
  /** The subscription's id. */
  readonly subscription: number;
  readonly pattern: string;
  readonly reason: "topic_dropped" | "queue_ended";
}

export type SystemMessage =
  | DownMessage
  | ExitMessage
  | TimerMessage
  | StartedMessage
  | GroupMessage
  | AgentMessage
  | UnsubscribedMessage;

export type LogLevel = "debug" | "info" | "warning" | "error";

/** What `call`, `send` and others take: a ref or a registered name. */
export type Target = RefData | string;

export interface Context {
  readonly self: Ref;
  /** Who spawned this actor. */
  readonly parent: Ref | undefined;
  /** The call being answered, while a call handler runs. */
  readonly from: From | undefined;
  /**
   * The trace context (a W3C `traceparent`) that the call in hand has come with. Calls and streams that are asked for meanwhile
   * take it along, unless they say another: `{ trace }`. Code that goes on beside the calls to come, as behind `noReply`, says it itself.
   */
  readonly trace: string | undefined;
  /** Aborted when the actor ends or its turn is interrupted. Hand it to fetch and the like. */
  readonly signal: AbortSignal;
  /** Return it from a call handler to answer later. */
  readonly noReply: NoReply;

  /** Starts an actor and returns its ref at once; `init` runs in its first turn. Failure arrives as exit or down. */
  spawn<A, P extends Api>(behaviour: Behaviour<A, P>, ...rest: SpawnRest<A, SpawnOptions>): Ref<P>;
  spawnLink<A, P extends Api>(behaviour: Behaviour<A, P>, ...rest: SpawnRest<A, SpawnLinkOptions>): Ref<P>;
  spawnLink(behaviour: BehaviourReference, argument?: unknown, options?: SpawnLinkOptions): Ref<Api>;
  spawnMonitor<A, P extends Api>(
    behaviour: Behaviour<A, P>,
    ...rest: SpawnRest<A, SpawnOptions>
  ): { readonly ref: Ref<P>; readonly monitor: Monitor };
  /** Like `spawnLink`, and awaits `init` (proc_lib:start_link). @throws RuntimeError `start_failed`, `ignore`, `already_started`, `init_timeout`. */
  start<A, P extends Api>(behaviour: Behaviour<A, P>, ...rest: SpawnRest<A, SpawnOptions>): Promise<Ref<P>>;

  link(ref: RefData): void;
  /** After it returns no exit of that link arrives any more. */
  unlink(ref: RefData): void;
  monitor(target: Target): Monitor;
  /** `flush` (default true) also removes a `down` that is already queued. */
  demonitor(monitor: Monitor | number, options?: { readonly flush?: boolean }): void;
  /** Sends an exit signal (erlang:exit/2). `kill` cannot be caught. */
  exit(ref: RefData, reason: ExitReason): void;
  /**
   * Asks the turn of an actor that is under way to end: an async one by its `ctx.signal`; a synchronous one is cut down when
   * `graceMs` are over, and its behaviour goes on where it has a hook `interrupted`. False: none is under way, or it has
   * ended by itself. An actor whose turn does not end in time ends `{ interrupted: reason }`.
   * @throws RuntimeError `calling_self`; `noproc`; `timeout`, where a turn that no cut can end holds the thread.
   */
  interrupt(target: Target, options?: InterruptOptions): Promise<boolean>;
  /** Turns exit signals into `exit` messages. */
  trapExit(on: boolean): void;
  /** Ends this actor after the current turn; `terminate` runs. In `init`: the start fails with that reason. Default `normal`. */
  stop(reason?: ExitReason): void;
  /**
   * Ends another actor in order, after its current turn and what stands before in its mailbox; resolves with its exit
   * reason (proc_lib:stop/3). Default reason `normal`, default time `Infinity`.
   * @throws RuntimeError `timeout`, `noproc`, `calling_self`, `bad_argument`.
   */
  stopActor(target: Target, reason?: ExitReason, timeoutMs?: number): Promise<ExitReason>;
  /** In `init`: there shall be no actor; the starter gets `ignore`. */
  ignore(): void;
  /** Returned from `init`: the start ends later, with `initDone`. Until then only system messages and own timers are handled, the rest waits. */
  readonly initLater: symbol;
  /** Ends a start that `initLater` left open; `state` is the actor's from here on. `ok: false`: the actor ends with that reason, as if `init` had stopped with it. */
  initDone(result: StartResult, state?: unknown): void;
  /** Runs the behaviour's `continue` before the next message. */
  continue(argument?: unknown): void;
  /** A `{ type: "timer", timer: "idle" }` message if no message comes within this time (gen_server's Timeout). `undefined` switches it off. */
  idleTimeout(delayMs: number | undefined): void;
  reply(from: From, value: unknown): void;
  /** Answers a call with an error: the caller's `call` throws it. */
  replyError(from: From, error: { readonly code: string; readonly message: string }): void;

  /** @throws RuntimeError `already_registered`, `bad_argument`. */
  register(name: string, ref?: RefData): Promise<void>;
  unregister(name: string): Promise<void>;
  whereis(name: string): Ref | undefined;

  /**
   * Joins a process group (pg:join/2), once more if it is in it already: this actor unless another is given, or each of a
   * list (at most 65,536) as often as it stands there; those of one thread in one step (S12.5). It leaves when it ends. Resolves
   * when this thread sees it, the others do soon after (S12.2). @throws RuntimeError `bad_argument`, of a list with the index,
   * and then nobody joins; `noproc`: one has ended, and of a list the others have joined.
   */
  join(group: string, members?: RefData | readonly RefData[]): Promise<void>;
  /**
   * One membership less (pg:leave/2), of a list one for each time that a member stands there. `not_joined`: there was none, of
   * a list none of anybody's. @throws RuntimeError `bad_argument` as above.
   */
  leave(group: string, members?: RefData | readonly RefData[]): Promise<"ok" | "not_joined">;
  /** Living members, each as often as it has joined, in no order (pg:get_members/1). A read of this thread's copy. */
  members(group: string): Ref[];
  /** Groups with a living member (pg:which_groups/0). */
  groups(): string[];
  /** Tells this actor by `group` messages who joins and leaves a group, or all groups (pg:monitor/1, monitor_scope/0). */
  monitorGroup(group?: string): GroupMonitor;
  /** After it returns no message of that monitor arrives any more. False: there is none (pg:demonitor/1). */
  demonitorGroup(monitor: GroupMonitor | number): boolean;

  /**
   * Declares what this actor is and can do, for `find` on every thread; what it had declared before is gone.
   * @throws RuntimeError `bad_argument` with the path of what is wrong, `not_cloneable`.
   */
  declare(declaration: Declaration): void;
  /**
   * Actors that have declared what the query wants, the best first: able to take a message and with the least waiting, then
   * the cheaper, then the faster. A read of this thread's copy; loads are as each thread has told last. @throws RuntimeError `bad_argument`.
   */
  find(query: AgentQuery): Agent[];
  /**
   * Changes an actor's configuration: its sources are read anew, the changes go before them all, and what the schema makes of
   * it is offered to its hook `configure` between two turns. Where that does not refuse, it is the actor's from then on, for
   * `find` and `watch` too, and in the next life of a child that a supervisor lists.
   * @throws RuntimeError `refused` with the actor's words, `bad_configuration`, `noproc`, `timeout` (5,000 ms), `calling_self`,
   * `bad_argument`, `not_cloneable`; what the actor crashed with in the hook.
   */
  reconfigure(target: Target, changes: Readonly<Record<string, unknown>>): Promise<Configuration<unknown>>;
  /** The same, and from now on `agent` messages of those that appear, change or go. @throws RuntimeError `bad_argument`. */
  watch(query: AgentQuery): { readonly id: number; readonly agents: readonly Agent[] };
  /** After it returns no message of that watch arrives any more. False: there is none. */
  unwatch(watch: { readonly id: number } | number): boolean;

  /**
   * Lets this actor get every message that is published under a topic, or under one that a pattern matches (`*`: one word,
   * a last `>`: one or more), as an `Envelope`; once for each of its subscriptions that match. It counts from when the
   * promise resolves, and ends with the actor. @throws RuntimeError `bad_argument`.
   */
  subscribe(pattern: string, options?: SubscriptionOptions): Promise<Subscription>;
  /** Ends a subscription: nothing of it arrives any more, also what stands in the mailbox (counted as dropped). False: there is none. */
  unsubscribe(subscription: Subscription | number): boolean;
  /**
   * To all subscribers. Returns a promise while a subscription with policy `wait` that it is for is full, or a thread has too
   * much to read, else undefined: await it before the next. Who has 1,024 sends and publishes waiting waits no more: it is
   * dropped there, and counted (S13.7).
   * @throws RuntimeError `bad_argument`, `not_cloneable`.
   */
  publish(topic: string, message: unknown, options: PublishOptions & { readonly ack: true }): Promise<PublishReceipt>;
  publish(topic: string, message: unknown, options?: PublishOptions): SendResult;
  /**
   * Publishes, and resolves with the first answer that somebody gives by the envelope's `replyTo`; later ones are dropped (S18).
   * @throws RuntimeError `noproc`: nobody is subscribed; `timeout`, `cancelled`, `bad_argument`, `not_cloneable`, or the
   * error that it is answered with.
   */
  request(topic: string, message: unknown, options?: RequestOptions): Promise<unknown>;
  /**
   * Keeps what is published under a topic or a pattern, on main and within the bounds that are given, until `dropTopic`; again
   * with other bounds, it goes by these. Resolves when what is published anywhere from then on is kept. With `durable` a
   * storage plugin has it, too, and what an earlier run of the program has left there is there again (S21).
   * @throws RuntimeError `already_kept`: the pattern overlaps that of another kept topic, or is kept in another place;
   * `bad_argument`; of a durable one `plugin_missing`, `storage_failed`, `storage_corrupt`, `storage_version`, `version_conflict`.
   */
  keepTopic(pattern: string, options?: KeepOptions): Promise<void>;
  /** Keeps it no more; what was kept is gone, and who reads it gets an `UnsubscribedMessage` and nothing more. False: it was not kept. @throws RuntimeError `bad_argument`. */
  dropTopic(pattern: string): Promise<boolean>;
  /** A message of an acknowledged queue, as it came, is done: nobody gets it again. Whoever has it may say so. @throws RuntimeError `bad_argument`. */
  ack(message: unknown): void;
  /** It is not done: it rests for the queue's back-off, or so long, and is given again. @throws RuntimeError `bad_argument`. */
  nack(message: unknown, options?: { readonly delayMs?: number }): void;
  /** Ends an acknowledged queue: what is left in it becomes dead letters, and its members get an `UnsubscribedMessage`. How many; undefined: there was none. @throws RuntimeError `bad_argument`. */
  endQueue(pattern: string, queue: string): Promise<number | undefined>;
  /** The same for a stream, of whoever opens it first by `ctx.stream(message.replyTo)`; what fails it is thrown by the loop. */
  requestStream(topic: string, message: unknown, options?: RequestStreamOptions): StreamReader;
  /** A call whose handler answers by a stream, of `ctx.stream(ctx.from)`: what fails it is thrown by the loop (S18). */
  callStream(target: Target, name: string, argument?: unknown, options?: StreamOptions): StreamReader;
  /** Opens the stream that the caller of `callStream` or `requestStream` reads. @throws RuntimeError `bad_argument`: it reads none. */
  stream(from: From | undefined): StreamWriter;

  /**
   * Gives work to an actor: a call of one of its handlers that waits for its turn by priority, within what the actor may
   * have in hand, and is tried again where the request says so (S16). Returns at once; the work goes on when this actor
   * has ended. @throws RuntimeError `bad_argument`, `not_cloneable`.
   */
  submit(request: TaskRequest): Task;

  send(target: Target, message: unknown, options?: SendOptions): SendResult;
  call(target: Target, name: string, argument?: unknown, options?: CallOptions): Promise<unknown>;
  cast(target: Target, name: string, argument?: unknown, options?: SendOptions): SendResult;

  /** Sends `message` to `target` (default self) once, after `delayMs`. Timers end with their actor. */
  sendAfter(delayMs: number, message: unknown, target?: Target): TimerRef;
  /** The same again and again. */
  sendEvery(periodMs: number, message: unknown, target?: Target, options?: IntervalOptions): TimerRef;
  /** Milliseconds that were left, or undefined when it was no longer running; after it returns the timer's message does not arrive, even if it was queued. */
  cancelTimer(timer: TimerRef): number | undefined;

  /** Puts the message in hand aside. Bound: the mailbox's capacity. @throws RuntimeError `mailbox_full`; `bad_argument`: no message is in hand, as in `init` and `continue`. */
  stash(): void;
  /** Puts stashed messages back at the head of the mailbox, oldest first. */
  unstashAll(): void;
  /** Runs foreign work beside the mailbox. Its result comes to you by the promise; it is abandoned when the actor ends, and a failure nobody awaits ends the actor. */
  task<T>(work: Promise<T> | ((signal: AbortSignal) => Promise<T>)): Promise<T>;
  /** Whether the actor lives at this moment, as its liveness word says (S4.1). */
  isAlive(ref: RefData): boolean;
  /** From 0 up to but not including 1, out of the thread's own source, which the system's `seed` starts. Not for secrets. */
  random(): number;
  /** The system's clock: milliseconds since an arbitrary start, monotonic. */
  nowMs(): number;
  /** The time of day, in milliseconds since the epoch, which may be set; on a manual clock `nowMs`. */
  wallMs(): number;
  log(level: LogLevel, message: string, data?: unknown): void;
}

/** The argument may be left out when the behaviour takes none. */
export type SpawnRest<A, O> = undefined extends A ? [argument?: A, options?: O] : [argument: A, options?: O];
