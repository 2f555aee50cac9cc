/**
 * Who does which task, and which fault it meets: a function of seed, number of agents and task number, never of time.
 *
 * Tasks come in rows of one task for each agent, each row turned by a seeded number of seats. The first stretch of tasks
 * is five rows; each has its faults, and so has every further stretch when there is more to do.
 */
import { createHash } from "node:crypto";
import { SeededRandom } from "../../index.ts";
import { type FaultKind, FaultPlan } from "../../testing/index.ts";

/** Rows that every run has. */
export const tasksPerAgent = 5;

/** Length of the stretches after the first, in tasks. Long, so that threads are not lost faster than they start. */
const laterStretchTasks = 50_000;

export interface WorkPlanOptions {
  readonly seed: number;
  readonly agents: number;
  readonly hasFaults: boolean;
}

export class WorkPlan {
  readonly agents: number;
  /** Tasks of the first stretch: the least that is done. */
  readonly tasks: number;
  readonly #seed: number;
  readonly #faults: Readonly<Record<FaultKind, number>>;
  readonly #stretches: FaultPlan[] = [];
  readonly #turns: number[] = [];

  constructor({ seed, agents, hasFaults }: WorkPlanOptions) {
    this.agents = agents;
    this.tasks = agents * tasksPerAgent;
    this.#seed = seed;
    this.#faults = hasFaults ? faultCounts(agents) : { throw: 0, endThread: 0, poison: 0 };
  }

  /** Faults of one stretch. */
  get faults(): Readonly<Record<FaultKind, number>> {
    return this.#faults;
  }

  /** The task that an agent gets in a row. */
  taskOf(agent: number, row: number): number {
    return row * this.agents + ((agent + this.#turnOf(row)) % this.agents);
  }

  /** The agent that does a task. */
  agentOf(task: number): number {
    const turn = this.#turnOf(Math.floor(task / this.agents));
    return ((task % this.agents) + this.agents - turn) % this.agents;
  }

  faultOf(task: number): FaultKind | undefined {
    if (task < this.tasks) return this.#stretch(0).faultOf(task);
    const beyond = task - this.tasks;
    return this.#stretch(1 + Math.floor(beyond / laterStretchTasks)).faultOf(beyond % laterStretchTasks);
  }

  /** 16 hexadecimal digits over agent and fault of each task of the first stretch; the later ones follow from the same seed. */
  get planHash(): string {
    const hash = createHash("sha256");
    for (let task = 0; task < this.tasks; task++) {
      hash.update(`${task}:${this.agentOf(task)}:${this.faultOf(task) ?? ""};`);
    }
    return hash.digest("hex").slice(0, 16);
  }

  #turnOf(row: number): number {
    this.#turns[row] ??= new SeededRandom(mixed(this.#seed, row)).below(this.agents);
    return this.#turns[row];
  }

  #stretch(number: number): FaultPlan {
    this.#stretches[number] ??= new FaultPlan({
      seed: mixed(this.#seed, ~number),
      tasks: number === 0 ? this.tasks : laterStretchTasks,
      faults: this.#faults,
    });
    return this.#stretches[number];
  }
}

/** One task in five hundred throws, one in five thousand has a poison message before it, and one thread is lost. */
function faultCounts(agents: number): Readonly<Record<FaultKind, number>> {
  return { throw: Math.ceil(agents / 100), endThread: 1, poison: Math.ceil(agents / 1_000) };
}

/** A seed for a part of the plan: neighbouring numbers must not give neighbouring seeds (Fibonacci hashing). */
function mixed(seed: number, part: number): number {
  return (Math.imul(seed, 0x9e3779b1) ^ Math.imul(part + 1, 0x85ebca6b)) >>> 0;
}
