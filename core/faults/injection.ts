/** A plan at work in a whole system, as main sees it: given to every thread, counted, taken back. */
import { describe, RuntimeError } from "../errors.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { ThreadPool } from "../thread/thread-pool.ts";
import { setFaults } from "./faults.ts";
import { type CheckedFaultPlan, type InjectedKind, type SelectorRole, selectorsOf } from "./plan.ts";
import { FaultTally } from "./tally.ts";

/** What one fault of a plan has done. */
export interface FaultCount {
  /** Its place in the plan, from 0. */
  readonly fault: number;
  readonly kind: InjectedKind;
  /** How often it struck, on all threads, those included that are lost. */
  readonly injected: number;
  /** Actors, or times, that it was meant for and could not strike: the events `faultSkipped` say why. */
  readonly skipped: number;
  /** Those of its selectors that have meant nobody until now; left out where there are none. */
  readonly unmet?: readonly SelectorRole[];
}

/** Kinds that only a watchdog ends. */
const endless: ReadonlySet<InjectedKind> = new Set(["loop", "loopAfterAwait", "regex"]);

export class FaultInjection {
  readonly plan: CheckedFaultPlan;
  readonly #kernel: Kernel;
  readonly #pool: ThreadPool;
  readonly #tally: FaultTally;
  #stopping: Promise<void> | undefined;

  private constructor(kernel: Kernel, pool: ThreadPool, plan: CheckedFaultPlan, tally: FaultTally) {
    this.#kernel = kernel;
    this.#pool = pool;
    this.plan = plan;
    this.#tally = tally;
  }

  /**
   * Resolves when every thread has the plan; no fault strikes before its thread has.
   * @throws RuntimeError `already_started`: there is a plan at work; `bad_argument`: turns that would never end, without a
   * watchdog; `timeout`: a thread did not take it.
   */
  static async begin(kernel: Kernel, pool: ThreadPool, plan: CheckedFaultPlan): Promise<FaultInjection> {
    if (kernel.faults !== undefined) {
      throw new RuntimeError(
        "already_started",
        "injectFaults: a plan of faults is at work in this system already; stop it before the next",
      );
    }
    const unending = plan.faults.find(({ kind }) => endless.has(kind));
    if (unending !== undefined && !pool.isWatched) {
      throw new RuntimeError(
        "bad_argument",
        `injectFaults: faults[${unending.index}] is ${describe(unending.kind)}, a turn that never ends, and this system has no watchdog ` +
          "to end it: start it with { watchdog: true }",
      );
    }
    const tally = FaultTally.memoryFor(plan.faults.length);
    const work = { plan, beganMs: kernel.readClock(), tally };
    const injection = new FaultInjection(kernel, pool, plan, new FaultTally(tally));
    setFaults(kernel, work);
    const silent = await pool.setFaults(work);
    if (silent.length === 0) return injection;
    await injection.stop();
    throw new RuntimeError("timeout", `injectFaults: thread ${silent.join(", ")} is held and did not take the plan`);
  }

  /** What each fault of the plan has done until now, in the order of the plan. */
  counts(): readonly FaultCount[] {
    return this.plan.faults.map((fault) => {
      const { index, kind } = fault;
      const unmet = selectorsOf(fault).flatMap(([role]) => (this.#tally.hasMet(index, role) ? [] : [role]));
      return {
        fault: index,
        kind,
        injected: this.#tally.injected(index),
        skipped: this.#tally.skipped(index),
        ...(unmet.length > 0 && { unmet }),
      };
    });
  }

  /** Takes the plan back from every thread; what it holds up goes on. Idempotent. A thread that is held takes it back later. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    if (this.#kernel.faults === undefined) return;
    setFaults(this.#kernel, undefined);
    await this.#pool.setFaults(undefined);
  }
}
