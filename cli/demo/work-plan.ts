/**
 * Where each task belongs, and which fault it meets: a function of seed, number of agents and task number, never of time.
 *
 * Tasks come in rows of one task for each agent, each row turned by a seeded number of seats. Seats are not agents: which
 * one does a task is a matter of who is free. But the last seats are for agents in processes of their own, and each has
 * one task with a fault that no thread would survive. The first stretch of tasks is five rows; each stretch has its faults.
 */
import { createHash } from "node:crypto";
import { SeededRandom } from "../../index.ts";
import { type DrawnFault, type FaultCounts, FaultDraw } from "./fault-draw.ts";

/** Rows that every run has. */
export const tasksPerAgent = 5;

/** Length of the stretches after the first, in tasks. Long, so that threads are not lost faster than they start. */
const laterStretchTasks = 50_000;

/** What ends a process: it fills its memory, or it is killed from outside. */
export type ProcessFault = "allocate" | "killProcess";

const processFaults: readonly ProcessFault[] = ["allocate", "killProcess"];
/** The row in which they strike. */
const processFaultRow = 1;
/** Fewer agents all run on threads. */
const agentsWithProcesses = 10;

/** Of that many agents, how many run in processes of their own. */
export function processAgents(agents: number): number {
  return agents < agentsWithProcesses ? 0 : processFaults.length;
}

export type PlannedFault = DrawnFault | ProcessFault;

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
  /** Seats of agents on threads. */
  readonly #onThreads: number;
  readonly #hasFaults: boolean;
  readonly #faults: FaultCounts;
  readonly #stretches: FaultDraw[] = [];
  readonly #turns: number[] = [];

  constructor({ seed, agents, hasFaults }: WorkPlanOptions) {
    this.agents = agents;
    this.tasks = agents * tasksPerAgent;
    this.#seed = seed;
    this.#onThreads = agents - processAgents(agents);
    this.#hasFaults = hasFaults;
    this.#faults = hasFaults ? faultCounts(agents) : {};
  }

  /** The task of a seat in a row. */
  taskOf(seat: number, row: number): number {
    return row * this.agents + ((seat + this.#turnOf(row)) % this.agents);
  }

  seatOf(task: number): number {
    const turn = this.#turnOf(Math.floor(task / this.agents));
    return ((task % this.agents) + this.agents - turn) % this.agents;
  }

  /** It is for agents in processes of their own. */
  isInProcess(task: number): boolean {
    return this.seatOf(task) >= this.#onThreads;
  }

  faultOf(task: number): PlannedFault | undefined {
    const row = Math.floor(task / this.agents);
    const seat = this.seatOf(task);
    if (seat >= this.#onThreads)
      return this.#hasFaults && row === processFaultRow ? processFaults[seat - this.#onThreads] : undefined;
    const first = this.#onThreads * tasksPerAgent;
    const place = row * this.#onThreads + seat;
    if (place < first) return this.#stretch(0).faultOf(place);
    const beyond = place - first;
    return this.#stretch(1 + Math.floor(beyond / laterStretchTasks)).faultOf(beyond % laterStretchTasks);
  }

  /** 16 hexadecimal digits over seat and fault of each task of the first stretch; the later ones follow from the same seed. */
  get planHash(): string {
    const hash = createHash("sha256");
    for (let task = 0; task < this.tasks; task++) {
      hash.update(`${task}:${this.seatOf(task)}:${this.faultOf(task) ?? ""};`);
    }
    return hash.digest("hex").slice(0, 16);
  }

  #turnOf(row: number): number {
    this.#turns[row] ??= new SeededRandom(mixed(this.#seed, row)).below(this.agents);
    return this.#turns[row];
  }

  #stretch(number: number): FaultDraw {
    this.#stretches[number] ??= new FaultDraw(
      mixed(this.#seed, ~number),
      number === 0 ? this.#onThreads * tasksPerAgent : laterStretchTasks,
      this.#faults,
    );
    return this.#stretches[number];
  }
}

/**
 * One task in five hundred throws, one in five thousand has a poison message before it or ends its process as far as it
 * can tell, a few never end, and one thread is lost.
 */
function faultCounts(agents: number): FaultCounts {
  const few = { throw: Math.ceil(agents / 100), endThread: 1, poison: Math.ceil(agents / 1_000) };
  if (processAgents(agents) === 0) return few;
  const loops = Math.ceil(agents / 5_000);
  return { ...few, loop: loops, loopAfterAwait: loops, regex: loops, exit: Math.ceil(agents / 1_000) };
}

/** A seed for a part of the plan: neighbouring numbers must not give neighbouring seeds (Fibonacci hashing). */
function mixed(seed: number, part: number): number {
  return (Math.imul(seed, 0x9e3779b1) ^ Math.imul(part + 1, 0x85ebca6b)) >>> 0;
}
