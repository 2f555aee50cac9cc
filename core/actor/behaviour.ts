/**
 * Behaviours: what an actor does, as code that any thread can import.
 *
 * `defineActor` is the raw form; `defineServer` (server.ts) and the supervisor are built on the same record. A
 * definition remembers the modules that it was made in, so that another thread can import it: see behaviour-module.ts.
 */
import { types } from "node:util";
import { describe, RuntimeError } from "../errors.ts";
import {
  type AgentConfiguration,
  assertConfigurationDeclaration,
  type ConfigurationDeclaration,
  type GivenConfiguration,
  OwnConfiguration,
} from "../registry/agent-configuration.ts";
import { assertDeclaration, type Declaration } from "../registry/declaration.ts";
import type { ReadVariables } from "../registry/environment.ts";
import { callerModules, type DefinitionSite, noteDefinition } from "./behaviour-module.ts";
import { assertBudget, type Budget, plainBudget } from "./budget.ts";
import type { Context } from "./context.ts";
import { assertDefinition, assertHandler } from "./definition.ts";
import type { ExitReason } from "./exit-reason.ts";
import type { Api } from "./ref.ts";

/** What a full mailbox does with one more message. `reject`: dead letter (default). `wait`: the sender's `send` returns a promise. */
export type MailboxPolicy = "reject" | "dropOldest" | "dropNewest" | "wait";

/** Messages a mailbox holds unless told otherwise. */
export const mailboxCapacityDefault = 1_048_576;

/** Longest turn limit but `Infinity`: what a word of shared memory holds. */
const turnLimitMsMax = 2 ** 31 - 1;

export interface BehaviourOptions {
  /** A name for reports. Default: the export's name where the runtime has looked it up (any thread that imported it), else `actor`. */
  readonly name?: string;
  /** `import.meta.url` of the module that exports this behaviour. Needed only by bundlers and generated code. */
  readonly module?: string;
  /** Default 1,048,576 messages. */
  readonly mailboxCapacity?: number;
  /** Default `reject`. */
  readonly mailboxPolicy?: MailboxPolicy;
  /** How long one turn may take before it is cut down and the actor ends `{ turnLimit: ms }`. Default: the system's. `Infinity`: for ever. */
  readonly turnLimitMs?: number;
  /** What one of its actors may use before it is ended for it, `{ budget: { name: n } }`. Default: no such bounds. */
  readonly budget?: Budget;
  /** How many tasks (`submit`) one of its actors may have in hand. Default: what the request says, else 1. */
  readonly taskConcurrency?: number;
  /** What its actors are and can do: they are found by it (`find`). A spawn may add to it, and `ctx.declare` takes its place. */
  readonly declaration?: Declaration;
  /**
   * Where the configuration of its actors comes from, and the schema that it is held to. `init` gets it as its third parameter,
   * and `configure` each new one.
   */
  readonly configuration?: ConfigurationDeclaration;
}

/** The kernel's view of a behaviour: one record for each definition, shared by all its actors. */
export interface Handlers {
  /** Makes the state. May be async; the actor takes no message before it has ended. */
  init(argument: unknown, ctx: Context, configuration: unknown): unknown;
  /** Offers a new configuration, between two turns. `{ refused: why }`: it stays with `previous`. */
  configure?(state: unknown, next: unknown, ctx: Context, previous: unknown): unknown;
  /** Makes the configuration of a new actor; undefined: its behaviour declares none. */
  readonly configuration?: (given: GivenConfiguration, variables?: ReadVariables) => AgentConfiguration;
  /** A raw message, or a system message (`down`, `exit`, `timer`, `started`). A promise holds the mailbox until it settles. */
  receive(state: unknown, message: unknown, ctx: Context): unknown;
  /** A request with an answer. Undefined: the behaviour takes no calls. */
  call?(state: unknown, name: string, argument: unknown, ctx: Context): unknown;
  /** A request without an answer. */
  cast?(state: unknown, name: string, argument: unknown, ctx: Context): unknown;
  /** Runs before the next message after `ctx.continue(argument)`. */
  continue?(state: unknown, argument: unknown, ctx: Context): unknown;
  /** Runs when the actor stops by itself, crashes, or traps exits and its parent ends. May be async. */
  terminate?(state: unknown, reason: ExitReason, ctx: Context): unknown;
  /** Runs when the actor is paused, after the turn that was under way; `resumed` when it goes on, before what has waited. */
  paused?(state: unknown, ctx: Context): unknown;
  resumed?(state: unknown, ctx: Context): unknown;
  /**
   * Runs when a synchronous turn was interrupted and cut down, as the next turn, with the state as the cut left it; what it
   * returns, unless undefined, takes the state's place. A behaviour that has it lives on; else the actor ends.
   */
  interrupted?(state: unknown, reason: string, ctx: Context): unknown;
  /** Called instead of `terminate` when the parent's exit or a `stop` from outside is received: the behaviour winds down over several turns and ends itself with `ctx.stop(reason)`. */
  parentExit?(state: unknown, reason: ExitReason, ctx: Context): void;
  /** Whether a handler is an async function: then every turn is entered with a store that tells whose code runs. */
  readonly isAsync?: boolean;
  /** Whether `receive` is one: what it returns is a promise that nobody else has had in hands. Told by `makeBehaviour`. */
  readonly isReceiveAsync?: boolean;
  /** gen_server's rule: an exit of the parent ends it, also when it traps exits. */
  readonly isServer?: boolean;
  /** A supervisor: of what a child of its has thrown it reads no stack, and tells it in logs alone. */
  readonly isSupervisor?: boolean;
  /** One of the runtime's own, whose names are theirs alone: see ../kernel/service.ts. */
  readonly isService?: boolean;
  /** Redacts the state for crash reports. */
  format?(state: unknown): unknown;
  /** Of the runtime's own actors, whose state is no data: what is read in its place. It cannot be replaced. */
  summary?(state: unknown): unknown;
}

declare const apiOf: unique symbol;

/** Something that can be spawned with an argument of type `A`. */
export interface Behaviour<in A = never, out P extends Api = Api> {
  readonly kind: "behaviour";
  readonly options: BehaviourOptions;
  readonly handlers: Handlers;
  /** Modules that this definition may be exported by, and where in each it was made; nearest first. */
  readonly modules: readonly DefinitionSite[];
  readonly [apiOf]?: readonly [(argument: A) => void, P];
}

/** A behaviour as plain data: where a thread can import it. */
export interface BehaviourReference {
  readonly kind: "behaviourRef";
  /** A module URL. */
  readonly url: string;
  /** Absent where the module was still loading when it was asked: then `site` tells which export is meant. */
  readonly exportName?: string;
  /** Where in the module it was defined. */
  readonly site?: string;
}

export interface ActorDefinition<S, A, M, G = undefined> extends Omit<BehaviourOptions, "configuration"> {
  configuration?: ConfigurationDeclaration<G>;
  /** Write it first: the `state` of the others is inferred from what it returns. */
  init?(argument: A, ctx: Context, configuration: G): S | Promise<S>;
  receive(state: S, message: M, ctx: Context): unknown;
  terminate?(state: S, reason: ExitReason, ctx: Context): unknown;
  /** Runs when the actor is paused, after the turn that was under way; `resumed` when it goes on, before what has waited. */
  paused?(state: S, ctx: Context): unknown;
  resumed?(state: S, ctx: Context): unknown;
  /**
   * Runs when a synchronous turn was interrupted and cut down, as the next turn, with the state as the cut left it; what it
   * returns, unless undefined, takes the state's place. Without it the actor ends `{ interrupted: reason }`.
   */
  interrupted?(state: S, reason: string, ctx: Context): unknown;
  /** Offers a new configuration, between two turns: takes it over, or returns `{ refused: why }`. Without it none is taken. */
  configure?(state: S, next: G, ctx: Context, previous: G): unknown;
  /** Redacts the state for crash reports. */
  format?(state: S): unknown;
}

/** What a plain actor offers: raw messages of type `M`, no calls, no casts. */
export interface ActorApi<M> extends Api {
  readonly calls: Record<never, never>;
  readonly casts: Record<never, never>;
  readonly message: M;
}

/**
 * Defines an actor in the raw form: `receive` gets every message, system messages included.
 * The state is changed in place; what `receive` returns is ignored, but a promise holds the mailbox until it settles.
 */
export function defineActor<S = undefined, A = undefined, M = unknown, G = undefined>(
  definition: ActorDefinition<S, A, M, G>,
): Behaviour<A, ActorApi<M>> {
  assertDefinition("defineActor", definition, [
    "init",
    "receive",
    "terminate",
    "paused",
    "resumed",
    "interrupted",
    "configure",
    "format",
  ]);
  const { init, receive, terminate, paused, resumed, interrupted, configure, format } = definition;
  assertHandler("defineActor", "receive", receive);
  // The casts below forget S, A and M: the kernel only carries what these same functions made.
  const handlers: Handlers = {
    init: (init ?? (() => undefined)) as Handlers["init"],
    receive: receive as Handlers["receive"],
    ...(terminate && { terminate: terminate as NonNullable<Handlers["terminate"]> }),
    ...(paused && { paused: paused as NonNullable<Handlers["paused"]> }),
    ...(resumed && { resumed: resumed as NonNullable<Handlers["resumed"]> }),
    ...(interrupted && { interrupted: interrupted as NonNullable<Handlers["interrupted"]> }),
    ...(configure && { configure: configure as NonNullable<Handlers["configure"]> }),
    ...(format && { format: format as NonNullable<Handlers["format"]> }),
  };
  return makeBehaviour(definition, handlers);
}

/** Freezes the record that every kind of definition ends in. */
export function makeBehaviour<A, P extends Api>(options: BehaviourOptions, handlers: Handlers): Behaviour<A, P> {
  const { name, module, mailboxCapacity, mailboxPolicy, turnLimitMs, budget, taskConcurrency } = options;
  const { declaration, configuration } = options;
  if (name !== undefined && (typeof name !== "string" || name === ""))
    throw new RuntimeError("bad_argument", `the behaviour: name is a text for reports, got ${describe(name)}`);
  if (module !== undefined && (typeof module !== "string" || !URL.canParse(module))) {
    throw new RuntimeError(
      "bad_argument",
      `the behaviour: module is the URL of the module that exports it, \`import.meta.url\`, got ${describe(module)}`,
    );
  }
  assertBounds("the behaviour", options);
  if (declaration !== undefined) assertDeclaration(declaration, "the behaviour: declaration");
  if (configuration !== undefined) assertConfigurationDeclaration(configuration);
  else if (handlers.configure !== undefined)
    throw new RuntimeError(
      "bad_argument",
      "the behaviour: configure is a hook of a configuration, and it declares none",
    );
  const behaviour: Behaviour<A, P> = Object.freeze({
    kind: "behaviour" as const,
    options: Object.freeze({
      ...(name !== undefined && { name }),
      ...(module !== undefined && { module }),
      ...(mailboxCapacity !== undefined && { mailboxCapacity }),
      ...(mailboxPolicy !== undefined && { mailboxPolicy }),
      ...(turnLimitMs !== undefined && { turnLimitMs }),
      ...(budget !== undefined && { budget: plainBudget(budget) }),
      ...(taskConcurrency !== undefined && { taskConcurrency }),
      ...(declaration !== undefined && { declaration }),
      ...(configuration !== undefined && { configuration }),
    }),
    handlers: Object.freeze({
      ...handlers,
      ...(configuration !== undefined && {
        configuration: (given: GivenConfiguration, variables?: ReadVariables) =>
          new OwnConfiguration(configuration, handlers.configure, given, variables),
      }),
      // A configuration is read, and offered, over several ticks.
      isAsync: configuration !== undefined || (handlers.isAsync ?? Object.values(handlers).some(isAsyncFunction)),
      isReceiveAsync: isAsyncFunction(handlers.receive),
    }),
    modules: callerModules(module),
  });
  noteDefinition(behaviour);
  return behaviour;
}

const policies: readonly unknown[] = ["reject", "dropOldest", "dropNewest", "wait"] satisfies MailboxPolicy[];

/** What bounds an actor, in options of whatever kind. */
interface Bounds {
  readonly mailboxCapacity?: unknown;
  readonly mailboxPolicy?: unknown;
  readonly turnLimitMs?: unknown;
  readonly budget?: unknown;
  readonly taskConcurrency?: unknown;
}

/** @throws RuntimeError `bad_argument`. */
export function assertBounds(who: string, bounds: Bounds): void {
  const { mailboxCapacity: capacity, mailboxPolicy: policy, turnLimitMs, budget, taskConcurrency } = bounds;
  if (turnLimitMs !== undefined && !isTurnLimit(turnLimitMs)) {
    throw new RuntimeError(
      "bad_argument",
      `${who}: turnLimitMs is a time in milliseconds from 1, or Infinity for none, got ${describe(turnLimitMs)}`,
    );
  }
  if (capacity !== undefined && !(Number.isInteger(capacity) && (capacity as number) > 0)) {
    throw new RuntimeError(
      "bad_argument",
      `${who}: mailboxCapacity is a whole number from 1, got ${describe(capacity)}`,
    );
  }
  if (policy !== undefined && !policies.includes(policy)) {
    throw new RuntimeError("bad_argument", `${who}: mailboxPolicy is ${policies.join(", ")}, got ${describe(policy)}`);
  }
  if (taskConcurrency !== undefined && !isTaskCount(taskConcurrency)) {
    throw new RuntimeError(
      "bad_argument",
      `${who}: taskConcurrency is a whole number from 1, or Infinity, got ${describe(taskConcurrency)}`,
    );
  }
  assertBudget(who, budget, bounds);
}

export function isTurnLimit(value: unknown): boolean {
  return value === Number.POSITIVE_INFINITY || (typeof value === "number" && value >= 1 && value <= turnLimitMsMax);
}

/** Attempts of a task, tasks in hand: from 1. */
export function isTaskCount(value: unknown): value is number {
  return typeof value === "number" && value >= 1 && (Number.isInteger(value) || value === Number.POSITIVE_INFINITY);
}

/** By its parts and not by who made it: a bundle may hold a runtime of its own beside the one that runs it. */
export function isBehaviour(value: unknown): value is Behaviour<never, Api> {
  if (typeof value !== "object" || value === null) return false;
  const { kind, options, handlers, modules } = value as { readonly [K in keyof Behaviour]?: unknown };
  if (kind !== "behaviour" || !Array.isArray(modules) || !isObject(options) || !isObject(handlers)) return false;
  return typeof handlers["init"] === "function" && typeof handlers["receive"] === "function";
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

export function isAsyncFunction(value: unknown): boolean {
  return types.isAsyncFunction(value);
}
