/**
 * Submits the plan's tasks, a few for each agent at a time, and knows what became of them.
 *
 * Who does a task is the scheduler's choice, among the agents that declare the capability. The first pass over the files
 * goes before the later ones, which only confirm it, and poison before both. Each file is a job with a key of its own,
 * so that a long one holds up no other.
 */
import { setImmediate } from "node:timers/promises";
import { type MofaSystem, type Ref, type Task, type TaskRequest } from "../../index.ts";
import { type CountAnswer, type CountRequest, capabilities, type TaskFault } from "./conversation.ts";
import type { Slice } from "./corpus.ts";
import type { PlannedFault, WorkPlan } from "./work-plan.ts";

const priorities = { firstPass: 7, laterPass: 5 } as const;
/** Agents that may fail at a poison message before it is in quarantine. */
export const poisonAttempts = 3;
const poisonRequest = { call: "read", argument: '{ "count": ', priority: 9, attempts: poisonAttempts } as const;
/** The end of an agent uses one up, whatever the reason. */
const taskAttempts = 20;
const backoff = { minMs: 10, maxMs: 1_000 } as const;
/** Tasks that wait beside those in hand, so that nobody who has done one waits for the next. */
const waitingMax = 2_000;
/** Submitted in one go: main has more to do. */
const batch = 500;
const givenUpKept = 20;

export interface FeedProgress {
  /** Tasks; poison messages are none. */
  readonly submitted: number;
  readonly done: number;
  readonly lost: number;
  /** Poison messages in quarantine. */
  readonly poisoned: number;
}

export interface FeedOptions {
  readonly plan: WorkPlan;
  readonly slices: readonly Slice[];
  readonly aggregators: number;
  /** More are begun for so long. 0: until the plan is done. */
  readonly durationMs: number;
  /** Who is told of agents that have done the first task of their life. */
  readonly roster: Ref;
}

export class TaskFeed {
  readonly #system: MofaSystem;
  readonly #options: FeedOptions;
  /** Of tasks that were lost, as texts. */
  readonly givenUp: string[] = [];
  #submitted = 0;
  #done = 0;
  #lost = 0;
  #poisoned = 0;
  #underWay = 0;
  #awaited: { readonly underWay: number; readonly resolve: () => void } | undefined;

  constructor(system: MofaSystem, options: FeedOptions) {
    this.#system = system;
    this.#options = options;
  }

  get progress(): FeedProgress {
    return { submitted: this.#submitted, done: this.#done, lost: this.#lost, poisoned: this.#poisoned };
  }

  /** Resolves when all has ended. @throws RuntimeError `not_started`: the system has ended before. */
  async run(): Promise<void> {
    const { durationMs, plan, slices } = this.#options;
    const tasks = Math.max(plan.tasks, slices.length);
    const untilMs = performance.now() + durationMs;
    const hasNext = () => this.#submitted < tasks || performance.now() < untilMs;
    while (hasNext()) {
      await this.#fewerThan(plan.agents + waitingMax);
      for (let left = batch; left > 0 && hasNext(); left--) this.#submitNext();
      await setImmediate();
    }
    await this.#fewerThan(1);
  }

  #submitNext(): void {
    const { plan, slices, aggregators } = this.#options;
    const task = this.#submitted++;
    const capability = plan.isInProcess(task) ? capabilities.inProcess : capabilities.onThread;
    const sliceNumber = task % slices.length;
    const slice = slices[sliceNumber] as Slice;
    const common = { capability, key: slice.path, backoff };
    const drawn = plan.faultOf(task);
    if (drawn === "poison") void this.#poison(this.#submit({ ...common, ...poisonRequest }));
    const fault = faultOf(task, drawn);
    const request: CountRequest = { task, sliceNumber, slice, aggregator: sliceNumber % aggregators };
    const submitted = this.#submit({
      ...common,
      call: "count",
      argument: fault === undefined ? request : { ...request, fault },
      priority: task < slices.length ? priorities.firstPass : priorities.laterPass,
      attempts: taskAttempts,
    });
    void this.#count(task, submitted);
  }

  #submit(request: TaskRequest): Task {
    const task = this.#system.submit(request);
    this.#underWay++;
    return task;
  }

  async #count(number: number, task: Task): Promise<void> {
    try {
      const { agent, isFirst } = (await task.result()) as CountAnswer; // of agent.ts
      this.#done++;
      if (isFirst) this.#options.roster.cast("recovered", agent);
    } catch (error) {
      this.#lost++;
      if (this.givenUp.length < givenUpKept) this.givenUp.push(`task ${number}: ${String(error)}`);
    }
    this.#ended();
  }

  /** No agent can read it. */
  async #poison(task: Task): Promise<void> {
    await task.result().catch(() => this.#poisoned++);
    this.#ended();
  }

  #ended(): void {
    this.#underWay--;
    if (this.#awaited === undefined || this.#underWay >= this.#awaited.underWay) return;
    this.#awaited.resolve();
    this.#awaited = undefined;
  }

  async #fewerThan(underWay: number): Promise<void> {
    if (this.#underWay < underWay) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#awaited = { underWay, resolve };
    await promise;
  }
}

function faultOf(task: number, drawn: PlannedFault | undefined): TaskFault | undefined {
  if (drawn === "throw") return task % 2 === 0 ? "throwBefore" : "throwAfter";
  return drawn === "poison" ? undefined : drawn;
}
