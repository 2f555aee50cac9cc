/**
 * The children of a `simple_one_for_one` supervisor: any number of one template, each restarted on its own.
 *
 * Erlang/OTP, supervisor.erl. No progress reports, no order at shutdown, children are named by ref. A child whose
 * restart answers ignore is forgotten (newer OTP; OTP 25 keeps an entry). Where OTP appends the arguments of `start_child` to the template's, an
 * actor here has one argument: see `argumentOf`.
 */
import type { ExitReason, Ref, RefData } from "../core/index.ts";
import { type Backoff, type BackoffRow, nextDelayMs } from "./backoff.ts";
import {
  type Start,
  type StartOutcome,
  shutDownActor,
  shutDownActors,
  startActor,
  startActors,
} from "./child-process.ts";
import { addressOf, type FullChildSpec } from "./child-spec.ts";
import type { RetryMessage } from "./children.ts";
import {
  type ChildCounts,
  type ChildEntry,
  failed,
  type GetChildSpecOutcome,
  type StartChildOutcome,
  startFailed,
  type TerminateChildOutcome,
  type WhichChildOutcome,
} from "./outcome.ts";
import { answer, type Procedure } from "./procedure.ts";
import { type ErrorContext, reportError } from "./reports.ts";
import { decideExit, isExpectedEnd, lostThreadOf, outsideCauseOf } from "./restart-decision.ts";
import type { OutsideCause } from "./restart-window.ts";
import type { Crew, Supervision, Verdict } from "./supervision.ts";
import { TemplateChild, TemplateChildren } from "./template-children.ts";

/** What a child of a template is started with: the template's argument, the one `startChild` was given, or the pair of both. */
export function argumentOf(shared: unknown, extra: unknown): unknown {
  if (extra === undefined) return shared;
  return shared === undefined ? extra : [shared, extra];
}

export class TemplateCrew implements Crew {
  readonly #supervision: Supervision;
  readonly #children = new TemplateChildren();
  #template: FullChildSpec;

  constructor(supervision: Supervision, template: FullChildSpec) {
    this.#supervision = supervision;
    this.#template = template;
  }

  /** There is nothing to start: children come by `startChild`. */
  start(): Procedure<undefined> {
    return answer(undefined);
  }

  has(ref: RefData): boolean {
    return this.#children.has(ref);
  }

  isDue(message: RetryMessage): boolean {
    return this.#children.restartingAs(message.child as string)?.retry === message;
  }

  /** As many as there is room for: they do not depend on one another. */
  get startsTogetherMax(): number {
    return this.#supervision.flags.maxChildren - this.#children.size;
  }

  *startChildren(
    extras: readonly unknown[],
    answered: (place: number, outcome: StartChildOutcome) => void,
  ): Procedure<void> {
    const { ctx, procedures, flags } = this.#supervision;
    if (this.#children.size + extras.length > flags.maxChildren) {
      for (const place of extras.keys()) answered(place, failed("max_children"));
      return;
    }
    const starts = extras.map((extra, place) => ({ ...this.#startOf(extra), extra, place }));
    yield* startActors(ctx, procedures, starts, flags.childPlacement, ({ extra, place }, outcome) => {
      if (outcome.ok && outcome.ref !== undefined) this.#add(outcome.ref, extra, undefined);
      answered(place, outcome.ok ? { ok: true, ref: outcome.ref } : startFailed(outcome));
    });
  }

  request(name: string, argument: unknown): Procedure<unknown> | undefined {
    switch (name) {
      case "terminateChild":
        return this.#terminateChild(argument);
      case "restartChild":
      case "deleteChild":
        return answer(failed("simple_one_for_one"));
      case "getChildSpec":
        return answer(this.#getChildSpec(argument));
      case "whichChild":
        return answer(this.#whichChild(argument));
      case "whichChildren":
        return answer(this.#whichChildren());
      case "countChildren":
        return answer(this.#countChildren());
      default:
        return undefined;
    }
  }

  *exited(ref: Ref, reason: ExitReason): Procedure<Verdict> {
    const child = this.#children.byRef(ref);
    if (child === undefined) return "goOn";
    const { isReported, action } = decideExit(this.#template.restart, reason);
    if (isReported) this.#report("child_terminated", reason, ref);
    if (action === "restart") {
      const lostThread = lostThreadOf(reason, ref.thread);
      if (lostThread !== undefined) return yield* this.#restartLost(child, reason, lostThread);
      return yield* this.#restart(child, ref, outsideCauseOf(reason, ref.thread));
    }
    this.#children.remove(ref);
    return "goOn"; // With a template there is no auto shutdown.
  }

  *retry(message: RetryMessage): Procedure<Verdict> {
    const child = this.#children.restartingAs(message.child as string);
    if (child?.retry !== message) return "goOn";
    if (message.type === "try_again_restart") return yield* this.#restart(child, "restarting", message.cause);
    // A delayed restart was counted when it was decided.
    const { ctx, procedures, flags } = this.#supervision;
    this.#children.remove(child.ref);
    const start = { ...this.#startOf(child.extra), isRestart: true };
    this.#restarted(child, yield* startActor(ctx, procedures, start, flags.childPlacement));
    return "goOn";
  }

  *terminate(): Procedure<void> {
    const { ctx, procedures } = this.#supervision;
    const unexpected = yield* shutDownActors(ctx, procedures, this.#children.running(), this.#template);
    for (const { reason, count } of unexpected.values()) {
      reportError(ctx, "shutdown_error", reason, this.#template, { nbChildren: count });
    }
  }

  change(specs: readonly FullChildSpec[]): void {
    const [template] = specs;
    if (template !== undefined) this.#template = template;
  }

  // Requests.

  *#terminateChild(given: unknown): Procedure<TerminateChildOutcome> {
    const ref = readAddress(given);
    if (ref === undefined) return failed("simple_one_for_one");
    const child = this.#children.byRef(ref);
    // The dead are terminated already; a living stranger is not ours (OTP, find_child/2).
    if (child === undefined) return this.#supervision.ctx.isAlive(ref) ? failed("not_found") : { ok: true };
    if (child.retry === undefined) {
      const { ctx, procedures } = this.#supervision;
      const { restart, shutdown } = this.#template;
      const reason = yield* shutDownActor(ctx, procedures, child.ref, this.#template);
      if (!isExpectedEnd(restart, shutdown, reason)) this.#report("shutdown_error", reason, child.ref);
    }
    this.#children.remove(child.ref);
    return { ok: true };
  }

  #getChildSpec(given: unknown): GetChildSpecOutcome {
    const ref = readAddress(given);
    const isKnown =
      ref === undefined ? given === this.#template.id : this.#children.has(ref) || !this.#supervision.ctx.isAlive(ref);
    return isKnown ? { ok: true, spec: this.#template } : failed("not_found");
  }

  #whichChild(given: unknown): WhichChildOutcome {
    const ref = readAddress(given);
    if (ref === undefined) return failed("simple_one_for_one");
    const child = this.#children.byRef(ref);
    return child === undefined
      ? failed("not_found")
      : { ok: true, child: this.#entry(child.retry === undefined ? child.ref : "restarting") };
  }

  #whichChildren(): ChildEntry[] {
    return [...this.#children.entries()].reverse().map((ref) => this.#entry(ref));
  }

  #entry(ref: Ref | "restarting"): ChildEntry {
    return { id: undefined, ref, type: this.#template.type };
  }

  #countChildren(): ChildCounts {
    const { size, restarting } = this.#children;
    const isSupervisor = this.#template.type === "supervisor";
    return {
      specs: 1,
      active: size - restarting,
      supervisors: isSupervisor ? size : 0,
      workers: isSupervisor ? 0 : size,
    };
  }

  // Restarts.

  *#restart(child: TemplateChild, last: Ref | "restarting", cause?: OutsideCause): Procedure<Verdict> {
    const { ctx, procedures, flags } = this.#supervision;
    if (!this.#mayRestart(child, last, cause)) return "reached_max_restart_intensity";
    const { backoff } = this.#template;
    if (backoff !== undefined) {
      this.#delay(child, backoff);
      return "goOn";
    }
    this.#children.remove(child.ref);
    const start = { ...this.#startOf(child.extra), isRestart: cause === undefined };
    this.#restarted(child, yield* startActor(ctx, procedures, start, flags.childPlacement));
    return "goOn";
  }

  /** A thread was lost, and this child with it: all children that it took start together, and count as one restart. Ours. */
  *#restartLost(child: TemplateChild, reason: ExitReason, thread: number): Procedure<Verdict> {
    const { ctx, procedures, flags } = this.#supervision;
    yield { turn: true }; // The exits of one loss come together: after this turn all of them are held.
    const lost = [child];
    for (const ref of procedures.takeExits((at, why) => lostThreadOf(why, at.thread) === thread)) {
      const other = this.#children.byRef(ref);
      if (other === undefined) continue;
      this.#report("child_terminated", reason, ref);
      lost.push(other);
    }
    const mayRestart = this.#mayRestart(child, child.ref, thread);
    const { backoff } = this.#template;
    for (const other of lost) {
      if (mayRestart && backoff !== undefined) this.#delay(other, backoff);
      else this.#children.remove(other.ref);
    }
    if (!mayRestart) return "reached_max_restart_intensity";
    if (backoff !== undefined) return "goOn";
    const starts = lost.map((other) => ({ ...this.#startOf(other.extra), child: other }));
    yield* startActors(ctx, procedures, starts, flags.childPlacement, ({ child: other }, outcome) =>
      this.#restarted(other, outcome),
    );
    return "goOn";
  }

  /** Counts a restart. False: it is one too many, and the supervisor ends. */
  #mayRestart(child: TemplateChild, last: Ref | "restarting", cause: OutsideCause | undefined): boolean {
    if (this.#supervision.window.tryRestart(cause)) return true;
    this.#report("shutdown", "reached_max_restart_intensity", last);
    this.#children.remove(child.ref);
    return false;
  }

  #delay(child: TemplateChild, backoff: Required<Backoff>): void {
    const { ctx, random } = this.#supervision;
    const row: BackoffRow = child.row ?? { restarts: 0, startedMs: ctx.nowMs() };
    const delayMs = nextDelayMs(backoff, row, ctx.nowMs(), random);
    const retry: RetryMessage = { type: "timer", timer: "backoff", child: child.key };
    this.#children.setRestarting(new TemplateChild(child.ref, child.extra, row), retry);
    ctx.sendAfter(delayMs, retry);
  }

  /** A child whose restart answers ignore is forgotten; one that fails is tried again, after other requests. */
  #restarted(child: TemplateChild, outcome: StartOutcome): void {
    if (outcome.ok) {
      if (outcome.ref === undefined) return;
      this.#add(outcome.ref, child.extra, child.row);
      this.#supervision.restarted(this.#template.id, child.ref, outcome.ref);
      return;
    }
    const { ctx } = this.#supervision;
    const { cause } = outcome;
    const retry: RetryMessage = {
      type: "try_again_restart",
      child: child.key,
      ...(cause !== undefined && { cause }),
    };
    this.#children.setRestarting(child, retry);
    this.#report("start_error", outcome.reason, "restarting");
    ctx.send(ctx.self, retry);
  }

  #startOf(extra: unknown): Start {
    return { spec: this.#template, argument: argumentOf(this.#template.start[1], extra) };
  }

  /** A child that runs now. Temporary ones are never started again: nothing but their ref is kept. */
  #add(ref: Ref, extra: unknown, row: BackoffRow | undefined): void {
    const { restart, backoff } = this.#template;
    if (restart === "temporary") {
      this.#children.add(ref, undefined, undefined);
      return;
    }
    const startedMs = backoff === undefined ? 0 : this.#supervision.ctx.nowMs();
    this.#children.add(ref, extra, backoff && { restarts: row?.restarts ?? 0, startedMs });
  }

  #report(context: ErrorContext, reason: ExitReason, ref: Ref | "restarting"): void {
    // That no child is started any more is no child's error.
    if (context === "start_error" && this.#supervision.procedures.stopReason !== undefined) return;
    reportError(this.#supervision.ctx, context, reason, this.#template, { ref });
  }
}

/** What cannot be read is no ref. */
function readAddress(given: unknown): RefData | undefined {
  try {
    return addressOf(given);
  } catch {
    return undefined;
  }
}
