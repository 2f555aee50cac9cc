/**
 * Calls of the plugin that provides a capability. It is called as an actor, so that its end is the end of the call (S5.3): of a
 * request by topic nobody knows whether somebody else may answer it yet. Where no plugin is known to provide it
 * the topic of the capability is asked, where another may stand by.
 */
import type { Context, RequestOptions } from "../actor/context.ts";
import type { Ref } from "../actor/ref.ts";

/** Topics of the calls of a capability. */
export function capabilityTopic(capability: string, call: string): string {
  return `capability.${capability}.${call}`;
}

/** Those that were found so far, by who asks: a look-up goes over all who declare something, and in a process it is a question to main. */
const known = new WeakMap<Context, Map<string, Ref>>();

function providerOf(ctx: Context, capability: string): Ref | undefined {
  let refs = known.get(ctx);
  if (refs === undefined) known.set(ctx, (refs = new Map()));
  const former = refs.get(capability);
  if (former !== undefined && ctx.isAlive(former)) return former;
  const ref = ctx.find({ capability, tags: ["plugin"] })[0]?.ref;
  if (ref === undefined) refs.delete(capability);
  else refs.set(capability, ref);
  return ref;
}

/** @throws RuntimeError what `Context.call` and `Context.request` throw; `noproc`: nobody provides it now, or it has just ended. */
export function callProvider(
  ctx: Context,
  capability: string,
  call: string,
  argument?: unknown,
  options?: RequestOptions,
): Promise<unknown> {
  // What the bus alone knows of goes by the bus.
  const isCall = options === undefined || Object.keys(options).every((key) => key === "timeoutMs" || key === "trace");
  const provider = isCall ? providerOf(ctx, capability) : undefined;
  // Once: a `noproc` may be the plugin's own answer, and its work be done.
  if (provider !== undefined) return ctx.call(provider, call, argument, options);
  return ctx.request(capabilityTopic(capability, call), argument, options);
}
