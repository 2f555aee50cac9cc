/** Calls within one thread: of a plugin, or of a plain server. */
import { type Ref, startSystem } from "../../index.ts";
import type { Contender } from "../harness.ts";
import { type CallPlay, counterCaller, counterPlugin, patronPlugin, plainCounter } from "../plugin-calls.ts";
import type { Repetition } from "./scenario.ts";
import { systemContender } from "./system-contender.ts";

export interface CounterCallsOptions {
  readonly name: string;
  readonly to: "plugin" | "server";
  readonly way: CallPlay["way"];
  readonly atOnce: number;
}

export function counterCalls({ name, to, way, atOnce }: CounterCallsOptions): Contender {
  const start = async () => {
    const system = await startSystem({ threads: 1, spare: false, checks: false, turnLimitMs: 60_000 });
    await system.startPlugins([counterPlugin, patronPlugin]);
    const plugin = system.whereis("plugin.counter");
    if (plugin === undefined) throw new Error("the plugin has no name");
    const beside = { placement: { thread: plugin.thread } };
    const server = await system.spawn(plainCounter, undefined, beside);
    // With one thread it is there, too.
    const patron = system.whereis("plugin.patron");
    const actor: Ref = await system.spawn(counterCaller, undefined, beside);
    const caller: Ref = way === "bus" && patron !== undefined ? patron : actor;
    return { system, caller, called: to === "plugin" ? plugin : server };
  };
  return systemContender(name, start, ({ caller, called }, size) => {
    const play: CallPlay = { way, to: called, size, atOnce };
    return caller.call("play", play, { timeoutMs: Number.POSITIVE_INFINITY }) as Promise<Repetition>; // both callers give one
  });
}
