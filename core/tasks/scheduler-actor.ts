/**
 * `system.scheduler`: decides which task goes to whom, when it is tried again, when it is given up.
 *
 * A synchronous state machine over main's table. What it knows beside that (`backlog.ts`) its successor makes anew from
 * the entries.
 */
import type { Behaviour } from "../actor/behaviour.ts";
import type { Context, DownMessage, TimerRef } from "../actor/context.ts";
import { type Ref, sameRef } from "../actor/ref.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { serviceBehaviour } from "../kernel/service.ts";
import type { AgentPool } from "./agent-pool.ts";
import { Backlog } from "./backlog.ts";
import type { Destination } from "./destination.ts";
import { Submitters } from "./submitters.ts";
import { type Agent, canMakeWay, type TaskEntry } from "./task-entry.ts";
import { restMs } from "./task-request.ts";
import type { TaskTable } from "./task-table.ts";

/** Its name, and that of its behaviour. */
export const schedulerName = "system.scheduler";
/** Between two looks at the time of day. */
const wallHopMs = 10_000;
/** Its own timer's message. */
const dueMessage = "due";

class TaskScheduler {
  readonly #kernel: Kernel;
  readonly #table: TaskTable;
  readonly #ctx: Context;
  readonly #backlog = new Backlog();
  readonly #submitters: Submitters;
  #timer: { readonly ref: TimerRef; readonly dueMs: number } | undefined;

  constructor(kernel: Kernel, table: TaskTable, ctx: Context) {
    this.#kernel = kernel;
    this.#table = table;
    this.#ctx = ctx;
    this.#submitters = new Submitters(ctx);
  }

  /** Takes the table over from a predecessor, or as it is. */
  begin(): void {
    const entries = this.#table.adopt(this.#ctx.self, (what, data) =>
      this.#ctx.log("error", `a ${what} was thrown out`, data),
    );
    for (const entry of entries) this.#decide(entry);
    this.look();
  }

  receive(message: unknown): void {
    if (message === dueMessage) this.#timer = undefined;
    if (isDown(message)) {
      const entry = this.#submitters.ended(message.monitor);
      if (entry !== undefined) {
        this.#table.deciding = entry;
        this.#table.giveUp(entry);
        this.#table.deciding = undefined;
      }
    }
    this.look();
  }

  look(): void {
    const backlog = this.#backlog;
    const nowMs = this.#ctx.nowMs();
    const { tasks, agents, recipients } = this.#table.takeNews();
    for (const entry of tasks) this.#decide(entry);
    for (const agent of agents) backlog.hasRoom(agent);
    for (const recipient of recipients) backlog.mayBeServed(recipient);
    for (let entry = backlog.takeDue(nowMs); entry !== undefined; entry = backlog.takeDue(nowMs)) this.#decide(entry);
    this.#table.submitDue();
    for (const destination of backlog.takeReady(nowMs)) this.#serve(destination, nowMs);
    this.#setTimer(nowMs);
  }

  /** What becomes of a task that is new, has failed or ended, or is due. */
  #decide(entry: TaskEntry): void {
    this.#table.deciding = entry;
    const nowMs = this.#ctx.nowMs();
    if (entry.state !== "ended" && entry.deadlineMs <= nowMs) this.#passDeadline(entry);
    switch (entry.state) {
      case "keeping":
        // What is to be done begins when the store has it.
        this.#submitters.forget(entry);
        break;
      case "ended":
        this.#backlog.forget(entry);
        this.#submitters.forget(entry);
        break;
      case "failed":
        this.#tryAgain(entry, nowMs);
        break;
      case "resting":
        if (entry.atMs <= nowMs) this.#wait(entry, nowMs);
        else this.#backlog.setAlarm(entry, Math.min(entry.atMs, entry.deadlineMs));
        break;
      case "waiting":
        if (entry.acceptance !== undefined) this.#submitters.watch(entry);
        this.#wait(entry, entry.atMs);
        break;
      case "running":
        if (entry.inHand?.way === "asked" && entry.inHand.wayUntilMs <= nowMs) this.#table.attempts.isOverdue(entry);
        this.#watch(entry);
        break;
    }
    this.#table.deciding = undefined;
  }

  /** It runs: until its deadline, and where it is to make way until it has. */
  #watch(entry: TaskEntry): void {
    const { inHand } = entry;
    const wayUntilMs = inHand?.way === "asked" ? inHand.wayUntilMs : Number.POSITIVE_INFINITY;
    this.#backlog.setAlarm(entry, Math.min(entry.deadlineMs, wayUntilMs));
  }

  #passDeadline(entry: TaskEntry): void {
    const { id, request } = entry;
    const { attempts, inHand, preemptions } = entry;
    const isBegun = attempts > 0 || preemptions > 0 || inHand !== undefined;
    const what = `task ${id} ("${request.call}" for ${entry.recipient})`;
    const why = isBegun ? "" : ": nobody had begun it";
    const message = `${what} had not ended within ${request.deadlineMs} ms${why}`;
    this.#table.fail(entry, { name: "RuntimeError", code: "deadline", message });
  }

  #tryAgain(entry: TaskEntry, nowMs: number): void {
    const { attempts, backoff, to } = entry.request;
    const { error } = entry;
    // An actor that has ended never comes back; whoever has its name next, or can do the same, does.
    const hasSomebody = typeof to === "string" || "capability" in to || this.#kernel.isAlive(to);
    if (error !== undefined && (entry.attempts >= attempts || !hasSomebody)) {
      this.#table.fail(entry, error);
      this.#backlog.forget(entry);
      return;
    }
    entry.state = "resting";
    entry.atMs = nowMs + restMs(backoff, entry.attempts);
    this.#backlog.setAlarm(entry, Math.min(entry.atMs, entry.deadlineMs));
  }

  #wait(entry: TaskEntry, sinceMs: number): void {
    entry.state = "waiting";
    entry.atMs = sinceMs;
    this.#backlog.setAlarm(entry, entry.deadlineMs);
    this.#backlog.add(entry);
  }

  /** Gives whoever may do what waits there as much as each may have in hand. */
  #serve(destination: Destination, nowMs: number): void {
    const { concurrency = 1, to } = destination;
    const table = this.#table;
    // Who comes next, where there is nobody, is told of.
    if (typeof to === "object" && "capability" in to) {
      const pool = table.poolOf(to.capability);
      if (pool === undefined) return;
      pool.refresh(nowMs);
      this.#give(destination, () => this.#bestOf(pool, concurrency), nowMs);
      if (destination.size > 0) this.#makeWay(destination, (agent) => pool.mayServe(agent.key), nowMs);
      return;
    }
    const ref = table.holderOf(to);
    if (ref === undefined) return;
    const most = table.declaredBy(ref) ?? concurrency;
    this.#give(destination, () => (table.attempts.mayHave(ref, most) ? ref : undefined), nowMs);
    if (destination.size === 0) return;
    this.#makeWay(destination, (agent) => sameRef(agent.ref, ref), nowMs);
    this.#backlog.want(ref, destination);
  }

  /** Whom its own thread has given something just now counts as having it. */
  #bestOf(pool: AgentPool, concurrency: number): Ref | undefined {
    const { attempts } = this.#table;
    for (let left = pool.size; left > 0; left--) {
      const ref = pool.best(concurrency);
      if (ref === undefined || attempts.mayHave(ref, this.#table.declaredBy(ref) ?? concurrency)) return ref;
    }
    return undefined;
  }

  #give(destination: Destination, best: () => Ref | undefined, nowMs: number): void {
    const table = this.#table;
    while (destination.size > 0) {
      const ref = best();
      if (ref === undefined) return;
      const entry = this.#backlog.take(destination, nowMs);
      if (entry !== undefined) {
        table.deciding = entry;
        table.start(entry, ref);
        this.#submitters.forget(entry);
        table.deciding = undefined;
      }
      table.attempts.unmark(ref);
    }
  }

  /**
   * Nobody has room: for each task that has a higher priority than one that runs there and may make way, the least urgent
   * of these does. Priority against what the other counted as when it began, so what has grown old is not sent back for
   * younger ones, and of two neither makes way for the other in turns.
   */
  #makeWay(destination: Destination, mayServe: (agent: Agent) => boolean, nowMs: number): void {
    const table = this.#table;
    const victims: TaskEntry[] = [];
    let rooms = 0;
    for (const entry of table.attempts.preemptible) {
      table.deciding = entry;
      const { inHand, state } = entry;
      if (inHand === undefined || !mayServe(inHand.agent)) continue;
      if (canMakeWay(entry)) victims.push(entry);
      else if (state === "running" && inHand.way === "asked") rooms++;
    }
    table.deciding = undefined;
    if (victims.length === 0) return;
    // Of two that are as urgent the one that has begun last loses less.
    victims.sort((a, b) => b.urgency - a.urgency || (a.inHand?.order ?? 0) - (b.inHand?.order ?? 0));
    const isMadeWayFor = (waiting: TaskEntry): boolean => {
      table.deciding = waiting;
      const victim = victims.at(-1);
      if (victim === undefined || victim.urgency >= waiting.priority) return false;
      victims.pop();
      table.deciding = victim;
      table.attempts.makeWay(victim);
      this.#watch(victim);
      return true;
    };
    // Those for whom one was to make way that could not.
    for (const waiting of destination.favoured.slice(rooms)) isMadeWayFor(waiting);
    for (let waiting = destination.uppermost(); waiting !== undefined; waiting = destination.uppermost()) {
      if (!isMadeWayFor(waiting)) break;
      table.deciding = waiting;
      destination.favourUppermost(nowMs);
    }
    table.deciding = undefined;
  }

  /** On the system's clock. */
  #nextDueMs(nowMs: number): number | undefined {
    const { schedules, wallMs } = this.#table;
    const taskMs = this.#backlog.nextDueMs;
    const scheduledMs = schedules.nextMs;
    if (scheduledMs === Number.POSITIVE_INFINITY) return taskMs;
    const leftMs = Math.max(0, scheduledMs - wallMs);
    // The time of day may be set meanwhile, where it is another clock.
    const hopMs = this.#kernel.host.clock.wallMs === undefined ? leftMs : Math.min(leftMs, wallHopMs);
    return Math.min(taskMs ?? Number.POSITIVE_INFINITY, nowMs + hopMs);
  }

  #setTimer(nowMs: number): void {
    const dueMs = this.#nextDueMs(nowMs);
    const timer = this.#timer;
    // A timer that is too early costs one look.
    if (timer !== undefined && dueMs !== undefined && timer.dueMs <= dueMs) return;
    if (timer !== undefined) this.#ctx.cancelTimer(timer.ref);
    this.#timer =
      dueMs === undefined ? undefined : { ref: this.#ctx.sendAfter(Math.max(0, dueMs - nowMs), dueMessage), dueMs };
  }
}

function isDown(message: unknown): message is DownMessage {
  return typeof message === "object" && message !== null && (message as Partial<DownMessage>).type === "down";
}

/** On main, where the table is. */
export function schedulerBehaviour(kernel: Kernel, table: TaskTable): Behaviour<undefined> {
  return serviceBehaviour(schedulerName, import.meta.url, {
    init: (_argument, ctx) => {
      const scheduler = new TaskScheduler(kernel, table, ctx);
      scheduler.begin();
      return scheduler;
    },
    receive: (state, message) => (state as TaskScheduler).receive(message), // what init returned
    format: () => table.stats(),
  });
}
