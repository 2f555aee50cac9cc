/**
 * A running system, as the program that started it sees it: the verbs of `ctx` for code outside any actor.
 *
 * The program is the guest: an actor without code in slot 0 of main that traps exits. What it spawns has it as parent.
 */

import type { Behaviour } from "../actor/behaviour.ts";
import type {
  Context,
  DownMessage,
  InterruptOptions,
  Monitor,
  PublishOptions,
  PublishReceipt,
  RequestOptions,
  RequestStreamOptions,
  SpawnOptions,
  SpawnRest,
  StartResult,
  StreamOptions,
  StreamReader,
  SubscriptionOptions,
  Target,
} from "../actor/context.ts";
import { type ExitReason, reasonText } from "../actor/exit-reason.ts";
import type { Api, CallOptions, Ref, RefData, SendOptions, SendResult } from "../actor/ref.ts";
import type { KeepOptions } from "../bus/kept/keep-options.ts";
import { checkSubscriptionOptions } from "../bus/subscription-options.ts";
import { wordsOfPattern } from "../bus/topic.ts";
import { afterMs } from "../clock.ts";
import { describe, RuntimeError } from "../errors.ts";
import type { FaultInjection } from "../faults/injection.ts";
import type { CheckedFaultPlan } from "../faults/plan.ts";
import { type ActorInfo, type ControlVerb, hidesSecrets } from "../kernel/controls.ts";
import type { DeadLetter } from "../kernel/dead-letters.ts";
import type { EventStream } from "../kernel/event-stream.ts";
import type { CrashReport } from "../kernel/events.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { assertChanges } from "../kernel/reconfiguring.ts";
import { assertId } from "../kernel/signals.ts";
import { assertSpawnOptions, hasOwnHeap } from "../kernel/spawn-options.ts";
import { initTimeoutMs, startError } from "../kernel/start-error.ts";
import { assertKeys } from "../known-keys.ts";
import type { ProcessGateway, ProcessInfo } from "../process/gateway.ts";
import type { AgentQuery } from "../registry/agent-query.ts";
import type { Agent } from "../registry/agents.ts";
import type { Configuration } from "../registry/configuration.ts";
import type { Schedule, ScheduleOptions } from "../tasks/schedules.ts";
import type { Task } from "../tasks/task-handle.ts";
import type { TaskRequest } from "../tasks/task-request.ts";
import type { TaskTable } from "../tasks/task-table.ts";
import type { PortHost } from "../thread/port-host.ts";
import { guardMain } from "../thread/process-guard.ts";
import type { ThreadPool } from "../thread/thread-pool.ts";
import type { Activity } from "./activity.ts";
import { type ActorNode, treeOf } from "./actor-tree.ts";
import type { SystemParts } from "./boot.ts";
import { endActors, endHeldThreads } from "./ending.ts";
import { Inspection, type SystemStats } from "./inspection.ts";
import { type LookOptions, lookOptions, type StateOptions, stateOptions } from "./look-options.ts";
import { ManualClock } from "./manual-clock.ts";
import { type ProfileOptions, profileHere, profileRequest } from "./profile.ts";
import { ProgramSubscriber, type ProgramSubscription, subscriber } from "./program-subscription.ts";
import { type Remaining, remaining } from "./remaining.ts";
import { settled } from "./settling.ts";

/** Time for stores to have what is on its way to them, before each of the trees ends. */
const storesMs = 2_000;

/** A monitor of the program. */
export interface SystemMonitor extends Monitor {
  /**
   * Resolves when the actor ends. After `demonitor` no down comes any more, as in Erlang: then this stays pending for ever,
   * and who still awaits it goes no further. It keeps no process alive.
   */
  readonly down: Promise<DownMessage>;
}

export class System implements AsyncDisposable {
  readonly events: EventStream;
  /**
   * Why the system has ended, when all is down: `shutdown` where it was stopped, else the reason of its own supervisor, which
   * has given up the runtime's services: `{ shutdown: "reached_max_restart_intensity" }`. Never rejects, and keeps no process alive.
   */
  readonly ended: Promise<ExitReason>;
  readonly #kernel: Kernel;
  readonly #host: PortHost;
  readonly #pool: ThreadPool;
  readonly #gateway: ProcessGateway;
  readonly #inspection: Inspection;
  readonly #ctx: Context;
  readonly #monitors: Map<number, (down: DownMessage) => void>;
  readonly #manualClock: ManualClock | undefined;
  readonly #endTimeoutMs: number;
  readonly #unguard: () => void;
  readonly #resolveEnded: (reason: ExitReason) => void;
  #faults: FaultInjection | undefined;
  #stopping: Promise<void> | undefined;
  /** Why it ends, once it does. */
  #reason: ExitReason | undefined;

  constructor(parts: SystemParts) {
    this.#kernel = parts.kernel;
    this.#host = parts.host;
    this.#pool = parts.pool;
    this.#gateway = parts.gateway;
    this.#inspection = new Inspection(parts.kernel, parts.pool, parts.gateway);
    this.events = parts.events;
    parts.kernel.observation = { events: parts.events, stats: () => this.stats() };
    this.#monitors = parts.monitors;
    this.#ctx = parts.kernel.contextOf(parts.kernel.guest);
    this.#manualClock = parts.isManual ? new ManualClock(parts.kernel) : undefined;
    this.#endTimeoutMs = parts.endTimeoutMs;
    this.#unguard = guardMain(parts.kernel);
    const { promise, resolve } = Promise.withResolvers<ExitReason>();
    this.ended = promise;
    this.#resolveEnded = resolve;
  }

  /** The program's own address: parent of what it spawns. */
  get self(): Ref {
    return this.#ctx.self;
  }

  /** Scheduler positions: 0 is main, the worker threads count from 1. */
  get threads(): number {
    return this.#kernel.memory.schedulers;
  }

  /** The time of the system's clock, as actors see it (`ctx.nowMs`): milliseconds since an arbitrary start. */
  nowMs(): number {
    return this.#ctx.nowMs();
  }

  /** @throws RuntimeError `bad_argument` unless the system was started with `clock: "manual"`. */
  get clock(): ManualClock {
    if (this.#manualClock === undefined) {
      throw new RuntimeError(
        "bad_argument",
        'this system runs on real time; start it with { clock: "manual" } to advance it',
      );
    }
    return this.#manualClock;
  }

  /**
   * Starts an actor and awaits its `init`. Default placement `spread`; time for `init` 5,000 ms, unless `startTimeoutMs` says
   * how long the whole start may take.
   * @throws RuntimeError `start_failed`, `ignore`, `already_started`, `init_timeout`, `module_unknown`, `module_failed`,
   * `module_export_missing`, `load_timeout`, `invalid_placement`, `bad_argument`, `not_cloneable`, `not_started`.
   */
  async spawn<A, P extends Api>(behaviour: Behaviour<A, P>, ...rest: SpawnRest<A, SpawnOptions>): Promise<Ref<P>> {
    const { ref, started } = this.#spawn(behaviour, rest, {});
    await started;
    return ref;
  }

  /** The same, watched from its first moment: `down` comes however soon it ends, also when its start fails. */
  protected spawnMonitor<A, P extends Api>(
    behaviour: Behaviour<A, P>,
    ...rest: SpawnRest<A, SpawnOptions>
  ): { readonly ref: Ref<P>; readonly started: Promise<void>; readonly down: Promise<DownMessage> } {
    const { ref, started, monitor } = this.#spawn(behaviour, rest, { monitor: true });
    return { ref, started, down: this.#downOf(monitor as Monitor) };
  }

  #spawn<A, P extends Api>(
    behaviour: Behaviour<A, P>,
    [argument, options]: SpawnRest<A, SpawnOptions>,
    ties: { readonly monitor?: true },
  ): { ref: Ref<P>; started: Promise<void>; monitor: Monitor | undefined } {
    this.#assertRunning("spawn");
    const kernel = this.#kernel;
    assertSpawnOptions(options);
    const { promise, resolve } = Promise.withResolvers<StartResult>();
    const where: SpawnOptions = hasOwnHeap(options?.isolation) ? {} : { placement: "spread" };
    const withDefaults: SpawnOptions = { ...where, ...options };
    const { ref, monitor } = kernel.spawner.spawn(
      kernel.guest,
      behaviour as Behaviour<never, Api>,
      argument,
      withDefaults,
      { ...ties, await: resolve, initTimeoutMs },
    );
    const started = promise.then((result) => {
      if (result.ok) return;
      throw this.#stopping === undefined
        ? startError(behaviour as Behaviour<never>, ref, result, withDefaults)
        : this.#notStarted("spawn");
    });
    // The behaviour's type says what the actor takes.
    return { ref: ref as Ref<P>, started, monitor };
  }

  #downOf({ id }: Monitor): Promise<DownMessage> {
    const { promise, resolve } = Promise.withResolvers<DownMessage>();
    this.#monitors.set(id, resolve);
    return promise;
  }

  send(target: Target, message: unknown, options?: SendOptions): SendResult {
    this.#assertRunning("send");
    return this.#ctx.send(target, message, options);
  }

  async call(target: Target, name: string, argument?: unknown, options?: CallOptions): Promise<unknown> {
    this.#assertRunning("call");
    return await this.#ctx.call(target, name, argument, options);
  }

  cast(target: Target, name: string, argument?: unknown, options?: SendOptions): SendResult {
    this.#assertRunning("cast");
    return this.#ctx.cast(target, name, argument, options);
  }

  /** Sends an exit signal; `kill` cannot be caught. */
  exit(ref: RefData, reason: ExitReason): void {
    this.#assertRunning("exit");
    this.#ctx.exit(ref, reason);
  }

  /** Ends an actor in order and resolves with its exit reason (proc_lib:stop/3), default `normal`. @throws RuntimeError `timeout`, `noproc`, `bad_argument`. */
  async stopActor(target: Target, reason?: ExitReason, timeoutMs?: number): Promise<ExitReason> {
    this.#assertRunning("stopActor");
    return await this.#ctx.stopActor(target, reason, timeoutMs);
  }

  /** Watches an actor; its `down` comes once. Resolves when the monitor stands. */
  async monitor(target: Target): Promise<SystemMonitor> {
    this.#assertRunning("monitor");
    const monitor = this.#ctx.monitor(target);
    return { id: monitor.id, ref: monitor.ref, down: this.#downOf(monitor) };
  }

  /** Ends a monitor: its `down` does not come, also when it is on its way, and the promise of it stays pending. */
  demonitor(monitor: Monitor | number): void {
    const id = assertId(monitor);
    this.#ctx.demonitor(id);
    this.#monitors.delete(id);
  }

  async register(name: string, ref: RefData): Promise<void> {
    this.#assertRunning("register");
    await this.#ctx.register(name, ref);
  }

  async unregister(name: string): Promise<void> {
    this.#assertRunning("unregister");
    await this.#ctx.unregister(name);
  }

  whereis(name: string): Ref | undefined {
    return this.#ctx.whereis(name);
  }

  /** Lets an actor, or each of a list, join a process group: see `Context.join`. */
  async join(group: string, members: RefData | readonly RefData[]): Promise<void> {
    this.#assertRunning("join");
    await this.#ctx.join(group, members);
  }

  /** See `Context.leave`. */
  async leave(group: string, members: RefData | readonly RefData[]): Promise<"ok" | "not_joined"> {
    this.#assertRunning("leave");
    return await this.#ctx.leave(group, members);
  }

  /** Living members of a process group, each as often as it has joined. */
  members(group: string): Ref[] {
    return this.#ctx.members(group);
  }

  /**
   * Holds an actor's messages back until `resume` (sys:suspend/1): none is handled from then on, but for exits of its
   * parent and what the runtime itself has to say. Its turn that is under way comes to its end. What waits counts for the
   * mailbox's bound. @throws RuntimeError `noproc`, `bad_argument`.
   */
  async pause(target: Target): Promise<void> {
    await this.#control("pause", target);
  }

  /** Lets them through again, in their order. @throws RuntimeError `noproc`, `bad_argument`. */
  async resume(target: Target): Promise<void> {
    await this.#control("resume", target);
  }

  /** See `Context.interrupt`. */
  async interrupt(target: Target, options?: InterruptOptions): Promise<boolean> {
    this.#assertRunning("interrupt");
    return await this.#ctx.interrupt(target, options);
  }

  /**
   * A copy of an actor's state (sys:get_state/1), read between two turns. @throws RuntimeError `noproc`, `timeout`,
   * `not_cloneable` for a state that is no data. Of supervisors and services of the runtime a summary.
   * With `hideSecrets` no value is in it that the actor's configuration marks as a secret: for people to see.
   */
  async getState(target: Target, options: StateOptions = {}): Promise<unknown> {
    const { hideSecrets } = stateOptions("getState", options);
    return await this.#control("getState", target, hideSecrets === true ? hidesSecrets : undefined);
  }

  /**
   * Puts another state in the place of an actor's (sys:replace_state/2), between two turns. @throws as `getState`;
   * RuntimeError `bad_argument` for supervisors and services of the runtime, whose state is their own.
   */
  async replaceState(target: Target, state: unknown): Promise<void> {
    await this.#control("replaceState", target, state);
  }

  /** Changes an actor's configuration, and resolves with the new one: see `Context.reconfigure`. */
  async reconfigure(target: Target, changes: Readonly<Record<string, unknown>>): Promise<Configuration<unknown>> {
    this.#assertRunning("reconfigure");
    assertChanges(changes);
    return (await this.#control("reconfigure", target, changes)) as Configuration<unknown>; // as `reconfiguring.ts` answers it
  }

  /**
   * Tells an actor's messages as events `trace` from when this resolves, or no more: what it gets and sends, with ids that tie
   * each to the one in whose turn it was sent. Its next incarnation is not traced. Others are not slowed by it.
   * @throws RuntimeError `noproc`, `bad_argument`.
   */
  async trace(target: Target, on: boolean): Promise<void> {
    if (typeof on !== "boolean")
      throw new RuntimeError("bad_argument", `trace wants true or false, got ${describe(on)}`);
    await this.#control("trace", target, on);
  }

  async #control(verb: ControlVerb, target: Target, value?: unknown): Promise<unknown> {
    this.#assertRunning(verb);
    const kernel = this.#kernel;
    return await kernel.controls.ask(kernel.guest, verb, kernel.resolve(target, verb), value);
  }

  /** What can be seen of one actor from outside, between two turns of its thread (process_info/1). @throws RuntimeError `noproc`, `timeout`, `bad_argument`. */
  async info(target: Target): Promise<ActorInfo> {
    return (await this.#control("info", target)) as ActorInfo; // as `Controls.control` answers it
  }

  /**
   * Every living actor, in the order of threads. Threads are asked one by one: it is no picture of one instant.
   * @throws RuntimeError `timeout` when one turn holds a thread for `timeoutMs` (15,000), unless `unanswered` is given: that
   * is then called with the thread, whose actors are left out. `bad_argument`.
   */
  async actors(options: LookOptions = {}): Promise<readonly ActorInfo[]> {
    this.#assertRunning("actors");
    return await this.#inspection.actors(lookOptions("actors", options));
  }

  /**
   * The same as a forest: every living actor under the one that has spawned it. Roots are those of the program, and those
   * whose parent has ended. @throws as `actors`.
   */
  async tree(options: LookOptions = {}): Promise<readonly ActorNode[]> {
    this.#assertRunning("tree");
    return treeOf(await this.actors(lookOptions("tree", options)));
  }

  /**
   * A look at what actors and threads do, from one `read` to the next: turns, time and waiting messages of the busiest actors,
   * load and heap of each thread. It is counted from the first `read` on, and no more when there was none for 15 s.
   */
  activity(): Activity {
    this.#assertRunning("activity");
    return this.#inspection.activity(() => this.#assertRunning("activity"));
  }

  /**
   * Writes a CPU profile, by the thread's inspector, or a heap snapshot of the scheduler thread at a position (0 is main) to a
   * file; resolves when it is there. A thread stands still while its heap is written.
   * @throws RuntimeError `profile_failed`, `invalid_placement`, `thread_lost`, `bad_argument`; `timeout`: something holds it.
   */
  async profile(position: number, options: ProfileOptions): Promise<void> {
    this.#assertRunning("profile");
    const request = profileRequest(options);
    if (position === 0) await profileHere(request);
    else await this.#pool.profile(position, request);
  }

  /** The last messages that reached nobody, at most 1,000 of each thread that is up, oldest first. @throws as `actors`. */
  async deadLetters(options: LookOptions = {}): Promise<readonly DeadLetter[]> {
    this.#assertRunning("deadLetters");
    return await this.#inspection.deadLetters(lookOptions("deadLetters", options));
  }

  /**
   * Sends a dead letter again, in the program's name, to whom it was for or to `target`; it is kept no longer. False: there
   * is none of that id any more, or it cannot be sent again. @throws RuntimeError `bad_argument`, `noproc` for a name.
   */
  async resend(id: string, target?: Target): Promise<boolean> {
    this.#assertRunning("resend");
    return await this.#inspection.resend(id, target);
  }

  /**
   * Submits a request whenever a line of cron says so: five fields (minute, hour, day of the month, month, day of the
   * week), six with seconds before them, or seven with the year behind them. A task that fails is the event `log`. On a manual
   * clock the time of day is so many milliseconds after 1970-01-01T00:00Z. @throws RuntimeError `bad_argument`, also for a
   * line that means no time to come, such as the 31st of February; `not_cloneable`.
   */
  async schedule(cronLine: string, request: TaskRequest, options: ScheduleOptions = {}): Promise<Schedule> {
    this.#assertRunning("schedule");
    const kernel = this.#kernel;
    assertKeys("schedule: options", options, ["timeZone", "missed"]);
    const { timeZone, missed = "skip" } = options;
    if (missed !== "skip" && missed !== "once" && missed !== "all")
      throw new RuntimeError("bad_argument", `schedule: missed is "skip", "once" or "all", got ${describe(missed)}`);
    const task = kernel.submissions.checked(request);
    const refusal = kernel.work?.refusalOf(task);
    if (refusal !== undefined) throw new RuntimeError(...refusal);
    const { CronLine } = await import("../tasks/cron-line.ts");
    this.#assertRunning("schedule");
    const line = new CronLine(cronLine, timeZone);
    const work = kernel.work as TaskTable; // this is main
    if (line.nextAfter(work.wallMs) === undefined)
      throw new RuntimeError("bad_argument", `schedule: ${describe(cronLine)} means no time that is still to come`);
    return kernel.scheduler.commit(() => work.schedule(line, task, missed));
  }

  /** Actors that have declared what the query wants, the best first: see `Context.find`. */
  find(query: AgentQuery): Agent[] {
    return this.#ctx.find(query);
  }

  /** Gives work to an actor, in the program's name: see `Context.submit`. */
  submit(request: TaskRequest): Task {
    this.#assertRunning("submit");
    return this.#ctx.submit(request);
  }

  /** Publishes under a topic, in the program's name: see `Context.publish`. */
  publish(topic: string, message: unknown, options: PublishOptions & { readonly ack: true }): Promise<PublishReceipt>;
  publish(topic: string, message: unknown, options?: PublishOptions): SendResult;
  publish(topic: string, message: unknown, options?: PublishOptions): SendResult | Promise<PublishReceipt> {
    this.#assertRunning("publish");
    return this.#ctx.publish(topic, message, options);
  }

  /**
   * What is published under a topic, or under one that a pattern matches, for the program itself: a loop over envelopes. Options
   * are those of `Context.subscribe`; what the program has not asked for waits under the bound. It counts from when the promise
   * resolves, and ends when the loop is left, by `unsubscribe`, or with the system. @throws RuntimeError `bad_argument`,
   * `not_kept`.
   */
  async subscribe(pattern: string, options?: SubscriptionOptions): Promise<ProgramSubscription> {
    this.#assertRunning("subscribe");
    wordsOfPattern(pattern, "subscribe");
    const subscription = new ProgramSubscriber(this.#kernel, pattern, checkSubscriptionOptions(options));
    const where = { placement: { thread: 0 }, startTimeoutMs: Number.POSITIVE_INFINITY };
    const { started, monitor } = this.#spawn(subscriber, [subscription, where], { monitor: true });
    void this.#downOf(monitor as Monitor).then(() => subscription.end());
    try {
      await started;
    } catch (error) {
      throw subscription.refusal ?? error;
    }
    return subscription;
  }

  /** A message of an acknowledged queue is done: see `Context.ack`. */
  ack(message: unknown): void {
    this.#assertRunning("ack");
    this.#ctx.ack(message);
  }

  /** It is not done: see `Context.nack`. */
  nack(message: unknown, options?: { readonly delayMs?: number }): void {
    this.#assertRunning("nack");
    this.#ctx.nack(message, options);
  }

  /** Publishes in the program's name, and resolves with the first answer: see `Context.request`. */
  async request(topic: string, message: unknown, options?: RequestOptions): Promise<unknown> {
    this.#assertRunning("request");
    return await this.#ctx.request(topic, message, options);
  }

  /** Keeps what is published under a topic or a pattern: see `Context.keepTopic`. */
  async keepTopic(pattern: string, options?: KeepOptions): Promise<void> {
    this.#assertRunning("keepTopic");
    await this.#ctx.keepTopic(pattern, options);
  }

  /** Keeps it no more. False: it was not kept. */
  async dropTopic(pattern: string): Promise<boolean> {
    this.#assertRunning("dropTopic");
    return await this.#ctx.dropTopic(pattern);
  }

  /** Ends an acknowledged queue for good: see `Context.endQueue`. */
  async endQueue(pattern: string, queue: string): Promise<number | undefined> {
    this.#assertRunning("endQueue");
    return await this.#ctx.endQueue(pattern, queue);
  }

  /** A stream in the program's name: see `Context.callStream`. */
  callStream(target: Target, name: string, argument?: unknown, options?: StreamOptions): StreamReader {
    this.#assertRunning("callStream");
    return this.#ctx.callStream(target, name, argument, options);
  }

  /** See `Context.requestStream`. */
  requestStream(topic: string, message: unknown, options?: RequestStreamOptions): StreamReader {
    this.#assertRunning("requestStream");
    return this.#ctx.requestStream(topic, message, options);
  }

  /** Groups with a living member. */
  groups(): string[] {
    return this.#ctx.groups();
  }

  isAlive(ref: RefData): boolean {
    return this.#kernel.isAlive(this.#kernel.resolve(ref, "isAlive"));
  }

  /** Resolves when no thread has anything to do but to wait for the clock, and nothing is on its way. */
  async settled(): Promise<void> {
    if (this.#stopping !== undefined) return await this.#stopping;
    await settled(this.#kernel, this.#manualClock !== undefined);
  }

  /** Counters of every thread that is up, and totals of all that ever were: they never go down. @throws RuntimeError `timeout` when one turn holds a thread for 15 s. */
  async stats(): Promise<SystemStats> {
    this.#assertRunning("stats");
    return await this.#inspection.stats();
  }

  /** Processes of actors (isolation `process`) that run, oldest first. */
  processes(): readonly ProcessInfo[] {
    return this.#gateway.running;
  }

  /** The last crash reports, oldest first, at most 100. */
  crashes(): readonly CrashReport[] {
    return this.events.crashes();
  }

  /**
   * Ends a scheduler thread as a crash would: for tests and fault injection. Resolves when it is lost, `threadEndTimeoutMs`
   * later at the latest, also where native code holds it.
   */
  async terminateThread(position: number, why = "terminated"): Promise<void> {
    this.#assertRunning("terminateThread");
    await this.#pool.terminate(position, why);
  }

  /**
   * Lets a plan of faults work on this system; `injectFaults` of `mofa/testing` checks a plan and calls this.
   * @throws RuntimeError `already_started`, `bad_argument`, `timeout`: see `FaultInjection.begin`.
   */
  async injectFaults(plan: CheckedFaultPlan): Promise<FaultInjection> {
    this.#assertRunning("injectFaults");
    const { FaultInjection } = await import("../faults/injection.ts");
    this.#assertRunning("injectFaults");
    this.#faults = await FaultInjection.begin(this.#kernel, this.#pool, plan);
    return this.#faults;
  }

  /** Actors that live, and turns that other threads run now: also while a turn holds its thread, and while the system stops. */
  remaining(): Remaining {
    return remaining(this.#kernel);
  }

  /** Names with a living holder. */
  names(): readonly (readonly [string, Ref])[] {
    return this.#kernel.names.all();
  }

  /** Resolves when stores have what durable topics and tasks have come to by now, or could not take it, or do not answer. */
  protected async storesWritten(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = afterMs(storesMs, resolve);
    this.#kernel.scheduler.commit(() => this.#kernel.stores?.whenWritten(resolve));
    await promise;
    cancel();
  }

  /**
   * What ends in order before everybody else; the front door, which knows supervisors, says what.
   * @param _exit sends an exit signal, also now that `exit` refuses.
   */
  protected async stopTrees(_exit: (ref: RefData, reason: ExitReason) => void, _reason: ExitReason): Promise<void> {}

  /**
   * Stops the trees in order, then every actor that is left (`shutdown`; those that trap exits run `terminate`, at most
   * 5,000 ms for all), then the threads. A thread that is held for `threadEndTimeoutMs` meanwhile is ended first.
   * Idempotent; resolves when all is down. @throws RuntimeError `thread_stuck`: all is down but for a thread that does
   * not end within `threadEndTimeoutMs`, and the process cannot end by itself before it does.
   */
  stop(): Promise<void> {
    return this.end("shutdown");
  }

  /** As `stop`, with another reason: every actor is told it. */
  protected end(reason: ExitReason): Promise<void> {
    if (this.#stopping !== undefined) return this.#stopping;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#reason = reason;
    // A listener may stop the system as well.
    this.#stopping = promise;
    this.#kernel.emit({ type: "systemEnding", reason });
    resolve(this.#stop(reason));
    const ended = () => this.#resolveEnded(reason);
    promise.then(ended, ended);
    return promise;
  }

  async #stop(reason: ExitReason): Promise<void> {
    const unwatch = endHeldThreads(this.#kernel, this.#pool, this.#endTimeoutMs);
    const { stores } = this.#kernel;
    if (stores !== undefined) stores.isEnding = true;
    try {
      // What it delays is not to hold up the end.
      await this.#faults?.stop();
      await this.stopTrees((ref, why) => this.#ctx.exit(ref, why), reason);
      await endActors(this.#kernel, reason);
    } finally {
      unwatch();
      this.#kernel.stopAsking();
      try {
        await Promise.all([this.#gateway.close(), this.#pool.close()]);
      } finally {
        this.#kernel.close({ shutdown: "system stopped" });
        this.#host.close();
        this.#unguard();
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #assertRunning(verb: string): void {
    if (this.#stopping !== undefined) throw this.#notStarted(verb);
  }

  #notStarted(verb: string): RuntimeError {
    const reason = this.#reason;
    const why = reason === undefined || reason === "shutdown" ? "stopped" : `ended (${reasonText(reason)})`;
    return new RuntimeError("not_started", `${verb}: the system has ${why}`);
  }
}
