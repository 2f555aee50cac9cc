/** What a plugin that observes the system is shown of it, on main: the event stream, and what the threads count. */
import type { Context } from "../actor/context.ts";
import type { SystemStats } from "../system/inspection.ts";
import type { EventStream } from "./event-stream.ts";

export interface Observation {
  readonly events: EventStream;
  stats(): Promise<SystemStats>;
}

/** Undefined: the actor is not on main, where the events are. */
export function observationOf(ctx: Context): Observation | undefined {
  // The kernel's contexts have it, and those of processes do not: see actor-context.ts.
  return (ctx as Context & { observation?(): Observation | undefined }).observation?.();
}
