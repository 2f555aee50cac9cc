/**
 * The actors of listed children: starting and ending them, alone and in lists, and the table kept right with it.
 *
 * Erlang/OTP, supervisor.erl: do_start_child/2, start_children/2, terminate_children/2, do_terminate/2, del_child/2.
 */
import type { ExitReason, Ref } from "../core/index.ts";
import {
  type FailedStart,
  type Start,
  type StartOutcome,
  shutDownActor,
  startActor,
  startActors,
} from "./child-process.ts";
import type { Child, Children } from "./children.ts";
import type { Procedure } from "./procedure.ts";
import { type ErrorContext, reportError, reportProgress } from "./reports.ts";
import { isExpectedEnd } from "./restart-decision.ts";
import type { Supervision } from "./supervision.ts";

/** The child of a list that could not be started, and why. */
export interface ListFailure {
  readonly child: Child;
  readonly outcome: FailedStart;
}

export class ListedProcesses {
  readonly #supervision: Supervision;
  readonly #children: Children;

  constructor(supervision: Supervision, children: Children) {
    this.#supervision = supervision;
    this.#children = children;
  }

  /**
   * Starts one child. The table is not changed: what a failure means depends on who asked.
   * @param isRestart in the place of one that has failed by its own doing
   */
  *startOne(child: Child, isRestart = false): Procedure<StartOutcome> {
    const { ctx, procedures, flags } = this.#supervision;
    const outcome = yield* startActor(ctx, procedures, { ...startOf(child), isRestart }, flags.childPlacement);
    this.#reportStart(child, outcome);
    return outcome;
  }

  #reportStart({ spec }: Child, outcome: StartOutcome): void {
    if (outcome.ok && outcome.ref !== undefined) reportProgress(this.#supervision.ctx, spec, outcome.ref);
  }

  /** Starts children that do not depend on one another, many at a time. The table is not changed. */
  *startTogether(children: readonly Child[], ended: (child: Child, outcome: StartOutcome) => void): Procedure<void> {
    const { ctx, procedures, flags } = this.#supervision;
    const starts = children.map((child) => ({ ...startOf(child), child }));
    yield* startActors(ctx, procedures, starts, flags.childPlacement, ({ child }, outcome) => {
      this.#reportStart(child, outcome);
      ended(child, outcome);
    });
  }

  /**
   * Starts children in order up to the first that fails. Those that ran stay. `started` is told of each that has an actor.
   * @param failed the one for whose failure the others went down with it
   */
  *startList(
    children: readonly Child[],
    started?: (child: Child, ref: Ref, former: Ref | undefined) => void,
    failed?: Child,
  ): Procedure<ListFailure | undefined> {
    for (const child of children) {
      const outcome = yield* this.startOne(child, child === failed);
      if (!outcome.ok) {
        this.report("start_error", outcome.reason, child, undefined);
        return { child, outcome };
      }
      const { ref } = outcome;
      const { former } = child;
      if (ref === undefined && child.spec.restart === "temporary") this.#children.remove(child);
      else this.running(child, ref);
      if (ref !== undefined) started?.(child, ref, former);
    }
    return undefined;
  }

  *terminateList(children: readonly Child[]): Procedure<void> {
    for (const child of children) {
      yield* this.terminateOne(child);
      this.stopped(child);
    }
  }

  *terminateOne(child: Child): Procedure<void> {
    const { ref, spec } = child;
    if (ref === undefined) return;
    const reason = yield* shutDownActor(this.#supervision.ctx, this.#supervision.procedures, ref, spec);
    if (!isExpectedEnd(spec.restart, spec.shutdown, reason)) this.report("shutdown_error", reason, child, ref);
  }

  /** The child has this actor, or its `init` answered ignore. */
  running(child: Child, ref: Ref | undefined): void {
    this.#children.setRef(child, ref);
    if (child.row !== undefined) child.row.startedMs = this.#supervision.ctx.nowMs();
  }

  /** The child has no actor: a temporary one is forgotten, any other keeps its place (OTP, del_child/2). */
  stopped(child: Child): void {
    if (child.spec.restart === "temporary") this.#children.remove(child);
    else this.#children.setRef(child, undefined);
  }

  report(context: ErrorContext, reason: ExitReason, child: Child, ref: Ref | "restarting" | undefined): void {
    // That no child is started any more is no child's error.
    if (context === "start_error" && this.#supervision.procedures.stopReason !== undefined) return;
    reportError(this.#supervision.ctx, context, reason, child.spec, { ref });
  }
}

function startOf({ spec, former }: Child): Start {
  return { spec, argument: spec.start[1], life: former === undefined ? "first" : "next" };
}
