/**
 * The contract of compile-time plugins: an actor that is found by what it provides, with a configuration of its own and a handle of
 * the bus, and nothing else. Whoever writes one needs no more than this file.
 *
 * Its calls are an actor's calls, `system.call("plugin.<name>", ...)`, and those of what it provides can be asked for by topic, too,
 * `capability.<capability>.<call>`: so plugins reach one another. A call that throws a RuntimeError is answered by it; any
 * other throw is a bug, and the plugin ends and is started again by its supervisor.
 */
import {
  type Behaviour,
  type BehaviourOptions,
  type Handlers,
  isAsyncFunction,
  makeBehaviour,
} from "./actor/behaviour.ts";
import type { Context, Envelope, From, Isolation } from "./actor/context.ts";
import type { ExitReason } from "./actor/exit-reason.ts";
import { type Api, noReply, type Ref } from "./actor/ref.ts";
import { type ServerApi, type ServerDefinition, serverHandlers } from "./actor/server.ts";
import { isThenable } from "./actor/turn-result.ts";
import { isTopicWord } from "./bus/topic.ts";
import { describe, errorData, RuntimeError } from "./errors.ts";
import { isIsolation } from "./kernel/spawn-options.ts";
import { isToken } from "./kernel/verb-arguments.ts";
import { assertKeys } from "./known-keys.ts";
import { type PluginBus, ScopedBus } from "./plugin/plugin-bus.ts";
import {
  checkedFacts,
  type NeededPackage,
  type PluginFacts,
  type ProvidedCapability,
  type RequiredCapability,
} from "./plugin/plugin-facts.ts";
import { type PackageState, packageStates } from "./plugin/plugin-packages.ts";
import { capabilityTopic } from "./plugin/provider.ts";
import { assertConfigurationDeclaration, type ConfigurationDeclaration } from "./registry/agent-configuration.ts";
import { isStandardSchema, type StandardSchema } from "./registry/standard-schema.ts";

/** How a plugin feels, by its own word. Without a hook `health` it is `up`. */
export interface PluginHealth {
  readonly status: "up" | "degraded" | "down";
  readonly detail?: string;
}

/** Handlers by name, which is one word of a topic, of at most 128 characters. `never` for the argument lets each declare its own. */
export type PluginCalls<S> = { readonly [name: string]: (state: S, argument: never, bus: PluginBus) => unknown };

export interface PluginBehaviour<C, S, K> {
  /** Makes the state. The plugin takes no call before it has ended, and those that require it start after that. */
  init?(config: C, bus: PluginBus): S | Promise<S>;
  calls?: K & PluginCalls<S>;
  /** Answers the call `health`, which every plugin has. */
  health?(state: S): PluginHealth | Promise<PluginHealth>;
  /** A new configuration, between two turns: takes it over, or returns `{ refused: why }`. Without it none is taken. */
  configure?(state: S, next: C, bus: PluginBus, previous: C): unknown;
  /** Runs before it ends, unless it is killed. */
  terminate?(state: S, reason: ExitReason, bus: PluginBus): unknown;
  /** What may be shown of its state: without it, all that is data. */
  format?(state: S): unknown;
}

export interface PluginDefinition<C, S, K>
  extends Omit<BehaviourOptions, "name" | "configuration" | "declaration" | "taskConcurrency"> {
  /** 1 to 63 small letters, digits and hyphens, first a letter. Its actor is registered as `plugin.<name>`. */
  readonly name: string;
  /** `major.minor.patch` */
  readonly version: string;
  /** A Standard Schema; or that with where values come from, as a behaviour's `configuration`. */
  readonly config?: StandardSchema<C> | ConfigurationDeclaration<C>;
  readonly requires?: readonly RequiredCapability[];
  readonly provides?: readonly ProvidedCapability[];
  /** What kind it is of, for those who look for one: in the registry's tags, too, beside `plugin`. Words as `name`. */
  readonly tags?: readonly string[];
  /** What has to be installed beside it. Load such a package in `init`, by `import()`: then those who do not use the plugin need none. */
  readonly packages?: readonly NeededPackage[];
  /**
   * Where it runs, unless its use says otherwise. Default `shared`; `thread`: it blocks, or works for long. A list has all that it can
   * bear, and begins with where it runs: a use that says another is refused. A function is asked at each `startPlugins`, with what
   * the use says as `config`: not checked yet, without defaults, a file's and the environment's part.
   */
  readonly isolation?: Isolations | ((config: Readonly<Record<string, unknown>>) => Isolations);
  /**
   * It sees what the whole system does: `bus.observe` tells it the events, and `bus.stats` what is counted. Those are on main, and
   * so is such a plugin; another `isolation` is refused. Default false.
   */
  readonly observes?: boolean;
  readonly behaviour: PluginBehaviour<C, S, K>;
}

type Isolations = Isolation | readonly [Isolation, ...Isolation[]];

interface OwnCalls {
  readonly health: (state: never) => PluginHealth;
}

declare const isMadeAsPlugin: unique symbol;

/** A behaviour that says of itself what it needs and gives, whatever its calls are. */
export interface AnyPlugin extends Behaviour<never, Api> {
  readonly [isMadeAsPlugin]: true;
}

type PluginApi<K extends object> = ServerApi<K & OwnCalls, Record<never, never>>;

/** The same with its calls. */
export interface Plugin<K extends object = Record<never, never>> extends Behaviour<undefined, PluginApi<K>> {
  readonly [isMadeAsPlugin]: true;
}

interface Made {
  readonly facts: PluginFacts;
  readonly isolation: PluginDefinition<unknown, unknown, object>["isolation"];
  readonly observes: boolean;
}

const made = new WeakMap<object, Made>();

type PluginHandlers<S> = Record<string, (state: S, argument: never, ctx: Context) => unknown>;

type AnyCall = (state: unknown, argument: unknown, bus: PluginBus) => unknown;

const definitionKeys = [
  "name",
  "version",
  "config",
  "requires",
  "provides",
  "packages",
  "tags",
  "isolation",
  "observes",
  "behaviour",
  "module",
  "mailboxCapacity",
  "mailboxPolicy",
  "turnLimitMs",
  "budget",
] as const satisfies readonly (keyof PluginDefinition<unknown, unknown, object>)[];
const behaviourKeys = ["init", "calls", "health", "configure", "terminate", "format"] as const;
/** With the longest capability before it, it is a topic. */
const callNameMax = 128;
const healthStates: readonly unknown[] = ["up", "degraded", "down"] satisfies PluginHealth["status"][];
const hooks = ["init", "health", "configure", "terminate", "format"] as const;

/** @throws RuntimeError `bad_argument`, with what is wrong. */
export function definePlugin<C = undefined, S = undefined, K extends object = Record<never, never>>(
  definition: PluginDefinition<C, S, K>,
): Plugin<K> {
  // What a server may have beside is given the whole `ctx`: nothing of it comes in here.
  assertKeys("definePlugin", definition, definitionKeys);
  const facts = checkedFacts(definition);
  if (definition.config !== undefined && !isStandardSchema(definition.config))
    assertConfigurationDeclaration(definition.config, "definePlugin: config");
  const { name: _name, version, config, behaviour, ...rest } = definition;
  const {
    requires: _requires,
    provides: _provides,
    packages: _packages,
    tags: _tags,
    isolation: asked,
    observes = false,
    ...options
  } = rest;
  if (typeof observes !== "boolean" || (observes && asked !== undefined && asked !== "shared"))
    throw new RuntimeError(
      "bad_argument",
      `definePlugin: observes is true or false, and one that observes is on main, so isolation is "shared", got ${describe({ observes, isolation: asked })}`,
    );
  const isolation = observes ? (["shared"] as const) : asked;
  if (isolation !== undefined && typeof isolation !== "function")
    assertIsolations(isolation, "definePlugin: isolation");
  assertBehaviour(behaviour);
  const { init, health, configure, terminate, format } = behaviour;
  const calls = new Map<string, AnyCall>(Object.entries((behaviour.calls ?? {}) as Record<string, AnyCall>));
  calls.set("health", (state) => {
    const felt = health === undefined ? ({ status: "up" } as const) : health(state as S);
    return isThenable(felt) ? Promise.resolve(felt).then(checkedHealth) : checkedHealth(felt);
  });
  const buses = new Buses(facts, observes);
  const server: ServerDefinition<S, undefined, PluginHandlers<S>, object, C> = {
    ...options,
    name: facts.name,
    declaration: {
      version,
      tags: ["plugin", ...facts.tags],
      capabilities: facts.provides,
      metadata: { plugin: facts.name, requires: facts.requires },
    },
    ...(config !== undefined && { configuration: isStandardSchema(config) ? { schema: config } : config }),
    async init(_argument, ctx, configuration) {
      ctx.trapExit(true); // so that `terminate` runs when its supervisor ends it
      const state = (await init?.(configuration, buses.of(ctx))) as S;
      for (const { name } of facts.provides) await ctx.subscribe(capabilityTopic(name, "*"));
      return state;
    },
    info(state, message, ctx) {
      // It traps exits for `terminate` alone.
      if (isOfType(message, "exit")) return undefined;
      if (!isEnvelope(message, ctx.self)) return ctx.log("warning", "unexpected message", { message });
      const { topic, replyTo: token, message: argument, trace } = message;
      // In an envelope it stands beside the token, and of a call in it.
      const replyTo = token === undefined || trace === undefined ? token : { ...token, trace };
      if (replyTo === undefined)
        return ctx.log("warning", `${topic} was published, and not requested: nobody waits for an answer`);
      const name = topic.slice(topic.lastIndexOf(".") + 1);
      const handler = calls.get(name);
      if (handler === undefined) return ctx.replyError(replyTo, undefinedCall(facts, name, calls));
      const bus = buses.of(ctx);
      const value = answer(() => bus.answering(replyTo, () => handler(state, argument, bus)), ctx, replyTo);
      return isThenable(value)
        ? Promise.resolve(value).then((one) => reply(ctx, replyTo, one))
        : reply(ctx, replyTo, value);
    },
    ...(configure && {
      configure: (state: S, next: C, ctx: Context, former: C) => configure(state, next, buses.of(ctx), former),
    }),
    ...(terminate && {
      terminate: (state: S, reason: ExitReason, ctx: Context) => terminate(state, reason, buses.of(ctx)),
    }),
    ...(format && { format }),
  };
  const isAsync = [...calls.values(), init, health, configure, terminate].some(isAsyncFunction);
  const own = serverHandlers("definePlugin", server);
  const handlers: Handlers = {
    ...own,
    isAsync,
    // A slip of whoever asks is no reason to end a plugin, whose state is everybody's.
    call(state, name, argument, ctx) {
      const handler = calls.get(name);
      if (handler === undefined) return refuse(undefinedCall(facts, name, calls), ctx, ctx.from as From);
      const bus = buses.of(ctx);
      return answer(() => handler(state as S, argument, bus), ctx);
    },
    cast: (_state, name, _argument, ctx) =>
      ctx.log("warning", `${describe(name)} was cast, and a plugin has calls alone: nothing was done`),
  };
  // The mark is for the compiler alone.
  const plugin = makeBehaviour<undefined, PluginApi<K>>(server as BehaviourOptions, handlers) as Plugin<K>;
  made.set(plugin, { facts, isolation, observes });
  return plugin;
}

/** The name under which a plugin's actor is registered. */
export function pluginActorName(name: string): string {
  return `plugin.${name}`;
}

export function isPlugin(value: unknown): value is AnyPlugin {
  return typeof value === "object" && value !== null && made.has(value);
}

/** Whether it sees what the system does, on main. */
export function pluginObserves(plugin: AnyPlugin): boolean {
  return (made.get(plugin) as Made).observes; // it was made here
}

/** What a plugin says of itself. */
export function pluginFacts(plugin: AnyPlugin): PluginFacts {
  return (made.get(plugin) as Made).facts; // it was made here
}

/**
 * Where it runs, with that configuration.
 * @param asked what its use says
 * @throws RuntimeError `bad_argument`: the plugin cannot bear that; its function says no isolation.
 */
export function pluginIsolation(
  plugin: AnyPlugin,
  config?: Readonly<Record<string, unknown>>,
  asked?: Isolation,
): Isolation {
  const { facts, isolation = "shared" } = made.get(plugin) as Made; // it was made here
  const said: unknown = typeof isolation === "function" ? saidBy(isolation, config ?? {}, facts.name) : isolation;
  assertIsolations(said, `plugin ${facts.name}: its function isolation`);
  const able = (Array.isArray(said) ? said : [said]) as readonly Isolation[]; // as was just checked
  if (asked === undefined) return able[0] as Isolation;
  // What is no isolation at all is refused with the rest of the use.
  if (!Array.isArray(said) || said.includes(asked) || !isIsolation(asked)) return asked;
  throw new RuntimeError(
    "bad_argument",
    `plugin ${facts.name} cannot have isolation "${asked}" with that configuration: it is ${able.map((one) => `"${one}"`).join(" or ")}`,
  );
}

function saidBy<C>(isolation: (config: C) => unknown, config: C, plugin: string): unknown {
  try {
    return isolation(config);
  } catch (error) {
    const text = `plugin ${plugin}: its function isolation threw: ${errorData(error).message}`;
    throw new RuntimeError("bad_argument", text, { cause: error });
  }
}

/** Which of the packages that it needs are installed, as its module would load them. Asked anew each time. */
export function pluginPackages(plugin: AnyPlugin): PackageState[] {
  const { packages } = pluginFacts(plugin);
  const from = plugin.modules[0]?.url;
  return packages.length === 0 || from === undefined ? [] : packageStates(packages, from);
}

/** The handle of each of a plugin's actors: a restart has a new one. Beside the state, which stays data. */
class Buses {
  readonly #facts: PluginFacts;
  readonly #observes: boolean;
  readonly #required: ReadonlySet<string>;
  readonly #byContext = new WeakMap<Context, ScopedBus>();

  constructor(facts: PluginFacts, observes: boolean) {
    this.#facts = facts;
    this.#observes = observes;
    this.#required = new Set(facts.requires.map(({ name }) => name));
  }

  of(ctx: Context): ScopedBus {
    let bus = this.#byContext.get(ctx);
    if (bus === undefined) {
      bus = new ScopedBus(ctx, this.#facts.name, this.#required, this.#observes);
      this.#byContext.set(ctx, bus);
    }
    return bus;
  }
}

function undefinedCall({ name: plugin }: PluginFacts, name: string, calls: ReadonlyMap<string, unknown>): RuntimeError {
  const known = [...calls.keys()].join(", ");
  return new RuntimeError("undef", `${plugin} has no call ${describe(name)} (defined: ${known})`);
}

/** What a handler gives; where it throws a RuntimeError that is the answer. @param from of a request by topic; else the call in hand */
function answer(run: () => unknown, ctx: Context, from?: From): unknown {
  try {
    const value = run();
    if (!isThenable(value)) return value;
    const asker = from ?? (ctx.from as From);
    // Its own `then` may give nothing back.
    return Promise.resolve(value).then(undefined, (error: unknown) => refuse(error, ctx, asker));
  } catch (error) {
    return refuse(error, ctx, from ?? (ctx.from as From));
  }
}

function refuse(error: unknown, ctx: Context, from: From): unknown {
  if (!(error instanceof RuntimeError)) throw error;
  ctx.replyError(from, error);
  return noReply;
}

function reply(ctx: Context, to: From, value: unknown): void {
  if (value !== noReply) ctx.reply(to, value);
}

/** What is said of a plugin has to be readable: one that says nothing of use is down, and its bug costs no state. */
function checkedHealth(felt: unknown): PluginHealth {
  const { status, detail } = (typeof felt === "object" && felt !== null ? felt : {}) as Readonly<
    Record<string, unknown>
  >;
  if (healthStates.includes(status) && (detail === undefined || typeof detail === "string"))
    return felt as PluginHealth;
  return {
    status: "down",
    detail: `its hook health gives { status, detail } with one of ${healthStates.join(", ")} and a text, got ${describe(felt)}`,
  };
}

function isOfType(message: unknown, type: string): boolean {
  return typeof message === "object" && message !== null && (message as { readonly type?: unknown }).type === type;
}

/** Anybody may send anything: what looks like an envelope of the bus is answered only if it can be. */
function isEnvelope(message: unknown, { creation }: Ref): message is Envelope {
  if (!isOfType(message, "published")) return false;
  const { topic, replyTo } = message as { readonly topic?: unknown; readonly replyTo?: unknown };
  return typeof topic === "string" && (replyTo === undefined || isToken(replyTo, creation));
}

function assertIsolations(value: unknown, what: string): asserts value is Isolations {
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  // By number: a hole is none.
  if (all.length === 0 || !Array.from(all).every(isIsolation))
    throw new RuntimeError(
      "bad_argument",
      `${what} is "shared", "thread" or "process", or a list of some, got ${describe(value)}`,
    );
}

function assertBehaviour(behaviour: unknown): void {
  assertKeys("definePlugin: behaviour", behaviour, behaviourKeys);
  const given = behaviour as Readonly<Record<string, unknown>>;
  for (const hook of hooks) {
    if (given[hook] !== undefined && typeof given[hook] !== "function")
      throw new RuntimeError(
        "bad_argument",
        `definePlugin: behaviour.${hook} is a function, got ${describe(given[hook])}`,
      );
  }
  const { calls = {} } = given;
  if (typeof calls !== "object" || calls === null || Array.isArray(calls))
    throw new RuntimeError(
      "bad_argument",
      `definePlugin: behaviour.calls is an object of functions, got ${describe(calls)}`,
    );
  for (const [name, call] of Object.entries(calls)) {
    if (!isTopicWord(name) || name.length > callNameMax)
      throw new RuntimeError(
        "bad_argument",
        `definePlugin: a call's name is one word of a topic, at most ${callNameMax} characters without dots, wildcards and white space, got ${describe(name)}`,
      );
    if (typeof call !== "function" || name === "health")
      throw new RuntimeError(
        "bad_argument",
        name === "health"
          ? "definePlugin: every plugin has the call health: say what it answers by the hook health"
          : `definePlugin: behaviour.calls.${name} is a function, got ${describe(call)}`,
      );
  }
}
