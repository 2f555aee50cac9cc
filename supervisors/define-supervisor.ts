/**
 * `defineSupervisor`: OTP's supervisor behaviour. The definition answers flags and children; the rest is the supervisor's.
 *
 * `supervisor` is the definition that takes its answer as its argument, for supervisors that need no module of their own.
 */
import {
  type Api,
  type Behaviour,
  type BehaviourOptions,
  type Context,
  describe,
  type ExitReason,
  type From,
  type Handlers,
  makeBehaviour,
  type RefData,
  RuntimeError,
  type StartResult,
} from "../core/index.ts";
import type { ChildId } from "./child-spec.ts";
import { checkChildren, checkFlags, type SupervisorSetup } from "./flags.ts";
import type {
  ChangeCodeOutcome,
  ChildCounts,
  ChildEntry,
  DeleteChildOutcome,
  GetChildSpecOutcome,
  RestartChildOutcome,
  StartChildOutcome,
  TerminateChildOutcome,
  WhichChildOutcome,
} from "./outcome.ts";
import { isSetup, type SetupAnswer, Supervisor } from "./supervisor.ts";

/** The calls of a supervisor. Outcomes that callers plan for are values; use an infinite time-out, as OTP does. */
export type SupervisorCalls = {
  /** A child spec; under `simple_one_for_one` what the child's argument is made of. */
  startChild(state: never, specOrArgument: unknown): StartChildOutcome;
  /** An id; under `simple_one_for_one` a ref. */
  terminateChild(state: never, child: ChildId | RefData): TerminateChildOutcome;
  restartChild(state: never, id: ChildId): RestartChildOutcome;
  deleteChild(state: never, id: ChildId): DeleteChildOutcome;
  getChildSpec(state: never, child: ChildId | RefData): GetChildSpecOutcome;
  whichChild(state: never, child: ChildId | RefData): WhichChildOutcome;
  whichChildren(state: never): ChildEntry[];
  countChildren(state: never): ChildCounts;
  /** Asks the definition again, with a new argument or the old one. */
  changeCode(state: never, argument: unknown): ChangeCodeOutcome;
};

export interface SupervisorApi extends Api {
  readonly calls: SupervisorCalls;
  readonly casts: Record<never, never>;
  readonly message: never;
}

/** A behaviour whose actors are supervisors. */
export type SupervisorBehaviour<A = undefined> = Behaviour<A, SupervisorApi>;

/**
 * Defines a supervisor.
 * @param init answers flags and children, or `"ignore"`; it runs in the supervisor, before its children, and again on
 *   `changeCode`. It must be synchronous. A start fails with `bad_return`, `supervisor_data` (flags), `start_spec` or
 *   `bad_start_spec` (children), or `{ shutdown: { failed_to_start_child: [id, reason] } }`.
 * @throws RuntimeError `bad_argument`: `init` is no function.
 */
export function defineSupervisor<A = undefined>(
  init: (argument: A, ctx: Context) => SetupAnswer,
  options: BehaviourOptions = {},
): SupervisorBehaviour<A> {
  if (typeof init !== "function") {
    throw new RuntimeError(
      "bad_argument",
      `defineSupervisor wants a function that answers flags and children, got ${describe(init)}`,
    );
  }
  return supervisorBehaviour(init, options);
}

function supervisorBehaviour<A>(
  init: (argument: A, ctx: Context) => SetupAnswer,
  options: BehaviourOptions,
  more: Pick<Handlers, "isService"> = {},
): SupervisorBehaviour<A> {
  const behaviour = makeBehaviour<A, SupervisorApi>(options, {
    ...more,
    init: (argument, ctx) => begin(init as Init, argument, ctx),
    receive: (state, message, ctx) => of(state, ctx).receive(message),
    call: (state, name, argument, ctx) => {
      of(state, ctx).call(name, argument, ctx.from as From);
      return ctx.noReply;
    },
    cast: (_state, name, argument, ctx) =>
      ctx.log("error", "Supervisor received unexpected message", { message: [name, argument] }),
    parentExit: (state, reason, ctx) => of(state, ctx).stop(reason),
    format: summary,
    summary,
    isSupervisor: true,
  });
  supervisors.add(behaviour);
  return behaviour;
}

function summary(state: unknown): unknown {
  return state instanceof Supervisor ? state.summary() : state;
}

const supervisors = new WeakSet<object>();

/** Whether actors of this behaviour are supervisors. */
export function isSupervisor(behaviour: unknown): boolean {
  return typeof behaviour === "object" && behaviour !== null && supervisors.has(behaviour);
}

type Init = (argument: unknown, ctx: Context) => SetupAnswer;

/** Supervisors whose children are being started: the kernel gets their state with `initDone`. */
const starting = new WeakMap<Context, Supervisor>();

function of(state: unknown, ctx: Context): Supervisor {
  if (state instanceof Supervisor) return state;
  const supervisor = starting.get(ctx);
  if (supervisor === undefined) throw new TypeError("a supervisor without its state");
  return supervisor;
}

/** supervisor:init/1. What it returns is the state, or `initLater` while children are still starting. */
function begin(init: Init, argument: unknown, ctx: Context): unknown {
  ctx.trapExit(true);
  const setup: unknown = init(argument, ctx);
  if (setup === "ignore") {
    ctx.ignore();
    return undefined;
  }
  if (!isSetup(setup)) return refuse(ctx, { bad_return: typeof setup });
  const flags = checkFlags(setup);
  if (!flags.ok) return refuse(ctx, { supervisor_data: flags.error });
  const specs = checkChildren(setup, flags.value);
  if (!specs.ok) {
    const { error } = specs;
    return refuse(ctx, error.code === "bad_start_spec" ? { bad_start_spec: error.value } : { start_spec: error });
  }
  const ask = (given: unknown): unknown => init(given, ctx);
  const supervisor = new Supervisor(ctx, flags.value, specs.value, ask, argument);

  let inThisTurn: StartResult | undefined;
  let isLater = false;
  supervisor.start((result) => {
    if (isLater) ctx.initDone(result, supervisor);
    else inThisTurn = result;
  });
  if (inThisTurn === undefined) {
    isLater = true;
    starting.set(ctx, supervisor);
    return ctx.initLater;
  }
  if (!inThisTurn.ok) return refuse(ctx, inThisTurn.reason);
  return supervisor;
}

function refuse(ctx: Context, reason: ExitReason): undefined {
  ctx.stop(reason);
  return undefined;
}

/** A supervisor that is given its flags and children as its argument. */
export const supervisor: SupervisorBehaviour<SupervisorSetup> = defineSupervisor((setup: SupervisorSetup) => setup, {
  name: "supervisor",
  module: import.meta.url,
});

/** That of the system's own services: see system-tree.ts. */
export const systemSupervisor: SupervisorBehaviour<SupervisorSetup> = supervisorBehaviour(
  (setup: SupervisorSetup) => setup,
  { name: "system.supervisor", module: import.meta.url },
  { isService: true },
);
