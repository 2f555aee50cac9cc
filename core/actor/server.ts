/**
 * `defineServer`: OTP's gen_server. Calls and casts have names, and callers infer argument and result from the handlers.
 *
 * What a call handler returns is the answer (awaited when it is a promise); `ctx.noReply` defers it to
 * `ctx.reply(from, value)`. The state is changed in place.
 */
import { RuntimeError } from "../errors.ts";
import type { ConfigurationDeclaration } from "../registry/agent-configuration.ts";
import { type Behaviour, type BehaviourOptions, type Handlers, isAsyncFunction, makeBehaviour } from "./behaviour.ts";
import type { Context } from "./context.ts";
import { assertDefinition } from "./definition.ts";
import type { ExitReason } from "./exit-reason.ts";
import { type Api, type RefData, refKey } from "./ref.ts";

/** Handlers by name. `never` for the argument lets each handler declare its own. */
export type ServerHandlers<S> = { readonly [name: string]: (state: S, argument: never, ctx: Context) => unknown };

export interface ServerDefinition<S, A, C, K, G = undefined> extends Omit<BehaviourOptions, "configuration"> {
  configuration?: ConfigurationDeclaration<G>;
  /** Write it first: the `state` of the others is inferred from what it returns. */
  init?(argument: A, ctx: Context, configuration: G): S | Promise<S>;
  calls?: C & ServerHandlers<S>;
  casts?: K & ServerHandlers<S>;
  /** Raw and system messages. Without it they are logged and dropped, as OTP does; exits of a parent still end the server. */
  info?(state: S, message: unknown, ctx: Context): unknown;
  /** Runs before the next message after `ctx.continue(argument)`. */
  continue?(state: S, argument: unknown, ctx: Context): unknown;
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

export interface ServerApi<C, K> extends Api {
  readonly calls: C extends object ? C : never;
  readonly casts: K extends object ? K : never;
  readonly message: unknown;
}

type AnyHandler = (state: unknown, argument: unknown, ctx: Context) => unknown;

export function defineServer<
  S = undefined,
  A = undefined,
  C extends object = Record<never, never>,
  K extends object = Record<never, never>,
  G = undefined,
>(definition: ServerDefinition<S, A, C, K, G>): Behaviour<A, ServerApi<C, K>> {
  return makeBehaviour(definition, serverHandlers("defineServer", definition));
}

/** What the kernel calls of a definition. @param who defines, for people. @throws RuntimeError `bad_argument`. */
export function serverHandlers<S, A, C extends object, K extends object, G>(
  who: string,
  definition: ServerDefinition<S, A, C, K, G>,
): Handlers {
  assertDefinition(
    who,
    definition,
    ["init", "info", "continue", "terminate", "paused", "resumed", "interrupted", "configure", "format"],
    ["calls", "casts"],
  );
  // A Map knows no inherited names, so `call("toString")` is undef and not Object.prototype's.
  const calls = new Map(Object.entries((definition.calls ?? {}) as Record<string, AnyHandler>));
  const casts = new Map(Object.entries((definition.casts ?? {}) as Record<string, AnyHandler>));
  const { info, terminate, paused, resumed, interrupted, configure, format } = definition;
  const onContinue = definition.continue;
  return {
    isServer: true,
    isAsync: [
      ...calls.values(),
      ...casts.values(),
      info,
      onContinue,
      terminate,
      paused,
      resumed,
      interrupted,
      definition.init,
    ].some(isAsyncFunction),
    init: (definition.init ?? (() => undefined)) as Handlers["init"],
    receive: info
      ? (info as Handlers["receive"])
      : (_state, message, ctx) => ctx.log("warning", "unexpected message", { message }),
    call: (state, name, argument, ctx) => {
      const handler = calls.get(name);
      if (handler === undefined) throw undefinedHandler("call", name, calls, ctx.self);
      return handler(state, argument, ctx);
    },
    cast: (state, name, argument, ctx) => {
      const handler = casts.get(name);
      if (handler === undefined) throw undefinedHandler("cast", name, casts, ctx.self);
      return handler(state, argument, ctx);
    },
    ...(onContinue && { continue: onContinue as NonNullable<Handlers["continue"]> }),
    ...(terminate && { terminate: terminate as NonNullable<Handlers["terminate"]> }),
    ...(paused && { paused: paused as NonNullable<Handlers["paused"]> }),
    ...(resumed && { resumed: resumed as NonNullable<Handlers["resumed"]> }),
    ...(interrupted && { interrupted: interrupted as NonNullable<Handlers["interrupted"]> }),
    ...(configure && { configure: configure as NonNullable<Handlers["configure"]> }),
    ...(format && { format: format as NonNullable<Handlers["format"]> }),
  };
}

/** OTP: a missing mandatory callback is a crash with `undef`. */
function undefinedHandler(
  kind: string,
  name: string,
  handlers: ReadonlyMap<string, unknown>,
  self: RefData,
): RuntimeError {
  const known = [...handlers.keys()].join(", ") || "none";
  return new RuntimeError("undef", `<${refKey(self)}> has no ${kind} handler "${name}" (defined: ${known})`);
}
