/** Faults by plan and seed, thrown at a running system: what its supervisors are for, on purpose. */
import type { CheckedFaultPlan, FaultCount, FaultInjection, System } from "../core/index.ts";
import type { FaultPlan } from "./fault-plan.ts";
import { checkFaultPlan } from "./fault-plan-check.ts";

/** A plan at work. `await using` takes it back. */
export class InjectedFaults implements AsyncDisposable {
  readonly #injection: FaultInjection;

  constructor(injection: FaultInjection) {
    this.#injection = injection;
  }

  /** The plan with every default filled in. */
  get plan(): CheckedFaultPlan {
    return this.#injection.plan;
  }

  /** What each fault has done until now, in the order of the plan. Also when it was stopped, or the system was. */
  injected(): readonly FaultCount[] {
    return this.#injection.counts();
  }

  /** Takes the plan back from every thread: no fault strikes any more, and messages that are held up go on at once. */
  async stop(): Promise<readonly FaultCount[]> {
    await this.#injection.stop();
    return this.injected();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/**
 * Lets the faults of a plan happen in a system, on every thread that it has or will have. Resolves when each has the plan.
 *
 * The same plan and seed decide in the same way: by the turns of an actor, by the messages of a pair, by the manual clock.
 * Each injection is an event `faultInjected`; a fault that cannot strike where its actor is, is a `faultSkipped`.
 * @throws RuntimeError `bad_argument`: no plan (the message has the path), or a loop where there is no watchdog;
 * `already_started`: there is a plan at work; `timeout`: a thread is held and does not take it.
 */
export async function injectFaults(system: Pick<System, "injectFaults">, plan: FaultPlan): Promise<InjectedFaults> {
  return new InjectedFaults(await system.injectFaults(checkFaultPlan(plan)));
}
