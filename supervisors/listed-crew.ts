/**
 * The children that a supervisor lists: one_for_one, one_for_all and rest_for_one.
 *
 * Erlang/OTP, supervisor.erl. Where lines seem arbitrary they are OTP's: a group restart also starts children that had
 * been stopped on purpose; a restart on request does not count; every failed attempt of a restart does.
 */
import type { ExitReason, Ref, RefData } from "../core/index.ts";
import { type Backoff, nextDelayMs } from "./backoff.ts";
import {
  type FailedStart,
  type Start,
  type StartOutcome,
  shutDownActor,
  startActor,
  startActors,
} from "./child-process.ts";
import { type ChildId, checkChildSpec, type FullChildSpec } from "./child-spec.ts";
import { Child, Children, type RetryMessage } from "./children.ts";
import {
  type ChildCounts,
  type ChildEntry,
  type DeleteChildOutcome,
  failed,
  type GetChildSpecOutcome,
  type RestartChildOutcome,
  type StartChildOutcome,
  startFailed,
  type TerminateChildOutcome,
  type WhichChildOutcome,
} from "./outcome.ts";
import { answer, type Procedure } from "./procedure.ts";
import { reportError, reportProgress } from "./reports.ts";
import { decideExit, endsSupervisor, isExpectedEnd, lostThreadOf, restartGroup } from "./restart-decision.ts";
import type { Crew, Supervision, Verdict } from "./supervision.ts";

/** The child of a list that could not be started, and why. */
interface ListFailure {
  readonly child: Child;
  readonly outcome: FailedStart;
}

export class ListedCrew implements Crew {
  readonly #supervision: Supervision;
  readonly #children = new Children();

  constructor(supervision: Supervision, specs: readonly FullChildSpec[]) {
    this.#supervision = supervision;
    for (const spec of specs) this.#children.add(new Child(spec));
  }

  *start(): Procedure<ExitReason | undefined> {
    const failure = yield* this.#startList([...this.#children]);
    if (failure === undefined) return undefined;
    yield* this.terminate();
    return { shutdown: { failed_to_start_child: [failure.child.spec.id, failure.outcome.reason] } };
  }

  has(ref: RefData): boolean {
    return this.#children.byRef(ref) !== undefined;
  }

  isDue(message: RetryMessage): boolean {
    return this.#children.get(message.child)?.retry === message;
  }

  /** One after the other: a child may depend on those before it. */
  get startsTogetherMax(): number {
    return 1;
  }

  *startChildren(
    given: readonly unknown[],
    answered: (place: number, outcome: StartChildOutcome) => void,
  ): Procedure<void> {
    for (const [place, spec] of given.entries()) answered(place, yield* this.#startChild(spec));
  }

  request(name: string, argument: unknown): Procedure<unknown> | undefined {
    switch (name) {
      case "terminateChild":
        return this.#terminateChild(argument);
      case "restartChild":
        return this.#restartChild(argument);
      case "deleteChild":
        return answer(this.#deleteChild(argument));
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
    const { isReported, action } = decideExit(child.spec.restart, reason);
    if (isReported) this.#report("child_terminated", reason, child, ref);
    if (action === "restart") {
      const lostThread = lostThreadOf(reason, ref.thread);
      return yield* lostThread === undefined
        ? this.#restart(child, ref)
        : this.#restartLost(child, ref, reason, lostThread);
    }
    this.#stopped(child);
    const ends = endsSupervisor(this.#supervision.flags.autoShutdown, child.spec, () => this.#isSignificantActive());
    return ends ? "shutdown" : "goOn";
  }

  *retry(message: RetryMessage): Procedure<Verdict> {
    const child = this.#children.get(message.child);
    if (child?.retry !== message) return "goOn";
    // A delayed restart was counted when it was decided; a failed one counts again (OTP).
    if (message.type === "timer") return yield* this.#startAgain(child);
    return yield* this.#restart(child, "restarting", message.lostThread);
  }

  *terminate(): Procedure<void> {
    yield* this.#terminateList(this.#children.newestFirst());
  }

  change(specs: readonly FullChildSpec[]): void {
    const kept = specs.map((spec) => {
      const child = this.#children.get(spec.id) ?? new Child(spec);
      child.spec = spec;
      return child;
    });
    // OTP keeps what the new setup does not name, behind what it names.
    const rest = [...this.#children].filter((child) => !kept.includes(child));
    this.#children.replace([...kept, ...rest]);
  }

  // Requests.

  *#startChild(given: unknown): Procedure<StartChildOutcome> {
    const checked = checkChildSpec(given, this.#supervision.flags);
    if (!checked.ok) return checked;
    const { value: spec } = checked;
    const present = this.#children.get(spec.id);
    if (present !== undefined) {
      return present.ref === undefined
        ? failed("already_present")
        : { ok: false, error: { code: "already_started", ref: present.ref } };
    }
    const child = new Child(spec);
    const outcome = yield* this.#startOne(child);
    if (!outcome.ok) return startFailed(outcome);
    const { ref } = outcome;
    if (ref !== undefined || spec.restart !== "temporary") {
      // A temporary child is never started again, so its argument need not be kept (OTP).
      if (spec.restart === "temporary") child.spec = { ...spec, start: [spec.start[0]] };
      this.#children.add(child);
      this.#running(child, ref);
    }
    return { ok: true, ref };
  }

  *#terminateChild(id: unknown): Procedure<TerminateChildOutcome> {
    const child = this.#find(id);
    if (child === undefined) return failed("not_found");
    yield* this.#terminateOne(child);
    this.#stopped(child);
    return { ok: true };
  }

  *#restartChild(id: unknown): Procedure<RestartChildOutcome> {
    const child = this.#find(id);
    if (child === undefined) return failed("not_found");
    if (child.isRestarting) return failed("restarting");
    if (child.ref !== undefined) return failed("running");
    const outcome = yield* this.#startOne(child);
    if (!outcome.ok) return startFailed(outcome);
    this.#running(child, outcome.ref);
    return { ok: true, ref: outcome.ref };
  }

  #deleteChild(id: unknown): DeleteChildOutcome {
    const child = this.#find(id);
    if (child === undefined) return failed("not_found");
    if (child.isRestarting) return failed("restarting");
    if (child.ref !== undefined) return failed("running");
    this.#children.remove(child);
    return { ok: true };
  }

  #getChildSpec(id: unknown): GetChildSpecOutcome {
    const child = this.#find(id);
    return child === undefined ? failed("not_found") : { ok: true, spec: child.spec };
  }

  #whichChild(id: unknown): WhichChildOutcome {
    const child = this.#find(id);
    return child === undefined ? failed("not_found") : { ok: true, child: entryOf(child) };
  }

  #whichChildren(): ChildEntry[] {
    return this.#children.newestFirst().map(entryOf);
  }

  #countChildren(): ChildCounts {
    let active = 0;
    let supervisors = 0;
    for (const { ref, spec } of this.#children) {
      if (ref !== undefined && this.#supervision.ctx.isAlive(ref)) active++;
      if (spec.type === "supervisor") supervisors++;
    }
    const specs = this.#children.size;
    return { specs, active, supervisors, workers: specs - supervisors };
  }

  // Restarts.

  *#restart(child: Child, last: Ref | "restarting", lostThread?: number): Procedure<Verdict> {
    if (!this.#mayRestart(child, last, lostThread)) return "shutdown";
    this.#children.setRef(child, undefined);
    if (child.spec.backoff === undefined) return yield* this.#startAgain(child);
    // Those who go down with it do so at once: during the delay they would run without what they depend on.
    yield* this.#terminateList(this.#group(child).reverse());
    this.#delay(child, child.spec.backoff);
    return "goOn";
  }

  /**
   * A thread was lost, and this child with it. Its other children here are dealt with now, not one after the other in
   * the order of their exits: under rest_for_one each of them would start the rest anew, and under one_for_one they
   * do not depend on one another and can start together. Ours; it all counts as one restart.
   */
  *#restartLost(child: Child, last: Ref, reason: ExitReason, thread: number): Procedure<Verdict> {
    const { strategy } = this.#supervision.flags;
    if (strategy === "one_for_all") return yield* this.#restart(child, last, thread);
    yield { turn: true }; // The exits of one loss come together: after this turn all of them are held.
    const lost = new Set([child]);
    const isLostHere = (ref: Ref, why: ExitReason): boolean =>
      lostThreadOf(why, ref.thread) === thread && this.#children.byRef(ref)?.spec.restart !== "temporary";
    for (const ref of this.#supervision.procedures.takeExits(isLostHere)) {
      const other = this.#children.byRef(ref);
      if (other === undefined) continue;
      this.#report("child_terminated", reason, other, ref);
      lost.add(other);
    }
    if (strategy === "rest_for_one") {
      const first = [...this.#children].find((other) => lost.has(other)) as Child;
      for (const other of lost) this.#children.setRef(other, undefined);
      return yield* this.#restart(first, last, thread);
    }
    if (!this.#mayRestart(child, last, thread)) {
      for (const other of lost) this.#children.setRef(other, undefined);
      return "shutdown";
    }
    const starts: (Start & { readonly child: Child })[] = [];
    for (const other of lost) {
      this.#children.setRef(other, undefined);
      if (other.spec.backoff !== undefined) this.#delay(other, other.spec.backoff);
      else starts.push({ ...startOf(other), child: other });
    }
    const { ctx, flags } = this.#supervision;
    yield* startActors(ctx, starts, flags.childPlacement, ({ child: other }, outcome) =>
      this.#restarted(other, outcome),
    );
    return "goOn";
  }

  /** Counts a restart. False: it is one too many, and the supervisor ends. */
  #mayRestart(child: Child, last: Ref | "restarting", lostThread: number | undefined): boolean {
    if (this.#supervision.window.tryRestart(lostThread)) return true;
    this.#report("shutdown", "reached_max_restart_intensity", child, last);
    this.#stopped(child);
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

  *#startAgain(child: Child): Procedure<Verdict> {
    if (restartGroup(this.#supervision.flags.strategy) === "itself") {
      const { ctx, flags } = this.#supervision;
      this.#restarted(child, yield* startActor(ctx, startOf(child), flags.childPlacement));
      return "goOn";
    }
    this.#children.setRef(child, undefined);
    yield* this.#terminateList(this.#group(child).reverse());
    // The group once more: temporary children are gone from it.
    const failure = yield* this.#startList(this.#group(child));
    if (failure !== undefined) this.#tryAgain(failure.child, failure.outcome);
    return "goOn";
  }

  #restarted(child: Child, outcome: StartOutcome): void {
    if (outcome.ok) {
      this.#reportStart(child, outcome);
      this.#running(child, outcome.ref);
    } else {
      this.#report("start_error", outcome.reason, child, "restarting");
      this.#tryAgain(child, outcome);
    }
  }

  /** Leaves other requests their turn first, such as one to shut down (OTP, try_again_restart). */
  #tryAgain(child: Child, { lostThread }: FailedStart): void {
    const retry: RetryMessage = {
      type: "try_again_restart",
      child: child.spec.id,
      ...(lostThread !== undefined && { lostThread }),
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

  #isSignificantActive(): boolean {
    for (const { spec, ref, isRestarting } of this.#children) {
      if (spec.significant && (ref !== undefined || isRestarting)) return true;
    }
    return false;
  }

  // Single children and lists.

  *#startOne(child: Child): Procedure<StartOutcome> {
    const { ctx, flags } = this.#supervision;
    const outcome = yield* startActor(ctx, startOf(child), flags.childPlacement);
    this.#reportStart(child, outcome);
    return outcome;
  }

  #reportStart({ spec }: Child, outcome: StartOutcome): void {
    if (outcome.ok && outcome.ref !== undefined) reportProgress(this.#supervision.ctx, spec, outcome.ref);
  }

  /** Starts children in order up to the first that fails. Those that ran stay. */
  *#startList(children: readonly Child[]): Procedure<ListFailure | undefined> {
    for (const child of children) {
      const outcome = yield* this.#startOne(child);
      if (!outcome.ok) {
        this.#report("start_error", outcome.reason, child, undefined);
        return { child, outcome };
      }
      if (outcome.ref === undefined && child.spec.restart === "temporary") this.#children.remove(child);
      else this.#running(child, outcome.ref);
    }
    return undefined;
  }

  *#terminateList(children: readonly Child[]): Procedure<void> {
    for (const child of children) {
      yield* this.#terminateOne(child);
      this.#stopped(child);
    }
  }

  *#terminateOne(child: Child): Procedure<void> {
    const { ref, spec } = child;
    if (ref === undefined) return;
    const reason = yield* shutDownActor(this.#supervision.ctx, this.#supervision.procedures, ref, spec);
    if (!isExpectedEnd(spec.restart, spec.shutdown, reason)) this.#report("shutdown_error", reason, child, ref);
  }

  #running(child: Child, ref: Ref | undefined): void {
    this.#children.setRef(child, ref);
    if (child.row !== undefined) child.row.startedMs = this.#supervision.ctx.nowMs();
  }

  /** The child has no actor: a temporary one is forgotten, any other keeps its place (OTP, del_child/2). */
  #stopped(child: Child): void {
    if (child.spec.restart === "temporary") this.#children.remove(child);
    else this.#children.setRef(child, undefined);
  }

  /** Anything may be asked for; what is no id is nobody's. */
  #find(id: unknown): Child | undefined {
    return this.#children.get(id as ChildId);
  }

  #report(
    context: "start_error" | "child_terminated" | "shutdown_error" | "shutdown",
    reason: ExitReason,
    child: Child,
    ref: Ref | "restarting" | undefined,
  ): void {
    reportError(this.#supervision.ctx, context, reason, child.spec, { ref });
  }
}

function startOf({ spec }: Child): Start {
  return { spec, argument: spec.start[1] };
}

function entryOf({ spec, ref, isRestarting }: Child): ChildEntry {
  return { id: spec.id, ref: isRestarting ? "restarting" : ref, type: spec.type };
}
