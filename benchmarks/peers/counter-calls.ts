/** Calls within one thread: of a plugin, or of a plain server. */
import { startSystem } from "../../index.ts";
import type { Contender } from "../harness.ts";
import { type CallPlay, counterCaller, counterPlugin, plainCounter } from "../plugin-calls.ts";
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
    await system.startPlugins([counterPlugin]);
    const plugin = system.whereis("plugin.counter");
    if (plugin === undefined) throw new Error("the plugin has no name");
    const beside = { placement: { thread: plugin.thread } };
    const server = await system.spawn(plainCounter, undefined, beside);
    const caller = await system.spawn(counterCaller, undefined, beside);
    return { system, caller, called: to === "plugin" ? plugin : server };
  };
  return systemContender(name, start, ({ caller, called }, size) =>
    caller.call("play", { way, to: called, size, atOnce }, { timeoutMs: Number.POSITIVE_INFINITY }),
  );
}
