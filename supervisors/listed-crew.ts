/**
 * The children that a supervisor lists: one_for_one, one_for_all and rest_for_one.
 *
 * Erlang/OTP, supervisor.erl. Where lines seem arbitrary they are OTP's: a group restart also starts children that had
 * been stopped on purpose; a restart on request does not count; every failed attempt of a restart does.
 */
import type { ExitReason, Ref, RefData } from "../core/index.ts";
import { nextDelayMs } from "./backoff.ts";
import { type StartOutcome, shutDownActor, startActor } from "./child-process.ts";
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

/** A child that could not be started, and why. */
interface FailedStart {
  readonly child: Child;
  readonly reason: ExitReason;
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
    return { shutdown: { failed_to_start_child: [failure.child.spec.id, failure.reason] } };
  }

  has(ref: RefData): boolean {
    return this.#children.byRef(ref) !== undefined;
  }

  isDue(message: RetryMessage): boolean {
    return this.#children.get(message.child)?.retry === message;
  }

  request(name: string, argument: unknown): Procedure<unknown> | undefined {
    switch (name) {
      case "startChild":
        return this.#startChild(argument);
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
      const first = lostThread === undefined ? child : this.#firstLost(child, lostThread, reason);
      return yield* this.#restart(first, ref, lostThread);
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
    return yield* this.#restart(child, "restarting");
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
    const { ctx, window, random } = this.#supervision;
    if (!window.tryRestart(lostThread)) {
      this.#report("shutdown", "reached_max_restart_intensity", child, last);
      this.#stopped(child);
      return "shutdown";
    }
    this.#children.setRef(child, undefined);
    const { backoff } = child.spec;
    if (backoff === undefined) return yield* this.#startAgain(child);
    // Those who go down with it do so at once: during the delay they would run without what they depend on.
    yield* this.#terminateList(this.#group(child).reverse());
    child.row ??= { restarts: 0, startedMs: ctx.nowMs() };
    const delayMs = nextDelayMs(backoff, child.row, ctx.nowMs(), random);
    const retry: RetryMessage = { type: "timer", timer: "backoff", child: child.spec.id };
    this.#children.setRestarting(child, retry);
    ctx.sendAfter(delayMs, retry);
    return "goOn";
  }

  *#startAgain(child: Child): Procedure<Verdict> {
    if (restartGroup(this.#supervision.flags.strategy) === "itself") {
      const outcome = yield* this.#startOne(child);
      if (outcome.ok) {
        this.#running(child, outcome.ref);
      } else {
        this.#report("start_error", outcome.reason, child, "restarting");
        this.#tryAgain(child);
      }
      return "goOn";
    }
    this.#children.setRef(child, undefined);
    yield* this.#terminateList(this.#group(child).reverse());
    // The group once more: temporary children are gone from it.
    const failure = yield* this.#startList(this.#group(child));
    if (failure !== undefined) this.#tryAgain(failure.child);
    return "goOn";
  }

  /** Leaves other requests their turn first, such as one to shut down (OTP, try_again_restart). */
  #tryAgain(child: Child): void {
    const retry: RetryMessage = { type: "try_again_restart", child: child.spec.id };
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

  /**
   * The child from which a lost thread's children are restarted. Under rest_for_one it is the first of them: taken in
   * the order of their exits, each would restart the rest anew. Those exits, still to come, then mean nobody.
   */
  #firstLost(child: Child, thread: number, reason: ExitReason): Child {
    const { flags, ctx } = this.#supervision;
    if (flags.strategy !== "rest_for_one") return child;
    for (const other of this.#children) {
      if (other === child) break;
      const { ref, spec } = other;
      if (ref?.thread !== thread || spec.restart === "temporary" || ctx.isAlive(ref)) continue;
      this.#report("child_terminated", reason, other, ref);
      this.#children.setRef(child, undefined);
      return other;
    }
    return child;
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
    const { spec } = child;
    const outcome = yield* startActor(ctx, spec, spec.start[1], flags.childPlacement);
    if (outcome.ok && outcome.ref !== undefined) reportProgress(ctx, spec, outcome.ref);
    return outcome;
  }

  /** Starts children in order up to the first that fails. Those that ran stay. */
  *#startList(children: readonly Child[]): Procedure<FailedStart | undefined> {
    for (const child of children) {
      const outcome = yield* this.#startOne(child);
      if (!outcome.ok) {
        this.#report("start_error", outcome.reason, child, undefined);
        return { child, reason: outcome.reason };
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

function entryOf({ spec, ref, isRestarting }: Child): ChildEntry {
  return { id: spec.id, ref: isRestarting ? "restarting" : ref, type: spec.type };
}
