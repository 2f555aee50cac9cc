/**
 * The children that a supervisor lists: one_for_one, one_for_all and rest_for_one.
 *
 * Erlang/OTP, supervisor.erl: handle_call/3 and do_restart/3. A restart on request does not count.
 */
import type { ExitReason, Ref, RefData } from "../core/index.ts";
import { type ChildId, checkChildSpec, type FullChildSpec } from "./child-spec.ts";
import { Child, Children, type RetryMessage } from "./children.ts";
import { ListedProcesses } from "./listed-processes.ts";
import { ListedRestarts } from "./listed-restarts.ts";
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
import { decideExit, endsSupervisor, lostThreadOf, outsideCauseOf } from "./restart-decision.ts";
import type { Crew, Supervision, Verdict } from "./supervision.ts";

export class ListedCrew implements Crew {
  readonly #supervision: Supervision;
  readonly #children = new Children();
  readonly #processes: ListedProcesses;
  readonly #restarts: ListedRestarts;

  constructor(supervision: Supervision, specs: readonly FullChildSpec[]) {
    this.#supervision = supervision;
    this.#processes = new ListedProcesses(supervision, this.#children);
    this.#restarts = new ListedRestarts(supervision, this.#children, this.#processes);
    for (const spec of specs) this.#children.add(new Child(spec));
  }

  *start(): Procedure<ExitReason | undefined> {
    const failure = yield* this.#processes.startList([...this.#children]);
    if (failure === undefined) return undefined;
    const reason: ExitReason = this.#supervision.procedures.stopReason ?? {
      shutdown: { failed_to_start_child: [failure.child.spec.id, failure.outcome.reason] },
    };
    this.#supervision.ending(reason);
    yield* this.terminate();
    return reason;
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
    if (isReported) this.#processes.report("child_terminated", reason, child, ref);
    if (action === "restart") {
      const lostThread = lostThreadOf(reason, ref.thread);
      if (lostThread !== undefined) return yield* this.#restarts.restartLost(child, ref, reason, lostThread);
      return yield* this.#restarts.restart(child, ref, outsideCauseOf(reason, ref.thread));
    }
    this.#processes.stopped(child);
    const ends = endsSupervisor(this.#supervision.flags.autoShutdown, child.spec, () => this.#isSignificantActive());
    return ends ? "auto_shutdown" : "goOn";
  }

  *retry(message: RetryMessage): Procedure<Verdict> {
    const child = this.#children.get(message.child);
    if (child?.retry !== message) return "goOn";
    // A delayed restart was counted when it was decided; a failed one counts again (OTP).
    if (message.type === "timer") return yield* this.#restarts.startAgain(child, true);
    return yield* this.#restarts.restart(child, "restarting", message.cause);
  }

  *terminate(): Procedure<void> {
    yield* this.#processes.terminateList(this.#children.newestFirst());
  }

  change(specs: readonly FullChildSpec[]): void {
    const named = specs.map((spec) => {
      const child = this.#children.get(spec.id) ?? new Child(spec);
      child.spec = spec;
      return child;
    });
    const names = new Set(named);
    // OTP keeps what the new setup does not name, behind what it names.
    const rest = [...this.#children].filter((child) => !names.has(child));
    this.#children.replace([...named, ...rest]);
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
    const outcome = yield* this.#processes.startOne(child);
    if (!outcome.ok) return startFailed(outcome);
    const { ref } = outcome;
    if (ref !== undefined || spec.restart !== "temporary") {
      // A temporary child is never started again, so its argument need not be kept (OTP).
      if (spec.restart === "temporary") child.spec = { ...spec, start: [spec.start[0]] };
      this.#children.add(child);
      this.#processes.running(child, ref);
    }
    return { ok: true, ref };
  }

  *#terminateChild(id: unknown): Procedure<TerminateChildOutcome> {
    const child = this.#find(id);
    if (child === undefined) return failed("not_found");
    yield* this.#processes.terminateOne(child);
    this.#processes.stopped(child);
    return { ok: true };
  }

  *#restartChild(id: unknown): Procedure<RestartChildOutcome> {
    const child = this.#find(id);
    if (child === undefined) return failed("not_found");
    if (child.isRestarting) return failed("restarting");
    if (child.ref !== undefined) return failed("running");
    const outcome = yield* this.#processes.startOne(child);
    if (!outcome.ok) return startFailed(outcome);
    this.#processes.running(child, outcome.ref);
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

  #isSignificantActive(): boolean {
    for (const { spec, ref, isRestarting } of this.#children) {
      if (spec.significant && (ref !== undefined || isRestarting)) return true;
    }
    return false;
  }

  /** Anything may be asked for; what is no id is nobody's. */
  #find(id: unknown): Child | undefined {
    return this.#children.get(id as ChildId);
  }
}

function entryOf({ spec, ref, isRestarting }: Child): ChildEntry {
  return { id: spec.id, ref: isRestarting ? "restarting" : ref, type: spec.type };
}
