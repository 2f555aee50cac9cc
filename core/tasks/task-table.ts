/**
 * The tasks of a system, on main: what was accepted, what becomes of it, and what is new since the scheduler looked last.
 *
 * The table is no actor's: it is there before the scheduler and after it, like an ETS table with an heir. A submit is
 * accepted when its entry stands, and the answer of an agent goes into it by a call of the guest's, which never ends.
 * So a task that was accepted ends once, at whatever moment the scheduler is killed.
 */
import { type ExitReason, reasonText } from "../actor/exit-reason.ts";
import { isRef, type Ref, type RefData, refKey } from "../actor/ref.ts";
import { type ErrorCode, type ErrorData, errorData } from "../errors.ts";
import { openCallKey } from "../kernel/calls.ts";
import { eventBit } from "../kernel/events.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { Table } from "../kernel/replica.ts";
import type { Declaration } from "../registry/declaration.ts";
import type { AgentPool } from "./agent-pool.ts";
import { AgentPools } from "./agent-pools.ts";
import { Attempts } from "./attempts.ts";
import { DurableTasks, type RecoveredTask } from "./durable-tasks.ts";
import { schedulerBehaviour, schedulerName } from "./scheduler-actor.ts";
import { type MissedRuns, type Schedule, Schedules, type ScheduleTimes } from "./schedules.ts";
import { taskId } from "./submissions.ts";
import { type Acceptance, type Agent, faultOf, type TaskEntry } from "./task-entry.ts";
import { type CheckedTask, type Recipient, recipientKey } from "./task-request.ts";
import { type TaskStats, TaskTotals } from "./task-totals.ts";

/** Tasks that may stand in the table. */
export const tasksMax = 1_048_576;

/** What the scheduler gets to look at the news. */
export const lookMessage = "look";

/** What happened since the scheduler looked last. */
export interface TaskNews {
  /** That are new, have failed, or have ended by other means than an answer. */
  readonly tasks: TaskEntry[];
  /** Keys of agents that have room again. */
  readonly agents: Set<string>;
  /**
   * Keys of recipients that may be served now: names that were taken, capabilities that were declared, or of whose agents
   * one has room again.
   */
  readonly recipients: Set<string>;
}

export class TaskTable {
  readonly totals = new TaskTotals();
  readonly schedules = new Schedules();
  readonly attempts: Attempts;
  readonly #kernel: Kernel;
  readonly #entries = new Map<string, TaskEntry>();
  readonly #pools: AgentPools;
  readonly #durable: DurableTasks | undefined;
  #news = noNews();
  /** Whether the scheduler was asked for. */
  #isStarted = false;
  /** Why there will be no scheduler any more. */
  #ended: ExitReason | undefined;
  #scheduler: Ref | undefined;
  /** Whether it was told that there is news, and has not looked yet. */
  #isTold = false;
  /** What the threads were told by `#publish`. */
  #areOpen = false;
  /** What the scheduler decides about right now: where it crashes at that, the next one throws it out. */
  deciding: TaskEntry | undefined;

  /** @param store the storage plugin that has what is accepted; undefined: it is in memory alone */
  constructor(kernel: Kernel, store?: string) {
    this.#kernel = kernel;
    const link = store === undefined ? undefined : kernel.stores?.of(store);
    this.#durable = link && new DurableTasks(kernel, link, (tasks) => this.#recover(tasks));
    this.attempts = new Attempts(kernel, {
      answered: (entry, value) => this.#answered(entry, value),
      failed: (entry, error) => this.#failed(entry, error),
      madeWay: (entry) => this.#putBack(entry),
      has: ({ key, inHand }) => this.#pools.has(key, inHand),
      hasRoom: (agent) => this.#tellOf(agent),
    });
    this.#pools = new AgentPools(kernel, (key) => this.attempts.inHand(key));
  }

  // What tasks and their agents do -----------------------------------------------------------------------------------

  /** A task of another thread: it is told whether it is kept. */
  submittedThere(request: CheckedTask, caller: Ref, acceptedId: number, resultId: number): void {
    const accepted = (id: string) => this.#kernel.calls.answer(caller, acceptedId, id, undefined);
    const later = this.isForLater(request)
      ? { accepted, failed: (error: ErrorData) => this.#fail(caller, acceptedId, error) }
      : undefined;
    const refusal = this.submit(request, caller, resultId, later);
    if (refusal === undefined) {
      if (later === undefined) accepted(taskId(caller.thread, resultId));
      return;
    }
    this.#fail(caller, acceptedId, refusal);
    this.#fail(caller, resultId, refusal);
  }

  /**
   * A task that its submitter's thread has begun already, for an actor of its own. Nobody could refuse it any more: where the system
   * ends it fails as those do that run then.
   */
  begunThere(request: CheckedTask, agent: Ref, caller: Ref, acceptedId: number, resultId: number): void {
    const { calls } = this.#kernel;
    const id = taskId(caller.thread, resultId);
    const entry = this.#add(id, request, caller, resultId, this.#kernel.readClock() + request.deadlineMs);
    calls.answer(caller, acceptedId, id, undefined);
    this.attempts.begun(entry, agent, openCallKey(caller.thread, resultId));
    if (this.#ended !== undefined) this.fail(entry, failure("shutdown", `submit: ${endedText(this.#ended)}`));
    // The scheduler watches its deadline.
    else if (request.deadlineMs !== Number.POSITIVE_INFINITY) this.#tell(entry);
    this.#publish();
    this.#startScheduler();
  }

  /** Whether threads may begin tasks for their own actors: there is nothing that waits, and nothing that a store is to have before. */
  #publish(): void {
    const areOpen =
      this.#entries.size === this.attempts.running && this.#durable === undefined && this.#ended === undefined;
    if (areOpen === this.#areOpen) return;
    this.#areOpen = areOpen;
    this.#kernel.memory.openTasks(areOpen);
  }

  /** It is accepted when the store has it, or when somebody does what nobody can now. */
  isForLater(request: CheckedTask): boolean {
    return this.#isToWait(request) || this.#storeOf(request) !== undefined;
  }

  #isToWait({ whenNobody, to }: CheckedTask): boolean {
    return whenNobody === "wait" && !this.#hasSomebody(to);
  }

  #storeOf({ durable }: CheckedTask): DurableTasks | undefined {
    return durable === false ? undefined : this.#durable;
  }

  /**
   * Keeps it; else says why not.
   * @param later who is told that it is accepted, where that is not now
   * @param stands called back as soon as it stands in the table
   */
  submit(
    request: CheckedTask,
    caller: Ref,
    resultId: number,
    later?: Acceptance,
    stands?: () => void,
  ): ErrorData | undefined {
    const refusal = this.#refusal(request);
    if (refusal !== undefined) return failure(...refusal);
    const durable = this.#storeOf(request);
    const id = durable?.newId() ?? taskId(caller.thread, resultId);
    const deadlineMs = this.#kernel.readClock() + request.deadlineMs;
    const entry = this.#add(id, request, caller, resultId, deadlineMs, undefined, stands);
    if (durable === undefined || this.#isToWait(request)) {
      entry.acceptance = later;
      this.#tell(entry);
    } else this.#keep(entry, durable, later);
    this.#startScheduler();
    return undefined;
  }

  #add(
    id: string,
    request: CheckedTask,
    caller: Ref,
    resultId: number,
    deadlineMs: number,
    order = this.totals.submitted,
    stands?: () => void,
  ): TaskEntry {
    const entry: TaskEntry = {
      id,
      request,
      recipient: recipientKey(request.to),
      caller,
      resultId,
      acceptance: undefined,
      priority: request.priority,
      key: request.key,
      deadlineMs,
      state: "waiting",
      atMs: this.#kernel.nowMs,
      attempts: 0,
      order,
      urgency: request.priority,
      inHand: undefined,
      preemptions: 0,
      isBack: false,
      error: undefined,
      isStored: false,
      forgotten: undefined,
      isTried: false,
    };
    this.#entries.set(taskId(caller.thread, resultId), entry);
    stands?.();
    this.totals.submitted++;
    this.#publish();
    return entry;
  }

  /** It is accepted when the store has it, and waits for its turn from then on. */
  #keep(entry: TaskEntry, durable: DurableTasks, acceptance: Acceptance | undefined): void {
    entry.state = "keeping";
    entry.acceptance = acceptance;
    let bytes: Uint8Array;
    try {
      bytes = durable.bytesOf(entry.id, entry.request, entry.deadlineMs);
    } catch (error) {
      entry.state = "waiting";
      this.fail(entry, errorData(error));
      return;
    }
    durable.keep(entry.id, bytes, (error) => {
      if (entry.state !== "keeping") {
        // It was ended meanwhile.
        if (error === undefined) durable.ended(entry, entry.forgotten);
        else entry.forgotten?.();
        return;
      }
      entry.state = "waiting";
      if (error !== undefined) {
        this.fail(entry, error);
        return;
      }
      entry.isStored = true;
      entry.acceptance = undefined;
      acceptance?.accepted(entry.id);
      entry.atMs = this.#kernel.readClock();
      this.#tell(entry);
    });
  }

  /** What an earlier run has left: done as what the program itself has submitted, and in a queue before what it submits now. */
  #recover(tasks: readonly RecoveredTask[]): void {
    const { calls, guest } = this.#kernel;
    if (tasks.length === 0 || this.#ended !== undefined) return;
    const caller = this.#kernel.refOf(guest);
    for (const [at, { attempts, deadlineMs, id, request }] of tasks.entries()) {
      const failed = (error: unknown) => {
        // By the system's end it has not: it is left for the next run.
        if (this.#ended === undefined) this.#tellFailure("a task of an earlier run failed", request, error, id);
      };
      const resultId = calls.expectThen(guest, caller, request.call, () => {}, failed);
      const entry = this.#add(id, request, caller, resultId, deadlineMs, at - tasks.length);
      entry.isStored = true;
      entry.isTried = attempts > 0;
      // The last one is left, where its failure may have been that of the whole run.
      entry.attempts = Math.min(attempts, request.attempts - 1);
      this.#tell(entry);
    }
    this.#startScheduler();
  }

  /** The request is submitted whenever it is time for it. */
  schedule(times: ScheduleTimes, request: CheckedTask, missed: MissedRuns): Schedule {
    const schedule = this.schedules.add(times, request, missed, this.wallMs);
    this.#ring();
    this.#startScheduler();
    return schedule;
  }

  /** The time of day. */
  get wallMs(): number {
    const { clock } = this.#kernel.host;
    return clock.wallMs?.() ?? clock.nowMs();
  }

  /** Submits what schedules have due. */
  submitDue(): void {
    this.schedules.submitDue(this.wallMs, (request, stands) => this.#submitScheduled(request, stands));
  }

  /** In the program's name; that it has failed is told by an event. */
  #submitScheduled(request: CheckedTask, stands: () => void): void {
    const { calls, guest } = this.#kernel;
    const caller = this.#kernel.refOf(guest);
    const failed = (error: unknown) => this.#tellFailure("a scheduled task failed", request, error);
    const resultId = calls.expectThen(guest, caller, request.call, () => {}, failed);
    const refusal = this.submit(request, caller, resultId, undefined, stands);
    if (refusal === undefined) return;
    stands();
    calls.failed(resultId, refusal);
  }

  #tellFailure(message: string, { to, call }: CheckedTask, thrown: unknown, id?: string): void {
    const kernel = this.#kernel;
    if (!kernel.wants(eventBit("log"))) return;
    const ref = kernel.refOf(kernel.guest).toJSON();
    const data = { ...(id !== undefined && { id }), to: recipientKey(to), call, error: errorData(thrown) };
    kernel.emit({ type: "log", ref, name: schedulerName, level: "warning", message, data });
  }

  /** Why it can never be accepted, whoever is there. */
  refusalOf({ durable, to }: CheckedTask): readonly [ErrorCode, string] | undefined {
    if (durable === true && this.#durable === undefined)
      return ["bad_argument", "submit: durable is for a scheduler with a store: startSystem({ scheduler: { store } })"];
    if (durable !== false && this.#durable !== undefined && isRef(to))
      return [
        "bad_argument",
        `submit: a durable task is for a name or a capability, since no actor outlives its run, got the ref ${refKey(to)}: give its actor a name, or say durable: false`,
      ];
    return undefined;
  }

  #refusal(request: CheckedTask): readonly [ErrorCode, string] | undefined {
    const { to, whenNobody } = request;
    if (this.#ended !== undefined) return ["shutdown", `submit: ${endedText(this.#ended)}`];
    if (this.#entries.size >= tasksMax)
      return ["system_limit", `submit: ${tasksMax} tasks are under way, and more are not kept`];
    const refusal = this.refusalOf(request);
    if (refusal !== undefined) return refusal;
    if (whenNobody !== "refuse" || this.#hasSomebody(to)) return undefined;
    return ["noproc", `submit: there is nobody for ${recipientKey(to)}`];
  }

  #hasSomebody(to: Recipient): boolean {
    return typeof to === "object" && "capability" in to
      ? this.poolOf(to.capability) !== undefined
      : this.holderOf(to) !== undefined;
  }

  /** The one actor that is meant; undefined: nobody has the name. */
  holderOf(to: Ref | string): Ref | undefined {
    return typeof to === "string" ? this.#kernel.names.whereis(to) : to;
  }

  /** Those that declare it; undefined: nobody does. */
  poolOf(capability: string): AgentPool | undefined {
    return this.#pools.of(capability);
  }

  /** Gives a task up. Who asks is answered whether that ended it. */
  cancel(id: string, caller: Ref, question: number): void {
    const entry = this.#entries.get(id);
    const answer = () => this.#kernel.calls.answer(caller, question, entry !== undefined, undefined);
    if (entry === undefined) answer();
    else {
      this.totals.cancelled++;
      const error = failure("cancelled", `task ${entry.id} was cancelled`);
      this.#end(entry, error, answer);
    }
  }

  #answered(entry: TaskEntry, value: unknown): void {
    this.#remove(entry);
    this.#whenForgotten(entry, () => {
      try {
        this.#kernel.calls.answer(entry.caller, entry.resultId, value, undefined);
        this.totals.done++;
      } catch (error) {
        this.totals.failed++;
        this.#fail(entry.caller, entry.resultId, errorData(error));
      }
    });
  }

  /** Whoever is told how a task has ended is told when it is never begun again: when the store has it no more, if it can be reached. */
  #whenForgotten(entry: TaskEntry, tell: () => void): void {
    if (entry.isStored) this.#durable?.ended(entry, tell);
    else tell();
  }

  #failed(entry: TaskEntry, error: ErrorData): void {
    entry.state = "failed";
    entry.error = error;
    this.#publish();
    // While the system ends that is no failure of the task's.
    if (entry.isStored && !this.#isEnding) {
      entry.isTried = true;
      this.#durable?.attempted(entry);
    }
    this.#tell(entry);
  }

  /** An agent has room, or may be made to have it. */
  #tellOf({ key }: Agent): void {
    if (this.#entries.size === 0) return;
    this.#news.agents.add(key);
    for (const { recipient } of this.#pools.with(key)) this.#news.recipients.add(recipient);
    this.#ring();
  }

  /** Somebody has taken a name: tasks may wait for that. */
  nameTaken(name: string): void {
    this.#durable?.nameTaken(name);
    this.#mayBeServed([name]);
  }

  /** Somebody has declared what it can do; undefined: it is gone. */
  declared(ref: Ref, now: Declaration | undefined, former: Declaration | undefined): void {
    this.#pools.declared(ref, now, former);
    if (now !== undefined) this.#mayBeServed((now.capabilities ?? []).map(({ name }) => ({ capability: name })));
  }

  #mayBeServed(recipients: readonly Recipient[]): void {
    if (this.#entries.size === 0 || recipients.length === 0) return;
    for (const to of recipients) this.#news.recipients.add(recipientKey(to));
    this.#ring();
  }

  // What the scheduler does ------------------------------------------------------------------------------------------

  /** A scheduler begins, which looks at everything anew. What is wrong is thrown out; what is right is returned. */
  adopt(scheduler: Ref, report: (what: "task" | "schedule", data: object) => void): TaskEntry[] {
    this.#scheduler = scheduler;
    this.takeNews();
    this.#pools.clear();
    const { deciding } = this;
    const right: TaskEntry[] = [];
    for (const [key, entry] of [...this.#entries]) {
      this.deciding = entry;
      const fault = entry === deciding ? "the scheduler crashed over it" : faultOf(entry);
      if (fault === undefined) right.push(entry);
      else {
        report("task", { id: entry.id, fault });
        this.#throwOut(key, entry, fault);
      }
    }
    this.deciding = undefined;
    this.schedules.adopt((name, fault) => {
      this.totals.discarded++;
      report("schedule", { ...name, fault });
    });
    return right;
  }

  #throwOut(key: string, entry: TaskEntry, fault: string): void {
    this.totals.discarded++;
    const error = failure("crashed", `task ${entry.id} was thrown out: ${fault}`);
    try {
      this.fail(entry, error);
    } catch (thrown) {
      // What is wrong with it may be in the way of that too. It leaves the table first: no scheduler crashes over it again.
      this.#entries.delete(key);
      entry.state = "ended";
      this.#publish();
      entry.acceptance?.failed(error);
      this.#whenForgotten(entry, () => this.#fail(entry.caller, entry.resultId, error));
      throw thrown;
    }
  }

  takeNews(): TaskNews {
    const news = this.#news;
    this.#news = noNews();
    this.#isTold = false;
    return news;
  }

  /** It has made way: as if it had not begun. */
  #putBack(entry: TaskEntry): void {
    this.totals.preempted++;
    entry.preemptions++;
    entry.attempts--;
    entry.isBack = true;
    entry.state = "waiting";
    this.#publish();
    this.#tell(entry);
  }

  /** Its submitter has ended before it was accepted. */
  giveUp(entry: TaskEntry): void {
    this.totals.cancelled++;
    const text = `task ${entry.id} was given up: its submitter ended before anybody could do it`;
    this.#end(entry, failure("cancelled", text));
  }

  /** How many it says itself that it may have; undefined: it says nothing. */
  declaredBy(ref: Ref): number | undefined {
    return this.#kernel.replica.valueOf(Table.concurrency, "", ref) as number | undefined; // as births.ts puts it
  }

  /** An agent gets it in hand. */
  start(entry: TaskEntry, ref: Ref): void {
    const kernel = this.#kernel;
    const { acceptance } = entry;
    if (acceptance !== undefined && !kernel.isAlive(entry.caller)) {
      this.giveUp(entry);
      return;
    }
    const durable = this.#storeOf(entry.request);
    if (durable !== undefined && !entry.isStored) {
      this.#keep(entry, durable, acceptance);
      return;
    }
    entry.acceptance = undefined;
    acceptance?.accepted(entry.id);
    if (entry.attempts > 0 && !entry.isBack) this.totals.retried++;
    entry.isBack = false;
    this.attempts.begin(entry, ref);
    this.#publish();
  }

  /** It has failed for good. */
  fail(entry: TaskEntry, error: ErrorData): void {
    this.totals.failed++;
    this.#end(entry, error);
  }

  // Ends -------------------------------------------------------------------------------------------------------------

  /** @param told called back when whoever waits for it has been told */
  #end(entry: TaskEntry, error: ErrorData, told = () => {}): void {
    if (this.#ended === undefined) this.attempts.giveUp(entry, error.code ?? "given up");
    const isKeeping = entry.state === "keeping";
    this.#remove(entry);
    const tell = () => {
      entry.acceptance?.failed(error);
      this.#fail(entry.caller, entry.resultId, error);
      told();
    };
    // What fails by the system's end is left for the next run.
    if (this.#isEnding && error.code !== "cancelled") tell();
    // What is late is begun in no run, whoever has it.
    else if (isKeeping && error.code !== "deadline") entry.forgotten = tell;
    else this.#whenForgotten(entry, tell);
  }

  get #isEnding(): boolean {
    return this.#ended !== undefined || this.#kernel.stores?.isEnding === true;
  }

  #remove(entry: TaskEntry): void {
    // It may stand in a queue, or have an alarm.
    if (entry.state !== "running" || entry.deadlineMs !== Number.POSITIVE_INFINITY) this.#tell(entry);
    entry.state = "ended";
    this.#entries.delete(taskId(entry.caller.thread, entry.resultId));
    this.#publish();
  }

  #fail(caller: RefData, question: number, error: ErrorData): void {
    this.#kernel.calls.answerError(caller, question, error, this.#kernel.refOf(this.#kernel.guest));
  }

  /** Nobody will schedule any more: the system ends. */
  abandoned(reason: ExitReason): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#publish();
    this.#scheduler = undefined;
    this.#kernel.scheduler.commit(() => {
      for (const entry of [...this.#entries.values()]) {
        const what = entry.isStored ? "is left for the next run" : "was given up";
        this.fail(entry, failure("shutdown", `task ${entry.id} ${what}: ${endedText(reason)}`));
      }
      this.takeNews();
    });
  }

  // The scheduler ----------------------------------------------------------------------------------------------------

  #startScheduler(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    const behaviour = schedulerBehaviour(this.#kernel, this);
    this.#kernel.host.startService?.({ name: schedulerName, behaviour, ended: (reason) => this.abandoned(reason) });
  }

  #tell(entry: TaskEntry): void {
    this.#news.tasks.push(entry);
    this.#ring();
  }

  /** One that is not there looks when it begins. */
  #ring(): void {
    const kernel = this.#kernel;
    const scheduler = this.#scheduler;
    if (this.#isTold || scheduler === undefined || kernel.cellOf(scheduler) === undefined) return;
    this.#isTold = true;
    void kernel.send(kernel.guest, scheduler, lookMessage, undefined);
  }

  stats(): TaskStats {
    return this.totals.stats(this.#entries.values());
  }
}

function endedText(reason: ExitReason): string {
  return `the scheduler of tasks has ended (${reasonText(reason)})`;
}

function noNews(): TaskNews {
  return { tasks: [], agents: new Set(), recipients: new Set() };
}

function failure(code: ErrorCode, message: string): ErrorData {
  return { name: "RuntimeError", code, message };
}
