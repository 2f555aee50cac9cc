/** What can be seen of a running system from outside: counters, actors, what they do, and what reached nobody. */
import type { Target } from "../actor/context.ts";
import type { QueueStats } from "../bus/kept/ack-queue.ts";
import type { BusTable } from "../bus/kept/bus-table.ts";
import type { KeptTopicStats } from "../bus/kept/kept-topic.ts";
import { describe, RuntimeError } from "../errors.ts";
import type { ActivityAnswer } from "../kernel/activity-counts.ts";
import type { ActorInfo } from "../kernel/controls.ts";
import type { DeadLetter } from "../kernel/dead-letters.ts";
import { FrameKind } from "../kernel/frame-kind.ts";
import type { Kernel, ThreadStats } from "../kernel/kernel.ts";
import type { ProcessGateway } from "../process/gateway.ts";
import type { Registry, RegistryStats } from "../registry/registry.ts";
import type { TaskTable } from "../tasks/task-table.ts";
import type { TaskStats } from "../tasks/task-totals.ts";
import type { ThreadPool } from "../thread/thread-pool.ts";
import { Activity } from "./activity.ts";
import { type LookOptions, lookTimeoutMs } from "./look-options.ts";
import { ThreadQuestions } from "./thread-questions.ts";
import { type Totals, totalsOf } from "./totals.ts";

export interface SystemStats extends Totals {
  readonly threads: readonly ThreadStats[];
  readonly actors: number;
  /** Why turns cannot be cut down here, so that a thread that is stuck is ended as a whole; undefined: they can. */
  readonly watchdogLimitedBy: string | undefined;
  readonly threadsLost: number;
  /** Processes of actors that run, and those that ended before their actors did. */
  readonly processes: number;
  readonly processesLost: number;
  readonly tasks: TaskStats;
  /** Kept topics, and acknowledged queues. */
  readonly kept: readonly KeptTopicStats[];
  readonly queues: readonly QueueStats[];
  readonly registry: RegistryStats;
}

export class Inspection {
  readonly #kernel: Kernel;
  readonly #pool: ThreadPool;
  readonly #gateway: ProcessGateway;
  readonly #threads: ThreadQuestions;

  constructor(kernel: Kernel, pool: ThreadPool, gateway: ProcessGateway) {
    this.#kernel = kernel;
    this.#pool = pool;
    this.#gateway = gateway;
    this.#threads = new ThreadQuestions(kernel);
  }

  async stats(): Promise<SystemStats> {
    const kernel = this.#kernel;
    const threads = await this.#threads.askAll(FrameKind.stats, "stats", () => kernel.stats());
    return {
      threads,
      actors: threads.reduce((sum, { actors }) => sum + actors, 0),
      threadsLost: this.#pool.lost,
      processes: this.#gateway.running.length,
      processesLost: this.#gateway.lost,
      watchdogLimitedBy: this.#pool.limitedBy,
      ...totalsOf(kernel.memory),
      // This is main.
      tasks: (kernel.work as TaskTable).stats(),
      ...(kernel.bus as BusTable).stats,
      registry: (kernel.registry as Registry).stats(),
    };
  }

  async actors(look: LookOptions): Promise<readonly ActorInfo[]> {
    const { controls } = this.#kernel;
    return (await this.#threads.askAll(FrameKind.actors, "actors", () => controls.actors(), look)).flat();
  }

  /** @param assertRunning throws for each reading when the system has stopped. */
  activity(assertRunning: () => void): Activity {
    const kernel = this.#kernel;
    return new Activity(kernel, async (thread, looker, question, timeoutMs) => {
      assertRunning();
      if (thread === kernel.thread) return kernel.activity.read(looker, question);
      const asked = { timeoutMs, late: () => {}, payload: [looker, question] };
      return await this.#threads.ask<ActivityAnswer>(thread, FrameKind.activity, "activity", asked);
    });
  }

  async deadLetters(look: LookOptions): Promise<readonly DeadLetter[]> {
    const { deadLetters } = this.#kernel;
    const letters = await this.#threads.askAll(FrameKind.deadLetters, "deadLetters", () => deadLetters.list(), look);
    return letters.flat().sort((a, b) => a.atMs - b.atMs);
  }

  async resend(id: string, target: Target | undefined): Promise<boolean> {
    const kernel = this.#kernel;
    const parts = /^(\d+)\.(\d+)$/.exec(id);
    if (parts === null)
      throw new RuntimeError("bad_argument", `resend wants the id of a dead letter, got ${describe(id)}`);
    const [thread, number] = [Number(parts[1]), Number(parts[2])];
    const to = target === undefined ? undefined : kernel.adopt(kernel.resolve(target, "resend"));
    if (thread === kernel.thread) return kernel.scheduler.commit(() => kernel.deadLetters.resend(number, to));
    if (!kernel.memory.isThreadUp(thread)) return false;
    const asked = { timeoutMs: lookTimeoutMs, payload: [number, to] };
    return (await this.#threads.ask<boolean>(thread, FrameKind.resend, "resend", asked)) ?? false;
  }
}
