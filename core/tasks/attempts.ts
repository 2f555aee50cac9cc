/**
 * On main: which agent has which task in hand. An attempt is a call of the guest's, as is the asking of an agent to make way:
 * what is answered finds its way back whatever becomes of the scheduler.
 */
import { type Ref, refKey } from "../actor/ref.ts";
import { beginOperation, type Operation } from "../contracts/operation.ts";
import { type ErrorData, errorData } from "../errors.ts";
import { eventBit } from "../kernel/events.ts";
import { interruptGraceMs } from "../kernel/interrupt-request.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { checkedOperation } from "../kernel/operations.ts";
import { ValueBytes } from "../thread/value-bytes.ts";
import type { Agent, InHand, TaskEntry } from "./task-entry.ts";
import { preemptionsMax } from "./task-request.ts";

/** So long another is not asked in the place of one that was asked to make way: its grace, and as much again to hear of it. */
const makeWayMs = 2 * interruptGraceMs;

/** What becomes of an attempt. Nothing is told of a task that has ended meanwhile. */
export interface AttemptOutcomes {
  answered(entry: TaskEntry, value: unknown): void;
  failed(entry: TaskEntry, error: ErrorData): void;
  /** It was asked to make way for another, and has. */
  madeWay(entry: TaskEntry): void;
  /** An agent has got one more in hand, or one less. */
  has(agent: Agent): void;
  /** An agent has room, or may be made to have it. */
  hasRoom(agent: Agent): void;
}

export class Attempts {
  readonly #kernel: Kernel;
  readonly #outcomes: AttemptOutcomes;
  readonly #agents = new Map<string, Agent>();
  readonly #preemptible = new Set<TaskEntry>();
  /** Tasks that run: those given up are none of them, though an agent still has them in hand. */
  running = 0;
  #begun = 0;

  constructor(kernel: Kernel, outcomes: AttemptOutcomes) {
    this.#kernel = kernel;
    this.#outcomes = outcomes;
  }

  /** How many tasks an actor has in hand, by its ref key. */
  inHand(key: string): number {
    return this.#agents.get(key)?.inHand ?? 0;
  }

  /** Running tasks that may make way for others, and those that have been asked to. */
  get preemptible(): Iterable<TaskEntry> {
    return this.#preemptible;
  }

  /**
   * Whether an actor may have one more. From then on its own thread begins nothing for it; what that has begun just now counts,
   * and is heard of before long.
   */
  mayHave(ref: Ref, most: number): boolean {
    const key = refKey(ref);
    const inHand = this.inHand(key);
    if (inHand >= most) return false;
    const { memory, thread } = this.#kernel;
    // The call of one that is gone fails at once.
    const isElsewhere = ref.thread !== thread && this.#kernel.isAlive(ref);
    if (!isElsewhere || !memory.markTask(ref) || inHand + 1 < most) return true;
    this.unmark(ref);
    this.#outcomes.has({ key, ref, inHand: inHand + 1 });
    return false;
  }

  /** It has got nothing after all: its own thread may begin what comes for it. */
  unmark(ref: Ref): void {
    const kernel = this.#kernel;
    if (ref.thread !== kernel.thread && this.inHand(refKey(ref)) === 0 && kernel.isAlive(ref))
      kernel.memory.unmarkTask(ref);
  }

  /** An agent gets it in hand. */
  begin(entry: TaskEntry, ref: Ref): void {
    const { calls, guest } = this.#kernel;
    const inHand = this.#take(entry, ref);
    const { agent } = inHand;
    const { trace } = entry.request;
    if (trace !== undefined) inHand.operation = this.#operationOf(entry, ref, trace);
    try {
      inHand.call = calls.callThen(
        guest,
        ref,
        entry.request.call,
        this.#argumentOf(entry, ref),
        (value) => this.#answered(entry, agent, value),
        (error) => this.#failed(entry, agent, errorData(error)),
        inHand.operation?.trace,
      );
    } catch (error) {
      this.#failed(entry, agent, errorData(error));
    }
  }

  /** Its own thread has given it to an agent, by a call in the guest's name. */
  begun(entry: TaskEntry, ref: Ref, call: number): void {
    const { calls, guest, memory } = this.#kernel;
    memory.heardTask(ref);
    const inHand = this.#take(entry, ref);
    const { agent } = inHand;
    inHand.call = call;
    calls.expectMade(
      guest,
      ref,
      call,
      entry.request.call,
      (value) => this.#answered(entry, agent, value),
      (error) => this.#failed(entry, agent, errorData(error)),
    );
  }

  #take(entry: TaskEntry, ref: Ref): InHand {
    const key = refKey(ref);
    let agent = this.#agents.get(key);
    if (agent === undefined) this.#agents.set(key, (agent = { key, ref, inHand: 0 }));
    const inHand: InHand = {
      agent,
      operation: undefined,
      call: 0,
      order: this.#begun++,
      way: "free",
      wayUntilMs: Number.POSITIVE_INFINITY,
    };
    entry.inHand = inHand;
    agent.inHand++;
    if (entry.request.isPreemptible) this.#preemptible.add(entry);
    this.#outcomes.has(agent);
    entry.attempts++;
    entry.state = "running";
    this.running++;
    return inHand;
  }

  /** Where an agent of main could change it before another attempt, it gets a copy. */
  #argumentOf({ attempts, preemptions, request }: TaskEntry, ref: Ref): unknown {
    const { argument, attempts: attemptsMax, call, isPreemptible } = request;
    const isLast = attempts >= attemptsMax && !(isPreemptible && preemptions < preemptionsMax);
    const isShared = ref.thread === this.#kernel.thread && !isLast;
    if (!isShared || typeof argument !== "object" || argument === null) return argument;
    const bytes = new ValueBytes(this.#kernel.refWire);
    return bytes.decode(bytes.encode(argument, call));
  }

  /** It is told in the agent's name. */
  #operationOf({ attempts, id, request }: TaskEntry, ref: Ref, trace: string): Operation {
    const kernel = this.#kernel;
    const told: Operation = beginOperation(
      {
        trace,
        wallMs: () => kernel.host.clock.wallMs?.() ?? kernel.readClock(),
        isHeard: (type) => kernel.wants(eventBit(type)),
        tellOperation: (report) =>
          kernel.emit({ type: "operation", ref: ref.toJSON(), name: undefined, ...checkedOperation(report) }),
        tellContent: () => {},
      },
      "execute_task",
      request.call,
    );
    const attributes = { "mofa.task.id": id, "mofa.task.attempt": attempts };
    return { trace: told.trace, end: (how) => told.end({ ...how, attributes }) };
  }

  #answered(entry: TaskEntry, agent: Agent, value: unknown): void {
    entry.inHand?.operation?.end();
    this.#release(entry, agent);
    if (entry.state !== "ended") this.#outcomes.answered(entry, value);
  }

  #failed(entry: TaskEntry, agent: Agent, error: ErrorData): void {
    const way = entry.inHand?.way;
    entry.inHand?.operation?.end({ failure: error.code ?? "error" });
    this.#release(entry, agent);
    if (entry.state === "ended") return;
    if ((way === "asked" || way === "overdue") && error.code === "interrupted") this.#outcomes.madeWay(entry);
    else this.#outcomes.failed(entry, error);
  }

  #release(entry: TaskEntry, agent: Agent): void {
    entry.inHand = undefined;
    this.#preemptible.delete(entry);
    if (entry.state === "running") this.running--;
    agent.inHand--;
    if (agent.inHand === 0) {
      this.#agents.delete(agent.key);
      this.unmark(agent.ref);
    }
    this.#outcomes.has(agent);
    this.#outcomes.hasRoom(agent);
  }

  /** The agent of a running task is to make way for another: its turn is interrupted, or the call taken back. */
  makeWay(entry: TaskEntry): void {
    const { inHand } = entry;
    if (inHand === undefined) return;
    inHand.way = "asked";
    inHand.wayUntilMs = this.#kernel.nowMs + makeWayMs;
    this.#interrupt(inHand, "preempted", (isUnderWay) => {
      if (isUnderWay !== true && entry.inHand === inHand) this.#madeNoWay(inHand, "refused");
    });
  }

  /** It was asked to make way, and has not in time. */
  isOverdue({ inHand }: TaskEntry): void {
    if (inHand !== undefined) this.#madeNoWay(inHand, "overdue");
  }

  /** Another may in its place. */
  #madeNoWay(inHand: InHand, way: "refused" | "overdue"): void {
    inHand.way = way;
    this.#outcomes.hasRoom(inHand.agent);
  }

  /** The task has ended: an agent that has it in hand is told, where it may be interrupted. */
  giveUp(entry: TaskEntry, reason: string): void {
    this.#preemptible.delete(entry);
    const { inHand, request, state } = entry;
    if (inHand !== undefined && inHand.call === 0) {
      // The scheduler has crashed before its call was made: nobody will answer.
      this.#release(entry, inHand.agent);
      return;
    }
    if (state === "running") this.running--;
    if (inHand !== undefined && request.isPreemptible) this.#interrupt(inHand, reason, () => {});
  }

  #interrupt({ agent, call }: InHand, reason: string, answered: (isUnderWay: unknown) => void): void {
    const { guest, interrupts } = this.#kernel;
    // Where it fails the agent has ended, and so has the call.
    interrupts.askOfCall(guest, agent.ref, call, reason, answered, () => {});
  }
}
