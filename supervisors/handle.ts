/**
 * Handles: a supervisor in hand, with its requests as methods. OTP's supervisor API (start_child/2 and the others).
 *
 * Every request waits without limit, as OTP's do, and throws `noproc` when there is no supervisor; outcomes that callers
 * plan for are values. A spec for a supervisor on another thread is made data here, outside the supervisor, since finding
 * a behaviour's module takes an import.
 */
import {
  describe,
  type ExitReason,
  hasOwnHeap,
  type Placement,
  type Ref,
  type RefData,
  RuntimeError,
  type SpawnOptions,
} from "../core/index.ts";
import { type ChildId, type ChildSpec, specAsData } from "./child-spec.ts";
import { type SupervisorApi, supervisor } from "./define-supervisor.ts";
import { type SupervisorSetup, setupAsData } from "./flags.ts";
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
import { startFailure } from "./start-failure.ts";

const forEver = { timeoutMs: Number.POSITIVE_INFINITY };

/** What both kinds of handle have. */
class Handle {
  readonly ref: Ref<SupervisorApi>;
  /** Why the supervisor ended, when it has. Never rejects. */
  readonly exit: Promise<ExitReason>;

  constructor(ref: Ref<SupervisorApi>, exit: Promise<ExitReason>) {
    this.ref = ref;
    this.exit = exit;
  }

  /** Newest first. */
  whichChildren(): Promise<ChildEntry[]> {
    return this.ref.call("whichChildren", undefined, forEver);
  }

  countChildren(): Promise<ChildCounts> {
    return this.ref.call("countChildren", undefined, forEver);
  }

  /** Asks the supervisor's definition again and merges its answer: children that run go on, new ones are not started. */
  changeCode(argument?: unknown): Promise<ChangeCodeOutcome> {
    return this.ref.call("changeCode", argument, forEver);
  }
}

/** A supervisor that lists its children. */
export class SupervisorHandle extends Handle {
  readonly #thread: number;

  /** @param thread the thread that this handle is used on. */
  constructor(ref: Ref<SupervisorApi>, exit: Promise<ExitReason>, thread: number) {
    super(ref, exit);
    this.#thread = thread;
  }

  /** @throws RuntimeError `module_unknown` when the behaviour cannot be found for a supervisor on another thread. */
  async startChild(spec: ChildSpec): Promise<StartChildOutcome> {
    const crossing = this.ref.thread === this.#thread ? spec : await specAsData(spec);
    return await this.ref.call("startChild", crossing, forEver);
  }

  /** Its spec stays, unless it is temporary. `ok` too when it is not running. */
  terminateChild(id: ChildId): Promise<TerminateChildOutcome> {
    return this.ref.call("terminateChild", id, forEver);
  }

  /** Starts a child that was terminated. Does not count as a restart. */
  restartChild(id: ChildId): Promise<RestartChildOutcome> {
    return this.ref.call("restartChild", id, forEver);
  }

  /** Forgets a child that is not running. */
  deleteChild(id: ChildId): Promise<DeleteChildOutcome> {
    return this.ref.call("deleteChild", id, forEver);
  }

  getChildSpec(id: ChildId): Promise<GetChildSpecOutcome> {
    return this.ref.call("getChildSpec", id, forEver);
  }

  whichChild(id: ChildId): Promise<WhichChildOutcome> {
    return this.ref.call("whichChild", id, forEver);
  }
}

/** A `simple_one_for_one` supervisor: children of one template, named by their refs. */
export class DynamicSupervisorHandle extends Handle {
  /** @param argument what the child's own argument is made of: see `argumentOf` in template-crew.ts. */
  startChild(argument?: unknown): Promise<StartChildOutcome> {
    return this.ref.call("startChild", argument, forEver);
  }

  terminateChild(ref: RefData): Promise<TerminateChildOutcome> {
    return this.ref.call("terminateChild", ref, forEver);
  }

  whichChild(ref: RefData): Promise<WhichChildOutcome> {
    return this.ref.call("whichChild", ref, forEver);
  }
}

/** What a system gives to start a supervisor on it. */
export interface SupervisionHost {
  /** The thread that the caller is on. */
  readonly thread: number;
  /** Spawns a supervisor that is watched from its first moment, so that no end of it can be missed. */
  spawn(behaviour: typeof supervisor, argument: SupervisorSetup, options: SpawnOptions): SpawnedSupervisor;
}

/** A supervisor whose start is under way. */
export interface SpawnedSupervisor {
  readonly ref: Ref<SupervisorApi>;
  /** Resolves when its children have started. */
  readonly started: Promise<unknown>;
  /** Why it ended, when it has. Never rejects. */
  readonly exit: Promise<ExitReason>;
}

/** Where a top supervisor runs: on main, so that the loss of a thread never takes it. */
export const topPlacement: Placement = { thread: 0 };

/**
 * Starts a supervisor from outside of any actor and waits until its children have started. It runs on main unless
 * `options.placement` says otherwise, its children are spread over the threads unless they or the setup say otherwise.
 * @throws RuntimeError `start_failed` and what else a spawn throws.
 */
export async function superviseOn(
  host: SupervisionHost,
  setup: SupervisorSetup,
  options: SpawnOptions = {},
): Promise<SupervisorHandle> {
  const { ref, exit } = await start(host, setup, options);
  return new SupervisorHandle(ref, exit, host.thread);
}

/** The same for a setup with strategy `simple_one_for_one`. */
export async function superviseDynamicOn(
  host: SupervisionHost,
  setup: SupervisorSetup,
  options: SpawnOptions = {},
): Promise<DynamicSupervisorHandle> {
  const { ref, exit } = await start(host, setup, options);
  return new DynamicSupervisorHandle(ref, exit);
}

/** @throws RuntimeError `bad_argument`. What is wrong inside of it, the supervisor says. */
export function assertSetup(verb: string, setup: unknown): void {
  if (typeof setup === "object" && setup !== null && !Array.isArray(setup)) return;
  throw new RuntimeError(
    "bad_argument",
    `${verb} wants a setup, a record of flags and children such as { strategy, children: [...] }, got ${describe(setup)}`,
  );
}

async function start(host: SupervisionHost, setup: SupervisorSetup, options: SpawnOptions): Promise<SpawnedSupervisor> {
  assertSetup("supervise", setup);
  const spread: SupervisorSetup = { childPlacement: "spread", ...setup };
  const isAlone = hasOwnHeap(options.isolation);
  const argument = options.placement === undefined && !isAlone ? spread : await setupAsData(spread);
  const spawned = host.spawn(supervisor, argument, {
    ...(!isAlone && { placement: topPlacement }),
    // OTP's supervisor:start_link has no time-out: its children may take their time.
    startTimeoutMs: Number.POSITIVE_INFINITY,
    ...options,
  });
  try {
    await spawned.started;
  } catch (error) {
    throw startFailure("supervise", error);
  }
  return spawned;
}
