/**
 * The coordinator's book: which agent is up, what it has in hand, what is done, what came back.
 *
 * Each agent has one item in hand at most, so that whatever fails is known. An item goes out again when its agent is gone
 * or its acknowledgement is overdue, until it is acknowledged; so its work may be done twice, and the aggregators see to
 * it that its effect is not. Poison messages are extra items before a task: they are no tasks, and never done. An item
 * that failed three agents is given up: a poison message is then quarantined, a task is lost.
 */
import { type ExitReason, type Ref, reasonText } from "../../index.ts";
import type { CrashingMessage, DoneMessage, ReadyMessage } from "./conversation.ts";
import type { WorkPlan } from "./work-plan.ts";

/** Agents that may fail at an item before it is given up. */
export const failuresMax = 3;
/** Times that an item may be handed out, whatever became of it. */
const attemptsMax = 20;
/** Time for an acknowledgement before the item goes out again. Far above what a busy machine takes. */
export const acknowledgeTimeoutMs = 10_000;
/** Kept for the report. */
const faultsKept = 10_000;
const recoveriesKept = 1_000_000;
const givenUpKept = 20;

export interface Item {
  readonly type: "task" | "poison";
  readonly task: number;
  attempts: number;
  failures: number;
  sentAtMs: number;
}

export interface FaultRecord {
  readonly kind: "thrown" | "poison" | "threadLost" | "looped" | "exited" | "processLost";
  /** On the system's clock. */
  readonly atMs: number;
}

export interface LedgerProgress {
  readonly agentsUp: number;
  readonly submitted: number;
  readonly done: number;
  readonly retried: number;
  readonly lost: number;
  readonly restarts: number;
  readonly thrown: number;
  readonly poisoned: number;
  /** Turns that were cut down, agents that called `process.exit`, agents whose process was lost. */
  readonly looped: number;
  readonly exited: number;
  readonly processesLost: number;
  readonly inHand: number;
}

/** What the ledger has done by others. */
export interface LedgerHands {
  /** Gives an item to an agent. */
  deliver(ref: Ref, item: Item): void;
  /** Watches an agent; the number names the monitor. */
  watch(ref: Ref): number;
  unwatch(monitor: number): void;
  /** The thread is to end now. */
  endThread(thread: number): void;
  /** The agent's process is to be killed now. */
  killProcess(ref: Ref): void;
}

interface Seat {
  readonly agent: number;
  ref: Ref | undefined;
  monitor: number;
  starts: number;
  row: number;
  item: Item | undefined;
  /** When the fault happened that this seat has not recovered from. */
  faultAtMs: number | undefined;
  isFinished: boolean;
}

export class WorkLedger {
  readonly #plan: WorkPlan;
  /** Tasks with smaller numbers are done whatever the time. */
  readonly #tasks: number;
  readonly #durationMs: number;
  #untilMs = 0;
  readonly #hands: LedgerHands;
  readonly #seats: Seat[];
  readonly #byMonitor = new Map<number, Seat>();
  /** Threads that were told to end, and when. */
  readonly #ending = new Map<number, number>();
  /** Agents that are up, as far as is known, on threads that were told to end. */
  #doomed = 0;
  #vacant: number;
  /** Seats whose task says that their thread ends, oldest first. */
  readonly #threadEndsDue: Seat[] = [];
  readonly #settledPoison = new Set<number>();
  readonly faults: FaultRecord[] = [];
  readonly recoveriesMs: number[] = [];
  /** What was given up and is no poison, as texts. */
  readonly givenUp: string[] = [];
  #hasBegun = false;
  #finished = 0;
  #submitted = 0;
  #done = 0;
  #retried = 0;
  #lost = 0;
  #restarts = 0;
  #thrown = 0;
  #poisoned = 0;
  readonly #ended = { looped: 0, exited: 0, processLost: 0 };

  /** @param tasks done at least; @param durationMs more are begun for so long. */
  constructor(plan: WorkPlan, tasks: number, durationMs: number, hands: LedgerHands) {
    this.#plan = plan;
    this.#tasks = tasks;
    this.#durationMs = durationMs;
    this.#hands = hands;
    this.#vacant = plan.agents;
    this.#seats = Array.from({ length: plan.agents }, (_, agent) => ({
      agent,
      ref: undefined,
      monitor: 0,
      starts: 0,
      row: 0,
      item: undefined,
      faultAtMs: undefined,
      isFinished: false,
    }));
  }

  /** Nothing is left to do, every fault of the plan has struck, and everybody is up again. */
  get isFinished(): boolean {
    const isDone = this.#finished === this.#seats.length;
    return isDone && this.#vacant === 0 && this.#threadEndsDue.length === 0 && this.#doomed === 0;
  }

  get progress(): LedgerProgress {
    let agentsUp = 0;
    let inHand = 0;
    for (const { ref, item } of this.#seats) {
      if (ref !== undefined) agentsUp++;
      if (item !== undefined) inHand++;
    }
    return {
      agentsUp,
      submitted: this.#submitted,
      done: this.#done,
      retried: this.#retried,
      lost: this.#lost,
      restarts: this.#restarts,
      thrown: this.#thrown,
      poisoned: this.#poisoned,
      looped: this.#ended.looped,
      exited: this.#ended.exited,
      processesLost: this.#ended.processLost,
      inHand,
    };
  }

  /** From now on work is handed out: to those who are up, and to others as they come. */
  begin(nowMs: number): void {
    this.#hasBegun = true;
    this.#untilMs = nowMs + this.#durationMs;
    for (const seat of this.#seats) this.#handOut(seat, nowMs);
  }

  /** An agent is up, for the first time or in place of one that is gone. */
  ready({ agent, ref }: ReadyMessage, nowMs: number): void {
    const seat = this.#seats[agent];
    if (seat === undefined) return;
    // The word of the successor may overtake the down of a predecessor on another thread.
    if (seat.ref !== undefined) {
      this.#hands.unwatch(seat.monitor);
      this.#vacate(seat, nowMs);
    }
    if (seat.starts > 0) this.#restarts++;
    seat.starts++;
    this.#vacant--;
    if (this.#ending.has(ref.thread)) this.#doomed++;
    seat.ref = ref;
    seat.monitor = this.#hands.watch(ref);
    this.#byMonitor.set(seat.monitor, seat);
    this.#handOut(seat, nowMs);
    this.#endThreads(nowMs);
  }

  /** An agent is gone. What it had in hand waits for its successor. */
  down(monitor: number, reason: ExitReason, nowMs: number): void {
    const seat = this.#byMonitor.get(monitor);
    if (seat === undefined) return;
    const kind = endKind(reason);
    if (kind !== undefined) this.#endedByItself(seat, kind, reasonText(reason), nowMs);
    this.#vacate(seat, nowMs);
  }

  /** What it had in hand ended it, and it could not say so. */
  #endedByItself(seat: Seat, kind: EndKind, why: string, nowMs: number): void {
    this.#ended[kind]++;
    this.#recordFault(kind, nowMs);
    seat.faultAtMs ??= nowMs;
    const { item } = seat;
    if (item === undefined) return;
    item.failures++;
    if (item.failures >= failuresMax) this.#giveUp(seat, item, why);
  }

  /** The last word of an agent that fails. The item may be acknowledged already: the fault counts all the same. */
  crashing({ agent, type, task, atMs, error }: CrashingMessage): void {
    const seat = this.#seats[agent];
    if (seat === undefined) return;
    seat.faultAtMs ??= atMs;
    if (type === "poison") this.#recordFault("poison", atMs);
    else if (this.#plan.faultOf(task) === "throw") {
      this.#thrown++;
      this.#recordFault("thrown", atMs);
    }
    const { item } = seat;
    if (item?.type !== type || item.task !== task) return;
    item.failures++;
    if (item.failures >= failuresMax) this.#giveUp(seat, item, error);
  }

  /** A task's effect is counted. */
  done({ task, attempt }: DoneMessage, nowMs: number): void {
    const seat = this.#seats[this.#plan.agentOf(task)];
    const item = seat?.item;
    if (seat === undefined || item?.type !== "task" || item.task !== task) return;
    this.#done++;
    // An answer to an earlier hand-out is its predecessor's work, and no sign that the successor is well.
    if (seat.faultAtMs !== undefined && attempt === item.attempts) {
      if (this.recoveriesMs.length < recoveriesKept) this.recoveriesMs.push(nowMs - seat.faultAtMs);
      seat.faultAtMs = undefined;
    }
    seat.item = undefined;
    seat.row++;
    this.#handOut(seat, nowMs);
  }

  /** Hands out again what is overdue. To be called now and then. */
  remind(nowMs: number): void {
    for (const seat of this.#seats) {
      const { item, ref } = seat;
      if (item === undefined || ref === undefined || nowMs - item.sentAtMs < acknowledgeTimeoutMs) continue;
      this.#handOut(seat, nowMs);
    }
  }

  #vacate(seat: Seat, nowMs: number): void {
    const endedAtMs = this.#ending.get(seat.ref?.thread ?? -1);
    if (endedAtMs !== undefined) this.#doomed--;
    this.#byMonitor.delete(seat.monitor);
    seat.ref = undefined;
    this.#vacant++;
    if (!seat.isFinished) seat.faultAtMs ??= endedAtMs ?? nowMs;
  }

  /** Gives the seat's agent what is next for it: what it has not been acknowledged, else the task of its next row. */
  #handOut(seat: Seat, nowMs: number): void {
    if (!this.#hasBegun || seat.ref === undefined || seat.isFinished) return;
    seat.item ??= this.#nextItem(seat, nowMs);
    const { item, ref } = seat;
    if (item === undefined) {
      seat.isFinished = true;
      this.#finished++;
      return;
    }
    if (item.attempts >= attemptsMax) {
      this.#giveUp(seat, item, `handed out ${attemptsMax} times`);
      this.#handOut(seat, nowMs);
      return;
    }
    if (item.type === "task") {
      if (item.attempts > 0) this.#retried++;
      else this.#submitted++;
      if (item.attempts === 0 && this.#plan.faultOf(item.task) === "endThread") this.#threadEndsDue.push(seat);
      if (item.failures === 0 && this.#plan.faultOf(item.task) === "killProcess") this.#hands.killProcess(ref);
    }
    item.attempts++;
    item.sentAtMs = nowMs;
    this.#hands.deliver(ref, item);
    this.#endThreads(nowMs);
  }

  #nextItem(seat: Seat, nowMs: number): Item | undefined {
    const task = this.#plan.taskOf(seat.agent, seat.row);
    if (task >= this.#tasks && nowMs >= this.#untilMs) return undefined;
    const isPoisonNext = this.#plan.faultOf(task) === "poison" && !this.#settledPoison.has(task);
    return { type: isPoisonNext ? "poison" : "task", task, attempts: 0, failures: 0, sentAtMs: 0 };
  }

  /**
   * The fault "a thread ends" strikes the thread of the agent that got the task. While a thread's agents are away the
   * next such fault waits: to lose all threads at once would show less.
   */
  #endThreads(nowMs: number): void {
    if (this.#threadEndsDue.length === 0 || this.#doomed > 0 || this.#vacant > this.#plan.agents / 100) return;
    const at = this.#threadEndsDue.findIndex(({ ref }) => ref !== undefined);
    const thread = this.#threadEndsDue[at]?.ref?.thread;
    if (thread === undefined) return;
    this.#threadEndsDue.splice(at, 1);
    this.#doomed = this.#seats.filter(({ ref }) => ref?.thread === thread).length;
    this.#ending.set(thread, nowMs);
    this.#recordFault("threadLost", nowMs);
    this.#hands.endThread(thread);
  }

  /** The seat's agent is failing at it, or is being passed over: its next item goes out when it is ready. */
  #giveUp(seat: Seat, item: Item, why: string): void {
    seat.item = undefined;
    if (item.type === "poison") {
      this.#settledPoison.add(item.task);
      this.#poisoned++;
      return;
    }
    this.#lost++;
    seat.row++;
    if (this.givenUp.length < givenUpKept) this.givenUp.push(`task ${item.task}: ${why}`);
  }

  #recordFault(kind: FaultRecord["kind"], atMs: number): void {
    if (this.faults.length < faultsKept) this.faults.push({ kind, atMs });
  }
}

type EndKind = "looped" | "exited" | "processLost";

/** What of an agent's exit reason says that its own turn was the cause; undefined: something else ended it. */
function endKind(reason: ExitReason): EndKind | undefined {
  if (typeof reason !== "object") return undefined;
  if ("turnLimit" in reason) return "looped";
  if ("exitCalled" in reason) return "exited";
  return "processLost" in reason || "budget" in reason ? "processLost" : undefined;
}
