/**
 * How a child is described: OTP's child specification, and where the child runs.
 *
 * Names, defaults and checks are those of OTP 25's supervisor (supervisor.erl, do_check_childspec); keys that nobody
 * knows are ignored, as there. `start` names a behaviour and its argument where OTP has `{M, F, A}`, and `modules` does
 * not exist: modules are not replaced while they run.
 */
import {
  type Api,
  type Behaviour,
  type BehaviourReference,
  type Budget,
  behaviourModule,
  type Declaration,
  describe,
  hasOwnHeap,
  type Isolation,
  isBehaviour,
  isMailboxBoundTwice,
  type MailboxPolicy,
  type Placement,
  plainBudget,
  type RefData,
  type SpawnLinkOptions,
} from "../core/index.ts";
import { type Backoff, checkBackoff } from "./backoff.ts";
import { isAtLeast, wrongOption } from "./child-options.ts";
import type { AutoShutdown } from "./flags.ts";
import { type Checked, checkedBy, SpecFault } from "./spec-error.ts";

/** A child's position in its supervisor; it outlives restarts. OTP takes any term; here a text or a number. */
export type ChildId = string | number;

/** `permanent`: always restarted. `transient`: after an abnormal exit. `temporary`: never, and its spec goes with it. */
export type Restart = "permanent" | "transient" | "temporary";

/** `brutal_kill`: killed at once. A number: asked to stop, killed after so many milliseconds. `infinity`: asked and waited for. */
export type Shutdown = "brutal_kill" | "infinity" | number;

export type ChildType = "worker" | "supervisor";

/** A behaviour, or where to import it from: specs cross threads, functions do not. */
export type ChildBehaviour = Behaviour<never, Api> | BehaviourReference;

export type ChildStart = readonly [behaviour: ChildBehaviour, argument?: unknown];

export interface ChildSpec {
  readonly id: ChildId;
  readonly start: ChildStart;
  /** Default `permanent`. */
  readonly restart?: Restart;
  /** Default 5,000 for a worker, `infinity` for a supervisor. */
  readonly shutdown?: Shutdown;
  /** Default `worker`. */
  readonly type?: ChildType;
  /** Whether its end counts for `autoShutdown`. Default false. */
  readonly significant?: boolean;
  /** Default: the supervisor's `childPlacement`. Refused beside isolation `thread` and `process`. */
  readonly placement?: Placement;
  /** Default `shared`. */
  readonly isolation?: Isolation;
  /** Heap of a dedicated thread or process in MiB; refused without such an isolation. Default: V8's. */
  readonly heapMb?: number;
  /** The whole environment of the child's process; refused without isolation `process`. Default: none of it. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the behaviour's. */
  readonly mailboxCapacity?: number;
  /** Default: the behaviour's. */
  readonly mailboxPolicy?: MailboxPolicy;
  /** How long one of its turns may take. Default: the behaviour's, else the system's. */
  readonly turnLimitMs?: number;
  /** What it may use before it is ended for it, `{ budget: { name: n } }`, which is a failure like another. Default: the behaviour's. */
  readonly budget?: Budget;
  /** Added to what its behaviour declares. */
  readonly declaration?: Declaration;
  /** The nearest source of its configuration. What it is told by `reconfigure` goes before it, also after a restart; under a template not. */
  readonly configuration?: Readonly<Record<string, unknown>>;
  /** Registered before `init` runs. */
  readonly name?: string;
  /** Time for the child's start, from the spawn to the end of `init`; then it is killed and its start has failed with `init_timeout`. Default: no limit, as in OTP. */
  readonly startTimeoutMs?: number;
  /** Delay before restarts. Default: none. */
  readonly backoff?: Backoff;
}

/** A spec that was checked: every key of OTP's is filled. */
export interface FullChildSpec extends ChildSpec {
  readonly restart: Restart;
  readonly shutdown: Shutdown;
  readonly type: ChildType;
  readonly significant: boolean;
  readonly backoff?: Required<Backoff>;
}

/** What a supervisor makes of the spec it is given. */
export interface SpecContext {
  readonly autoShutdown: AutoShutdown;
}

/** OTP's default time for a worker to shut down. */
export const workerShutdownMs = 5_000;

const restarts: readonly unknown[] = ["permanent", "transient", "temporary"] satisfies Restart[];
const types: readonly unknown[] = ["worker", "supervisor"] satisfies ChildType[];

/** Checks one spec and fills its defaults. The order of the checks is OTP's, so that the same fault is named first. */
export function checkChildSpec(spec: unknown, { autoShutdown }: SpecContext): Checked<FullChildSpec> {
  return checkedBy("invalid_child_spec", () => fullSpec(spec, autoShutdown));
}

/** Checks a list of specs. Besides the faults of each: `duplicate_child_name`. */
export function checkChildSpecs(specs: unknown, context: SpecContext): Checked<readonly FullChildSpec[]> {
  return checkedBy("invalid_child_spec", () => {
    if (!Array.isArray(specs)) throw new SpecFault("bad_start_spec", specs);
    const ids = new Set<ChildId>();
    return specs.map((given: unknown, place) => {
      const spec = oneOf(place, given, context.autoShutdown);
      if (ids.has(spec.id)) throw new SpecFault("duplicate_child_name", spec.id);
      ids.add(spec.id);
      return spec;
    });
  });
}

/** A fault in it says which of the list it is, by its id or its place. */
function oneOf(place: number, given: unknown, autoShutdown: AutoShutdown): FullChildSpec {
  try {
    return fullSpec(given, autoShutdown);
  } catch (fault) {
    if (!(fault instanceof SpecFault)) throw fault;
    const id: unknown = typeof given === "object" && given !== null && "id" in given ? given.id : undefined;
    const isId = typeof id === "string" || typeof id === "number";
    fault.error = { ...fault.error, child: isId ? `child ${describe(id)}` : `children[${place}]` };
    throw fault;
  }
}

function fullSpec(given: unknown, autoShutdown: AutoShutdown): FullChildSpec {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new SpecFault("invalid_child_spec", given);
  }
  const spec = readOnce(given);
  // A copy, as of the record itself.
  if (typeof spec.budget === "object" && spec.budget !== null) spec.budget = { ...spec.budget };
  if (spec.id === undefined) throw new SpecFault("missing_id");
  if (spec.start === undefined) throw new SpecFault("missing_start");
  if (typeof spec.id !== "string" && !Number.isFinite(spec.id)) throw new SpecFault("invalid_id", spec.id);
  // A copy, as of the record itself.
  const start: unknown = Array.isArray(spec.start) ? [...spec.start] : spec.start;
  if (!isStart(start)) throw new SpecFault("invalid_mfa", spec.start);
  const { restart = "permanent", significant = false, type = "worker" } = spec;
  if (!restarts.includes(restart)) throw new SpecFault("invalid_restart_type", restart);
  checkSignificant(significant, restart as Restart, autoShutdown);
  if (!types.includes(type)) throw new SpecFault("invalid_child_type", type);
  const { shutdown = type === "worker" ? workerShutdownMs : "infinity" } = spec;
  if (!isShutdown(shutdown)) throw new SpecFault("invalid_shutdown", shutdown);
  checkOptions(spec);
  // The cast is sound: every field was just checked.
  const checked = spec as ChildSpec;
  const { id, placement, isolation, heapMb, env, budget, name, startTimeoutMs, turnLimitMs } = checked;
  const { mailboxCapacity, mailboxPolicy, declaration, configuration } = checked;
  return {
    id,
    start,
    restart: restart as Restart,
    significant: significant as boolean,
    shutdown: shutdown as Shutdown,
    type: type as ChildType,
    ...(placement !== undefined && { placement }),
    ...(isolation !== undefined && { isolation }),
    ...(heapMb !== undefined && { heapMb }),
    ...(env !== undefined && { env }),
    ...(mailboxCapacity !== undefined && { mailboxCapacity }),
    ...(mailboxPolicy !== undefined && { mailboxPolicy }),
    ...(name !== undefined && { name }),
    ...(startTimeoutMs !== undefined && { startTimeoutMs }),
    ...(turnLimitMs !== undefined && { turnLimitMs }),
    ...(budget !== undefined && { budget: plainBudget(budget) }),
    ...(declaration !== undefined && { declaration }),
    ...(configuration !== undefined && { configuration }),
    ...(spec.backoff !== undefined && { backoff: checkBackoff(spec.backoff) }),
  };
}

/** Every field is read once: a value that was checked is the value that is used, also where a getter answers. */
function readOnce(given: object): Partial<Record<keyof ChildSpec, unknown>> {
  const spec = given as Partial<Record<keyof ChildSpec, unknown>>;
  return Object.fromEntries(specKeys.map((key) => [key, spec[key]]));
}

const specKeys = [
  "id",
  "start",
  "restart",
  "shutdown",
  "type",
  "significant",
  "placement",
  "isolation",
  "heapMb",
  "env",
  "mailboxCapacity",
  "mailboxPolicy",
  "name",
  "startTimeoutMs",
  "turnLimitMs",
  "budget",
  "declaration",
  "configuration",
  "backoff",
] as const satisfies (keyof ChildSpec)[];

function checkSignificant(significant: unknown, restart: Restart, autoShutdown: AutoShutdown): void {
  if (significant === true && autoShutdown === "never") {
    throw new SpecFault("bad_combination", { autoShutdown, significant });
  }
  if (significant === true && restart === "permanent") {
    throw new SpecFault("bad_combination", { restart, significant });
  }
  if (typeof significant !== "boolean") throw new SpecFault("invalid_significant", significant);
}

function checkOptions(spec: Partial<Record<keyof ChildSpec, unknown>>): void {
  const { placement, isolation, heapMb, env, budget, mailboxCapacity, mailboxPolicy } = spec;
  if (placement !== undefined && !isPlacement(placement)) throw new SpecFault("invalid_placement", placement);
  const wrong = wrongOption(spec);
  if (wrong !== undefined) throw new SpecFault("invalid_option", { [wrong.key]: wrong.value });
  // What would have no effect is refused: whoever wrote it believes that it has.
  const isAlone = hasOwnHeap(isolation);
  if (heapMb !== undefined && !isAlone)
    throw new SpecFault("bad_combination", { isolation: isolation ?? "shared", heapMb });
  if (env !== undefined && isolation !== "process")
    throw new SpecFault("bad_combination", { isolation: isolation ?? "shared", env });
  if (budget !== undefined && isMailboxBoundTwice(budget as Budget, { mailboxCapacity, mailboxPolicy }))
    throw new SpecFault("bad_combination", {
      "budget.mailbox": (budget as Budget).mailbox,
      mailboxCapacity,
      mailboxPolicy,
    });
  if (placement !== undefined && isAlone) throw new SpecFault("bad_combination", { isolation, placement });
}

function isStart(value: unknown): value is ChildStart {
  return Array.isArray(value) && value.length >= 1 && value.length <= 2 && isChildBehaviour(value[0]);
}

function isChildBehaviour(value: unknown): value is ChildBehaviour {
  return isBehaviour(value) || isBehaviourReference(value);
}

export function isBehaviourReference(value: unknown): value is BehaviourReference {
  if (typeof value !== "object" || value === null) return false;
  const { kind, url, exportName, site } = value as Partial<Record<keyof BehaviourReference, unknown>>;
  return kind === "behaviourRef" && typeof url === "string" && typeof (exportName ?? site) === "string";
}

function isShutdown(value: unknown): boolean {
  return value === "brutal_kill" || value === "infinity" || (Number.isInteger(value) && (value as number) >= 0);
}

export function isPlacement(value: unknown): value is Placement {
  if (value === "local" || value === "spread") return true;
  if (typeof value !== "object" || value === null) return false;
  if ("thread" in value) return Number.isInteger(value.thread) && isAtLeast(value.thread, 0);
  return "near" in value && addressOf(value.near) !== undefined;
}

/** What `spawnLink` is told, made once for each start. */
export function spawnOptions(spec: FullChildSpec, childPlacement: Placement): SpawnLinkOptions {
  const { id, isolation, heapMb, env, budget, mailboxCapacity, mailboxPolicy } = spec;
  const { name, startTimeoutMs, turnLimitMs, declaration, configuration } = spec;
  return {
    ack: true,
    childId: id,
    // A thread or process of its own has no place among the schedulers.
    ...(!hasOwnHeap(isolation) && { placement: spec.placement ?? childPlacement }),
    ...(isolation !== undefined && { isolation }),
    ...(heapMb !== undefined && { heapMb }),
    ...(env !== undefined && { env }),
    ...(mailboxCapacity !== undefined && { mailboxCapacity }),
    ...(mailboxPolicy !== undefined && { mailboxPolicy }),
    ...(name !== undefined && { name }),
    ...(startTimeoutMs !== undefined && { startTimeoutMs }),
    ...(turnLimitMs !== undefined && { turnLimitMs }),
    ...(budget !== undefined && { budget }),
    ...(declaration !== undefined && { declaration }),
    ...(configuration !== undefined && { configuration }),
  };
}

/** The behaviour's name for reports. */
export function behaviourName(behaviour: ChildBehaviour): string {
  return (behaviour.kind === "behaviourRef" ? behaviour.exportName : behaviour.options.name) ?? "(unnamed)";
}

/**
 * A behaviour as data, for a supervisor or a caller on another thread.
 * @throws RuntimeError `module_unknown`.
 */
export async function asReference(behaviour: ChildBehaviour): Promise<BehaviourReference> {
  if (behaviour.kind === "behaviourRef") return behaviour;
  return { kind: "behaviourRef", ...(await behaviourModule(behaviour)) };
}

/** The same spec with its behaviour as data. What is no spec is given back as it is: the supervisor names the fault. */
export async function specAsData<S>(spec: S): Promise<S> {
  if (typeof spec !== "object" || spec === null) return spec;
  const { start } = spec as Partial<ChildSpec>;
  if (!isStart(start)) return spec;
  const [behaviour, ...argument] = start;
  return { ...spec, start: [await asReference(behaviour), ...argument] };
}

/** A ref, in hand or as data, as data; undefined: it is none. */
export function addressOf(value: unknown): RefData | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { node, thread, slot, generation, creation } = value as Partial<Record<keyof RefData, unknown>>;
  const isAddress = typeof node === "string" && [thread, slot, generation].every((part) => Number.isInteger(part));
  return isAddress ? ({ node, thread, slot, generation, creation } as RefData) : undefined;
}
