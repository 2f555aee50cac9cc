/**
 * Restarts of listed children: which of them go down and come up, how often, after how long.
 *
 * Erlang/OTP, supervisor.erl: restart/2, restart/3, restart_multiple_children/3. A group restart also starts children
 * that had been stopped on purpose; every failed attempt counts. Ours: delays, and the loss of a thread.
 */
import type { ExitReason, Ref } from "../core/index.ts";
import { type Backoff, nextDelayMs } from "./backoff.ts";
import type { FailedStart, StartOutcome } from "./child-process.ts";
import type { Child, Children, RetryMessage } from "./children.ts";
import type { ListedProcesses } from "./listed-processes.ts";
import type { Procedure } from "./procedure.ts";
import { lostThreadOf, restartGroup } from "./restart-decision.ts";
import type { OutsideCause } from "./restart-window.ts";
import type { Supervision, Verdict } from "./supervision.ts";

export class ListedRestarts {
  readonly #supervision: Supervision;
  readonly #children: Children;
  readonly #processes: ListedProcesses;

  constructor(supervision: Supervision, children: Children, processes: ListedProcesses) {
    this.#supervision = supervision;
    this.#children = children;
    this.#processes = processes;
  }

  /** A child has failed. @param last its actor, or that it was restarting already. */
  *restart(child: Child, last: Ref | "restarting", cause?: OutsideCause): Procedure<Verdict> {
    if (!this.#mayRestart(child, last, cause)) return "reached_max_restart_intensity";
    this.#children.setRef(child, undefined);
    if (child.spec.backoff === undefined) return yield* this.startAgain(child, cause === undefined);
    // Those who go down with it do so at once: during the delay they would run without what they depend on.
    yield* this.#processes.terminateList(this.#group(child).reverse());
    this.#delay(child, child.spec.backoff);
    return "goOn";
  }

  /**
   * A thread was lost, and this child with it. Its other children here are dealt with now, not one after the other in
   * the order of their exits: under rest_for_one each of them would start the rest anew, and under one_for_one they
   * do not depend on one another and can start together. Ours; it all counts as one restart.
   */
  *restartLost(child: Child, last: Ref, reason: ExitReason, thread: number): Procedure<Verdict> {
    const { strategy } = this.#supervision.flags;
    if (strategy === "one_for_all") return yield* this.restart(child, last, thread);
    yield { turn: true }; // The exits of one loss come together: after this turn all of them are held.
    const lost = new Set([child]);
    const isLostHere = (ref: Ref, why: ExitReason): boolean =>
      lostThreadOf(why, ref.thread) === thread && this.#children.byRef(ref)?.spec.restart !== "temporary";
    for (const ref of this.#supervision.procedures.takeExits(isLostHere)) {
      const other = this.#children.byRef(ref);
      if (other === undefined) continue;
      this.#processes.report("child_terminated", reason, other, ref);
      lost.add(other);
    }
    if (strategy === "rest_for_one") {
      const first = [...this.#children].find((other) => lost.has(other)) as Child;
      for (const other of lost) this.#children.setRef(other, undefined);
      return yield* this.restart(first, last, thread);
    }
    if (!this.#mayRestart(child, last, thread)) {
      for (const other of lost) this.#children.setRef(other, undefined);
      return "reached_max_restart_intensity";
    }
    const together: Child[] = [];
    for (const other of lost) {
      this.#children.setRef(other, undefined);
      if (other.spec.backoff !== undefined) this.#delay(other, other.spec.backoff);
      else together.push(other);
    }
    yield* this.#processes.startTogether(together, (other, outcome) => this.#restarted(other, outcome));
    return "goOn";
  }

  /** Counts a restart. False: it is one too many, and the supervisor ends. */
  #mayRestart(child: Child, last: Ref | "restarting", cause: OutsideCause | undefined): boolean {
    if (this.#supervision.window.tryRestart(cause)) return true;
    this.#processes.report("shutdown", "reached_max_restart_intensity", child, last);
    this.#processes.stopped(child);
    return false;
  }

  #delay(child: Child, backoff: Required<Backoff>): void {
    const { ctx, random } = this.#supervision;
    child.row ??= { restarts: 0, startedMs: ctx.nowMs() };
    const delayMs = nextDelayMs(backoff, child.row, ctx.nowMs(), random);
    const retry: RetryMessage = { type: "timer", timer: "backoff", child: child.spec.id };
    this.#children.setRestarting(child, retry);
    ctx.sendAfter(delayMs, retry);
  }

  /** The restart itself, which was counted before. @param isOwnDoing whether it was the child's doing that it failed */
  *startAgain(child: Child, isOwnDoing: boolean): Procedure<Verdict> {
    if (restartGroup(this.#supervision.flags.strategy) === "itself") {
      this.#restarted(child, yield* this.#processes.startOne(child, isOwnDoing));
      return "goOn";
    }
    this.#children.setRef(child, undefined);
    yield* this.#processes.terminateList(this.#group(child).reverse());
    // The group once more: temporary children are gone from it.
    const failure = yield* this.#processes.startList(
      this.#group(child),
      (other, ref, former) => this.#supervision.restarted(other.spec.id, former, ref),
      isOwnDoing ? child : undefined,
    );
    if (failure !== undefined) this.#tryAgain(failure.child, failure.outcome);
    return "goOn";
  }

  #restarted(child: Child, outcome: StartOutcome): void {
    if (outcome.ok) {
      const { former } = child;
      this.#processes.running(child, outcome.ref);
      if (outcome.ref !== undefined) this.#supervision.restarted(child.spec.id, former, outcome.ref);
    } else {
      this.#processes.report("start_error", outcome.reason, child, "restarting");
      this.#tryAgain(child, outcome);
    }
  }

  /** Leaves other requests their turn first, such as one to shut down (OTP, try_again_restart). */
  #tryAgain(child: Child, { cause }: FailedStart): void {
    const retry: RetryMessage = {
      type: "try_again_restart",
      child: child.spec.id,
      ...(cause !== undefined && { cause }),
    };
    this.#children.setRestarting(child, retry);
    this.#supervision.ctx.send(this.#supervision.ctx.self, retry);
  }

  /** The child and those that go down and come up with it, in start order. */
  #group(child: Child): Child[] {
    switch (restartGroup(this.#supervision.flags.strategy)) {
      case "itself":
        return [child];
      case "rest":
        return this.#children.from(child);
      case "all":
        return [...this.#children];
    }
  }
}
